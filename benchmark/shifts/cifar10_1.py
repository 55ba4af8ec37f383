"""CIFAR-10.1: new images in the manner of CIFAR-10; version 6, whose 2,000 images the published values are about."""

from . import SHIFTS
from ._arrays import ArrayPair
from ._published import PublishedShift, Terms

SHIFTS.register("cifar10.1@1")(
    PublishedShift(
        name="cifar10.1",
        version="1",
        title="CIFAR-10.1 (v6)",
        primary_metric="top1@1",
        source_task="cifar10@1",
        upstream_data="cifar10",
        metrics=("top1", "nll", "brier", "ece15"),
        source="github.com/modestyachts/CIFAR-10.1",
        layout=ArrayPair(family="cifar10.1", images="cifar10.1_v6_data.npy", labels="cifar10.1_v6_labels.npy"),
        addresses=("github.com/modestyachts/CIFAR-10.1 (datasets/cifar10.1_v6_data.npy and _labels.npy)",),
        terms=Terms(
            "MIT",
            "B. Recht, R. Roelofs, L. Schmidt and V. Shankar (2018). Do CIFAR-10 Classifiers Generalize to CIFAR-10? "
            "arXiv:1806.00451",
        ),
        n_each=2_000,
        of_classes=10,
    )
)
