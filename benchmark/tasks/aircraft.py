"""The 100 variants of FGVC-Aircraft."""

from . import TASKS, DataSource, SourcedManifest, TransferTask
from ._facts import class_names, split_facts

TASKS.register("aircraft@1")(
    TransferTask(
        name="aircraft",
        version="1",
        title="FGVC-Aircraft, variants",
        primary_metric="mean-per-class@1",
        source="Maji et al. 2013, release 2013b; the trainval and test lists by variant",
        data=SourcedManifest(
            name="aircraft",
            class_names=class_names("aircraft"),
            splits=split_facts("aircraft", train=6_667, test=3_333),
            sources=(
                DataSource(spec="archive:aircraft"),
                DataSource(
                    spec="hub:HuggingFaceM4/FGVC-Aircraft@refs/convert/parquet?"
                    "train=train+validation&test=test&image=image&label=variant"
                ),
            ),
            wrong={
                "hub:mteb/FGVCAircraft": "its train split lacks the 3,333 validation images",
            },
            licence="non-commercial research",
            citation=(
                "S. Maji, E. Rahtu, J. Kannala, M. Blaschko and A. Vedaldi (2013). Fine-Grained Visual Classification "
                "of Aircraft. arXiv 1306.5151"
            ),
        ),
    )
)
