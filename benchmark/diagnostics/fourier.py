"""The Fourier lens of Sun et al. 2022 (arXiv 2207.04075): how fast predictions change on the way between two images.

A path leads from one image to another by replacing the low frequencies of the amplitude, or of the phase, bit by bit.
The definitions are those of the paper's code (sarafridov/RobustNets @0088b91, MIT), quirks included, for CIFAR-10
images of 32 pixels; for other data there are no published parameters, and numbers are not comparable with the paper's.
"""

import math
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

WINDOW = 0.2
STEPS = 100
THRESHOLD = 0.1

Part = Literal["amplitude", "phase"]


def blended(
    source: Float[np.ndarray, "h w c"], target: Float[np.ndarray, "h w c"], share: float, part: Part
) -> Float[np.ndarray, "h w c"]:
    """``source`` with ``part`` of its low frequencies ``share`` its own and 1 - ``share`` that of ``target``.

    Low are the frequencies up to floor(0.2 x the shorter side) in both directions (13 x 13 of 32 x 32). Phases are
    blended as angles, without unwrapping.
    """
    spectra = [np.fft.fftshift(np.fft.fft2(image, axes=(0, 1)), axes=(0, 1)) for image in (source, target)]
    amplitudes, phases = [np.abs(one) for one in spectra], [np.angle(one) for one in spectra]
    low = _low_frequencies(*source.shape[:2])
    own, other = amplitudes if part == "amplitude" else phases
    own[low] = share * own[low] + (1.0 - share) * other[low]
    mixed = np.fft.ifftshift(amplitudes[0] * np.exp(1j * phases[0]), axes=(0, 1))
    image: Float[np.ndarray, "h w c"] = np.real(np.fft.ifft2(mixed, axes=(0, 1)))
    return image


def path(
    source: Float[np.ndarray, "h w c"], target: Float[np.ndarray, "h w c"], part: Part, steps: int = STEPS
) -> Float[np.ndarray, "steps h w c"]:
    """``steps`` images from ``source`` on."""
    return np.stack([blended(source, target, share, part) for share in np.linspace(0.0, 1.0, steps)[::-1]])


def high_frequency_fraction(
    probabilities: Float[np.ndarray, "steps k"], threshold: float = THRESHOLD, *, with_last: bool = False
) -> float:
    """The share of the spectrum of predictions along a path above ``threshold`` of its length, mean over classes.

    As published, the last frequency counts in the denominator only; ``with_last`` counts it in both.
    """
    magnitude = np.abs(np.fft.rfft(probabilities, axis=0)).mean(axis=1)
    first = math.ceil(threshold * len(magnitude))
    return float(magnitude[first : None if with_last else -1].sum() / magnitude.sum())


def consistent_distance(predicted: Int[np.ndarray, " steps"]) -> int:
    """How many steps pass before the prediction first changes; all of them where it never does.

    >>> consistent_distance(np.array([3, 3, 1, 3]))
    2
    """
    changed = np.flatnonzero(predicted != predicted[0])
    return int(changed[0]) if changed.size else len(predicted)


def _low_frequencies(height: int, width: int) -> tuple[slice, slice]:
    reach = math.floor(min(height, width) * WINDOW)
    rows, columns = (slice(side // 2 - reach, side // 2 + reach + 1) for side in (height, width))
    return rows, columns
