"""Both ways of full fine-tuning: their schedules epoch by epoch, what is chosen on what, how images are fed."""

from typing import Any

import numpy as np
import pytest
import torch

from benchmark.errors import BadModelError
from benchmark.finetune import TrainingImages, finetune
from benchmark.holdout import held_out, rows_of
from benchmark.inference import predict
from benchmark.protocols import Subject
from benchmark.protocols.full import CosineTraining, FullConfig, FullFinetune
from benchmark.protocols.full_reference import (
    STATISTICS,
    FullReference,
    FullReferenceConfig,
    SteppedTraining,
    normalised,
)
from benchmark.reproducible import reproducible
from benchmark.tasks import find_task
from benchmark.validation import validation_nll
from zoo.checkpoint.folder import ModelFolder
from zoo.data import Augmentation
from zoo.models import load_model

TASK: Any = find_task("digits-5-9@1")
ONCE = CosineTraining(epochs=1)


def _subject(model: ModelFolder) -> Subject:
    return Subject(load_model(model.path, 5, 0), "fc", model.config.preprocessing)


def test_the_reference_rate_falls_one_epoch_later_than_it_reads() -> None:
    """51, 50 and 49 epochs, as their scheduler, stepped at the end of the epochs 50 and 100, makes of "every 50"."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.01)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.1)
    rate, theirs = SteppedTraining().rate(0.01), []
    for epoch in range(150):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (epoch - 50) % 50 == 0 and epoch < 151 and epoch > 49:  # policies/trainers.py, on_epoch_end, [50, 50, 150]
            scheduler.step()
    ours = [[rate(epoch + part) for part in (0.0, 0.999)] for epoch in range(150)]
    assert [each[0] for each in ours] == pytest.approx(theirs)
    assert [each[1] for each in ours] == pytest.approx(theirs)
    assert [sum(value == pytest.approx(step) for value in theirs) for step in (1e-2, 1e-3, 1e-4)] == [51, 50, 49]


def test_the_modern_rate_rises_for_two_epochs_and_ends_near_zero() -> None:
    rate = CosineTraining().rate(0.1)
    assert (rate(0.0), rate(0.9), rate(1.0), rate(2.0)) == (0.05, 0.05, 0.1, 0.1)
    assert rate(26.0) == pytest.approx(0.05)
    assert 0 < rate(49.99) < 1e-6
    assert ONCE.rate(0.1)(0.0) == 0.1


@pytest.mark.parametrize(("task", "rate"), [("aircraft", 0.01), ("cars", 0.01), ("pets", 0.001)])
def test_two_tasks_alone_have_the_larger_rate(task: str, rate: float) -> None:
    config = FullReferenceConfig()
    assert (config.larger_rate if task in config.larger_for else config.learning_rate) == rate


def test_the_reference_feeds_images_by_the_statistics_of_their_data_set(sparse_model: ModelFolder) -> None:
    own = sparse_model.config.preprocessing
    assert normalised(own, "digits-5-9", STATISTICS) == own
    changed = normalised(own, "digits-5-9", (("digits-5-9", (0.1,), (0.2,)),))
    assert (changed.mean, changed.std, changed.interpolation) == ((0.1,), (0.2,), own.interpolation)
    config = FullReferenceConfig(training=SteppedTraining(epochs=1), statistics=(("digits-5-9", (0.1,), (0.2,)),))
    with reproducible(0):
        found = FullReference(config).run(_subject(sparse_model), TASK, 0, 1)
    assert found.preprocessing == changed
    assert len({name for name, _, _ in STATISTICS}) == 12
    assert all(find_task(f"{name}@1").kind == "transfer" for name, _, _ in STATISTICS)


def test_the_rate_is_chosen_on_the_part_and_trained_again_on_everything(sparse_model: ModelFolder) -> None:
    rates, pool = (0.001, 0.05), TASK.data.trainable()
    part = held_out(pool, 0.2, 5)
    train, validation = rows_of(pool, part.train), rows_of(pool, part.validation)

    def trained(images: Any, rate: float) -> torch.nn.Module:
        subject = _subject(sparse_model)
        augmented = TrainingImages.of(images.images, subject.preprocessing, Augmentation(), 5)
        finetune(subject.model, augmented, torch.tensor(images.labels), ONCE, rate, 5)
        return subject.model

    fed = sparse_model.config.preprocessing
    with reproducible(5):
        losses = [validation_nll(trained(train, rate), validation, fed, 512) for rate in rates]
        best = rates[int(np.argmin(losses))]
        expected = predict(trained(pool, best), TASK.image_sets()[""].images, fed, 512)
        subject = _subject(sparse_model)
        found = FullFinetune(FullConfig(rates, ONCE)).run(subject, TASK, 5, 1)
    assert found.notes["learning_rate"] == best
    assert found.notes["validation_nll"] == pytest.approx(losses)
    np.testing.assert_array_equal(found.logits[""].values, expected.values)
    assert found.documents["validation"]["validation"] == list(part.ids)


def test_a_model_that_always_diverges_is_bad(sparse_model: ModelFolder) -> None:
    with reproducible(0), pytest.raises(BadModelError, match="diverges at every learning rate"):
        FullFinetune(FullConfig((1e30,), ONCE)).run(_subject(sparse_model), TASK, 0, 1)
