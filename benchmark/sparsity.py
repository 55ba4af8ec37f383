"""Zeros before and after a protocol: read from the weights, believed from nobody.

The reference code of the field loses the whole sparsity of a plain state dict in two optimizer steps, without a
warning; a job that loses a single zero fails instead.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from zoo.prunable import prunable_parameters

from .errors import SparsityLostError


def zeros_of(model: nn.Module, without: str | None = None) -> dict[str, Tensor]:
    """Where each prunable weight is zero; ``without`` names a module whose weights are left out (a replaced head)."""
    return {
        name: weight.detach() == 0
        for name, weight in prunable_parameters(model).items()
        if without is None or name != f"{without}.weight"
    }


def fraction(zeros: Mapping[str, Tensor]) -> float:
    """The share of zeros over all tensors together; 0 where there are none."""
    elements = sum(mask.numel() for mask in zeros.values())
    return sum(int(mask.sum()) for mask in zeros.values()) / elements if elements else 0.0


def check_kept(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> None:
    """Raise :class:`SparsityLostError` unless the zeros of ``before`` are zeros of ``after``; new zeros are allowed."""
    lost = {name: int(torch.sum(mask & ~after[name])) for name, mask in before.items()}
    if total := sum(lost.values()):
        worst = max(lost, key=lost.__getitem__)
        raise SparsityLostError(
            f"sparsity_lost: {total} pruned weights are not zero any more ({lost[worst]} of them in {worst}); "
            f"the sparsity fell from {fraction(before):.4f} to {fraction(after):.4f}.",
            "Keep the mask after every optimizer step: prunarium.keep_sparse(model, optimizer).",
        )
