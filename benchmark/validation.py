"""How good a network that has been trained is on images that it was not trained on."""

import math

from torch import nn

from zoo.checkpoint.config import Preprocessing

from .errors import LogitsError
from .inference import predict
from .tasks import LabelledSet


def validation_nll(model: nn.Module, images: LabelledSet, preprocessing: Preprocessing, batch_size: int) -> float:
    """Mean cross-entropy in nats; infinite where the network has diverged, so that what it was trained by is not
    chosen."""
    try:
        logits = predict(model, images.images, preprocessing, batch_size)
    except LogitsError:
        return math.inf
    return float(-logits.log_softmax()[range(len(images.labels)), images.labels].mean())
