"""Images that count how often each is decoded."""

from typing import Any

import numpy as np


class CountedImages:
    """The images of a split; ``decoded`` has one count an image."""

    def __init__(self, images: Any) -> None:
        self.images = images
        self.decoded = [0] * len(images)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int, /) -> np.ndarray:
        self.decoded[index] += 1
        found: np.ndarray = self.images[index]
        return found
