"""A residual network of eight layers for 8×8 grey images: small enough that sparsity hurts."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from . import ARCHITECTURES, Architecture
from ._inputs import DIGITS

WIDTHS = (8, 16, 32)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut, which is a 1×1 convolution where the shape changes."""

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width_out)
        self.conv2 = nn.Conv2d(width_out, width_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width_out)
        self.downsample: nn.Module = nn.Identity()
        if (width_in, stride) != (width_out, 1):
            self.downsample = nn.Sequential(
                nn.Conv2d(width_in, width_out, 1, stride, bias=False), nn.BatchNorm2d(width_out)
            )

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        inner = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(inner)) + self.downsample(x))


class ResNet8(nn.Module):
    """Stem, three blocks of widths 8, 16 and 32, average pooling, classifier: 19,645 parameters for 5 classes."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, WIDTHS[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.layer1 = BasicBlock(WIDTHS[0], WIDTHS[0], 1)
        self.layer2 = BasicBlock(WIDTHS[0], WIDTHS[1], 2)
        self.layer3 = BasicBlock(WIDTHS[1], WIDTHS[2], 2)
        self.fc = nn.Linear(WIDTHS[2], num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Float[Tensor, "n 1 h w"]) -> Float[Tensor, "n k"]:
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean(dim=(2, 3)))  # type: ignore[no-any-return]


ARCHITECTURES.register("resnet8-digits")(
    Architecture(
        name="resnet8-digits",
        title="ResNet-8 for 8×8 digits",
        build=ResNet8,
        preprocessing=DIGITS,
        classifier="fc",
        timm_name=None,
        source="Prunarium; blocks after He et al. 2016 (arXiv 1512.03385)",
        recipe="resnet8-digits",
    )
)
