"""Between modules and bytes: the safetensors library is the independent reader and writer."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from zoo.checkpoint.errors import TensorFileError, TensorMismatchError
from zoo.checkpoint.passport import measure_tensors
from zoo.checkpoint.safetensors_file import read_tensors, write_tensors
from zoo.checkpoint.torch_io import load_into, tensors_of, to_torch


def network(classes: int = 5, seed: int = 0, features: int = 4) -> nn.Sequential:
    torch.manual_seed(seed)
    model = nn.Sequential()
    model.add_module("conv", nn.Conv2d(1, features, 3))
    model.add_module("bn", nn.BatchNorm2d(features))
    model.add_module("flat", nn.Flatten())
    model.add_module("fc", nn.Linear(features * 4, classes))
    return model


def written(model: nn.Module, path: Path) -> Path:
    write_tensors(path, tensors_of(model))
    return path


def test_files_equal_those_of_the_library(tmp_path: Path) -> None:
    model = network()
    ours = written(model, tmp_path / "ours.safetensors")
    save_file(model.state_dict(), tmp_path / "theirs.safetensors", {"format": "pt"})
    assert ours.read_bytes() == (tmp_path / "theirs.safetensors").read_bytes()


@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
     torch.uint64, torch.uint32, torch.uint16, torch.uint8, torch.bool],
)  # fmt: skip
def test_every_dtype_comes_back(dtype: torch.dtype, tmp_path: Path) -> None:
    module = nn.Module()
    module.register_buffer("values", torch.tensor([[0, 1], [1, 0]]).to(dtype))
    module.register_buffer("scalar", torch.tensor(1).to(dtype))
    module.register_buffer("empty", torch.zeros(0, 3).to(dtype))
    path = written(module, tmp_path / "m.safetensors")
    theirs = load_file(path)
    for tensor in read_tensors(path):
        ours = to_torch(tensor)
        assert ours.dtype == theirs[tensor.name].dtype == dtype
        assert torch.equal(ours.reshape(-1).view(torch.uint8), theirs[tensor.name].reshape(-1).view(torch.uint8))
        assert ours.shape == theirs[tensor.name].shape


def test_masked_zeros_lose_their_sign_and_nothing_else_changes() -> None:
    model = network()
    plain = measure_tensors(tensors_of(model))
    weight = model.get_parameter("conv.weight")
    mask = torch.arange(weight.numel()).reshape(weight.shape) % 2 == 0
    with torch.no_grad():
        weight.mul_(mask)
        assert torch.signbit(weight[~mask]).any(), "the case must hold negative zeros"
        signed = {tensor.name: tensor for tensor in tensors_of(model)}
        weight[~mask] = 0.0
    unsigned = {tensor.name: tensor for tensor in tensors_of(model)}
    assert signed == unsigned
    assert measure_tensors(unsigned.values()).densified_hash != plain.densified_hash
    values = to_torch(unsigned["conv.weight"])
    assert torch.equal(values[mask], weight.detach()[mask])
    assert not torch.signbit(values[~mask]).any()


def test_tied_and_transposed_weights_are_written_in_c_order() -> None:
    module = nn.Module()
    module.register_buffer("values", torch.arange(6.0).reshape(2, 3).T)
    (tensor,) = tensors_of(module)
    assert torch.equal(to_torch(tensor), module.get_buffer("values"))


def test_a_module_that_is_no_plain_tensor_is_refused_by_name() -> None:
    module = nn.Module()
    module.register_buffer("index", torch.eye(2).to_sparse())
    with pytest.raises(TensorMismatchError, match="index: expected a plain dense tensor"):
        tensors_of(module)


def test_loading_gives_equal_logits(tmp_path: Path) -> None:
    source, target = network(seed=0).eval(), network(seed=1).eval()
    load_into(target, written(source, tmp_path / "m.safetensors"))
    images = torch.rand(3, 1, 4, 4)
    assert torch.equal(source(images), target(images))


def test_a_new_classifier_is_exempt_by_name(tmp_path: Path) -> None:
    source, target = network(classes=5, seed=0), network(classes=9, seed=1)
    fresh = target.get_parameter("fc.weight").detach().clone()
    load_into(target, written(source, tmp_path / "m.safetensors"), exempt=("fc",))
    assert torch.equal(target.get_parameter("fc.weight"), fresh)
    assert torch.equal(target.get_parameter("conv.weight"), source.get_parameter("conv.weight"))


def test_only_the_named_module_is_exempt(tmp_path: Path) -> None:
    path = written(network(features=4), tmp_path / "m.safetensors")
    with pytest.raises(TensorMismatchError, match="conv.weight has shape"):
        load_into(network(features=6), path, exempt=("fc",))
    with pytest.raises(TensorMismatchError, match="no tensors under f to exempt"):
        load_into(network(), path, exempt=("f",))


def test_every_disagreement_is_listed_and_nothing_is_loaded(tmp_path: Path) -> None:
    state = network(seed=0).state_dict()
    del state["bn.weight"]
    state["surplus.weight"] = torch.zeros(1)
    state["fc.bias"] = torch.zeros(6)
    state["conv.bias"] = state["conv.bias"].half()
    path = tmp_path / "m.safetensors"
    save_file(state, path)
    target = network(seed=1)
    before = {name: value.clone() for name, value in target.state_dict().items()}
    with pytest.raises(TensorMismatchError) as caught:
        load_into(target, path)
    for part in (
        "m.safetensors does not fit Sequential",
        "missing bn.weight",
        "surplus surplus.weight",
        "fc.bias has shape [6], not [5]",
        "conv.bias is F16, not F32",
    ):
        assert part in caught.value.message
    assert all(torch.equal(value, before[name]) for name, value in target.state_dict().items())


def test_a_truncated_file_loads_nothing(tmp_path: Path) -> None:
    path = written(network(seed=0), tmp_path / "m.safetensors")
    path.write_bytes(path.read_bytes()[:-4])
    target = network(seed=1)
    with pytest.raises(TensorFileError):
        load_into(target, path)
    assert torch.equal(target.get_parameter("fc.weight"), network(seed=1).get_parameter("fc.weight"))
