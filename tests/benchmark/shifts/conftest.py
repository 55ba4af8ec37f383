"""A catalogue of one untrained network, for as many classes as a set has."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from benchmark_catalogues import DigitCatalogue, digit_catalogue
from network_folders import write_network


@pytest.fixture
def catalogue_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., DigitCatalogue]]:
    made: list[DigitCatalogue] = []

    def make(classes: int, data: str, seed: int = 0) -> DigitCatalogue:
        where, small = tmp_path / "models" / "a", "resnet20-cifar"
        folder = write_network(where, architecture=small, classes=classes, crop_fraction=0.875, data=data, seed=seed)
        made.append(digit_catalogue(tmp_path / "home", [folder]))
        monkeypatch.setenv("PRUNARIUM_HOME", str(made[0].settings.home))
        return made[0]

    yield make
    for catalogue in made:
        catalogue.engine.dispose()
