"""A worker that is killed costs an attempt of one job; the same command ends with the same values."""

from pathlib import Path

import harness
import pytest
from benchmark_catalogues import DigitCatalogue, digit_catalogue, table_of

from benchmark.runner import run
from zoo.checkpoint.folder import ModelFolder


@pytest.fixture(scope="module")
def undisturbed(
    digit_models: tuple[ModelFolder, ModelFolder], tmp_path_factory: pytest.TempPathFactory
) -> DigitCatalogue:
    """One model on the demonstration suite, without any fault."""
    made = digit_catalogue(tmp_path_factory.mktemp("undisturbed"), digit_models)
    report = run(made.settings, "digits-demo", [digit_models[1].provenance.slug], folders=made.folders)
    assert (report.done, report.failed) == (6, ())
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("processes", "fault"),
    [
        (1, "benchmark.scoring:score@before#2=kill"),
        (1, "registry.jobs:finish@after#3=kill"),
        (2, "registry.jobs:finish@before#1=kill"),
    ],
)
def test_a_killed_process_loses_nothing(
    catalogue: DigitCatalogue,
    undisturbed: DigitCatalogue,
    sparse_model: ModelFolder,
    tmp_path: Path,
    processes: int,
    fault: str,
) -> None:
    command = [
        "-m", "prunarium", "benchmark", "run", "--models", sparse_model.provenance.slug,
        "--folders", str(catalogue.folders), "--processes", str(processes),
    ]  # fmt: skip
    environ = {"PRUNARIUM_HOME": str(catalogue.settings.home)}
    happened = tmp_path / "happened"
    first = harness.run(command, faults=[fault], once=happened, environ=environ)
    assert happened.exists()
    if processes == 1:
        assert first.killed
        # What the command calls, here: torch need not be imported once more.
        again = run(catalogue.settings, "digits-demo", [sparse_model.provenance.slug], folders=catalogue.folders)
        assert again.failed == ()
    else:
        assert first.returncode == 0, first.stderr
        assert "another one takes over" in first.stderr
    jobs = catalogue.jobs(range(1, 7))
    assert [job.state for job in jobs] == ["done"] * 6
    assert sum(job.attempt for job in jobs) == 7
    assert table_of(catalogue.results()) == table_of(undisturbed.results())
