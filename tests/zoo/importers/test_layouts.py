"""Every layout on real networks: what is imported computes what the authors' network computed, bit for bit or nearly.

The networks are torchvision's, with random weights; how each layout computes is written here once more, as modules.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn.utils import prune

from zoo.checkpoint.folder import read_folder
from zoo.checkpoint.passport import measure
from zoo.core.errors import UsageError
from zoo.errors import ForeignFileError
from zoo.importers import IMPORTERS
from zoo.importers._making import ImportRequest, converted, import_checkpoint
from zoo.models import load_model

SPARSITY = 0.75


def network(name: str = "resnet18", classes: int = 10) -> nn.Module:
    """torchvision's, in evaluation mode, with statistics that are not those of a fresh one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        made: nn.Module = getattr(torchvision.models, name)(num_classes=classes)
        for module in made.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.running_mean, -0.1, 0.1)  # type: ignore[arg-type]
                nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    return made.eval()


def layers(model: nn.Module) -> dict[str, nn.Conv2d | nn.Linear]:
    return {name: module for name, module in model.named_modules() if isinstance(module, (nn.Conv2d, nn.Linear))}


class Wrapped(nn.Module):
    """A layer that multiplies by its mask, as IST-DASLab's code wraps one."""

    def __init__(self, layer: nn.Conv2d | nn.Linear) -> None:
        super().__init__()
        self._layer = layer
        cut = layer.weight.detach().abs().quantile(SPARSITY)
        self.register_buffer("_weight_mask", (layer.weight.detach().abs() > cut).float())
        self.register_buffer("_bias_mask", None if layer.bias is None else torch.ones_like(layer.bias))

    def forward(self, x: Tensor) -> Tensor:
        mask: Any = self._weight_mask
        if isinstance(self._layer, nn.Conv2d):
            return nn.functional.conv2d(x, self._layer.weight * mask, None, self._layer.stride, self._layer.padding)
        return nn.functional.linear(x, self._layer.weight * mask, self._layer.bias)


class SoftThreshold(nn.Conv2d):
    """A convolution with a learned threshold, as STR trains one."""

    def __init__(self, layer: nn.Conv2d) -> None:
        size: Any = layer.kernel_size
        stride: Any = layer.stride
        padding: Any = layer.padding
        super().__init__(layer.in_channels, layer.out_channels, size, stride, padding, bias=False)
        self.weight = layer.weight
        cut = layer.weight.detach().abs().quantile(SPARSITY)
        self.sparseThreshold = nn.Parameter(torch.logit(cut).reshape(1, 1))

    def forward(self, x: Tensor) -> Tensor:
        threshold = torch.sigmoid(self.sparseThreshold)
        weight = torch.where(self.weight.abs() > threshold, self.weight - self.weight.sign() * threshold, 0.0)
        return nn.functional.conv2d(x, weight, None, self.stride, self.padding)


class ConvolutionalHead(nn.Module):
    """A bias-free 1x1 convolution as a classifier, as STR has one."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.inner = SoftThreshold(nn.Conv2d(linear.in_features, linear.out_features, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.inner(x[:, :, None, None])
        return made.flatten(1)


def replaced(model: nn.Module, make: Callable[[Any], nn.Module]) -> nn.Module:
    for name, layer in layers(model).items():
        parent, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(parent), leaf, make(layer))
    return model


def plain(model: nn.Module) -> tuple[nn.Module, Mapping[str, Any]]:
    for layer in layers(model).values():
        cut = layer.weight.detach().abs().quantile(SPARSITY)
        layer.weight.data[layer.weight.detach().abs() <= cut] = -0.0
    return model, model.state_dict()


def torch_prune(model: nn.Module) -> tuple[nn.Module, Mapping[str, Any]]:
    for layer in layers(model).values():
        prune.random_unstructured(layer, "weight", amount=SPARSITY)  # type: ignore[no-untyped-call]
    return model, model.state_dict()


def mask_buffers(model: nn.Module) -> tuple[nn.Module, Mapping[str, Any]]:
    """Unmasked weights with a buffer ``mask`` beside them; the network that is meant is the masked one."""
    masks = {f"{name}.mask": torch.rand_like(layer.weight) < 1 - SPARSITY for name, layer in layers(model).items()}
    state = {name: value.clone() for name, value in model.state_dict().items()} | masks
    for name, layer in layers(model).items():
        layer.weight.data *= masks[f"{name}.mask"]
    return model, state


def ist_daslab(model: nn.Module) -> tuple[nn.Module, Mapping[str, Any]]:
    return replaced(model, Wrapped).eval(), {
        "epoch": 99,
        "model_config": {"arch": "resnet50", "dataset": "imagenet"},
        "model_state_dict": {f"module.{name}": value for name, value in model.state_dict().items()},
    }


def soft_threshold(model: nn.Module) -> tuple[nn.Module, Mapping[str, Any]]:
    replaced(model, lambda layer: layer if isinstance(layer, nn.Linear) else SoftThreshold(layer))
    model.fc = ConvolutionalHead(model.fc)  # type: ignore[arg-type]
    state = {name.replace("fc.inner.", "fc."): value for name, value in model.state_dict().items()}
    return model.eval(), {"epoch": 99, "state_dict": state, "best_acc1": 70.0}


DISGUISES = {
    "plain": plain,
    "torch-prune": torch_prune,
    "ist-daslab": ist_daslab,
    "str": soft_threshold,
}


def test_every_importer_is_tested() -> None:
    elsewhere = {"torchvision", "rigl", "rigl-port", "robustnets", "amc"}  # test_torchvision, test_rigl, test_dialects
    assert DISGUISES.keys() | elsewhere == set(IMPORTERS)


def test_every_importer_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "importing.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z][a-z-]*)` \|", page, re.MULTILINE)) == set(IMPORTERS)


@pytest.mark.parametrize("name", [*DISGUISES, "mask-buffers"])
def test_the_imported_network_computes_what_its_authors_did(name: str, tmp_path: Path) -> None:
    model, saved = mask_buffers(network()) if name == "mask-buffers" else DISGUISES[name](network())
    torch.save(saved, tmp_path / "checkpoint.pth")
    done = import_checkpoint(ImportRequest(str(tmp_path / "checkpoint.pth"), "resnet18", tmp_path))
    assert done.source.importers == ("torch-prune" if name == "mask-buffers" else name,)
    images = torch.randn(3, 3, 64, 64)
    with torch.no_grad():
        expected = model(images)
        found = load_model(done.folder.path)(images)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert abs(done.passport.sparsity() - SPARSITY) < 0.06
    written = read_folder(done.folder.path)
    assert written.provenance.sparsity_target == measure(written.weights).sparsity() == done.passport.sparsity()
    assert written.provenance.source == done.source


@pytest.mark.parametrize("name", sorted(DISGUISES))
def test_a_named_layout_must_be_there(name: str) -> None:
    if name == "plain":
        assert converted({"a.weight": torch.ones(2)}, "plain")[1] == ()
        return
    with pytest.raises(UsageError, match=f"no marks of {name}"):
        converted({"a.weight": torch.ones(2)}, name)


def test_layouts_one_inside_the_other_are_all_taken_off() -> None:
    state = {
        "conv1._layer.weight": torch.tensor([-1.0, 0.5, 2.0]),
        "conv1._layer.sparseThreshold": torch.zeros(1, 1),
        "conv1._weight_mask": torch.tensor([1.0, 1.0, 0.0]),
    }
    found, layouts = converted(state)
    assert layouts == ("ist-daslab", "str")
    # sigmoid(0) is 0.5: -1 becomes -0.5, 0.5 becomes 0, 2 was masked.
    assert found["conv1.weight"].tolist() == [-0.5, 0.0, 0.0]


@pytest.mark.parametrize(("values", "mask"), [("a.weight_orig", "a.weight_mask"), ("a.weight", "a.weight_mask"),
                                              ("a.weight", "a.mask")])  # fmt: skip
def test_a_mask_is_applied_wherever_it_stands(values: str, mask: str) -> None:
    state, layouts = converted({values: torch.tensor([1.0, 2.0]), mask: torch.tensor([0.0, 1.0])})
    assert layouts == ("torch-prune",)
    assert {name: value.tolist() for name, value in state.items()} == {"a.weight": [0.0, 2.0]}


def test_a_mask_hides_nan_and_leaves_no_negative_zero() -> None:
    state = {"a.weight_orig": torch.tensor([float("nan"), -3.0, 1.0]), "a.weight_mask": torch.tensor([0.0, 0.0, 1.0])}
    found, _ = converted(state)
    assert found["a.weight"].tolist() == [0.0, 0.0, 1.0]
    assert not bool(torch.signbit(found["a.weight"]).any())


@pytest.mark.parametrize(
    ("mask", "message"),
    [(torch.tensor([0.5, 1.0]), "values other than 0 and 1"), (torch.ones(3), "has shape")],
)
def test_a_mask_that_is_none_is_refused(mask: Tensor, message: str) -> None:
    with pytest.raises(ForeignFileError, match=message):
        converted({"a.weight_orig": torch.ones(2), "a.weight_mask": mask})


def test_a_threshold_without_a_weight_is_refused() -> None:
    with pytest.raises(ForeignFileError, match="no weight beside it"):
        converted({"a.sparseThreshold": torch.zeros(1, 1)})
    with pytest.raises(ForeignFileError, match="one threshold a layer"):
        converted({"a.sparseThreshold": torch.zeros(2), "a.weight": torch.ones(2)})
