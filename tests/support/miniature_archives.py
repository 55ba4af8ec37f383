"""The transfer tasks' archives in miniature: the layout that each data set's authors publish, with a few small images.

``write_archive(name, root, classes)`` lays ``TRAIN`` and ``TEST`` images of the first classes of a data set out below
``root``, as ``archive:NAME`` expects it; :func:`small_manifest` is the task's manifest with the sizes of that.
``parts(name)`` are the samples themselves, for other layouts (folders, Parquet) of the same images.
"""

import io
import json
import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from miniature import Sample, samples
from PIL import Image
from scipy.io import savemat

from benchmark.tasks import SourcedManifest, SplitFacts, find_task

TRAIN, TEST = (12, 11, 10), (3, 2, 4)
FIRST = 10
"""How many images of a class train in the miniatures of the two Caltechs, whose archives have no lists."""

Writer = Callable[[Path, Sequence[Sample], Sequence[Sample], Sequence[str]], None]


def parts() -> dict[str, list[Sample]]:
    """The images by split."""
    return {"train": samples(TRAIN), "test": samples(TEST, start=100)}


def small_manifest(name: str) -> SourcedManifest:
    """A task's manifest that asks for the miniature instead of the original; everything else is the task's own."""
    manifest = next(value for value in vars(find_task(f"{name}@1")).values() if isinstance(value, SourcedManifest))
    train = (FIRST,) * len(TEST) if name.startswith("caltech") else TRAIN
    splits = {"train": SplitFacts(sum(train), train), "test": SplitFacts(sum(TEST), TEST)}
    return replace(manifest, class_names=manifest.class_names[: len(TRAIN)], splits=splits)


def write_archive(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay the miniature of an archive out. Checks of the original's MD5 and of its size are switched off."""
    for module in ("cifar", "flowers102"):
        monkeypatch.setattr(f"torchvision.datasets.{module}.check_integrity", lambda *_: True)
    found = parts()
    WRITERS[name](root, found["train"], found["test"], small_manifest(name).class_names)
    if name.startswith("caltech"):
        monkeypatch.setattr(f"zoo.data.archives.{name}.TRAIN_PER_CLASS", FIRST)


def _write(path: Path, data: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def _lines(path: Path, lines: Sequence[str]) -> None:
    _write(path, "".join(f"{line}\n" for line in lines))


def _aircraft(root: Path, train: Sequence[Sample], test: Sequence[Sample], classes: Sequence[str]) -> None:
    data = root / "fgvc-aircraft-2013b" / "data"
    _lines(data / "variants.txt", classes)
    for part, found in (("trainval", train), ("test", test)):
        _lines(data / f"images_variant_{part}.txt", [f"{sample.name} {classes[sample.label]}" for sample in found])
        for sample in found:
            _write(data / "images" / f"{sample.name}.jpg", sample.data)


def _birdsnap(root: Path, train: Sequence[Sample], test: Sequence[Sample], classes: Sequence[str]) -> None:
    folders = [name.replace(" ", "_") for name in classes]
    for sample in (*train, *test):
        _write(root / "download" / "images" / folders[sample.label] / f"{sample.name}.jpg", sample.data)
    _lines(root / "test_images.txt", ["path", *(f"{folders[sample.label]}/{sample.name}.jpg" for sample in test)])


def _caltech(folder: str) -> Writer:
    def write(root: Path, train: Sequence[Sample], test: Sequence[Sample], classes: Sequence[str]) -> None:
        for label, name in enumerate(classes):
            own = [[sample for sample in found if sample.label == label] for found in (train, test)]
            for number, sample in enumerate([*own[0][:FIRST], *own[1]]):
                _write(root / folder / name / f"image_{number:04d}.jpg", sample.data)
        _write(root / folder / classes[0] / "RENAME2", "a stray file, as in the original")
        if folder.startswith("caltech101"):
            _write(root / folder / "BACKGROUND_Google" / "image_0001.jpg", samples([1], start=7)[0].data)

    return write


def _cars(root: Path, train: Sequence[Sample], test: Sequence[Sample], classes: Sequence[str]) -> None:
    base = root / "stanford_cars"
    places = {"train": base / "devkit" / "cars_train_annos.mat", "test": base / "cars_test_annos_withlabels.mat"}
    (base / "devkit").mkdir(parents=True)
    savemat(base / "devkit" / "cars_meta.mat", {"class_names": np.array(list(classes), dtype=object)})
    for part, found in (("train", train), ("test", test)):
        rows = [(f"{sample.name}.jpg", sample.label + 1) for sample in found]
        savemat(places[part], {"annotations": np.array(rows, dtype=[("fname", object), ("class", object)])})
        for sample in found:
            _write(base / f"cars_{part}" / f"{sample.name}.jpg", sample.data)


def _cifar(folder: str, label_key: str, meta: str, names_key: str, train_files: int) -> Writer:
    def rows(found: Sequence[Sample]) -> dict[str, Any]:
        small = [Image.open(io.BytesIO(sample.data)).resize((32, 32)) for sample in found]
        pixels = np.stack([np.asarray(image) for image in small]).transpose(0, 3, 1, 2)
        return {"data": pixels.reshape(len(found), -1), label_key: [sample.label for sample in found]}

    def write(root: Path, train: Sequence[Sample], test: Sequence[Sample], classes: Sequence[str]) -> None:
        _write(root / folder / meta, pickle.dumps({names_key: list(classes)}))
        names = [f"data_batch_{i + 1}" for i in range(train_files)] if train_files > 1 else ["train"]
        for i, name in enumerate(names):
            _write(root / folder / name, pickle.dumps(rows(train[i :: len(names)])))
        _write(root / folder / ("test_batch" if train_files > 1 else "test"), pickle.dumps(rows(test)))

    return write


def _dtd(root: Path, train: Sequence[Sample], test: Sequence[Sample], classes: Sequence[str]) -> None:
    base = root / "dtd" / "dtd"
    for part, found in (("train1", train[::2]), ("val1", train[1::2]), ("test1", test)):
        _lines(base / "labels" / f"{part}.txt", [f"{classes[sample.label]}/{sample.name}.jpg" for sample in found])
        for sample in found:
            _write(base / "images" / classes[sample.label] / f"{sample.name}.jpg", sample.data)


def _flowers(root: Path, train: Sequence[Sample], test: Sequence[Sample], classes: Sequence[str]) -> None:
    del classes  # the archive has numbers
    base, everything = root / "flowers-102", [*train, *test]
    for number, sample in enumerate(everything, 1):
        _write(base / "jpg" / f"image_{number:05d}.jpg", sample.data)
    savemat(base / "imagelabels.mat", {"labels": np.array([sample.label + 1 for sample in everything])})
    ids = {
        "trnid": range(1, 11),
        "valid": range(11, len(train) + 1),
        "tstid": range(len(train) + 1, len(everything) + 1),
    }
    savemat(base / "setid.mat", {name: np.array(list(found)) for name, found in ids.items()})


def _food(root: Path, train: Sequence[Sample], test: Sequence[Sample], classes: Sequence[str]) -> None:
    base = root / "food-101"
    for part, found in (("train", train), ("test", test)):
        listed: dict[str, list[str]] = {}
        for sample in found:
            name = f"{classes[sample.label]}/{sample.name}"
            listed.setdefault(classes[sample.label], []).append(name)
            _write(base / "images" / f"{name}.jpg", sample.data)
        _write(base / "meta" / f"{part}.json", json.dumps(listed))


def _pets(root: Path, train: Sequence[Sample], test: Sequence[Sample], classes: Sequence[str]) -> None:
    base = root / "oxford-iiit-pet"
    for part, found in (("trainval", train), ("test", test)):
        ids = [f"{classes[sample.label].replace(' ', '_')}_{sample.name.replace('_', '')}" for sample in found]
        _lines(
            base / "annotations" / f"{part}.txt", [f"{i} {s.label + 1} 1 1" for i, s in zip(ids, found, strict=True)]
        )
        for image_id, sample in zip(ids, found, strict=True):
            _write(base / "images" / f"{image_id}.jpg", sample.data)


def _sun(root: Path, train: Sequence[Sample], test: Sequence[Sample], classes: Sequence[str]) -> None:
    _lines(root / "SUN397" / "ClassName.txt", [f"/{name[0]}/{name}" for name in classes])
    for part, found in (("Training", train), ("Testing", test)):
        paths = [f"/{classes[s.label][0]}/{classes[s.label]}/sun_{s.name}.jpg" for s in found]
        _lines(root / f"{part}_01.txt", paths)
        for path, sample in zip(paths, found, strict=True):
            _write(root / "SUN397" / path[1:], sample.data)


WRITERS: dict[str, Writer] = {
    "aircraft": _aircraft,
    "birdsnap": _birdsnap,
    "caltech101": _caltech("caltech101/101_ObjectCategories"),
    "caltech256": _caltech("caltech256/256_ObjectCategories"),
    "cars": _cars,
    "cifar10": _cifar("cifar-10-batches-py", "labels", "batches.meta", "label_names", 5),
    "cifar100": _cifar("cifar-100-python", "fine_labels", "meta", "fine_label_names", 1),
    "dtd": _dtd,
    "flowers102": _flowers,
    "food101": _food,
    "pets": _pets,
    "sun397": _sun,
}
