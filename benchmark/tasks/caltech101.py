"""Caltech-101."""

from . import TASKS, DataSource, SourcedManifest, TransferTask
from ._facts import class_names, split_facts

TASKS.register("caltech101@1")(
    TransferTask(
        name="caltech101",
        version="1",
        title="Caltech-101",
        primary_metric="mean-per-class@1",
        source="Li et al. 2004; the first 30 images of each class in the archive's order train, no background class",
        data=SourcedManifest(
            name="caltech101",
            class_names=class_names("caltech101"),
            splits=split_facts("caltech101", train=3_030, test=5_647),
            sources=(DataSource(spec="archive:caltech101", size_bytes=137_414_764),),
            wrong={
                "hub:mteb/Caltech101": "it has another split, 3,060 and 6,084 images, and the background as a class",
                "hub:clip-benchmark/wds_vtab-caltech101": "it has VTAB's split, and the background as a class",
                "hub:HuggingFaceM4/Caltech-101": "it has a split of its own, and the background as a class",
            },
            licence="CC-BY-4.0",
            citation=(
                "L. Fei-Fei, R. Fergus and P. Perona (2004). Learning Generative Visual Models from Few Training "
                "Examples. CVPR Workshop 2004. doi:10.22002/D1.20086"
            ),
        ),
    )
)
