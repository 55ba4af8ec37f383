"""``prunarium predict``: class names and probabilities for single images, by any model folder."""

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8

from zoo.checkpoint.folder import PROVENANCE, ModelFolder, read_folder
from zoo.core.errors import UsageError
from zoo.core.imagenet_classes import imagenet_classes
from zoo.data import image_batches
from zoo.data.folder import EXTENSIONS, ImageFiles, image_files
from zoo.errors import CorruptImageError
from zoo.models import load_model

from .receipt import MODEL

BATCH = 64


class Answer(NamedTuple):
    """Of one image: the most likely classes first, with their probabilities; or why it has no answer."""

    image: str
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    error: str | None = None


class _Whole:
    """Images of which each is known to be readable."""

    def __init__(self, images: Sequence[UInt8[np.ndarray, "h w 3"]]) -> None:
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int, /) -> UInt8[np.ndarray, "h w 3"]:
        return self._images[index]


def predict_images(model: Path | str, images: Sequence[str], top: int = 5) -> list[Answer]:
    """The answers for ``images``: files, folders (all images below them) and patterns such as ``*.jpg``, in that order.

    ``model`` is a folder that ``finetune`` wrote, or any model folder. An image that cannot be read has an answer that
    says so. Raises :class:`UsageError` where nothing is there, and what reading the model raises.
    """
    source = model_in(Path(model))
    files = found_images(images)
    network = load_model(source.path)
    names = class_names(source)
    answers = []
    for start in range(0, len(files), BATCH):
        answers += _answers(network, source, names, files[start : start + BATCH], min(top, len(names)))
    return answers


def model_in(path: Path) -> ModelFolder:
    """The model folder at ``path``, or in what ``finetune`` left there."""
    path = path.expanduser()
    if not path.is_dir():
        raise UsageError(f"There is no folder {path}.", "Name the --out of a finetune, or a model folder.")
    if not (path / PROVENANCE).is_file() and (path / MODEL / PROVENANCE).is_file():
        path = path / MODEL
    elif not (path / PROVENANCE).is_file():
        raise UsageError(f"{path} holds no model.", "Was its finetune finished? Run the same finetune command again.")
    return read_folder(path)


def found_images(given: Sequence[str]) -> list[Path]:
    """Files in the order given, without doubles; raises :class:`UsageError` for what leads to none."""
    found: list[Path] = []
    for text in given:
        path = Path(text).expanduser()
        if path.is_dir():
            below = [path / name for name in image_files(path)]
        elif path.is_file():
            below = [path]
        else:
            # Not Path.glob: a pattern may begin anywhere.
            below = sorted(Path(name) for name in glob.glob(str(path), recursive=True) if Path(name).is_file())  # noqa: PTH207
        if not below:
            raise UsageError(f"There is no image at {text}.", f"Known: {', '.join(EXTENSIONS)}.")
        found += below
    return list(dict.fromkeys(found))


def class_names(source: ModelFolder) -> tuple[str, ...]:
    """By the model folder, ImageNet's for a thousand classes without names, else numbers."""
    count = source.config.num_classes
    if source.config.class_names:
        return source.config.class_names
    known = imagenet_classes()
    return tuple(words for _, words in known) if count == len(known) else tuple(map(str, range(count)))


@torch.no_grad()
def _answers(
    network: torch.nn.Module, source: ModelFolder, names: Sequence[str], files: Sequence[Path], top: int
) -> list[Answer]:
    encoded = ImageFiles(Path("/"), [str(path.absolute()).lstrip("/") for path in files])
    readable, answers = [], dict[int, Answer]()
    for index, path in enumerate(files):
        try:
            readable.append((index, encoded[index]))
        except CorruptImageError as error:
            answers[index] = Answer(str(path), (), (), error.message)
    if readable:
        whole = _Whole([image for _, image in readable])
        batches = image_batches(whole, source.config.preprocessing, BATCH, workers=0)
        probabilities = torch.cat([network(x).double().softmax(dim=1) for x in batches])
        for (index, _), row in zip(readable, probabilities, strict=True):
            best = row.topk(top)
            answers[index] = Answer(
                str(files[index]), tuple(names[each] for each in best.indices.tolist()), tuple(best.values.tolist())
            )
    return [answers[index] for index in range(len(files))]
