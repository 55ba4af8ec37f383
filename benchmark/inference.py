"""From images to logits or features, in evaluation mode and bounded memory."""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Float64, UInt8
from numpy import ndarray
from torch import Tensor, nn

from zoo.checkpoint.config import Preprocessing
from zoo.data import preprocess
from zoo.models import features

from .errors import BadModelError
from .logits import Logits

EVALUATION_BATCH = 512


@torch.no_grad()
def predict(
    model: nn.Module, images: UInt8[ndarray, "n h w c"], preprocessing: Preprocessing, batch_size: int
) -> Logits:
    """The logits of every image, in order; raises :class:`~benchmark.errors.LogitsError` where they are no numbers."""
    model.eval()
    parts = [model(x) for x in _batches(images, preprocessing, batch_size)]
    return Logits(torch.cat(parts).float().cpu().numpy())


@torch.no_grad()
def extract(
    model: nn.Module,
    classifier: str,
    images: UInt8[ndarray, "n h w c"],
    preprocessing: Preprocessing,
    batch_size: int,
) -> Float64[Tensor, "n d"]:
    """The classifier's input for every image, in order, widened to float64.

    Raises :class:`BadModelError` where a feature is NaN or infinite.
    """
    model.eval()
    parts = [features(model, classifier, x) for x in _batches(images, preprocessing, batch_size)]
    found = torch.cat(parts).double().cpu()
    if not bool(torch.isfinite(found).all()):
        rows = int((~torch.isfinite(found)).any(dim=1).sum())
        raise BadModelError(f"The features of {rows} of {len(found)} images are NaN or infinite.")
    return found


def _batches(
    images: UInt8[ndarray, "n h w c"], preprocessing: Preprocessing, batch_size: int
) -> Iterator[Float[Tensor, "b c h w"]]:
    for start in range(0, len(images), batch_size):
        yield preprocess(images[start : start + batch_size], preprocessing)
