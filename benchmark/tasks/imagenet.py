"""ImageNet: what the published models were trained on."""

from zoo.core.imagenet_classes import wordnet_ids

from . import TASKS, DataSource, SourcedManifest, UpstreamTask
from ._facts import split_facts

TASKS.register("imagenet@1")(
    UpstreamTask(
        name="imagenet",
        version="1",
        title="ImageNet validation set",
        primary_metric="top1@1",
        source="ILSVRC 2012: 1,000 classes by WordNet id; the 50,000 validation images are tested on. Top-1 and top-5 "
        "are of all of them, what a probability enters of the 40,000 on which no temperature is fitted",
        fitting_fraction=0.2,
        data=SourcedManifest(
            name="imagenet",
            class_names=wordnet_ids(),
            splits=split_facts("imagenet", train=1_281_167, test=50_000),
            sources=(DataSource(spec="imagenet", size_bytes=155_000_000_000, fetchable=False, gated=True),),
            # Nobody should have to read 140 GB of training images before a network is tested.
            hashed=("test",),
            validation_fraction=0.0,
            licence="ImageNet terms of access (non-commercial research and education)",
            citation="O. Russakovsky et al. (2015). ImageNet Large Scale Visual Recognition Challenge. International "
            "Journal of Computer Vision 115(3), 211-252. doi:10.1007/s11263-015-0816-y",
        ),
    )
)
