"""Networks for small images, each for CIFAR-10's colours and for the grey digits."""

from collections.abc import Callable
from functools import partial

from torch import nn

from ..checkpoint.config import Preprocessing
from . import ARCHITECTURES, Architecture
from ._inputs import CIFAR10, DIGITS


def enter_small(
    name: str,
    title: str,
    build: Callable[[int, int], nn.Module],
    source: str,
    *,
    digits: Preprocessing = DIGITS,
    classifier: str = "fc",
) -> None:
    """Register ``name-cifar`` and ``name-digits``; ``build`` takes the channels of an image and the classes."""
    for data, said, preprocessing in (("cifar", "CIFAR", CIFAR10), ("digits", "digits", digits)):
        ARCHITECTURES.register(f"{name}-{data}")(
            Architecture(
                name=f"{name}-{data}",
                title=f"{title} for {said}",
                build=partial(build, preprocessing.input_size[0]),
                preprocessing=preprocessing,
                classifier=classifier,
                timm_name=None,
                source=source,
            )
        )
