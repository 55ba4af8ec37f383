"""ImageNet-Sketch: drawings of the thousand classes.

Its README speaks of 50,000 images and the archive holds 50,889; some drawings are in it twice and count twice.
"""

from . import SHIFTS
from ._layout import ClassFolders, HubColumns
from ._published import PublishedShift, Terms

SHIFTS.register("imagenet-sketch@1")(
    PublishedShift(
        name="imagenet-sketch",
        version="1",
        title="ImageNet-Sketch",
        primary_metric="top1@1",
        source_task="imagenet@1",
        upstream_data="imagenet",
        source="github.com/HaohanWang/ImageNet-Sketch",
        metrics=("top1", "nll", "brier", "ece15"),
        layout=ClassFolders(family="imagenet-sketch", hub=HubColumns(split="train")),
        addresses=("github.com/HaohanWang/ImageNet-Sketch", "hub:songweig/imagenet_sketch@refs/convert/parquet"),
        terms=Terms(
            "unknown",
            "H. Wang, S. Ge, E. P. Xing and Z. C. Lipton (2019). Learning Robust Global Representations by Penalizing "
            "Local Predictive Power. NeurIPS. arXiv:1905.13549",
        ),
        n_each=50_889,
        of_classes=1000,
    )
)
