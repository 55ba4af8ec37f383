"""What the published sets of corruptions have in common: fifteen names, four more, five severities."""

from collections.abc import Iterable

CORRUPTIONS = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
)
"""The fifteen that mean corruption errors are over."""

EXTRA = ("speckle_noise", "gaussian_blur", "spatter", "saturate")
"""The four that were meant for validation; in no mean."""

SEVERITIES = (1, 2, 3, 4, 5)

CLEAN = "clean"
"""The condition of the images before they were corrupted."""

CITATION = (
    "D. Hendrycks and T. Dietterich (2019). Benchmarking Neural Network Robustness to Common Corruptions and "
    "Perturbations. ICLR. arXiv:1903.12261"
)


def conditions_of(corruptions: Iterable[str]) -> tuple[str, ...]:
    """``fog/1``, ``fog/2`` ... for each corruption."""
    return tuple(f"{corruption}/{severity}" for corruption in corruptions for severity in SEVERITIES)
