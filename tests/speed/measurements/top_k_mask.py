"""The exact global mask of a ResNet-50."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import prune
from torchvision.models import resnet50

from zoo.masks import keep_top_global

from ..measurement import MEASUREMENTS, OURS, Contest, DisagreementError, Measurement, Side

SPARSITY = 0.9
TOPK, PRUNE = "torch.topk (unsorted) and scatter", "torch.nn.utils.prune.global_unstructured"


def by_topk(weights: Mapping[str, Tensor], count: int) -> dict[str, Tensor]:
    flat = torch.cat([weight.abs().reshape(-1) for weight in weights.values()])
    kept = torch.zeros(flat.numel(), dtype=torch.bool)
    kept[flat.topk(count, sorted=False).indices] = True
    parts = torch.split(kept, [weight.numel() for weight in weights.values()])
    return {name: part.view(weights[name].shape) for name, part in zip(weights, parts, strict=True)}


def by_prune(weights: Mapping[str, Tensor], count: int) -> dict[str, Tensor]:
    modules = {}
    for name, weight in weights.items():
        modules[name] = nn.Module()
        modules[name].register_parameter("weight", nn.Parameter(weight))  # shares the memory
    removed = sum(weight.numel() for weight in weights.values()) - count
    prune.global_unstructured(
        [(module, "weight") for module in modules.values()], pruning_method=prune.L1Unstructured, amount=removed
    )
    return {name: module.get_buffer("weight_mask").bool() for name, module in modules.items()}


@contextmanager
def prepare(folder: Path) -> Iterator[Contest]:
    with torch.device("meta"):
        shapes = {name: p.shape for name, p in resnet50().named_parameters() if p.ndim > 1}
    generator = torch.Generator().manual_seed(0)
    weights = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    count = round((1 - SPARSITY) * sum(weight.numel() for weight in weights.values()))
    yield Contest(
        Side(lambda: keep_top_global({name: weight.abs() for name, weight in weights.items()}, count)),
        {TOPK: Side(lambda: by_topk(weights, count)), PRUNE: Side(lambda: by_prune(weights, count))},
        agree,
    )


def agree(answers: Mapping[str, Any]) -> None:
    kept = sum(int(mask.sum()) for mask in answers[OURS].values())
    for name in (TOPK, PRUNE):
        differing = sum(int((mask != answers[OURS][key]).sum()) for key, mask in answers[name].items())
        if differing > kept * 1e-5:  # float32 magnitudes tie here and there; only ours has a rule for that
            raise DisagreementError(f"{name}: {differing} of {kept} kept weights differ")


MEASUREMENTS.register("top_k_mask")(
    Measurement(
        title="Exact top-k mask",
        ours="zoo.masks.keep_top_global",
        against={TOPK: "peer", PRUNE: "peer"},
        compared=f"From the 54 weight tensors of a ResNet-50 to boolean masks at {SPARSITY:.0%} global "
        "magnitude sparsity, "
        "magnitudes included. Ours checks for NaN and breaks ties by position, the others leave ties open; "
        "`global_unstructured` also multiplies the weights by their masks.",
        unit="25.5 M weights",
        repeats=3,
        prepare=prepare,
    )
)
