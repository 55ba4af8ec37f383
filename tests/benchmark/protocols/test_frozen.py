"""Protocols on frozen features against scikit-learn and torch's own optimizer, on the same features."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, normalize
from torch import Tensor

from benchmark.features import features_of
from benchmark.holdout import held_out
from benchmark.protocols import PROTOCOLS, Subject
from benchmark.protocols.knn import KnnConfig, NearestNeighbours, neighbours, votes
from benchmark.protocols.linear import LinearConfig, LinearProbe
from benchmark.protocols.linear_reference import LinearReferenceConfig, train_head
from benchmark.tasks import LabelledSet, Task, find_task
from zoo.checkpoint.folder import ModelFolder
from zoo.models import load_model

TASK = find_task("digits-5-9@1")


def _subject(model: ModelFolder) -> Subject:
    return Subject(load_model(model.path), "fc", model.config.preprocessing)


def _pool(task: Task = TASK) -> LabelledSet:
    found: LabelledSet = task.data.trainable()  # type: ignore[attr-defined]
    return found


@pytest.fixture(scope="module")
def features(digit_models: tuple[ModelFolder, ModelFolder]) -> dict[str, np.ndarray]:
    """Of everything that may be trained on, and of the test images."""
    subject, pool, test = _subject(digit_models[1]), _pool(), TASK.image_sets()[""]
    return {
        name: features_of(subject, images.images, images.ids, 512).numpy().astype(np.float64)
        for name, images in (("pool", pool), ("test", test))
    }


def test_the_pool_is_everything_but_the_test_images() -> None:
    pool, data = _pool(), TASK.data.load()  # type: ignore[attr-defined]
    wanted = sorted([*data.splits["train"].ids, *data.splits["validation"].ids])
    assert list(pool.ids) == wanted
    labels = {
        image_id: label
        for name in ("train", "validation")
        for image_id, label in zip(data.splits[name].ids, data.splits[name].labels, strict=True)
    }
    assert [labels[image_id] for image_id in pool.ids] == pool.labels.tolist()
    assert not set(pool.ids) & set(data.splits["test"].ids)


def test_a_validation_part_is_stratified_and_follows_from_ids_and_seed_alone() -> None:
    pool = _pool()
    part = held_out(pool, 0.2, 0)
    counts, everything = (np.bincount(labels, minlength=5) for labels in (pool.labels[part.validation], pool.labels))
    assert counts.tolist() == [round(0.2 * count) for count in everything]
    assert sorted([*part.train, *part.validation]) == list(range(len(pool.ids)))
    turned = LabelledSet(pool.images[::-1], pool.labels[::-1].copy(), tuple(pool.ids)[::-1])  # type: ignore[index]
    assert set(held_out(turned, 0.2, 0).ids) == set(part.ids)
    assert set(held_out(pool, 0.2, 1).ids) != set(part.ids)


def test_linear_equals_scikit_learn_step_by_step(sparse_model: ModelFolder, features: dict[str, np.ndarray]) -> None:
    penalties, pool = (0.1, 0.01, 0.001), _pool()
    part, y = held_out(pool, 0.2, 3), pool.labels

    def fitted(rows: np.ndarray, penalty: float) -> "make_pipeline":
        solver = LogisticRegression(C=1 / (len(rows) * penalty), max_iter=10_000, tol=1e-9)
        return make_pipeline(StandardScaler(), solver).fit(features["pool"][rows], y[rows])

    losses = [
        log_loss(y[part.validation], fitted(part.train, penalty).predict_proba(features["pool"][part.validation]))
        for penalty in penalties
    ]
    best = penalties[int(np.argmin(losses))]
    expected = fitted(np.arange(len(y)), best).predict_proba(features["test"])
    found = LinearProbe(LinearConfig(penalties)).run(_subject(sparse_model), TASK, 3, 1)
    assert found.notes["penalty"] == best
    np.testing.assert_allclose(found.notes["validation_nll"], losses, atol=1e-3)
    np.testing.assert_allclose(found.logits[""].softmax().values, expected, atol=2e-3)
    assert found.notes["relative_gap"] <= 1e-6
    assert found.documents["validation"]["validation"] == list(part.ids)


def test_a_path_ends_where_the_validation_loss_has_risen_twice(sparse_model: ModelFolder) -> None:
    losses = LinearProbe().run(_subject(sparse_model), TASK, 0, 1).notes["validation_nll"]
    assert losses[-3] < losses[-2] < losses[-1]
    assert len(losses) < len(LinearConfig().penalties)


def test_the_reference_probe_equals_torchs_optimizer_on_the_same_batches(features: dict[str, np.ndarray]) -> None:
    config = LinearReferenceConfig(epochs=3, training_batch=64, milestones=(1.0, 2.0))
    x, y = torch.tensor(features["pool"]).float(), torch.tensor(_pool().labels)
    weight, bias, loss = train_head(x, y, 5, config, seed=4)
    generator = torch.Generator().manual_seed(_stream())
    start = torch.empty(5, x.shape[1] + 1).uniform_(-(x.shape[1] ** -0.5), x.shape[1] ** -0.5, generator=generator)
    layer = torch.nn.Linear(x.shape[1], 5)
    with torch.no_grad():
        layer.weight.copy_(start[:, :-1])
        layer.bias.copy_(start[:, -1])
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.1)
    for _ in range(3):
        losses: list[Tensor] = []
        for batch in torch.split(torch.randperm(len(x), generator=generator), 64):
            optimizer.zero_grad()
            found = torch.nn.functional.cross_entropy(layer(x[batch]), y[batch])
            torch.autograd.backward(found)
            optimizer.step()
            losses.append(found.detach() * len(batch))
        scheduler.step()
    torch.testing.assert_close(weight, layer.weight.detach(), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(bias, layer.bias.detach(), atol=1e-5, rtol=1e-4)
    assert loss == pytest.approx(float(sum(losses)) / len(x), rel=1e-4)


def _stream() -> int:
    from zoo.train import stream_seed

    return stream_seed(4, "linear reference")


def test_few_shot_predictions_are_those_of_scikit_learn(
    sparse_model: ModelFolder, features: dict[str, np.ndarray]
) -> None:
    pool = _pool()
    for name, shots in (("few-shot-1@1", 1), ("few-shot-5@1", 5)):
        found = PROTOCOLS[name]().run(_subject(sparse_model), TASK, 2, 1)
        drawn = found.documents["drawn"]["ids"]
        rows = [list(pool.ids).index(image_id) for image_id in drawn]
        assert np.bincount(pool.labels[rows]).tolist() == [shots] * 5
        theirs = LogisticRegression(tol=1e-10, max_iter=10_000).fit(
            normalize(features["pool"][rows]), pool.labels[rows]
        )
        expected = theirs.predict(normalize(features["test"]))
        np.testing.assert_array_equal(found.logits[""].values.argmax(1), expected)


def test_more_shots_contain_fewer_and_draws_differ(sparse_model: ModelFolder) -> None:
    def drawn(name: str, seed: int) -> set[str]:
        return set(PROTOCOLS[name]().run(_subject(sparse_model), TASK, seed, 1).documents["drawn"]["ids"])

    assert drawn("few-shot-1@1", 0) < drawn("few-shot-5@1", 0) < drawn("few-shot-10@1", 0)
    assert drawn("few-shot-1@1", 0) != drawn("few-shot-1@1", 1)


@pytest.mark.parametrize("count", [1, 5, 20])
@pytest.mark.parametrize("weighted", [True, False])
def test_neighbours_predict_what_scikit_learn_predicts(
    features: dict[str, np.ndarray], count: int, weighted: bool
) -> None:
    labels, temperature = _pool().labels, KnnConfig().temperature if weighted else None
    weights = (lambda distance: np.exp((1 - distance) / 0.07)) if weighted else "uniform"
    theirs = KNeighborsClassifier(count, metric="cosine", weights=weights).fit(features["pool"], labels)
    among, own = (torch.tensor(normalize(features[name])) for name in ("pool", "test"))
    found = [
        votes(torch.tensor(labels)[near], cosines, 5, temperature).argmax(dim=1)
        for _, near, cosines in neighbours(own, among, count)
    ]
    np.testing.assert_array_equal(torch.cat(found).numpy(), theirs.predict(features["test"]))


@pytest.mark.parametrize("name", ["knn@1", "knn-plain@1"])
def test_the_number_of_neighbours_leaves_each_image_out(
    name: str, sparse_model: ModelFolder, features: dict[str, np.ndarray]
) -> None:
    labels, found = _pool().labels, PROTOCOLS[name]().run(_subject(sparse_model), TASK, 0, 1)
    cosines = normalize(features["pool"]) @ normalize(features["pool"]).T
    np.fill_diagonal(cosines, -2.0)
    nearest = labels[cosines.argmax(axis=1)]
    assert found.notes["left_out_accuracy"]["1"] == pytest.approx(float((nearest == labels).mean()))
    best = max(found.notes["left_out_accuracy"].values())
    assert found.notes["left_out_accuracy"][str(found.notes["neighbours"])] == best
    assert found.logits[""].softmax().values.sum(axis=1) == pytest.approx(1.0)


def test_of_few_images_all_others_are_neighbours() -> None:
    assert issubclass(PROTOCOLS["knn@1"], NearestNeighbours)
    (found,) = neighbours(torch.eye(3).double(), torch.eye(3).double(), 2, leave_one_out=True)
    assert found[1].sort().values.tolist() == [[1, 2], [0, 2], [0, 1]]


@pytest.mark.parametrize("name", ["linear@2", "linear-reference@1", "few-shot-5@1", "knn@1"])
def test_the_test_labels_are_never_read(
    name: str, sparse_model: ModelFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same numbers where the test images have no labels at all."""
    expected = PROTOCOLS[name]().run(_subject(sparse_model), TASK, 0, 1)
    sets = {condition: images._replace(labels=None) for condition, images in TASK.image_sets().items()}
    monkeypatch.setattr(type(TASK), "image_sets", lambda _self: sets)
    found = PROTOCOLS[name]().run(_subject(sparse_model), TASK, 0, 1)
    np.testing.assert_array_equal(found.logits[""].values, expected.logits[""].values)
