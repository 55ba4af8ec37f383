"""How far a network with other weights is from the dense one, on calibration images and without their labels."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div

from ..loss_gradients import measuring


class NetworkLoss:
    """The mean divergence KL(dense ‖ other) of the predictions, in nats, on images that are kept in memory.

    Batch norm uses the statistics of each batch, as it will after they have been measured anew (and as IST-DASLab/OBC
    @9b7979b ``spdy.py`` does); that code asks for the cross-entropy with the labels, which calibration images of
    another task do not have.
    """

    def __init__(self, model: nn.Module, prunable: Mapping[str, nn.Parameter], batches: Iterable[Tensor]) -> None:
        self._model, self._prunable = model, prunable
        self._batches = [images.clone() for images in batches]
        self._dense = self._predictions()

    @torch.no_grad()
    def __call__(self, weights: Mapping[str, Tensor]) -> float:
        """With ``weights`` in place of the network's own, which are put back."""
        own = {name: self._prunable[name].detach().clone() for name in weights}
        try:
            for name, values in weights.items():
                self._prunable[name].copy_(values)
            found = self._predictions()
        finally:
            for name, values in own.items():
                self._prunable[name].copy_(values)
        parts = zip(found, self._dense, strict=True)
        total = sum(float(kl_div(other, dense, reduction="sum", log_target=True)) for other, dense in parts)
        return total / sum(len(batch) for batch in self._batches)

    @torch.no_grad()
    def _predictions(self) -> list[Tensor]:
        with measuring(self._model, batch_statistics=True):
            return [self._model(images).double().log_softmax(-1) for images in self._batches]
