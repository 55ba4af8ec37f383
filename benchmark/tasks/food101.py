"""101 dishes."""

from . import TASKS, DataSource, SourcedManifest, TransferTask
from ._facts import class_names, split_facts

TASKS.register("food101@1")(
    TransferTask(
        name="food101",
        version="1",
        title="Food-101",
        primary_metric="top1@1",
        source="Bossard et al. 2014, the official split; the labels of training images are as noisy as released",
        data=SourcedManifest(
            name="food101",
            class_names=class_names("food101"),
            splits=split_facts("food101", train=75_750, test=25_250),
            sources=(
                DataSource(spec="archive:food101", size_bytes=4_996_278_331),
                DataSource(
                    spec="hub:mteb/food101@7cca05bfde8fdad4a9b39ed14a881c800cc1dca2?"
                    "train=train&test=validation&image=image&label=label"
                ),
            ),
            licence="research; the images belong to their photographers",
            citation=(
                "L. Bossard, M. Guillaumin and L. Van Gool (2014). Food-101: Mining Discriminative Components with "
                "Random Forests. ECCV 2014, 446-461. doi:10.1007/978-3-319-10599-4_29"
            ),
        ),
    )
)
