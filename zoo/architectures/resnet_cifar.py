"""The thin ResNets of He et al. for 32×32 images: ResNet-20, -32 and -56 (arXiv:1512.03385, section 4.2)."""

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad

from ._small import enter_small
from ._weights import he_normal

_WIDTHS = (16, 32, 64)


class Block(nn.Module):
    """Two 3×3 convolutions; the shortcut has no parameters (option A): every second pixel, new channels 0."""

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width_out)
        self.conv2 = nn.Conv2d(width_out, width_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width_out)
        self.stride = stride

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        inner = torch.relu(self.bn1(self.conv1(x)))
        inner = self.bn2(self.conv2(inner))
        before = (inner.shape[1] - x.shape[1]) // 2
        after = inner.shape[1] - x.shape[1] - before
        shortcut = pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, before, after))
        return torch.relu(inner + shortcut)


class ThinResNet(nn.Module):
    """6 · ``blocks`` + 2 layers; the three stages have 16, 32 and 64 channels."""

    def __init__(self, blocks: int, channels: int, num_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, _WIDTHS[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(_WIDTHS[0])
        self.layer1 = _stage(_WIDTHS[0], _WIDTHS[0], blocks, 1)
        self.layer2 = _stage(_WIDTHS[0], _WIDTHS[1], blocks, 2)
        self.layer3 = _stage(_WIDTHS[1], _WIDTHS[2], blocks, 2)
        self.fc = nn.Linear(_WIDTHS[2], num_classes)
        he_normal(self)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean(dim=(2, 3)))  # type: ignore[no-any-return]


def _stage(width_in: int, width_out: int, blocks: int, stride: int) -> nn.Sequential:
    first = Block(width_in, width_out, stride)
    return nn.Sequential(first, *(Block(width_out, width_out, 1) for _ in range(blocks - 1)))


for _blocks in (3, 5, 9):
    _depth = 6 * _blocks + 2
    enter_small(
        f"resnet{_depth}",
        f"ResNet-{_depth}",
        partial(ThinResNet, _blocks),
        "Prunarium; after He et al. 2016 (arXiv 1512.03385), shortcuts of option A",
    )
