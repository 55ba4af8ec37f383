"""Networks with channels cut out: widths come from the shapes, and the graph computes what the cut network did."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from network_folders import write_network
from torch import Tensor, nn

from registry.check import check
from zoo.checkpoint.errors import TensorMismatchError
from zoo.checkpoint.safetensors_file import read_tensors, write_tensors
from zoo.checkpoint.weights import weight_shapes
from zoo.importers._making import ImportRequest, import_checkpoint
from zoo.models import build, load_model
from zoo.narrowing import narrow

SIZE = (3, 64, 64)
KEPT = 5


def shapes_of(model: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def silent(name: str, block: str, first: str, norm: str, second: str) -> nn.Module:
    """A network in which all but :data:`KEPT` channels between two convolutions are zero after the norm."""
    model = build(name, 7, seed=1).eval()
    with torch.no_grad():
        for leaf in ("weight", "bias"):
            model.get_parameter(f"{block}.{norm}.{leaf}")[KEPT:] = 0
    assert model.get_submodule(f"{block}.{first}")
    assert model.get_submodule(f"{block}.{second}")
    return model


def cut(state: dict[str, Tensor], block: str, first: list[str], second: str) -> dict[str, Tensor]:
    """The state dict without the silent channels: outputs of ``first`` and inputs of ``second``."""
    made = dict(state)
    for module in first:
        for name in [name for name in state if name.startswith(f"{block}.{module}.") and state[name].ndim]:
            made[name] = state[name][:KEPT]
    made[f"{block}.{second}.weight"] = state[f"{block}.{second}.weight"][:, :KEPT]
    return made


CUTS: dict[str, tuple[str, str, str, str, list[str]]] = {
    "resnet18": ("layer2.0", "conv1", "bn1", "conv2", ["conv1", "bn1"]),
    "resnet8-digits": ("layer2", "conv1", "bn1", "conv2", ["conv1", "bn1"]),
    # The depthwise convolution between loses its filters too; its own norm is the second that is silent.
    "mobilenetv2_100": ("blocks.1.0", "conv_pw", "bn2", "conv_pwl", ["conv_pw", "bn1", "conv_dw", "bn2"]),
}


@pytest.mark.parametrize(
    "name", [pytest.param("resnet18", marks=pytest.mark.slow), "resnet8-digits", "mobilenetv2_100"]
)
def test_a_cut_network_computes_what_it_did_with_silent_channels(name: str, tmp_path: Path) -> None:
    block, first, norm, second, layers = CUTS[name]
    whole = silent(name, block, first, norm, second)
    torch.save(cut(whole.state_dict(), block, layers, second), tmp_path / "cut.pth")
    request = ImportRequest(str(tmp_path / "cut.pth"), name, tmp_path, image_size=SIZE[1], licence="MIT")
    done = import_checkpoint(replace(request, parent=f"dense/{name}/0.00"))
    assert f"made narrower: {len(layers) + 1} layers, as their tensors are" in done.source.changes
    assert done.folder.config.timm_name is None
    narrowed = load_model(done.folder.path)
    images = torch.randn(2, *done.folder.config.preprocessing.input_size)
    with torch.no_grad():
        torch.testing.assert_close(narrowed(images), whole(images), rtol=1e-4, atol=1e-5)
    assert done.passport.prunable_elements < sum(w.numel() for w in whole.parameters() if w.ndim > 1)
    assert weight_shapes(done.folder.weights) == shapes_of(narrowed)
    assert load_model(done.folder.path, num_classes=3)(images).shape == (2, 3)
    assert check(done.folder.path).reasons == ()


def test_a_classifier_may_lose_inputs_and_keeps_them_lost_with_a_new_head(tmp_path: Path) -> None:
    state = build("resnet8-digits", 5, seed=0).state_dict()
    for name in ["layer3.conv2.weight", "layer3.downsample.0.weight"]:
        state[name] = state[name][:KEPT]
    for name in [
        name for name in state if name.startswith(("layer3.bn2.", "layer3.downsample.1.")) and state[name].ndim
    ]:
        state[name] = state[name][:KEPT]
    state["fc.weight"] = state["fc.weight"][:, :KEPT]
    torch.save(state, tmp_path / "cut.pth")
    done = import_checkpoint(ImportRequest(str(tmp_path / "cut.pth"), "resnet8-digits", tmp_path))
    assert load_model(done.folder.path, num_classes=9).get_parameter("fc.weight").shape == (9, KEPT)


def test_nothing_happens_to_a_whole_network() -> None:
    model = build("resnet8-digits", 5, seed=0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert narrow(model, shapes_of(model), (1, 8, 8)) == []
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("layer1.conv1.weight", (9, 8, 3, 3)),  # wider
        ("layer1.conv1.weight", (4, 8, 1, 1)),  # another kernel
        ("layer1.conv1.weight", (4, 8)),
        ("layer1.conv1.weight", (0, 8, 3, 3)),
        ("layer1.bn1.weight", (4,)),  # its bias has eight
        ("none.weight", (4,)),
    ],
)
def test_what_is_no_narrower_width_is_left_for_the_loading_to_name(name: str, shape: tuple[int, ...]) -> None:
    model = build("resnet8-digits", 5, seed=0)
    wanted = shapes_of(model)
    assert narrow(model, wanted | {name: shape}, (1, 8, 8)) == []
    assert shapes_of(model) == wanted


def test_widths_that_do_not_fit_each_other_are_one_clear_error() -> None:
    model = build("resnet8-digits", 5, seed=0)
    with pytest.raises(TensorMismatchError, match="1 layers are narrower.*do not fit each other"):
        narrow(model, shapes_of(model) | {"layer1.conv1.weight": (4, 8, 3, 3)}, (1, 8, 8))


def test_a_check_names_the_shapes_of_a_folder_whose_widths_do_not_fit(tmp_path: Path) -> None:
    folder = write_network(tmp_path / "model")
    tensors = {tensor.name: tensor for tensor in read_tensors(folder.weights)}
    first = tensors["layer1.conv1.weight"]
    tensors[first.name] = first._replace(shape=(4, 8, 3, 3), data=first.data[: 4 * 8 * 9 * 4])
    write_tensors(folder.weights, tensors.values())
    details = {reason.code: reason.detail for reason in check(folder.path).reasons}
    assert "layer1.conv1.weight is (4, 8, 3, 3), not (8, 8, 3, 3)" in details["shape_mismatch"]


def test_grouped_convolutions_are_left_alone_unless_depthwise() -> None:
    grouped: Any = nn.Sequential(nn.Conv2d(4, 4, 1, groups=2))
    assert narrow(grouped, {"0.weight": (2, 2, 1, 1), "0.bias": (2,)}, (4, 2, 2)) == []
    depthwise: Any = nn.Sequential(nn.Conv2d(4, 8, 1, groups=4))
    assert narrow(depthwise, {"0.weight": (3, 1, 1, 1)}, (4, 2, 2)) == []  # two filters a channel
    assert narrow(depthwise, {"0.weight": (4, 1, 1, 1), "0.bias": (4,)}, (2, 2, 2)) == ["0"]
    assert depthwise(torch.zeros(1, 2, 2, 2)).shape == (1, 4, 2, 2)
