"""EfficientNets B0 to B4 (arXiv:1905.11946), each for images of the size that the paper scaled it to."""

from dataclasses import replace

from ._inputs import BICUBIC
from ._timm import enter

_SIDES = (224, 240, 260, 300, 380)
_PARAMETERS = (5_288_548, 7_794_184, 9_109_994, 12_233_232, 19_341_616)

for _number, (_side, _parameters) in enumerate(zip(_SIDES, _PARAMETERS, strict=True)):
    enter(
        f"efficientnet_b{_number}",
        f"EfficientNet-B{_number}",
        _parameters,
        "classifier",
        replace(BICUBIC, input_size=(3, _side, _side)),
    )
