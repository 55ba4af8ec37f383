"""VGGs with batch normalisation for 32×32 images and one linear layer, as the lottery-ticket papers prune them.

The convolutions are those of Simonyan and Zisserman (arXiv:1409.1556); the last pooling is an average over all that is
left, so that there are no large linear layers. The tensors are named as in open_lth and RobustNets.
"""

from dataclasses import replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ._inputs import DIGITS
from ._small import enter_small
from ._weights import he_normal

# Convolutions of 64, 128, 256, 512 and 512 channels, with max-pooling between these groups.
_PLANS = {11: (1, 1, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
_WIDTHS = (64, 128, 256, 512, 512)


class Convolution(nn.Module):
    """A 3×3 convolution with bias, normalised and rectified."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, 3, padding=1)
        self.bn = nn.BatchNorm2d(width_out)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h w"]:
        return torch.relu(self.bn(self.conv(x)))


class Vgg(nn.Module):
    """VGG-``depth``: convolutions, four max-poolings, an average and a linear layer."""

    def __init__(self, depth: int, channels: int, num_classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for count, width in zip(_PLANS[depth], _WIDTHS, strict=True):
            if layers:
                layers.append(nn.MaxPool2d(2))
            for _ in range(count):
                layers.append(Convolution(channels, width))
                channels = width
        self.layers = nn.Sequential(*layers)
        self.fc = nn.Linear(channels, num_classes)
        he_normal(self)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        return self.fc(self.layers(x).mean(dim=(2, 3)))  # type: ignore[no-any-return]


for _depth in _PLANS:
    enter_small(
        f"vgg{_depth}-bn",
        f"VGG-{_depth} with batch norm",
        partial(Vgg, _depth),
        "Prunarium; after Simonyan and Zisserman 2015 (arXiv 1409.1556), with batch norm and one linear layer",
        # Four poolings leave nothing of 8×8 pixels.
        digits=replace(DIGITS, input_size=(1, 16, 16), interpolation="bilinear"),
    )
