"""MobileNet-v1 as the pruning literature trains it (arXiv:1704.04861): plain ramps, where timm's end at 6.

The tensors are named as in the code of STR and of IST-DASLab.
"""

from jaxtyping import Float
from torch import Tensor, nn

from . import ARCHITECTURES, Architecture
from ._inputs import IMAGENET
from ._weights import he_normal

# Width and stride of each depthwise-separable pair.
_PAIRS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))


class MobileNetV1(nn.Module):
    """A 3×3 stem of 32 channels, 13 depthwise-separable pairs, an average and a linear layer."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        stages = [nn.Sequential(*_convolution(3, 32, 3, 2))]
        width_in = 32
        for width, stride in _PAIRS:
            depthwise = _convolution(width_in, width_in, 3, stride, groups=width_in)
            stages.append(nn.Sequential(*depthwise, *_convolution(width_in, width, 1, 1)))
            width_in = width
        self.model = nn.Sequential(*stages)
        self.fc = nn.Linear(width_in, num_classes)
        he_normal(self)

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n k"]:
        return self.fc(self.model(x).mean(dim=(2, 3)))  # type: ignore[no-any-return]


def _convolution(width_in: int, width_out: int, size: int, stride: int, groups: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(width_in, width_out, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(width_out),
        nn.ReLU(),
    ]


ARCHITECTURES.register("mobilenetv1")(
    Architecture(
        name="mobilenetv1",
        title="MobileNetV1",
        build=MobileNetV1,
        preprocessing=IMAGENET,
        classifier="fc",
        timm_name=None,
        source="Prunarium; after Howard et al. 2017 (arXiv 1704.04861)",
        recipe="imagenet",
    )
)
