"""Birdsnap with its official test list. Its images were links, many of which are dead: only old copies are complete."""

from pathlib import Path

from . import ARCHIVES, Archive, Contents, file_split


def _read(root: Path) -> Contents:
    held_out = set((root / "test_images.txt").read_text(encoding="utf-8").split())
    images = root / "download" / "images"
    classes = sorted(path.name for path in images.iterdir() if path.is_dir())
    parts: dict[str, tuple[list[Path], list[int]]] = {"train": ([], []), "test": ([], [])}
    for label, name in enumerate(classes):
        for path in sorted((images / name).glob("*.jpg")):
            part = parts["test" if f"{name}/{path.name}" in held_out else "train"]
            part[0].append(path)
            part[1].append(label)
    return Contents(tuple(classes), {name: file_split(root, *found) for name, found in parts.items()})


ARCHIVES.register("birdsnap")(
    Archive(
        _read,
        "test_images.txt, and download/images/CLASS/FILE.jpg as get_birdsnap.py writes them",
        "https://thomasberg.org/",
    )
)
