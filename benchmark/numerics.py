"""On what and how precisely networks are computed; part of every result's provenance and of every cached feature's key.

``PRUNARIUM_DEVICE`` is ``auto`` (a GPU where there is one), ``cpu`` or ``cuda``; ``PRUNARIUM_PRECISION`` is ``auto``
(``bf16`` on a GPU, ``fp32`` on a processor), ``fp32`` or ``bf16``; ``PRUNARIUM_COMPILE=1`` compiles networks.

In bf16, convolutions and products take bf16 and add up in fp32, normalisation, softmax and losses are in fp32, and so
are the weights, their gradients and the optimizer's state (autocast).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from zoo.core.errors import UsageError

_DEVICES, _PRECISIONS = ("auto", "cpu", "cuda"), ("auto", "fp32", "bf16")


@dataclass(frozen=True)
class Numerics:
    """How this machine computes. On a processor in fp32 everything else is as plain as torch has it."""

    device: str = "cpu"
    precision: str = "fp32"
    channels_last: bool = False
    compiled: bool = False

    @classmethod
    def of_environment(cls) -> "Numerics":
        """What the environment asks for; raises :class:`UsageError` where this machine cannot do it."""
        device = _choice("PRUNARIUM_DEVICE", _DEVICES)
        there = torch.cuda.is_available()
        if device == "cuda" and not there:
            raise UsageError("There is no GPU that torch can use.", "Measure on the processor: PRUNARIUM_DEVICE=cpu")
        on_gpu = there and device != "cpu"
        precision = _choice("PRUNARIUM_PRECISION", _PRECISIONS)
        if precision == "auto":
            precision = "bf16" if on_gpu else "fp32"
        compiled = os.environ.get("PRUNARIUM_COMPILE", "0") not in ("", "0")
        return cls("cuda" if on_gpu else "cpu", precision, on_gpu or precision == "bf16", compiled)

    def to_json(self) -> dict[str, Any]:
        """With what holds for all: TF32 is off, no layers are folded into others."""
        return {**asdict(self), "tf32": False, "folded": False}

    @property
    def layout(self) -> torch.memory_format:
        """Of images and weights; where it is left alone, a kernel is chosen as if nobody had looked."""
        return torch.channels_last if self.channels_last else torch.preserve_format

    def placed(self, images: Tensor) -> Tensor:
        """A batch where it is computed; from pinned memory it is copied while the device computes."""
        if self.device == "cuda" and not images.is_pinned():
            images = images.pin_memory()
        return images.to(self.device, non_blocking=True, memory_format=self.layout)

    def autocast(self) -> torch.autocast:
        """The context of a forward pass."""
        return torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16")

    @contextmanager
    def hosting(self, model: nn.Module) -> Iterator[nn.Module]:
        """Inside the block ``model`` is on the device, in its layout; yields what is to be called, compiled or not.

        The parameters stay the same objects, and are where they were before at the end.
        """
        before = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
        model.to(self.device).to(memory_format=self.layout)
        try:
            called: Any = torch.compile(model) if self.compiled else model
            yield called
        finally:
            model.to(before)
            if self.channels_last:
                model.to(memory_format=torch.contiguous_format)


def _choice(name: str, known: tuple[str, ...]) -> str:
    value = os.environ.get(name) or known[0]
    if value not in known:
        raise UsageError(f"{name} must be one of {', '.join(known)}, got {value!r}.")
    return value
