"""102 flowers."""

from . import TASKS, DataSource, SourcedManifest, TransferTask
from ._facts import class_names, split_facts

TASKS.register("flowers102@1")(
    TransferTask(
        name="flowers102",
        version="1",
        title="Oxford Flowers-102",
        primary_metric="mean-per-class@1",
        source="Nilsback and Zisserman 2008; the official training and validation images train",
        data=SourcedManifest(
            name="flowers102",
            class_names=class_names("flowers102"),
            splits=split_facts("flowers102", train=2_040, test=6_149),
            sources=(
                DataSource(spec="archive:flowers102", size_bytes=344_878_000),
                DataSource(
                    spec="hub:dpdl-benchmark/oxford_flowers102@main?"
                    "train=train+validation&test=test&image=image&label=label"
                ),
            ),
            wrong={
                "hub:mteb/oxford-flowers": "its train and test splits are nearly exchanged, 7,169 and 1,020 images",
            },
            licence="not stated",
            citation=(
                "M.-E. Nilsback and A. Zisserman (2008). Automated Flower Classification over a Large Number of "
                "Classes. ICVGIP 2008, 722-729. doi:10.1109/ICVGIP.2008.47"
            ),
        ),
    )
)
