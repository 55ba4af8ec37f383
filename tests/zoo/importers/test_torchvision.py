"""torchvision's networks under timm's names: the same logits from the same random weights, for every family."""

import pytest
import torch
import torchvision
from torch import nn
from torchvision import models

from zoo.architectures import ARCHITECTURES
from zoo.architectures._timm import timm_network
from zoo.importers._fitting import fit
from zoo.importers._making import converted
from zoo.importers._torchvision_names import FAMILIES
from zoo.importers.torchvision import family_of
from zoo.models import build

NETWORKS = {
    "resnet18": "resnet18",
    "mobilenet_v2": "mobilenetv2_100",
    "mobilenet_v3_small": "mobilenetv3_small_100",
    "mobilenet_v3_large": "mobilenetv3_large_100",
    "efficientnet_b0": "efficientnet_b0",
    "convnext_tiny": "convnext_tiny",
}
# The others of these families: their tensors are mapped, no image goes through.
LARGER = {
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "resnet101": "resnet101",
    "resnet152": "resnet152",
    "wide_resnet101_2": "wide_resnet101_2",
    **{f"efficientnet_b{number}": f"efficientnet_b{number}" for number in range(1, 5)},
    **{f"convnext_{size}": f"convnext_{size}" for size in ("small", "base", "large")},
    "wide_resnet50_2": "wide_resnet50_2",
    "vit_b_16": "vit_base_patch16_224",
    "vit_b_32": "vit_base_patch32_224",
    "vit_l_16": "vit_large_patch16_224",
}


SAMPLE = {"resnet50", "efficientnet_b3", "convnext_small", "vit_b_32"}


def shaken(made: nn.Module) -> nn.Module:
    """Random everywhere: statistics, scales of layers and tokens that start at zero would hide a wrong map."""
    for key, value in made.eval().state_dict().items():
        if key.endswith("running_var"):
            nn.init.uniform_(value, 0.5, 1.5)
        elif key.endswith(("running_mean", "bias", "layer_scale", "class_token")):
            nn.init.normal_(value, std=0.2)
        elif key.endswith("head.weight"):
            nn.init.normal_(value, std=0.05)
    return made


def compare(theirs: nn.Module, ours: nn.Module, classifier: str, side: int, tolerance: float) -> tuple[str, ...]:
    state, layouts = converted(theirs.state_dict())
    fit(ours.eval(), state, classifier)
    images = torch.randn(2, 3, side, side)
    with torch.no_grad():
        expected, found = theirs(images), ours(images)
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    assert float(expected.std()) > 0.01
    return layouts


@pytest.mark.parametrize("name", NETWORKS)
def test_the_logits_are_those_of_torchvision(name: str) -> None:
    torch.manual_seed(3)
    timm_name = NETWORKS[name]
    theirs = shaken(getattr(torchvision.models, name)(num_classes=10))
    # MobileNet-v3's epsilon moves into its variances; the others agree in every bit.
    tolerance = 1e-5 if name.startswith("mobilenet_v3") else 0.0
    layouts = compare(theirs, build(timm_name, 10), ARCHITECTURES[timm_name].classifier, 64, tolerance)
    assert layouts == (() if name == "resnet18" else ("torchvision",))


def test_the_logits_of_a_wide_resnet_are_those_of_torchvision() -> None:
    """One block a stage; the names of the others follow."""
    torch.manual_seed(3)
    theirs = models.resnet.ResNet(models.resnet.Bottleneck, [1, 1, 1, 1], num_classes=10, width_per_group=128)
    assert compare(shaken(theirs), timm_network("wide_resnet50_2", 10, layers=(1, 1, 1, 1)), "fc", 64, 0.0) == ()


def test_the_logits_of_a_vision_transformer_are_those_of_torchvision() -> None:
    """Of the size of ViT-Ti/16, which torchvision can build and does not name; the attention is another kernel."""
    torch.manual_seed(3)
    theirs = models.VisionTransformer(
        image_size=224, patch_size=16, num_layers=12, num_heads=3, hidden_dim=192, mlp_dim=768, num_classes=10
    )
    assert compare(shaken(theirs), build("vit_tiny_patch16_224", 10), "head", 224, 1e-5) == ("torchvision",)


@pytest.mark.parametrize(
    "name", [name if name in SAMPLE else pytest.param(name, marks=pytest.mark.slow) for name in LARGER]
)
def test_every_tensor_of_the_larger_networks_finds_its_place(name: str) -> None:
    with torch.device("meta"):
        theirs = getattr(torchvision.models, name)(num_classes=10)
        ours = build(LARGER[name], 10)
    state, _ = converted(theirs.state_dict())
    assert {key: value.shape for key, value in state.items()} == {k: v.shape for k, v in ours.state_dict().items()}


def test_every_family_is_told_by_a_tensor_that_no_other_has() -> None:
    with torch.device("meta"):
        states = {name: getattr(torchvision.models, name)().state_dict() for name in [*NETWORKS, "vit_b_32"]}
    told = {name: family_of(state) for name, state in states.items()}
    assert {family for family in told.values() if family} == set(FAMILIES)
    assert told["resnet18"] is None
    for name, state in states.items():
        assert sum(mark in state for mark, _ in FAMILIES.values()) == ("resnet" not in name)


def test_names_of_older_versions_are_known() -> None:
    state = {"conv_proj.weight": torch.ones(1), "encoder.layers.encoder_layer_3.mlp.linear_1.weight": torch.ones(2)}
    assert set(converted(state)[0]) == {"patch_embed.proj.weight", "blocks.3.mlp.fc1.weight"}


@pytest.mark.parametrize("mark", [mark for mark, _ in FAMILIES.values()])
def test_names_that_nobody_expects_stay_and_are_reported_by_the_fitting(mark: str) -> None:
    odd = ["features.99.conv.5.weight", "features.1.block.9.fc1.weight", "features.1-x.block.0.0.weight", "who.weight"]
    state, _ = converted({mark: torch.ones(1)} | {name: torch.ones(1) for name in odd})
    assert len(state) == 1 + len(odd)
