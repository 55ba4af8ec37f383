"""ImageNet-V2: a test set collected anew, ten images of each class, chosen in three ways.

Folders are called 0 to 999 and labelled by their number: sorted as texts, 12 of the 1,000 labels are right. A dense
ResNet-50 must have about 63.2 % on the matched-frequency set.
"""

from . import SHIFTS
from ._layout import ClassFolders
from ._published import PublishedShift, Terms

TERMS = Terms(
    "MIT (code); images of Flickr",
    "B. Recht, R. Roelofs, L. Schmidt and V. Shankar (2019). Do ImageNet Classifiers Generalize to ImageNet? ICML. "
    "arXiv:1902.10811",
)


def _register(name: str, title: str, archive: str) -> None:
    SHIFTS.register(f"{name}@1")(
        PublishedShift(
            name=name,
            version="1",
            title=title,
            primary_metric="top1@1",
            source="github.com/modestyachts/ImageNetV2",
            source_task="imagenet@1",
            upstream_data="imagenet",
            metrics=("top1", "nll", "brier", "ece15"),
            layout=ClassFolders(family="imagenet-v2", numbered=True, folders={"": f"{archive}-format-val"}),
            addresses=(f"https://huggingface.co/datasets/vaishaal/ImageNetV2 ({archive}.tar.gz)",),
            terms=TERMS,
            n_each=10_000,
            per_class=10,
            of_classes=1000,
        )
    )


_register("imagenet-v2-matched-frequency", "ImageNet-V2, matched frequency", "imagenetv2-matched-frequency")
_register("imagenet-v2-threshold-0.7", "ImageNet-V2, threshold 0.7", "imagenetv2-threshold0.7")
_register("imagenet-v2-top-images", "ImageNet-V2, top images", "imagenetv2-top-images")
