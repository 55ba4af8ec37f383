"""Every architecture builds, is deterministic, and travels through a model folder; features feed the classifier."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from model_folders import PROVENANCE
from torch import nn

from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.config import ModelConfig
from zoo.checkpoint.errors import CheckpointError
from zoo.checkpoint.folder import write_folder
from zoo.checkpoint.torch_io import tensors_of
from zoo.core.errors import UsageError
from zoo.holding import held_zeros
from zoo.models import build, features, load_model


def test_the_digits_network_is_small_enough_for_sparsity_to_hurt() -> None:
    assert sum(parameter.numel() for parameter in build("resnet8-digits", 5).parameters()) == 19_645


def test_a_seed_fixes_the_weights_and_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    first, second, other = (build("resnet8-digits", 5, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


def test_an_unknown_architecture_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'resnet50'"):
        build("resnet-50", 5)


def test_features_are_what_the_classifier_is_given() -> None:
    model = build("resnet8-digits", 5, seed=0).eval()
    x = torch.randn(3, 1, 8, 8)
    inputs = features(model, "fc", x)
    assert inputs.shape == (3, 32)
    torch.testing.assert_close(model.get_submodule("fc")(inputs), model(x), rtol=0, atol=0)
    assert not inputs.requires_grad
    assert not model.get_submodule("fc")._forward_pre_hooks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    entry = ARCHITECTURES["resnet8-digits"]
    config = ModelConfig("resnet8-digits", 5, ("0", "1", "2", "3", "4"), entry.preprocessing, entry.classifier)
    provenance = replace(PROVENANCE, slug="gmp/resnet8-digits/0.50-s0", architecture="resnet8-digits")
    write_folder(tmp_path / "model", tensors_of(build("resnet8-digits", 5, seed=3)), config, provenance)
    return tmp_path / "model"


def test_a_model_folder_gives_the_model_back(folder: Path) -> None:
    loaded, saved = load_model(folder), build("resnet8-digits", 5, seed=3)
    assert not loaded.training
    for name, tensor in saved.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name


def test_a_new_head_replaces_the_classifier_alone(folder: Path) -> None:
    loaded, saved = load_model(folder, num_classes=9), build("resnet8-digits", 5, seed=3)
    assert loaded.get_parameter("fc.weight").shape == (9, 32)
    for name, tensor in saved.state_dict().items():
        if not name.startswith("fc."):
            assert torch.equal(loaded.state_dict()[name], tensor), name
    again = load_model(folder, num_classes=9)
    assert torch.equal(loaded.get_parameter("fc.weight"), again.get_parameter("fc.weight"))


def test_a_new_head_that_starts_at_zero_can_learn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some architectures start their classifier at zero; held there it would never leave."""

    def zero_headed(*arguments: Any) -> nn.Module:
        model = build(*arguments)
        nn.init.zeros_(model.get_parameter("fc.weight"))
        return model

    monkeypatch.setattr("zoo.models.build", zero_headed)
    assert held_zeros(load_model(folder, num_classes=9, hold=True)) == 0


def test_a_missing_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no such model folder"):
        load_model(tmp_path / "nothing")
