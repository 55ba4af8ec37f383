"""ImageNet-3DCC: corruptions that follow the depth of the scene; published files, centre crop only."""

from . import SHIFTS
from ._corruption_sets import conditions_of
from ._layout import ClassFolders
from ._published import PublishedShift, Terms

NAMES = (
    "near_focus",
    "far_focus",
    "fog_3d",
    "flash",
    "color_quant",
    "low_light",
    "xy_motion_blur",
    "z_motion_blur",
    "iso_noise",
    "bit_error",
    "h265_abr",
    "h265_crf",
)

SHIFTS.register("imagenet-3dcc@1")(
    PublishedShift(
        name="imagenet-3dcc",
        version="1",
        title="ImageNet-3DCC",
        primary_metric="top1@1",
        source="github.com/EPFL-VILAB/3DCommonCorruptions",
        source_task="imagenet@1",
        upstream_data="imagenet",
        metrics=("top1", "nll", "brier", "ece15"),
        layout=ClassFolders(family="imagenet-3dcc", paired=True),
        addresses=tuple(f"https://datasets.epfl.ch/3dcc/imagenet_3dcc/{name}.tar.gz" for name in NAMES),
        terms=Terms(
            "CC-BY-NC-4.0; images of ImageNet",
            "O. F. Kar, T. Yeo, A. Atanov and A. Zamir (2022). 3D Common Corruptions and Data Augmentation. CVPR. "
            "arXiv:2203.01441",
        ),
        shown=conditions_of(NAMES),
        cropped=True,
        n_each=50_000,
        per_class=50,
        of_classes=1000,
    )
)
