"""The three networks of RobustNets (arXiv:2207.04075): Conv-8, ResNet-18 and VGG-16 for CIFAR-10."""

from collections.abc import Callable
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor, nn

from . import ARCHITECTURES, Architecture
from ._inputs import CIFAR10
from ._timm import timm_network
from ._weights import he_normal
from .vgg_cifar import Vgg

# RobustNets.py: get_c10_test_loader
_INPUT = replace(CIFAR10, mean=(0.491, 0.482, 0.447), std=(0.247, 0.243, 0.262))
_WIDTHS = (64, 128, 256, 512)


class Conv8(nn.Module):
    """Eight 3×3 convolutions, pooled after each pair, and three linear layers, all without biases."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        convolutions: list[nn.Module] = []
        width_in = 3
        for width in _WIDTHS:
            for _ in range(2):
                convolutions += [nn.Conv2d(width_in, width, 3, padding=1, bias=False), nn.ReLU()]
                width_in = width
            convolutions.append(nn.MaxPool2d(2))
        self.convs = nn.Sequential(*convolutions)
        self.linear = nn.Sequential(
            nn.Linear(_WIDTHS[-1] * 2 * 2, 256, bias=False),
            nn.ReLU(),
            nn.Linear(256, 256, bias=False),
            nn.ReLU(),
            nn.Linear(256, num_classes, bias=False),
        )
        he_normal(self)

    def forward(self, x: Float[Tensor, "n 3 32 32"]) -> Float[Tensor, "n k"]:
        return self.linear(self.convs(x).flatten(1))  # type: ignore[no-any-return]


def resnet18(num_classes: int) -> nn.Module:
    """ResNet-18 for 32×32 images: its first convolution is 3×3 of stride 1, and nothing is pooled after it."""
    network = timm_network("resnet18", num_classes)
    network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
    nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    return network


def _enter(name: str, title: str, build: Callable[[int], nn.Module], classifier: str) -> None:
    source = "github sarafridov/RobustNets, models.py"
    ARCHITECTURES.register(name)(Architecture(name, title, build, _INPUT, classifier, None, source))


_enter("robustnets-conv8", "Conv-8 (RobustNets)", Conv8, "linear.4")
_enter("robustnets-resnet18", "ResNet-18 (RobustNets)", resnet18, "fc")
_enter("robustnets-vgg16", "VGG-16 (RobustNets)", lambda classes: Vgg(16, 3, classes), "fc")
