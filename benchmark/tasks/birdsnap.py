"""500 species of birds."""

from . import TASKS, DataSource, SourcedManifest, TransferTask
from ._facts import class_names, split_facts

TASKS.register("birdsnap@1")(
    TransferTask(
        name="birdsnap",
        version="1",
        title="Birdsnap, official split",
        primary_metric="top1@1",
        source="Berg et al. 2014, with the official test list; an old copy, since many links of the release are dead",
        data=SourcedManifest(
            name="birdsnap",
            class_names=class_names("birdsnap"),
            splits=split_facts("birdsnap", train=47_386, test=2_443),
            sources=(DataSource(spec="archive:birdsnap", fetchable=False),),
            wrong={
                "hub:mteb/birdsnap": "it holds 16,000 and 1,851 images, and no test image of 10 classes",
                "hub:sasha/birdsnap": "it has a train split only, of 39,860 images, and not the official test list",
            },
            licence="not stated; the images belong to their photographers",
            citation=(
                "T. Berg, J. Liu, S. W. Lee, M. L. Alexander, D. W. Jacobs and P. N. Belhumeur (2014). Birdsnap: "
                "Large-scale Fine-grained Visual Categorization of Birds. CVPR 2014, 2019-2026. "
                "doi:10.1109/CVPR.2014.259"
            ),
        ),
    )
)
