"""Caltech-256."""

from . import TASKS, DataSource, SourcedManifest, TransferTask
from ._facts import class_names, split_facts

TASKS.register("caltech256@1")(
    TransferTask(
        name="caltech256",
        version="1",
        title="Caltech-256",
        primary_metric="mean-per-class@1",
        source="Griffin et al. 2007; the first 60 images of each class by name train, with clutter",
        data=SourcedManifest(
            name="caltech256",
            class_names=class_names("caltech256"),
            splits=split_facts("caltech256", train=15_420, test=15_187),
            sources=(DataSource(spec="archive:caltech256"),),
            wrong={
                "hub:ilee0022/Caltech-256": "its split is its own, 24,791, 2,755 and 3,061 images, labels from 1",
                "hub:bitmind/caltech-256": "it has no labels",
            },
            licence="CC-BY-4.0",
            citation=(
                "G. Griffin, A. Holub and P. Perona (2007). Caltech-256 Object Category Dataset. California Institute "
                "of Technology. doi:10.22002/D1.20087"
            ),
        ),
    )
)
