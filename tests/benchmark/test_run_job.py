"""A job, from a model folder to records: what is stored is what is scored, and zeros are proven."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmark_catalogues import COST, FULL, IMPOSSIBLE, LINEAR, UPSTREAM, Cell, table_of
from bundled_tasks import bundled_tasks

from benchmark.errors import BadModelError, SparsityLostError
from benchmark.inference import predict
from benchmark.job import Job
from benchmark.predictions import Predictions
from benchmark.protocols import PROTOCOLS, Evaluation, Protocol, ProtocolFacts, Subject
from benchmark.protocols.full_1 import FirstFullConfig as FullConfig
from benchmark.protocols.full_1 import FirstFullFinetune as FullFinetune
from benchmark.results import Outcome
from benchmark.run_job import run_job
from benchmark.suites import load_suites
from benchmark.tasks import Task
from registry.blobs import BlobStore
from registry.statistics import unpack_replicates
from zoo.checkpoint.folder import ModelFolder
from zoo.core.plugins import Plugins

HERE = {task.id for task in bundled_tasks()}
CELLS = [
    *dict.fromkeys(
        (cell.task, cell.protocol) for suite in load_suites().values() for cell in suite.cells if cell.task in HERE
    )
]
REPLICATES = 1000


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(f"file://{tmp_path}/blobs")


def _job(model: ModelFolder, cell: Cell) -> Job:
    return Job(1, model.provenance.slug, *cell, seed=0)


def _run(model: ModelFolder, cell: Cell, blobs: BlobStore) -> Outcome:
    return run_job(_job(model, cell), model.path, blobs)


@pytest.fixture(scope="module")
def outcomes(
    digit_models: tuple[ModelFolder, ModelFolder], tmp_path_factory: pytest.TempPathFactory
) -> dict[Cell, Outcome]:
    """Every cell of every suite, once, for the pruned model."""
    blobs = BlobStore(f"file://{tmp_path_factory.mktemp('blobs')}")
    return {cell: _run(digit_models[1], cell, blobs) for cell in CELLS}


@pytest.mark.parametrize("cell", CELLS, ids=" ".join)
def test_every_result_is_complete(outcomes: dict[Cell, Outcome], cell: Cell) -> None:
    outcome = outcomes[cell]
    assert outcome.results
    assert len({(row.metric, row.condition) for row in outcome.results}) == len(outcome.results)
    for row in outcome.results:
        assert (row.task, row.protocol, row.trust, row.seed) == (*cell, "measured", 0)
        assert (row.value is None) == (row.missing_reason is not None)
        if row.value is not None:
            assert row.n is not None
            assert (row.ci_low is None) == (row.no_interval_reason is not None)
            assert (row.ci_low is None) == (row.interval_method is None)
        if row.condition.startswith("confidence/"):
            assert row.replicates is None  # images that other models have in other bins: nothing pairs
        elif row.ci_low is not None:
            assert row.replicates is not None
            assert unpack_replicates(row.replicates).shape == (REPLICATES,)
        assert {
            "config_hash", "data_sha256", "preprocessing", "packages", "device", "threads", "code_version"
        } <= set(row.provenance)  # fmt: skip
        assert row.provenance["threads"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS, ids=" ".join)
def test_a_second_run_gives_the_same_bits(
    outcomes: dict[Cell, Outcome], cell: Cell, sparse_model: ModelFolder, blobs: BlobStore
) -> None:
    again = _run(sparse_model, cell, blobs)
    assert table_of(again.results) == table_of(outcomes[cell].results)
    assert again.predictions == outcomes[cell].predictions


def test_sparsity_is_measured_before_and_after(outcomes: dict[Cell, Outcome]) -> None:
    for cell, outcome in outcomes.items():
        for record in outcome.predictions:
            assert record.sparsity_before == record.sparsity_after
            assert record.sparsity_before == pytest.approx(0.5, abs=0.01), cell
    # The head that a protocol replaces is left out on both sides; as published, every prunable weight counts.
    assert outcomes[UPSTREAM].predictions[0].sparsity_before == pytest.approx(0.5, abs=1e-4)


def test_metrics_are_computed_from_what_the_store_gives_back(sparse_model: ModelFolder, blobs: BlobStore) -> None:
    class Swapping(BlobStore):
        """Gives back other predictions than were put: every image as class 0."""

        def get(self, sha256: str) -> bytes:
            stored = Predictions.from_parquet(super().get(sha256))
            logits = np.zeros((len(stored), stored.samples.classes))
            logits[:, 0] = 9.0
            columns = replace(stored.samples.columns, argmax=np.zeros(len(stored), dtype=np.int32))
            assert columns.labels is not None
            from benchmark.logits import Logits

            labels = columns.labels.astype(np.int64)
            return Predictions.from_logits(stored.ids, labels, Logits(logits), stored.condition).to_parquet()

    results = {row.metric: row.value for row in _run(sparse_model, UPSTREAM, Swapping(blobs.url)).results}
    share = _run(sparse_model, UPSTREAM, blobs).predictions[0].n
    assert results["top1@1"] == pytest.approx(62 / share)


def test_a_job_leaves_torch_as_it_found_it(sparse_model: ModelFolder, blobs: BlobStore) -> None:
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    _run(sparse_model, UPSTREAM, blobs)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.slow
def test_jobs_before_a_job_leave_no_trace(
    outcomes: dict[Cell, Outcome], sparse_model: ModelFolder, blobs: BlobStore
) -> None:
    for cell in (FULL, UPSTREAM, LINEAR):
        assert table_of(_run(sparse_model, cell, blobs).results) == table_of(outcomes[cell].results), cell


def test_a_protocol_on_a_task_that_it_does_not_fit_is_refused(sparse_model: ModelFolder, blobs: BlobStore) -> None:
    with pytest.raises(BadModelError, match="cannot be applied to digits-5-9@1, a task of kind transfer"):
        _run(sparse_model, IMPOSSIBLE, blobs)


@pytest.fixture
def extra_protocol(monkeypatch: pytest.MonkeyPatch) -> Plugins[type[Protocol]]:
    """A registry of protocols that a test may add to."""
    plugins: Plugins[type[Protocol]] = Plugins("protocol")
    for name, kind in PROTOCOLS.items():
        plugins.register(name)(kind)
    monkeypatch.setattr("benchmark.run_job.PROTOCOLS", plugins)
    return plugins


def _predicted(subject: Subject, task: Task) -> Evaluation:
    images = task.image_sets()[""].images
    return Evaluation({"": predict(subject.model, images, subject.preprocessing, 512)})


def test_a_protocol_that_forgets_the_mask_fails_the_job(
    sparse_model: ModelFolder,
    blobs: BlobStore,
    extra_protocol: Plugins[type[Protocol]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mistake of the field: ordinary fine-tuning of a plain state dict."""

    @extra_protocol.register("forgetful@1")
    class Forgetful(FullFinetune):
        facts = replace(FullFinetune.facts, name="forgetful")
        config_type = FullConfig

    monkeypatch.setattr("benchmark.finetune.hold_zeros", lambda model: 0)  # noqa: ARG005 - takes what it is given
    with pytest.raises(SparsityLostError, match=r"sparsity_lost: \d+ pruned weights") as caught:
        _run(sparse_model, ("digits-5-9@1", "forgetful@1"), blobs)
    assert caught.value.kind == "bad_model"
    assert "keep_sparse" in (caught.value.hint or "")


def test_one_revived_weight_fails_the_job(
    sparse_model: ModelFolder, blobs: BlobStore, extra_protocol: Plugins[type[Protocol]]
) -> None:
    @extra_protocol.register("meddler@1")
    class Meddler(Protocol):
        facts: ProtocolFacts = replace(FullFinetune.facts, name="meddler")  # type: ignore[misc]
        config_type = FullConfig

        def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:  # noqa: ARG002
            with torch.no_grad():
                weight = next(value for value in subject.model.parameters() if bool((value == 0).any()))
                weight[tuple((weight == 0).nonzero()[0].tolist())] = 1e-20
            return _predicted(subject, task)

    with pytest.raises(SparsityLostError, match="sparsity_lost: 1 pruned weights"):
        _run(sparse_model, ("digits-5-9@1", "meddler@1"), blobs)


def test_the_stored_sparsity_is_measured_before_and_again_after(
    sparse_model: ModelFolder, blobs: BlobStore, extra_protocol: Plugins[type[Protocol]]
) -> None:
    """More zeros than before are allowed, and must show."""

    @extra_protocol.register("eraser@1")
    class Eraser(Protocol):
        facts: ProtocolFacts = replace(FullFinetune.facts, name="eraser")  # type: ignore[misc]
        config_type = FullConfig

        def run(self, subject: Subject, task: Task, seed: int, batch_divisor: int) -> Evaluation:  # noqa: ARG002
            torch.nn.init.zeros_(subject.model.get_parameter("conv1.weight"))
            return _predicted(subject, task)

    (stored,) = _run(sparse_model, ("digits-5-9@1", "eraser@1"), blobs).predictions
    assert (stored.sparsity_after or 0) > (stored.sparsity_before or 0) > 0


def test_cost_has_no_predictions_and_says_how_latency_was_measured(outcomes: dict[Cell, Outcome]) -> None:
    outcome = outcomes[COST]
    assert outcome.predictions == ()
    assert {row.metric for row in outcome.results} == {"bytes@1", "nonzeros@1", "flops@1", "latency-ms@1"}
    latency = next(row for row in outcome.results if row.metric == "latency-ms@1")
    assert latency.provenance["notes"]["latency"]["statistic"] == "median"
    assert latency.n == latency.provenance["notes"]["latency"]["repeats"]
