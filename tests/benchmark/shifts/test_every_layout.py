"""Every published set that test_end_to_end.py leaves out: laid out in miniature, vouched for, measured."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from benchmark_catalogues import DigitCatalogue
from miniature_shifts import FEW, in_miniature, names_of, pin, run_mini
from shift_archives import write_classes, write_corruptions, write_dictionary, write_pair, write_severities

from benchmark.shifts import SHIFTS

NUMBERS = tuple(str(number) for number in FEW)


def _corrupted(root: Path, folder: str) -> None:
    write_corruptions(root, [folder], names_of(FEW), FEW)


def _numbered(archive: str) -> Callable[[Path], None]:
    return lambda root: write_classes(root / f"{archive}-format-val", NUMBERS, FEW, 2, "{}.jpeg")


IMAGENET: dict[str, tuple[Callable[[Path], None], dict[str, Any]]] = {
    "imagenet-c-extra": (lambda root: _corrupted(root, "extra/spatter/4"), {"shown": ("spatter/4",)}),
    "imagenet-c-bar": (
        lambda root: _corrupted(root, "ImageNet-C-Bar/caustic_refraction/2.35"), {"shown": ("caustic_refraction/1",)},
    ),
    "imagenet-3dcc": (lambda root: _corrupted(root, "fog_3d/2"), {"shown": ("fog_3d/2",)}),
    "imagenet-sketch": (lambda root: write_classes(root / "sketch", names_of(FEW), FEW, 2, "sketch_{}.JPEG"), {}),
    "imagenet-v2-matched-frequency": (_numbered("imagenetv2-matched-frequency"), {}),
    "imagenet-v2-threshold-0.7": (_numbered("imagenetv2-threshold0.7"), {}),
    "imagenet-v2-top-images": (_numbered("imagenetv2-top-images"), {}),
}  # fmt: skip

CIFAR10: dict[str, tuple[Callable[[Path], None], dict[str, Any]]] = {
    "cifar10-c": (lambda root: write_severities(root, ["fog", "spatter"], 6, 10), {"shown": ("fog/1", "fog/5")}),
    "cifar10-c-extra": (lambda _: None, {"shown": ("spatter/3",)}),  # beside the others
    "cifar10.1": (lambda root: write_pair(root, 6), {}),
    "cifar10.2": (lambda root: write_dictionary(root, 6), {}),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sets", "data", "classes", "space"),
    [
        pytest.param(IMAGENET, "imagenet", 1000, FEW, id="imagenet"),
        pytest.param(CIFAR10, "cifar10", 10, None, id="cifar10"),
    ],
)
def test_it_is_measured_from_its_published_files(
    sets: dict[str, tuple[Callable[[Path], None], dict[str, Any]]],
    data: str,
    classes: int,
    space: tuple[int, ...] | None,
    catalogue_of: Callable[[int, str], DigitCatalogue],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    in_miniature(
        monkeypatch,
        *((f"{name}@1", {"n_each": 6, "label_space": space, **changes}) for name, (_, changes) in sets.items()),
    )
    for name, (write, _) in sets.items():
        shift: Any = SHIFTS[f"{name}@1"]
        folder = tmp_path / shift.family
        monkeypatch.setenv(shift.place_variable, str(folder))
        write(folder)
    catalogue = catalogue_of(classes, data)
    pin(capsys, *sets)
    report = run_mini(catalogue, capsys)
    assert [failure["message"] for failure in report["failed"]] == []
    assert report["done"] == len(sets)
    for name in sets:
        whole = [row for row in catalogue.results(task=f"{name}@1") if not row.condition and row.value is not None]
        assert {row.metric for row in whole} == {"top1@1", "nll@1", "brier@1", "ece15@1"}
        assert {row.n for row in whole} == {6}
        assert all(row.provenance["data_sha256"] for row in whole)
