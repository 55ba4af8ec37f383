"""The conformance suite: what every architecture must be, and the sizes of those of ImageNet in the literature.

One file, because every test here looks at the same networks without memory, which are built once a process.
"""

from pathlib import Path

import pytest
import timm
import torch
from meta_networks import CLASSES, meta_network
from torch import nn

from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.passport import is_parameter, is_prunable
from zoo.checkpoint.safetensors_file import write_tensors
from zoo.checkpoint.torch_io import load_into, specs_of, tensors_of
from zoo.checkpoint.weights import weight_shapes
from zoo.core.hashing import RawTensor
from zoo.models import build
from zoo.prunable import explain, prunable_parameters

SMALL = 2_000_000  # numbers in a network whose weights are made and written

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


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_is_what_its_entry_says(name: str) -> None:
    entry = ARCHITECTURES[name]
    assert entry.name == name
    assert entry.title
    assert entry.source
    model = meta_network(name)
    inputs: list[torch.Size] = []
    handle = model.get_submodule(entry.classifier).register_forward_pre_hook(lambda _, x: inputs.append(x[0].shape))
    with handle, torch.device("meta"):
        logits = model(torch.zeros(2, *entry.preprocessing.input_size))
    classifier = model.get_submodule(entry.classifier)
    assert isinstance(classifier, nn.Linear)
    assert logits.shape == (2, CLASSES)
    assert inputs == [(2, classifier.in_features)]
    assert f"{entry.classifier}.weight" in prunable_parameters(model)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_rules_on_bytes_agree_for_every_architecture(architecture: str) -> None:
    """The rule by name and shape against the rule by kind of module."""
    model = meta_network(architecture)
    tensors = [RawTensor(spec.name, spec.dtype, spec.shape, b"") for spec in specs_of(model)]
    by_bytes = {tensor.name for tensor in tensors if is_prunable(tensor)}
    assert by_bytes == set(prunable_parameters(model))
    assert by_bytes == {row.name for row in explain(model) if row.prunable}
    counted = {tensor.name for tensor in tensors if is_parameter(tensor)}
    assert counted == {name for name, _ in model.named_parameters()}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_file_gives_every_architecture_back(architecture: str, tmp_path: Path) -> None:
    """The bits of small networks; of large ones that a file can hold every tensor under its name, shape and dtype."""
    specs = specs_of(meta_network(architecture))
    assert len({spec.name for spec in specs}) == len(specs)
    assert {spec.dtype for spec in specs} <= {"F32", "I64"}
    if sum(torch.Size(spec.shape).numel() for spec in specs) > SMALL:
        return
    saved, loaded = build(architecture, CLASSES, seed=1), build(architecture, CLASSES, seed=2)
    write_tensors(tmp_path / "model.safetensors", tensors_of(saved))
    load_into(loaded, tmp_path / "model.safetensors")
    found = loaded.state_dict()
    assert all(torch.equal(found[name], value) for name, value in saved.state_dict().items())
    assert weight_shapes(tmp_path / "model.safetensors") == {spec.name: spec.shape for spec in specs}


def test_every_network_of_timm_is_here() -> None:
    assert {name for name, entry in ARCHITECTURES.items() if entry.timm_name} == set(MILLIONS)


@pytest.mark.parametrize("name", MILLIONS)
def test_sizes_are_those_of_the_entries_and_of_the_papers(name: str) -> None:
    """Counted for seven classes, whose classifier is then replaced by one of a thousand."""
    model, classifier = meta_network(name), ARCHITECTURES[name].classifier
    head = model.get_submodule(classifier)
    assert isinstance(head, nn.Linear)
    missing = (1000 - CLASSES) * (head.in_features + 1)
    parameters = sum(parameter.numel() for parameter in model.parameters()) + missing
    assert parameters == ARCHITECTURES[name].parameters
    assert round(parameters / 1e6, 1) == MILLIONS[name]
    told = timm.get_pretrained_cfg(name)
    assert told is not None
    assert classifier == told.classifier


def test_resnet50_has_the_prunable_weights_that_every_pruning_paper_counts() -> None:
    with torch.device("meta"):
        weights = prunable_parameters(build("resnet50", 1000))
    assert (len(weights), sum(weight.numel() for weight in weights.values())) == (54, 25_502_912)
