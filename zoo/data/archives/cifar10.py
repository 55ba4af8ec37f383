"""CIFAR-10 in its Python form."""

from functools import partial

from torchvision.datasets import CIFAR10

from . import ARCHIVES, Archive
from ._cifar import read_cifar

ARCHIVES.register("cifar10")(
    Archive(
        partial(read_cifar, CIFAR10),
        "cifar-10-batches-py",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        partial(CIFAR10, download=True),
    )
)
