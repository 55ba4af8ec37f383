"""From images to logits or features, in evaluation mode and bounded memory."""

import torch
from jaxtyping import Float32, Float64
from torch import Tensor, nn

from zoo.checkpoint.config import Preprocessing
from zoo.data import Images

from .errors import BadModelError
from .image_pass import Seer, image_pass
from .logits import Logits
from .numerics import Numerics

EVALUATION_BATCH = 512


def predict(model: nn.Module, images: Images, preprocessing: Preprocessing, batch_size: int) -> Logits:
    """The logits of every image, in order; raises :class:`~benchmark.errors.LogitsError` where they are no numbers."""
    (found,) = image_pass([Seer(model, preprocessing)], images, batch_size, Numerics.of_environment())
    return Logits(found.numpy())


def extract(
    model: nn.Module, classifier: str, images: Images, preprocessing: Preprocessing, batch_size: int
) -> Float64[Tensor, "n d"]:
    """The classifier's input for every image, in order, widened to float64.

    Raises :class:`BadModelError` where a feature is NaN or infinite.
    """
    seer = Seer(model, preprocessing, classifier)
    (found,) = image_pass([seer], images, batch_size, Numerics.of_environment())
    return checked(found).double()


def checked(features: Float32[Tensor, "n d"]) -> Float32[Tensor, "n d"]:
    """The same; raises :class:`BadModelError` where a feature is NaN or infinite."""
    finite = torch.isfinite(features).all(dim=1)
    if not bool(finite.all()):
        raise BadModelError(f"The features of {int((~finite).sum())} of {len(features)} images are NaN or infinite.")
    return features
