"""Training from image files: the same engine, the same promise of going on at any step."""

from pathlib import Path

import pytest
import torch
from miniature import samples, write_folders
from torch import nn
from training_runs import advance, differences, loaded, saved

from zoo.checkpoint.config import Preprocessing
from zoo.data import load_data
from zoo.methods import METHODS
from zoo.train import MemoryBatches, Session, Share, TrainConfig, evaluate, training_batches

PREPROCESSING = Preprocessing((3, 16, 16), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), "bilinear", 0.875)
CONFIG = TrainConfig(epochs=3, batch_size=8, learning_rate=0.05, augment=True, precision="bf16")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pictures")
    write_folders(root / "train", samples([9, 9, 9]), ("a", "b", "c"))
    write_folders(root / "test", samples([4, 4, 4], start=50), ("a", "b", "c"))
    return root


def session(pictures: Path, start: int = 0, workers: int = 0) -> Session:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(start)
        model = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 3)
        )
    data = training_batches(
        load_data(f"folder:{pictures}").splits["train"], PREPROCESSING, CONFIG, Share(), workers=workers
    )
    method = METHODS["rigl"]()
    return Session(model, data, CONFIG, input_size=(3, 16, 16), method=method, target=0.5)


def test_a_run_on_files_goes_on_at_any_step_and_learns(pictures: Path) -> None:
    straight = advance(session(pictures), 9)
    state = saved(advance(session(pictures), 4))
    again = advance(loaded(session(pictures, start=7), state), 9)
    assert differences(straight.state_dict(), again.state_dict()) == []
    assert straight.rows[-1].loss < straight.rows[0].loss
    assert evaluate(straight.model, load_data(f"folder:{pictures}").splits["test"], PREPROCESSING).top1 > 0.6


@pytest.mark.slow
def test_workers_change_no_bit(pictures: Path) -> None:
    alone, many = (advance(session(pictures, workers=workers), 9) for workers in (0, 2))
    assert differences(alone.state_dict(), many.state_dict()) == []


def test_what_is_in_memory_is_preprocessed_once_unless_it_is_augmented() -> None:
    split = load_data("digits:0-4").splits["train"]
    preprocessing = Preprocessing((1, 8, 8), (0.3,), (0.4,), "nearest", 1.0)
    plain = training_batches(split, preprocessing, TrainConfig(epochs=1), Share())
    augmented = training_batches(split, preprocessing, TrainConfig(epochs=1, augment=True), Share())
    assert isinstance(plain, MemoryBatches)
    assert not isinstance(augmented, MemoryBatches)
    assert plain.batch_size == augmented.batch_size == 64
    assert len(plain) == len(augmented) == 7
