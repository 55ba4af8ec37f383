"""EfficientNets B0 to B4 (arXiv:1905.11946), each for images of the size that the paper scaled it to."""

from dataclasses import replace

from ._inputs import BICUBIC
from ._timm import enter

for _number, _side in enumerate((224, 240, 260, 300, 380)):
    enter(
        f"efficientnet_b{_number}",
        f"EfficientNet-B{_number}",
        "classifier",
        replace(BICUBIC, input_size=(3, _side, _side)),
    )
