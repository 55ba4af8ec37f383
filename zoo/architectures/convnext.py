"""ConvNeXts (arXiv:2201.03545)."""

from ._inputs import BICUBIC
from ._timm import enter

for _size in ("tiny", "small", "base", "large"):
    enter(f"convnext_{_size}", f"ConvNeXt-{_size.title()}", "head.fc", BICUBIC, "transformers")
