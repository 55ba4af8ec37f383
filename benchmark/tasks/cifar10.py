"""CIFAR-10."""

from . import TASKS, DataSource, SourcedManifest, TransferTask
from ._facts import class_names, split_facts

TASKS.register("cifar10@1")(
    TransferTask(
        name="cifar10",
        version="1",
        title="CIFAR-10",
        primary_metric="top1@1",
        source="Krizhevsky 2009; 32 x 32 pixels, enlarged as the checkpoint's preprocessing says",
        data=SourcedManifest(
            name="cifar10",
            class_names=class_names("cifar10"),
            splits=split_facts("cifar10", train=50_000, test=10_000),
            sources=(
                DataSource(spec="archive:cifar10", size_bytes=170_498_071),
                DataSource(
                    spec="hub:mteb/cifar10@69a62dd171e24a133d193073e73fda4dbb823266?"
                    "train=train&test=test&image=img&label=label"
                ),
            ),
            licence="not stated",
            citation="A. Krizhevsky (2009). Learning Multiple Layers of Features from Tiny Images. University of "
            "Toronto",
        ),
    )
)
