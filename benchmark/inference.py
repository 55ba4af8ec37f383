"""From images to logits or features, in evaluation mode and bounded memory."""

import torch
from jaxtyping import Float64
from torch import Tensor, nn

from zoo.checkpoint.config import Preprocessing
from zoo.data import Images, image_batches
from zoo.models import features

from .errors import BadModelError
from .logits import Logits

EVALUATION_BATCH = 512


@torch.no_grad()
def predict(model: nn.Module, images: Images, preprocessing: Preprocessing, batch_size: int) -> Logits:
    """The logits of every image, in order; raises :class:`~benchmark.errors.LogitsError` where they are no numbers."""
    model.eval()
    parts = [model(x) for x in image_batches(images, preprocessing, batch_size)]
    return Logits(torch.cat(parts).float().cpu().numpy())


@torch.no_grad()
def extract(
    model: nn.Module,
    classifier: str,
    images: Images,
    preprocessing: Preprocessing,
    batch_size: int,
) -> Float64[Tensor, "n d"]:
    """The classifier's input for every image, in order, widened to float64.

    Raises :class:`BadModelError` where a feature is NaN or infinite.
    """
    model.eval()
    parts = [features(model, classifier, x) for x in image_batches(images, preprocessing, batch_size)]
    found = torch.cat(parts).double().cpu()
    if not bool(torch.isfinite(found).all()):
        rows = int((~torch.isfinite(found)).any(dim=1).sum())
        raise BadModelError(f"The features of {rows} of {len(found)} images are NaN or infinite.")
    return found
