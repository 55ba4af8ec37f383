"""How good a network is on a split."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from ..checkpoint.config import Preprocessing
from ..data import Split, image_batches
from .seeds import one_thread

BATCH = 256


@dataclass(frozen=True)
class Score:
    """On one split: ``top1`` is a fraction, ``nll`` the mean negative log-likelihood in nats."""

    top1: float
    nll: float


def evaluate(model: nn.Module, split: Split, preprocessing: Preprocessing) -> Score:
    """Accuracy and negative log-likelihood on a split, in evaluation mode; the model's mode is restored."""
    labels, training = torch.tensor(split.labels), model.training
    device = next(model.parameters(), labels).device
    with one_thread(), torch.inference_mode():
        batches = image_batches(split.images, preprocessing, BATCH)
        logits = torch.cat([model.eval()(images.to(device)).cpu() for images in batches]).double()
    model.train(training)
    return Score(top1=float((logits.argmax(dim=1) == labels).double().mean()), nll=float(cross_entropy(logits, labels)))
