"""Vision transformers: ViT (arXiv:2010.11929) and DeiT without distillation token (arXiv:2012.12877)."""

from ._inputs import SYMMETRIC, TRANSFORMER
from ._timm import enter

_LETTERS = {"tiny": "Ti", "small": "S", "base": "B", "large": "L"}
_PARAMETERS = {"tiny": 5_717_416, "small": 22_050_664, "base": 86_567_656, "large": 304_326_632}

for _size, _parameters in _PARAMETERS.items():
    enter(f"vit_{_size}_patch16_224", f"ViT-{_LETTERS[_size]}/16", _parameters, "head", SYMMETRIC, "transformers")
    if _size != "large":
        _title = f"DeiT-{_size.title()}/16"
        enter(f"deit_{_size}_patch16_224", _title, _parameters, "head", TRANSFORMER, "transformers")
enter("vit_base_patch32_224", "ViT-B/32", 88_224_232, "head", SYMMETRIC, "transformers")
