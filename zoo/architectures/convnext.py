"""ConvNeXts (arXiv:2201.03545)."""

from ._inputs import BICUBIC
from ._timm import enter

_PARAMETERS = {"tiny": 28_589_128, "small": 50_223_688, "base": 88_591_464, "large": 197_767_336}

for _size, _parameters in _PARAMETERS.items():
    enter(f"convnext_{_size}", f"ConvNeXt-{_size.title()}", _parameters, "head.fc", BICUBIC, "transformers")
