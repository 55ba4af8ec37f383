"""The inverse of the block-diagonal empirical Fisher."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zoo.second_order import BlockLayout, block_fisher_inverse

from ..measurement import MEASUREMENTS, OURS, Contest, DisagreementError, Measurement, Side

BLOCK, GRADIENTS, DAMPING, AT_ONCE = 50, 512, 1e-5, 16
WEIGHTS, LOOP_WEIGHTS = 100_000, 1_000  # 20 MB of inverses: a slice that fits a cache favours the recursion, not us
RESNET50 = 25_500_000
LOOP, BATCHED = "WoodFisher recursion, Python loop over blocks", "CAP/oBERT recursion, rank-1 updates of all blocks"


def woodfisher_loop(gradients: Tensor, damping: float) -> Tensor:
    """(m, blocks, B) -> (blocks, B, B) by Sherman-Morrison, block by block (WoodFisher, arXiv 2004.14340)."""
    count, blocks, size = gradients.shape
    inverses = []
    for block in range(blocks):
        inverse = torch.eye(size) / damping
        for g in gradients[:, block]:
            moved = inverse @ g
            inverse -= torch.outer(moved, moved) / (count + g @ moved)
        inverses.append(inverse)
    return torch.stack(inverses)


def batched_recursion(gradients: Tensor, damping: float) -> Tensor:
    """The same recursion on all blocks at once, one gradient after the other (oBERT, arXiv 2203.07259)."""
    count, blocks, size = gradients.shape
    inverse = (torch.eye(size) / damping).repeat(blocks, 1, 1)
    for g in gradients:
        moved = torch.einsum("bij,bj->bi", inverse, g)
        moved /= (count + (moved * g).sum(-1, keepdim=True)).sqrt()
        inverse.baddbmm_(moved[:, :, None], moved[:, None, :], alpha=-1)
    return inverse


@contextmanager
def prepare(folder: Path) -> Iterator[Contest]:
    gradients = torch.randn(GRADIENTS, WEIGHTS, generator=torch.Generator().manual_seed(0))
    blocks = gradients.view(GRADIENTS, -1, BLOCK)
    layout = BlockLayout((("weight", (WEIGHTS,)),), BLOCK)

    def stream(skip: int) -> Iterator[dict[str, Tensor]]:
        for chunk in torch.split(gradients[skip:], AT_ONCE):
            yield {"weight": chunk}

    yield Contest(
        Side(lambda: block_fisher_inverse(stream, layout, DAMPING).inverse, WEIGHTS / RESNET50),
        {
            LOOP: Side(lambda: woodfisher_loop(blocks[:, : LOOP_WEIGHTS // BLOCK], DAMPING), LOOP_WEIGHTS / RESNET50),
            BATCHED: Side(lambda: batched_recursion(blocks, DAMPING), WEIGHTS / RESNET50),
        },
        agree,
    )


def agree(answers: Mapping[str, Any]) -> None:
    ours = answers[OURS]
    for name in (LOOP, BATCHED):
        theirs = answers[name]
        if not (difference := float((ours[: len(theirs)] - theirs).abs().max() / theirs.abs().max())) < 1e-3:
            raise DisagreementError(f"{name}: relative difference {difference:.1e}")


MEASUREMENTS.register("fisher_inverse")(
    Measurement(
        title="Block Fisher inverse",
        ours="zoo.second_order.block_fisher_inverse",
        against={LOOP: "peer", BATCHED: "peer"},
        compared=f"{GRADIENTS} given float32 gradients, blocks of {BLOCK}, damping {DAMPING:g}; making the "
        "gradients is "
        f"not counted. Ours and the batched recursion run on {WEIGHTS:,} weights, the loop on "
        f"{LOOP_WEIGHTS:,}; times are "
        "scaled per weight to the 25.5 M of a ResNet-50. The recursions are written here after the papers "
        "(arXiv 2004.14340, 2203.07259), in plain torch.",
        unit="25.5 M weights",
        repeats=3,
        prepare=prepare,
    )
)
