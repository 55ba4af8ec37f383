"""Statistics of batch normalisation, measured anew after the weights have changed."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def running_norms(model: nn.Module) -> list[_BatchNorm]:
    """The modules that keep running means and variances."""
    return [module for module in model.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]


@torch.no_grad()
def recalibrate(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Replace running means and variances by the plain averages over ``batches`` of images "n c h w".

    Everything else is in evaluation mode meanwhile; the modes and momenta are restored. Without batches nothing
    changes. Source: the "BN tuning" of CrAM and of Optimal Brain Compression (IST-DASLab).
    """
    norms = running_norms(model)
    modes = {module: module.training for module in model.modules()}
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.train()
        norm.momentum = None  # torch's word for a cumulative average
    try:
        for number, images in enumerate(batches):
            if number == 0:
                for norm in norms:
                    norm.reset_running_stats()
            model(images)
    finally:
        for module, mode in modes.items():
            module.training = mode
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
