"""ImageNet-C-bar: ten corruptions that are unlike those of ImageNet-C; published files of 224 pixels.

There is no AlexNet to divide by: the number is the plain mean. Folders of severities are called by the strength.
"""

from collections.abc import Mapping

from . import SHIFTS
from ._layout import ClassFolders
from ._published import PublishedShift, Terms

STRENGTHS: Mapping[str, tuple[float, ...]] = {
    "blue_noise_sample": (0.8, 1.6, 2.4, 4.0, 5.6),
    "plasma_noise": (4.75, 7.0, 8.5, 9.25, 10.0),
    "checkerboard_cutout": (2.0, 3.0, 4.0, 5.0, 6.0),
    "cocentric_sine_waves": (3.0, 5.0, 8.0, 9.0, 10.0),
    "single_frequency_greyscale": (1.0, 1.5, 2.0, 4.5, 5.0),
    "brownish_noise": (1.0, 2.0, 3.0, 4.0, 5.0),
    "caustic_refraction": (2.35, 3.2, 4.9, 6.6, 9.15),
    "sparkles": (1.0, 2.0, 3.0, 5.0, 6.0),
    "inverse_sparkles": (1.0, 2.0, 4.0, 9.0, 10.0),
    "perlin_noise": (4.6, 5.2, 5.8, 7.6, 8.8),
}
"""The strength of each severity (facebookresearch/augmentation-corruption, imagenet_c_bar/imagenet_c_bar.csv)."""

FOLDERS = {
    f"{corruption}/{severity}": f"{corruption}/{strength:.2f}"
    for corruption, strengths in STRENGTHS.items()
    for severity, strength in enumerate(strengths, start=1)
}

SHIFTS.register("imagenet-c-bar@1")(
    PublishedShift(
        name="imagenet-c-bar",
        version="1",
        title="ImageNet-C-bar",
        primary_metric="top1@1",
        source="github.com/facebookresearch/augmentation-corruption",
        source_task="imagenet@1",
        upstream_data="imagenet",
        metrics=("top1", "nll", "brier", "ece15"),
        layout=ClassFolders(family="imagenet-c-bar", paired=True, folders=FOLDERS),
        addresses=("https://dl.fbaipublicfiles.com/inc_bar/imagenet_c_bar.tar.gz",),
        terms=Terms(
            "MIT (code); images of ImageNet",
            "E. Mintun, A. Kirillov and S. Xie (2021). On Interaction Between Augmentations and Corruptions in Natural "
            "Corruption Robustness. NeurIPS. arXiv:2102.11273",
        ),
        shown=tuple(FOLDERS),
        cropped=True,
        n_each=50_000,
        per_class=50,
        of_classes=1000,
    )
)
