"""Networks of other people with their names of tensors, written once more from a description of each.

Their own code gave the same logits as the zoo's networks when it was run on random weights: RobustNets @0088b91 (all
eight networks, stored by its ``save_sparse_state_dict``), sparse-imagenet-transfer @3e4f5dc (``ResnetTF`` and AMC's
MobileNet, wrapped with masks).
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def convolution(width_in: int, width_out: int, size: int = 3, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(width_in, width_out, size, stride, size // 2, groups=groups, bias=False)


class Conv8(nn.Module):
    """RobustNets; the lottery tickets' has the last layer once more, as ``output``."""

    def __init__(self, *, doubled: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width_in = 3
        for width in (64, 128, 256, 512):
            layers += [convolution(width_in, width), nn.ReLU(), convolution(width, width), nn.ReLU(), nn.MaxPool2d(2)]
            width_in = width
        self.convs = nn.Sequential(*layers)
        last = convolution(256, 10, 1)
        if doubled:
            self.output = last
        self.linear = nn.Sequential(
            convolution(2048, 256, 1), nn.ReLU(), convolution(256, 256, 1), nn.ReLU(), last
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.linear(self.convs(x).reshape(len(x), 2048, 1, 1))
        return made.flatten(1)


class Block(nn.Module):
    def __init__(self, width_in: int, width: int, stride: int, affine: bool) -> None:
        super().__init__()
        self.conv1, self.conv2 = convolution(width_in, width, stride=stride), convolution(width, width)
        self.bn1, self.bn2 = (nn.BatchNorm2d(width, affine=affine) for _ in range(2))
        self.shortcut = nn.Sequential()
        if stride != 1:
            norm = nn.BatchNorm2d(width, affine=affine)
            self.shortcut = nn.Sequential(convolution(width_in, width, 1, stride), norm)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(inner + self.shortcut(x))


class ResNet18(nn.Module):
    """RobustNets' second dialect; without ``affine`` the norms have neither scale nor shift."""

    def __init__(self, *, affine: bool) -> None:
        super().__init__()
        self.conv1, self.bn1 = convolution(3, 64), nn.BatchNorm2d(64, affine=affine)
        width_in = 64
        for number, width in enumerate((64, 128, 256, 512), start=1):
            stride = 1 if number == 1 else 2
            blocks = Block(width_in, width, stride, affine), Block(width, width, 1, affine)
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
            width_in = width
        self.fc = convolution(512, 10, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        for number in range(1, 5):
            x = self.get_submodule(f"layer{number}")(x)
        made: Tensor = self.fc(nn.functional.avg_pool2d(x, 4))
        return made.flatten(1)


class Vgg16(nn.Module):
    """RobustNets' second dialect: one flat list, no biases."""

    def __init__(self, *, affine: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width_in = 3
        for count, width in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
            if layers:
                layers.append(nn.MaxPool2d(2))
            for _ in range(count):
                layers += [convolution(width_in, width), nn.BatchNorm2d(width, affine=affine), nn.ReLU()]
                width_in = width
        self.convs = nn.Sequential(*layers)
        self.linear = nn.Sequential(convolution(512, 10, 1))

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.linear(nn.functional.avg_pool2d(self.convs(x), 2))
        return made.flatten(1)


class AmcMobileNet(nn.Module):
    """AMC's MobileNet-v1: stem, pairs and head in three lists."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(convolution(3, 32, 3, 2), nn.BatchNorm2d(32), nn.ReLU())
        width_in, pairs = 32, []
        for width, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2),
                              (1024, 1)):  # fmt: skip
            depthwise = convolution(width_in, width_in, 3, stride, width_in), nn.BatchNorm2d(width_in), nn.ReLU()
            pointwise = convolution(width_in, width, 1), nn.BatchNorm2d(width), nn.ReLU()
            pairs.append(nn.Sequential(*depthwise, *pointwise))
            width_in = width
        self.features = nn.Sequential(*pairs)
        self.classifier = nn.Sequential(nn.Linear(1024, 10))

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.classifier(self.features(self.conv1(x)).mean(3).mean(2))
        return made


def ported_resnet50() -> Iterable[tuple[str, tuple[int, ...]]]:
    """Names and shapes of the weights of ``ResnetTF``, its norms without statistics; 1,000 classes."""
    yield from pair("initial_conv", 3, 64, 7)
    width_in = 64
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), start=1):
        for block in range(blocks):
            place = f"layer{stage}.block.{block}"
            if block == 0:
                yield from pair(f"{place}.shortcut", width_in, 4 * width, 1)
            yield from pair(f"{place}.conv1", width_in, width, 1)
            yield from pair(f"{place}.conv2", width, width, 3)
            yield from pair(f"{place}.conv3", width, 4 * width, 1)
            width_in = 4 * width
    yield "fc.weight", (1000, 2048)
    yield "fc.bias", (1000,)


def pair(place: str, width_in: int, width: int, size: int) -> Iterable[tuple[str, tuple[int, ...]]]:
    yield f"{place}.conv.weight", (width, width_in, size, size)
    yield f"{place}.bn.weight", (width,)
    yield f"{place}.bn.bias", (width,)
