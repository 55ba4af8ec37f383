"""Colours and two networks, made once; tests only read them."""

from pathlib import Path

import pytest
from colour_images import write_colours, write_pair

from zoo.checkpoint.folder import ModelFolder


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten images of each of three classes."""
    return write_colours(tmp_path_factory.mktemp("images") / "colours")


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelFolder, ModelFolder]:
    """Dense, and pruned to 80 %."""
    return write_pair(tmp_path_factory.mktemp("pair"))
