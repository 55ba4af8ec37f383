"""47 textures."""

from . import TASKS, DataSource, SourcedManifest, TransferTask
from ._facts import class_names, split_facts

TASKS.register("dtd@1")(
    TransferTask(
        name="dtd",
        version="1",
        title="Describable Textures, split 1",
        primary_metric="top1@1",
        source="Cimpoi et al. 2014, release 1.0.1; the first of ten splits, its training and validation images train",
        data=SourcedManifest(
            name="dtd",
            class_names=class_names("dtd"),
            splits=split_facts("dtd", train=3_760, test=1_880),
            sources=(
                DataSource(spec="archive:dtd", size_bytes=625_239_812),
                DataSource(
                    spec="hub:mteb/dtd@96726183040de9e64a590d08eaac8de940dfcbdf?"
                    "train=train&test=test&image=image&label=label"
                ),
            ),
            wrong={
                "hub:GATE-engine/describable_textures": "it has a split of its own, 3,960, 840 and 840 images",
            },
            licence="research",
            citation=(
                "M. Cimpoi, S. Maji, I. Kokkinos, S. Mohamed and A. Vedaldi (2014). Describing Textures in the Wild. "
                "CVPR 2014, 3606-3613. doi:10.1109/CVPR.2014.461"
            ),
        ),
    )
)
