"""A user's own images as a task."""

import os
from pathlib import Path

import pytest
from miniature import samples, write_folders
from network_folders import write_network
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.errors import ManifestError
from benchmark.job import Job
from benchmark.run_job import run_job
from benchmark.suites import suite_of_task
from benchmark.sync import sync_benchmark
from benchmark.tasks import TransferTask, all_tasks, find_task, known_tasks
from registry import queries
from registry.blobs import BlobStore
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.settings import load_settings
from zoo.core.errors import PrunariumError, UsageError
from zoo.errors import DataMissingError

NAMES = ("oak", "ash", "elm")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    write_folders(tmp_path / "My Leaves!", samples([20, 20, 10]), NAMES)
    return tmp_path / "My Leaves!"


@pytest.fixture
def task(images: Path) -> TransferTask:
    found = find_task(f"folder:{images}")
    assert isinstance(found, TransferTask)
    return found


def test_is_named_by_the_folder_and_its_content(task: TransferTask, images: Path) -> None:
    assert task.name == "own-my-leaves"
    assert task.version == task.data.sha256s[f"folder:{images}"][:12]
    assert task.data.class_names == ("ash", "elm", "oak")
    assert task.n_test == 10
    assert task.data.splits["validation"].n == 5


def test_other_processes_find_it_by_its_name(task: TransferTask) -> None:
    assert find_task(task.id) == task
    assert task in known_tasks()
    assert task not in all_tasks()
    with pytest.raises(UsageError, match="no task"):
        find_task("own-my-leaves@000000000000")
    with pytest.raises(UsageError, match="no task"):
        find_task("own-../../etc/passwd@000000000000")


def test_other_images_are_another_task_and_the_first_is_refused(task: TransferTask, images: Path) -> None:
    next(images.rglob("*.jpg")).unlink()
    again = find_task(f"folder:{images}")
    assert again.name == task.name
    assert again.version != task.version
    with pytest.raises(ManifestError, match="are not those of the task"):
        task.image_sets()


def test_a_folder_of_train_and_test_gets_a_validation_split(tmp_path: Path) -> None:
    write_folders(tmp_path / "set" / "train", samples([20, 10, 30]), NAMES)
    write_folders(tmp_path / "set" / "test", samples([2, 2, 2], start=90), NAMES)
    task = find_task(f"folder:{tmp_path / 'set'}")
    assert isinstance(task, TransferTask)
    assert {name: len(task.data.split(name).labels) for name in ("train", "validation", "test")} == {
        "train": 54,
        "validation": 6,
        "test": 6,
    }
    assert task.manifest()["data"]["validation_fraction"] == 0.1


def test_is_measured_and_catalogued_like_any_other(task: TransferTask, tmp_path: Path) -> None:
    network = write_network(tmp_path / "m", sparsity=0.9, architecture="resnet20-cifar", classes=10)
    blobs = BlobStore(f"file://{tmp_path / 'blobs'}")
    outcome = run_job(Job(1, "m", task.id, "linear@1", 0), network.path, blobs)
    top1 = next(result for result in outcome.results if result.metric == "top1@1")
    assert top1.n == 10
    assert top1.value is not None
    engine = open_catalogue(load_settings())
    sync_benchmark(engine)
    with session_scope(engine) as session:
        assert task.id in {f"{row.name}@{row.version}" for row in queries.list_tasks(session)}
    engine.dispose()


def test_one_task_is_a_suite_of_its_own(task: TransferTask) -> None:
    suite = suite_of_task(task, ["linear@1", "full@1"])
    assert suite.id == task.id
    assert [(cell.task, cell.protocol) for cell in suite.cells] == [(task.id, "linear@1"), (task.id, "full@1")]


def test_the_command_line_takes_the_folder(images: Path) -> None:
    result = CliRunner().invoke(app, ["plan", "--task", f"folder:{images}", "--models", "no/such/0.00"])
    assert isinstance(result.exception, UsageError | PrunariumError)
    assert "no/such" in str(result.exception)
    listed = CliRunner().invoke(app, ["tasks", "--json"])
    assert "own-my-leaves" in listed.stdout


def test_what_is_not_there_is_one_clear_error(tmp_path: Path, task: TransferTask) -> None:
    with pytest.raises(DataMissingError, match="There is no folder"):
        find_task(f"folder:{tmp_path / 'nowhere'}")
    path = Path(os.environ["PRUNARIUM_HOME"]) / "tasks" / f"{task.id}.json"
    path.write_text("{}")
    with pytest.raises(PrunariumError, match="cannot be read"):
        find_task(task.id)
