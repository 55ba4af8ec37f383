"""ImageNet networks have the sizes of the literature; timm's definition is the one that is built."""

import pytest
import timm
import torch

from zoo.architectures import ARCHITECTURES
from zoo.models import build
from zoo.prunable import prunable_parameters

# Millions of parameters for 1,000 classes, as the tables of the papers and of torchvision print them.
MILLIONS = {
    "resnet18": 11.7,
    "resnet34": 21.8,
    "resnet50": 25.6,
    "resnet101": 44.5,
    "resnet152": 60.2,
    "wide_resnet50_2": 68.9,
    "wide_resnet101_2": 126.9,
    "mobilenetv1_100": 4.2,
    "mobilenetv2_100": 3.5,
    "mobilenetv3_large_100": 5.5,
    "mobilenetv3_small_100": 2.5,
    "efficientnet_b0": 5.3,
    "efficientnet_b1": 7.8,
    "efficientnet_b2": 9.1,
    "efficientnet_b3": 12.2,
    "efficientnet_b4": 19.3,
    "convnext_tiny": 28.6,
    "convnext_small": 50.2,
    "convnext_base": 88.6,
    "convnext_large": 197.8,
    "vit_tiny_patch16_224": 5.7,
    "vit_small_patch16_224": 22.1,
    "vit_base_patch16_224": 86.6,
    "vit_base_patch32_224": 88.2,
    "vit_large_patch16_224": 304.3,
    "deit_tiny_patch16_224": 5.7,
    "deit_small_patch16_224": 22.1,
    "deit_base_patch16_224": 86.6,
}


def test_every_network_of_timm_is_here() -> None:
    assert {name for name, entry in ARCHITECTURES.items() if entry.timm_name} == set(MILLIONS)


@pytest.mark.parametrize("name", MILLIONS)
def test_sizes_are_those_of_the_papers(name: str) -> None:
    with torch.device("meta"):
        model = build(name, 1000)
    assert round(sum(parameter.numel() for parameter in model.parameters()) / 1e6, 1) == MILLIONS[name]
    told = timm.get_pretrained_cfg(name)
    assert told is not None
    assert ARCHITECTURES[name].classifier == told.classifier


def test_resnet50_has_the_prunable_weights_that_every_pruning_paper_counts() -> None:
    with torch.device("meta"):
        weights = prunable_parameters(build("resnet50", 1000))
    assert (len(weights), sum(weight.numel() for weight in weights.values())) == (54, 25_502_912)
