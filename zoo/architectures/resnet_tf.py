"""ResNet-50 as RigL's TensorFlow graph computes it (arXiv:1911.11134): timm's, but for how the pooling pads."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, pad

from . import ARCHITECTURES, Architecture
from ._inputs import BICUBIC
from ._timm import timm_network


class SameMaxPool(nn.Module):
    """3×3 max-pooling of stride 2 with TensorFlow's padding SAME: what is uneven goes below and to the right.

    For an even side that is one pixel there and none above, where PyTorch's ``padding=1`` has one on each side and so
    looks at other windows.
    """

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        top, bottom = _padding(x.shape[2])
        left, right = _padding(x.shape[3])
        return max_pool2d(pad(x, (left, right, top, bottom), value=-torch.inf), 3, 2)


def _padding(side: int) -> tuple[int, int]:
    total = max((-(-side // 2) - 1) * 2 + 3 - side, 0)
    return total // 2, total - total // 2


def resnet50_tf(num_classes: int) -> nn.Module:
    """The convolutions pad as timm's do: RigL's code pads them by hand, evenly."""
    network = timm_network("resnet50", num_classes)
    network.maxpool = SameMaxPool()
    return network


ARCHITECTURES.register("resnet50-tf")(
    Architecture(
        name="resnet50-tf",
        title="ResNet-50 of RigL's TensorFlow graph",
        build=resnet50_tf,
        preprocessing=BICUBIC,
        classifier="fc",
        timm_name=None,
        source="github google-research/rigl, rigl/imagenet_resnet/resnet_model.py",
        recipe="imagenet",
        port_of="resnet50",
    )
)
