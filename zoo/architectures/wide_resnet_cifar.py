"""Wide ResNets for 32×32 images, WRN-depth-width (arXiv:1605.07146): normalise and rectify before each convolution."""

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ._small import enter_small
from ._weights import he_normal

_WIDTHS = (16, 32, 64)
_DEPTHS_AND_WIDTHS = ((16, 8), (22, 2), (22, 8), (28, 10))


class WideBlock(nn.Module):
    """Two 3×3 convolutions; where the width changes, the shortcut is a 1×1 convolution of the rectified input."""

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(width_in)
        self.conv1 = nn.Conv2d(width_in, width_out, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width_out)
        self.conv2 = nn.Conv2d(width_out, width_out, 3, 1, 1, bias=False)
        self.shortcut = None if width_in == width_out else nn.Conv2d(width_in, width_out, 1, stride, bias=False)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        rectified = torch.relu(self.bn1(x))
        kept = x if self.shortcut is None else self.shortcut(rectified)
        inner = torch.relu(self.bn2(self.conv1(rectified)))
        return kept + self.conv2(inner)  # type: ignore[no-any-return]


class WideResNet(nn.Module):
    """Stages of 16, 32 and 64 channels, times ``width``, with (``depth`` - 4) / 6 blocks each."""

    def __init__(self, depth: int, width: int, channels: int, num_classes: int) -> None:
        super().__init__()
        blocks = (depth - 4) // 6
        narrow, middle, broad = (width * base for base in _WIDTHS)
        self.conv1 = nn.Conv2d(channels, _WIDTHS[0], 3, 1, 1, bias=False)
        self.layer1 = _stage(_WIDTHS[0], narrow, blocks, 1)
        self.layer2 = _stage(narrow, middle, blocks, 2)
        self.layer3 = _stage(middle, broad, blocks, 2)
        self.bn = nn.BatchNorm2d(broad)
        self.fc = nn.Linear(broad, num_classes)
        he_normal(self)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.fc(torch.relu(self.bn(x)).mean(dim=(2, 3)))  # type: ignore[no-any-return]


def _stage(width_in: int, width_out: int, blocks: int, stride: int) -> nn.Sequential:
    first = WideBlock(width_in, width_out, stride)
    return nn.Sequential(first, *(WideBlock(width_out, width_out, 1) for _ in range(blocks - 1)))


for _depth, _width in _DEPTHS_AND_WIDTHS:
    enter_small(
        f"wideresnet{_depth}-{_width}",
        f"Wide ResNet-{_depth}-{_width}",
        partial(WideResNet, _depth, _width),
        "Prunarium; after Zagoruyko and Komodakis 2016 (arXiv 1605.07146), without dropout",
    )
