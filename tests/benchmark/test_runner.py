"""``benchmark run``: the plan is idempotent, failures are told, and the right models are chosen."""

from dataclasses import replace
from pathlib import Path

import pytest
from benchmark_catalogues import DigitCatalogue, digit_catalogue

from benchmark import queues as queues_module
from benchmark.job import Job
from benchmark.receipt_files import KEPT, verify_file
from benchmark.results import Outcome
from benchmark.run_job import run_job
from benchmark.runner import RunReport, _applies, make_suite_plan, run
from benchmark.suites import find_suite
from registry import queries
from registry.blobs import BlobStore
from registry.db.session import session_scope
from registry.errors import UnknownRecordError
from registry.receipts import KEY_FILE, make_key
from registry.records import ModelRecord
from zoo.checkpoint.folder import ModelFolder
from zoo.core.errors import UsageError

SUITE = "digits-demo"


def _run(catalogue: DigitCatalogue, **given: object) -> RunReport:
    return run(catalogue.settings, SUITE, folders=catalogue.folders, **given)  # type: ignore[arg-type]


@pytest.fixture
def only_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite's two cheapest cells."""
    suite = find_suite(SUITE)
    cells = tuple(cell for cell in suite.cells if cell.task in ("digits-0-4@1", "cost@1"))
    monkeypatch.setattr("benchmark.runner.find_suite", lambda _: replace(suite, cells=cells))


@pytest.mark.usefixtures("only_cheap")
def test_a_second_run_finds_that_everything_exists_and_signs_it(catalogue: DigitCatalogue) -> None:
    first = _run(catalogue)
    assert (first.models, first.done, first.reused, first.failed, first.receipts) == (2, 4, 0, (), None)
    folder = catalogue.settings.home / KEPT
    assert not folder.exists(), "without a key nothing is signed"
    make_key(catalogue.settings.home / KEY_FILE)
    second = _run(catalogue)
    assert (second.models, second.done, second.reused, second.failed) == (2, 0, 4, ())
    assert second.receipts == str(folder)
    files = list(folder.iterdir())
    assert len(files) == 4
    assert all(verify_file(file, settings=catalogue.settings).holds for file in files)


@pytest.mark.slow
@pytest.mark.usefixtures("only_cheap")
def test_a_new_model_adds_its_own_jobs_only(catalogue: DigitCatalogue, sparse_model: ModelFolder) -> None:
    assert _run(catalogue, models=[sparse_model.provenance.slug]).done == 2
    assert (report := _run(catalogue)).done == 2
    assert report.reused == 2


@pytest.mark.slow
@pytest.mark.usefixtures("only_cheap")
def test_failed_jobs_are_told_again_and_tried_again_on_request(
    catalogue: DigitCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_cost(job: Job, folder: Path, blobs: BlobStore) -> Outcome:
        if job.task == "cost@1":
            raise ValueError("no clock")
        return run_job(job, folder, blobs)

    with monkeypatch.context() as patch:
        patch.setattr(queues_module, "run_job", broken_cost)
        first = _run(catalogue)
    assert (first.done, len(first.failed)) == (2, 2)
    assert {(job.task, job.kind) for job in first.failed} == {("cost@1", "bug")}
    assert all("no clock" in job.message for job in first.failed)
    second = _run(catalogue)
    assert (second.done, second.reused, len(second.failed)) == (0, 2, 2)
    third = _run(catalogue, retry_failed=True)
    assert (third.done, third.reused, len(third.failed)) == (2, 2, 0)


def test_a_plan_writes_nothing(catalogue: DigitCatalogue) -> None:
    suite, plan = make_suite_plan(catalogue.engine, SUITE)
    assert (suite.id, len(plan.missing), len(plan.existing)) == ("digits-demo@1", 12, 0)
    with session_scope(catalogue.engine) as session:
        assert queries.count_jobs(session) == {}


def test_seeds_multiply_the_protocols_that_use_them(catalogue: DigitCatalogue) -> None:
    _, plan = make_suite_plan(catalogue.engine, SUITE, seeds=[0, 1, 2])
    assert sorted(job.seed for job in plan.missing if job.protocol == "full@1") == [0, 0, 1, 1, 2, 2]
    assert {job.seed for job in plan.missing if job.protocol != "full@1"} == {0}


def test_all_means_the_models_that_the_suite_can_judge(
    tmp_path: Path, digit_models: tuple[ModelFolder, ModelFolder]
) -> None:
    dense, sparse = digit_models
    elsewhere = replace(sparse, provenance=replace(sparse.provenance, data="imagenet:1k"))
    catalogue = digit_catalogue(tmp_path / "mixed", (dense, elsewhere))
    _, plan = make_suite_plan(catalogue.engine, SUITE)
    assert {job.model for job in plan.missing} == {dense.provenance.slug}


@pytest.mark.parametrize(
    ("suite", "models", "error", "message"),
    [
        (SUITE, ["gmp/resnet8-digit/0.50-s0"], UnknownRecordError, "no model 'gmp/resnet8-digit/0.50-s0'"),
        ("digits-dem", None, UsageError, "no suite 'digits-dem'"),
    ],
)
def test_unknown_names(
    catalogue: DigitCatalogue, suite: str, models: list[str] | None, error: type[UsageError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        make_suite_plan(catalogue.engine, suite, models)
    assert "Did you mean" in (caught.value.hint or "")


def test_an_empty_catalogue_says_what_to_do(tmp_path: Path, digit_models: tuple[ModelFolder, ModelFolder]) -> None:
    imagenet = replace(digit_models[0], provenance=replace(digit_models[0].provenance, data="imagenet:1k"))
    catalogue = digit_catalogue(tmp_path / "empty", (imagenet,))
    with pytest.raises(UsageError, match="no model for digits-demo@1") as caught:
        make_suite_plan(catalogue.engine, SUITE)
    assert "prunarium publish" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("trained_on", "applies"), [("imagenet", True), ("ImageNet-1k", True), ("digits:0-4", False), (None, False)]
)
def test_the_suites_of_imagenet_are_for_models_of_imagenet_by_any_of_its_names(
    trained_on: str | None, applies: bool
) -> None:
    model = ModelRecord(
        slug="dense/resnet50/0.00",
        title="ResNet-50",
        owner="prunarium",
        method="dense",
        architecture="resnet50",
        sparsity_target=0.0,
        upstream_data=trained_on,
        availability="make",
    )
    assert _applies(find_suite("quick"), model) is applies
    assert _applies(find_suite("digits-demo"), model) is (trained_on == "digits:0-4")
