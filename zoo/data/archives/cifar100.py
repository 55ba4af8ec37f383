"""CIFAR-100 in its Python form, by fine labels."""

from functools import partial

from torchvision.datasets import CIFAR100

from . import ARCHIVES, Archive
from ._cifar import read_cifar

ARCHIVES.register("cifar100")(
    Archive(
        partial(read_cifar, CIFAR100),
        "cifar-100-python",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        partial(CIFAR100, download=True),
    )
)
