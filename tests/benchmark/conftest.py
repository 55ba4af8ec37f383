"""Two real models, trained once for the whole run, and catalogues that know them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmark_catalogues import DigitCatalogue, digit_catalogue
from digit_models import write_deviations, write_digit_models

from zoo.checkpoint.folder import ModelFolder


@pytest.fixture(scope="session")
def digit_models(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelFolder, ModelFolder]:
    """A dense network of the digits 0-4, and the same pruned to 50 % in one shot, with a posterior."""
    dense, sparse = write_digit_models(tmp_path_factory.mktemp("models"), (0.0, 0.5))
    write_deviations(sparse, 0.3)
    return dense, sparse


@pytest.fixture
def sparse_model(digit_models: tuple[ModelFolder, ModelFolder]) -> ModelFolder:
    """The pruned one."""
    return digit_models[1]


@pytest.fixture
def catalogue(tmp_path: Path, digit_models: tuple[ModelFolder, ModelFolder]) -> Iterator[DigitCatalogue]:
    """A catalogue of its own for each test, with both models and no jobs."""
    made = digit_catalogue(tmp_path / "home", digit_models)
    yield made
    made.engine.dispose()
