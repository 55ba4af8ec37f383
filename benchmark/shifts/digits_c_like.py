"""The test images of digits 0 to 4, corrupted here in the manner of ImageNet-C."""

from ..tasks._digits import DIGITS_0_4, SOURCE
from . import SHIFTS, CorruptionShift

SHIFTS.register("digits-c-like@1")(
    CorruptionShift(
        name="digits-c-like",
        version="1",
        title="Digits 0–4, C-like (regenerated)",
        primary_metric="top1@1",
        source=f"{SOURCE}; corrupted by benchmark.corruptions",
        source_task="digits-0-4@1",
        data=DIGITS_0_4,
        regenerated=True,
        corruptions=(
            "brightness",
            "contrast",
            "gaussian_blur",
            "gaussian_noise",
            "impulse_noise",
            "pixelate",
            "shot_noise",
        ),
    )
)
