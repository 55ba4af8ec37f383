"""Networks that timm builds, entered under timm's names."""

from functools import partial
from typing import Any

from torch import nn

from ..checkpoint.config import Preprocessing
from . import ARCHITECTURES, Architecture


def enter(
    timm_name: str,
    title: str,
    parameters: int,
    classifier: str,
    preprocessing: Preprocessing,
    recipe: str = "imagenet",
) -> None:
    """Register the network ``timm_name``; its definition is timm's, its weights are none of timm's."""
    ARCHITECTURES.register(timm_name)(
        Architecture(
            name=timm_name,
            title=title,
            build=partial(timm_network, timm_name),
            preprocessing=preprocessing,
            classifier=classifier,
            timm_name=timm_name,
            source=f"timm {timm_name}",
            recipe=recipe,
            parameters=parameters,
        )
    )


def timm_network(timm_name: str, num_classes: int, **options: Any) -> nn.Module:
    """timm's network without weights; ``options`` go to its constructor."""
    import timm  # takes seconds, and listing architectures needs none of it

    network: nn.Module = timm.create_model(timm_name, pretrained=False, num_classes=num_classes, **options)
    return network
