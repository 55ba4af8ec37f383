"""Networks drawn from the posterior beside the weights: uncertainty of pruned models, known images and shifted ones."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from digit_models import write_deviations
from scipy.special import softmax, xlogy

from benchmark.errors import BadModelError
from benchmark.inference import predict
from benchmark.job import Job
from benchmark.logits import Logits
from benchmark.predictions import Predictions
from benchmark.protocols import Subject
from benchmark.protocols.as_published import AsPublished
from benchmark.protocols.stored_posterior import StoredPosteriorConfig, StoredPosteriorProtocol
from benchmark.run_job import run_job
from benchmark.scoring import UNCERTAINTY, score
from benchmark.tasks import find_task
from registry.blobs import BlobStore
from zoo.checkpoint.folder import ModelFolder
from zoo.models import load_model
from zoo.prunable import prunable_parameters

TASK, SHIFT = find_task("digits-0-4@1"), find_task("digits-c-like@1")
QUICK = StoredPosteriorConfig(networks=3)


def subject(model: ModelFolder) -> Subject:
    return Subject(load_model(model.path), model.config.classifier, model.config.preprocessing, folder=model.path)


def copied(model: ModelFolder, folder: Path) -> ModelFolder:
    shutil.copytree(model.path, folder / "model")
    return replace(model, path=folder / "model")


def test_it_is_the_mean_of_networks_drawn_by_hand(sparse_model: ModelFolder) -> None:
    """numpy and torch without the project's draws: w + 0.3 |w| ε, ε of one generator, probabilities averaged."""
    found = StoredPosteriorProtocol(QUICK).run(subject(sparse_model), TASK, 4, 1)
    images = TASK.image_sets()[""].images
    plain, generator = load_model(sparse_model.path), torch.Generator().manual_seed(4)
    means = {name: weight.detach().clone() for name, weight in prunable_parameters(plain).items()}
    answers = []
    for _ in range(3):
        with torch.no_grad():
            for name, weight in prunable_parameters(plain).items():
                noise = torch.randn(means[name].shape, generator=generator)
                weight.copy_(means[name] + 0.3 * means[name].abs() * noise)
                assert bool((weight[means[name] == 0] == 0).all())
        logits = predict(plain, images, sparse_model.config.preprocessing, 512).values
        answers.append(softmax(logits.astype(np.float64), axis=1))
    mean = np.mean(answers, axis=0)
    np.testing.assert_allclose(found.logits[""].softmax().values, mean, atol=1e-5)
    expected = np.mean([-xlogy(each, each).sum(axis=1) for each in answers], axis=0)
    np.testing.assert_allclose(found.extra[""]["expected_entropy"], expected, atol=1e-4)
    assert found.notes["posterior"] == "mean-field"
    assert found.temperature is not None


def test_where_the_posterior_is_a_point_it_is_the_published_model(sparse_model: ModelFolder, tmp_path: Path) -> None:
    model = copied(sparse_model, tmp_path)
    write_deviations(model, 1e-7)
    ours = StoredPosteriorProtocol(QUICK).run(subject(model), TASK, 0, 1)
    theirs = AsPublished().run(subject(model), TASK, 0, 1)
    np.testing.assert_allclose(ours.logits[""].softmax().values, theirs.logits[""].softmax().values, atol=1e-4)
    entropy = -xlogy(ours.logits[""].softmax().values, ours.logits[""].softmax().values).sum(axis=1)
    np.testing.assert_allclose(ours.extra[""]["expected_entropy"], entropy, atol=1e-4)


@pytest.mark.parametrize("task", [TASK, pytest.param(SHIFT, marks=pytest.mark.slow)], ids=lambda task: task.id)
def test_a_job_stores_predictions_that_give_mutual_information(
    task: object, sparse_model: ModelFolder, tmp_path: Path
) -> None:
    job = Job(1, "m", task.id, "stored-posterior@1", 0)  # type: ignore[attr-defined]
    outcome = run_job(job, sparse_model.path, BlobStore(f"file://{tmp_path / 'blobs'}"))
    values = {row.metric: row for row in outcome.results if not row.condition}
    total, disagreement = values["predictive-entropy@1"].value, values["mutual-information@1"].value
    assert total is not None
    assert disagreement is not None
    assert 0 < disagreement < total
    assert values["mutual-information@1"].ci_low is not None
    assert values["uce15@1"].value is not None
    assert values["nll-ts@1"].value is not None
    assert {record.sparsity_after for record in outcome.predictions} == {outcome.predictions[0].sparsity_before}
    if task is SHIFT:
        each = [row.value for row in outcome.results if row.metric == "mutual-information@1" and row.condition]
        assert len(each) == len(SHIFT.image_sets())
        assert disagreement == pytest.approx(np.mean([value for value in each if value is not None]), rel=1e-6)


def predictions(condition: str, *, several: bool) -> Predictions:
    generator = np.random.default_rng(len(condition))
    logits, labels = generator.standard_normal((40, 5)), generator.integers(0, 5, 40)
    entropy = -xlogy(softmax(logits, axis=1), softmax(logits, axis=1)).sum(axis=1)
    extra = {"expected_entropy": 0.75 * entropy} if several else None
    return Predictions.from_logits([f"{i:03d}" for i in range(40)], labels, Logits(logits), condition, 1.5, extra=extra)


def test_under_shift_several_networks_have_numbers_of_uncertainty_and_one_has_none() -> None:
    conditions = ("brightness/1", "contrast/5")
    cells = score(SHIFT, {name: predictions(name, several=True) for name in conditions})
    found = {(cell.condition, cell.measured.metric): cell.measured.value for cell in cells}
    each = [found[name, "mutual-information"] for name in conditions]
    assert found["", "mutual-information"] == pytest.approx(np.mean([value for value in each if value is not None]))
    assert found["", "mutual-information"] == pytest.approx((found["", "predictive-entropy"] or 0.0) / 4, rel=1e-4)
    assert ("", "uce15") in found
    alone = score(SHIFT, {name: predictions(name, several=False) for name in conditions})
    assert {cell.measured.metric for cell in cells} - {cell.measured.metric for cell in alone} == set(UNCERTAINTY)


def test_a_model_without_posterior_or_with_another_ones_says_what_to_do(
    sparse_model: ModelFolder, digit_models: tuple[ModelFolder, ModelFolder], tmp_path: Path
) -> None:
    with pytest.raises(BadModelError, match=r"has no posterior\.safetensors.*\n.*bayes-by-backprop"):
        StoredPosteriorProtocol(QUICK).run(subject(digit_models[0]), TASK, 0, 1)
    model = copied(digit_models[0], tmp_path)
    shutil.copy(sparse_model.path / "posterior.safetensors", model.path)
    with pytest.raises(BadModelError, match="belongs to other weights"):
        StoredPosteriorProtocol(QUICK).run(subject(model), TASK, 0, 1)
    nowhere = subject(sparse_model)._replace(folder=None)
    with pytest.raises(BadModelError, match="lies in the model's folder"):
        StoredPosteriorProtocol(QUICK).run(nowhere, TASK, 0, 1)
