"""397 scenes."""

from . import TASKS, DataSource, SourcedManifest, TransferTask
from ._facts import class_names, split_facts

TASKS.register("sun397@1")(
    TransferTask(
        name="sun397",
        version="1",
        title="SUN397, partition 1",
        primary_metric="top1@1",
        source="Xiao et al. 2010; the first of ten official partitions, 50 images of each class in either part",
        data=SourcedManifest(
            name="sun397",
            class_names=class_names("sun397"),
            splits=split_facts("sun397", train=19_850, test=19_850),
            sources=(
                DataSource(spec="archive:sun397", size_bytes=39_095_590_629),
                DataSource(spec="hub:tanganke/sun397@main?train=train&test=test&image=image&label=label"),
            ),
            wrong={
                "hub:mteb/sun397": "it has another split, 76,127 and 21,750 images",
                "hub:dpdl-benchmark/sun397": "it has TensorFlow Datasets' split, 76,100, 10,900 and 21,800 images",
                "hub:1aurent/SUN397": "it has no official partition",
            },
            licence="research",
            citation=(
                "J. Xiao, J. Hays, K. A. Ehinger, A. Oliva and A. Torralba (2010). SUN Database: Large-scale Scene "
                "Recognition from Abbey to Zoo. CVPR 2010, 3485-3492. doi:10.1109/CVPR.2010.5539970"
            ),
        ),
    )
)
