"""Stanford Cars. The authors' addresses are dead, so nobody can fetch it unattended."""

from pathlib import Path

from torchvision.datasets import StanfordCars

from . import ARCHIVES, Archive, Contents, file_split


def _read(root: Path) -> Contents:
    parts = {name: StanfordCars(root, name) for name in ("train", "test")}
    splits = {
        name: file_split(root, [file for file, _ in part._samples], [label for _, label in part._samples])
        for name, part in parts.items()
    }
    return Contents(tuple(parts["train"].classes), splits)


ARCHIVES.register("cars")(
    Archive(
        _read,
        "stanford_cars with cars_train/, cars_test/, devkit/ and cars_test_annos_withlabels.mat",
        "https://ai.stanford.edu/~jkrause/cars/car_dataset.html (dead)",
    )
)
