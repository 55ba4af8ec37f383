"""Vision transformers: ViT (arXiv:2010.11929) and DeiT without distillation token (arXiv:2012.12877)."""

from ._inputs import SYMMETRIC, TRANSFORMER
from ._timm import enter

_LETTERS = {"tiny": "Ti", "small": "S", "base": "B", "large": "L"}

for _size, _letters in _LETTERS.items():
    enter(f"vit_{_size}_patch16_224", f"ViT-{_letters}/16", "head", SYMMETRIC, "transformers")
enter("vit_base_patch32_224", "ViT-B/32", "head", SYMMETRIC, "transformers")
for _size in ("tiny", "small", "base"):
    enter(f"deit_{_size}_patch16_224", f"DeiT-{_size.title()}/16", "head", TRANSFORMER, "transformers")
