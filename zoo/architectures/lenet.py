"""LeNets: LeNet-300-100, LeNet-5 and Caffe's LeNet-5, the networks that pruning papers start with.

They take MNIST's 28×28 grey images; ``lenet-300-100-digits`` takes the 8×8 ones of the bundled digits.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from ..checkpoint.config import Preprocessing
from . import ARCHITECTURES, Architecture
from ._inputs import DIGITS, MNIST
from ._weights import he_normal


class LeNet300(nn.Module):
    """Linear layers of 300 and 100 units: 266,200 weights and 410 biases for 784 inputs and 10 classes."""

    def __init__(self, inputs: int, num_classes: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(inputs, 300)
        self.fc2 = nn.Linear(300, 100)
        self.fc3 = nn.Linear(100, num_classes)
        he_normal(self)

    def forward(self, x: Float[Tensor, "n 1 h w"]) -> Float[Tensor, "n k"]:
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc3(torch.relu(self.fc2(x)))  # type: ignore[no-any-return]


class LeNet5(nn.Module):
    """Two convolutions with max-pooling and three linear layers: 61,706 parameters for 10 classes."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)
        he_normal(self)

    def forward(self, x: Float[Tensor, "n 1 28 28"]) -> Float[Tensor, "n k"]:
        x = max_pool2d(torch.relu(self.conv1(x)), 2)
        x = max_pool2d(torch.relu(self.conv2(x)), 2)
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc3(torch.relu(self.fc2(x)))  # type: ignore[no-any-return]


class LeNet5Caffe(nn.Module):
    """Caffe's wider form, linear between convolution and pooling: 430,500 weights, 580 biases for 10 classes."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 20, 5)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.fc1 = nn.Linear(50 * 4 * 4, 500)
        self.fc2 = nn.Linear(500, num_classes)
        he_normal(self)

    def forward(self, x: Float[Tensor, "n 1 28 28"]) -> Float[Tensor, "n k"]:
        x = max_pool2d(self.conv1(x), 2)
        x = max_pool2d(self.conv2(x), 2)
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))  # type: ignore[no-any-return]


def _enter(name: str, title: str, build: type[nn.Module], classifier: str, source: str) -> None:
    ARCHITECTURES.register(name)(Architecture(name, title, build, MNIST, classifier, None, source))


def _enter_300(name: str, title: str, preprocessing: Preprocessing) -> None:
    _, height, width = preprocessing.input_size
    ARCHITECTURES.register(name)(
        Architecture(
            name=name,
            title=title,
            build=lambda classes: LeNet300(height * width, classes),
            preprocessing=preprocessing,
            classifier="fc3",
            timm_name=None,
            source="Prunarium; after LeCun et al. 1998, as in Frankle and Carbin 2019 (arXiv 1803.03635)",
        )
    )


_enter_300("lenet-300-100", "LeNet-300-100", MNIST)
_enter_300("lenet-300-100-digits", "LeNet-300-100 for 8×8 digits", DIGITS)
_enter("lenet-5", "LeNet-5", LeNet5, "fc3", "Prunarium; after LeCun et al. 1998, with ReLU and max-pooling")
_enter("lenet-5-caffe", "LeNet-5 (Caffe)", LeNet5Caffe, "fc2", "Prunarium; after Caffe's examples/mnist/lenet.prototxt")
