"""One pass over images for any number of networks: each image is decoded once, and every network sees it.

A batch that does not fit into memory is halved, and so are those after it; it changes results by rounding only.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

import torch
from jaxtyping import Float32
from torch import Tensor, nn

from zoo.checkpoint.config import Preprocessing
from zoo.data import Images, shared_batches
from zoo.models import features

from .failures import is_out_of_memory
from .numerics import Numerics
from .remarks import remark


class Seer(NamedTuple):
    """A network in evaluation mode, how it is fed, and what is wanted of it: the input of ``classifier``, or logits."""

    model: nn.Module
    preprocessing: Preprocessing
    classifier: str | None = None


@torch.no_grad()
def image_pass(
    seers: Sequence[Seer], images: Images, batch_size: int, numerics: Numerics
) -> list[Float32[Tensor, "n _"]]:
    """For each network one row an image, in order, in fp32 on the processor."""
    ways = list(dict.fromkeys(seer.preprocessing for seer in seers))
    found: list[list[Tensor]] = [[] for _ in seers]
    with ExitStack() as stack:
        looks = [_Look(seer, stack.enter_context(numerics.hosting(seer.model.eval())), numerics) for seer in seers]
        for batch in shared_batches(images, ways, batch_size):
            placed = dict(zip(ways, map(numerics.placed, batch), strict=True))
            for seer, look, rows in zip(seers, looks, found, strict=True):
                rows += look(placed[seer.preprocessing])
    # The device is asked for its answers once: until then it computes while the next images are decoded.
    return [torch.cat(rows).float().cpu() for rows in found]


class _Look:
    """One network's answers, in pieces that fit."""

    def __init__(self, seer: Seer, called: nn.Module, numerics: Numerics) -> None:
        self._numerics = numerics
        self._most: int | None = None
        self._answer: Callable[[Tensor], Tensor] = called
        if (classifier := seer.classifier) is not None:
            self._answer = lambda x: features(seer.model, classifier, x, called)

    def __call__(self, images: Tensor) -> list[Tensor]:
        answers: list[Tensor] = []
        done = 0
        while done < len(images):
            piece = images[done : done + (self._most or len(images))]
            try:
                with self._numerics.autocast():
                    answers.append(self._answer(piece))
            except Exception as error:
                if not is_out_of_memory(error) or len(piece) == 1:
                    raise
                self._halve(len(piece))
                continue
            done += len(piece)
        return answers

    def _halve(self, size: int) -> None:
        self._most = size // 2
        if self._numerics.device == "cuda":
            torch.cuda.empty_cache()
        remark("out of memory", f"batches of {size} images do not fit; now {self._most}")
