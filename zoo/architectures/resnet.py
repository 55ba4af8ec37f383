"""ResNets (arXiv:1512.03385) and Wide ResNets (arXiv:1605.07146) for ImageNet; the stride is in the 3×3 convolution."""

from ._inputs import IMAGENET
from ._timm import enter

_PARAMETERS = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160, 152: 60_192_808}
_WIDE = {50: 68_883_240, 101: 126_886_696}

for _depth, _parameters in _PARAMETERS.items():
    enter(f"resnet{_depth}", f"ResNet-{_depth}", _parameters, "fc", IMAGENET)
for _depth, _parameters in _WIDE.items():
    enter(f"wide_resnet{_depth}_2", f"Wide ResNet-{_depth}-2", _parameters, "fc", IMAGENET)
