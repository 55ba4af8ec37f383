"""196 makes, models and years of cars."""

from . import TASKS, DataSource, SourcedManifest, TransferTask
from ._facts import class_names, split_facts

TASKS.register("cars@1")(
    TransferTask(
        name="cars",
        version="1",
        title="Stanford Cars",
        primary_metric="top1@1",
        source="Krause et al. 2013, the official train and test lists",
        data=SourcedManifest(
            name="cars",
            class_names=class_names("cars"),
            splits=split_facts("cars", train=8_144, test=8_041),
            sources=(
                DataSource(
                    spec="hub:mteb/StanfordCars@09ffe9bc7864d3f1e851529e5c4b7e05601a04fb?"
                    "train=train&test=test&image=image&label=label"
                ),
                DataSource(spec="archive:cars", size_bytes=1_957_136_908, fetchable=False),
            ),
            licence="non-commercial research",
            citation=(
                "J. Krause, M. Stark, J. Deng and L. Fei-Fei (2013). 3D Object Representations for Fine-Grained "
                "Categorization. ICCV Workshops 2013, 554-561. doi:10.1109/ICCVW.2013.77"
            ),
        ),
    )
)
