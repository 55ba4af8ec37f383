"""CIFAR-10.2: the 2,000 test images; the 10,000 training images of the same set are not scored."""

from . import SHIFTS
from ._arrays import ArrayDictionary
from ._layout import HubColumns
from ._published import PublishedShift, Terms

SHIFTS.register("cifar10.2@1")(
    PublishedShift(
        name="cifar10.2",
        version="1",
        title="CIFAR-10.2 (test)",
        primary_metric="top1@1",
        source_task="cifar10@1",
        upstream_data="cifar10",
        metrics=("top1", "nll", "brier", "ece15"),
        source="github.com/modestyachts/cifar-10.2",
        layout=ArrayDictionary(family="cifar10.2", file="cifar102_test.npy", hub=HubColumns(split="test"), classes=10),
        addresses=("github.com/modestyachts/cifar-10.2 (cifar102_test.npy)", "hub:nnheui/cifar10_2"),
        terms=Terms(
            "not stated",
            "S. Lu et al. (2020). Harder or Different? A Closer Look at Distribution Shift in Dataset Reproduction. "
            "ICML workshop on uncertainty and robustness in deep learning",
        ),
        n_each=2_000,
        of_classes=10,
    )
)
