"""ImageNet architectures as timm builds them, without weights."""

from functools import partial

import torch.nn

from . import ARCHITECTURES, Architecture
from ._inputs import IMAGENET

_NETWORKS = {  # timm's name: title, classifier
    "resnet18": ("ResNet-18", "fc"),
    "resnet50": ("ResNet-50", "fc"),
    "wide_resnet50_2": ("Wide ResNet-50-2", "fc"),
    "mobilenetv1_100": ("MobileNet-v1", "classifier"),
    "deit_small_patch16_224": ("DeiT-Small/16", "head"),
    "convnext_tiny": ("ConvNeXt-Tiny", "head.fc"),
}


def _build(timm_name: str, num_classes: int) -> torch.nn.Module:
    import timm  # takes seconds, and listing architectures needs none of it

    network: torch.nn.Module = timm.create_model(timm_name, pretrained=False, num_classes=num_classes)
    return network


for _name, (_title, _classifier) in _NETWORKS.items():
    ARCHITECTURES.register(_name)(
        Architecture(
            name=_name,
            title=_title,
            build=partial(_build, _name),
            preprocessing=IMAGENET,
            classifier=_classifier,
            timm_name=_name,
            source=f"timm {_name}",
        )
    )
