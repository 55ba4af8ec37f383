"""CIFAR-100."""

from . import TASKS, DataSource, SourcedManifest, TransferTask
from ._facts import class_names, split_facts

TASKS.register("cifar100@1")(
    TransferTask(
        name="cifar100",
        version="1",
        title="CIFAR-100, fine labels",
        primary_metric="top1@1",
        source="Krizhevsky 2009; 32 x 32 pixels, enlarged as the checkpoint's preprocessing says",
        data=SourcedManifest(
            name="cifar100",
            class_names=class_names("cifar100"),
            splits=split_facts("cifar100", train=50_000, test=10_000),
            sources=(
                DataSource(spec="archive:cifar100", size_bytes=169_001_437),
                DataSource(
                    spec="hub:mteb/cifar100@ac5511f885f65fb75d31a9d8810a8440913f7721?"
                    "train=train&test=test&image=img&label=fine_label"
                ),
            ),
            licence="not stated",
            citation="A. Krizhevsky (2009). Learning Multiple Layers of Features from Tiny Images. University of "
            "Toronto",
        ),
    )
)
