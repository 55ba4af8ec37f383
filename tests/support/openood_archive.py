"""OpenOOD v1.5 in miniature: its folder ``data`` as its download scripts leave it.

* ``benchmark_imglist/imagenet/{train,test}_imagenet.txt``: a path below ``images_largescale`` and a label, each line
* ``benchmark_imglist/imagenet/test_{ssb_hard,ninco,inaturalist,openimage_o}.txt``: the same with the label -1
* ``benchmark_imglist/imagenet/test_textures.txt``: paths below ``images_classic``
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from miniature import picture

OUTER = {
    "ssb_hard": "images_largescale",
    "ninco": "images_largescale",
    "inaturalist": "images_largescale",
    "textures": "images_classic",
    "openimage_o": "images_largescale",
}


def write_openood(root: Path, classes: Sequence[int], train: int, test: int, outer: Mapping[str, int]) -> None:
    """``train`` and ``test`` pictures a class, and as many of each outer set as ``outer`` says."""
    lists = root / "benchmark_imglist" / "imagenet"
    lists.mkdir(parents=True)
    for split, count, start in (("train", train, 0), ("test", test, 500)):
        rows = []
        for label in classes:
            for number in range(start, start + count):
                path = f"imagenet_1k/{split}/n{label:08d}/{number}.JPEG"
                _write(root / "images_largescale" / path, label, number)
                rows.append(f"{path} {label}")
        (lists / f"{split}_imagenet.txt").write_text("\n".join(rows) + "\n")
    for position, (name, count) in enumerate(outer.items()):
        rows = []
        for number in range(count):
            path = f"{'texture' if name == 'textures' else name}/a folder/{number}.jpg"
            _write(root / OUTER[name] / path, 5000 + position, number)
            rows.append(f"{path} -1")
        (lists / f"test_{name}.txt").write_text("\n".join(rows) + "\n")


def _write(path: Path, label: int, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(label, number))
