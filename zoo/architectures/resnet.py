"""ResNets (arXiv:1512.03385) and Wide ResNets (arXiv:1605.07146) for ImageNet; the stride is in the 3×3 convolution."""

from ._inputs import IMAGENET
from ._timm import enter

for _depth in (18, 34, 50, 101, 152):
    enter(f"resnet{_depth}", f"ResNet-{_depth}", "fc", IMAGENET)
for _depth in (50, 101):
    enter(f"wide_resnet{_depth}_2", f"Wide ResNet-{_depth}-2", "fc", IMAGENET)
