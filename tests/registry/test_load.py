"""``prunarium.load``: whichever file was pulled, strictly loaded, with its zeros held in training."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from network_folders import write_network
from shops import Shop
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import prunarium
from zoo.checkpoint.errors import TensorMismatchError
from zoo.checkpoint.folder import CONFIG, PASSPORT, PROVENANCE, SPARSE_WEIGHTS, WEIGHTS
from zoo.checkpoint.safetensors_file import read_tensors, write_tensors
from zoo.checkpoint.sparse import write_sparse
from zoo.core.errors import PrunariumError
from zoo.core.hashing import RawTensor
from zoo.holding import held_zeros
from zoo.models import load_model
from zoo.prunable import prunable_parameters


@pytest.fixture(autouse=True)
def environment(pruned_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a user who has set the hub and the catalogue."""
    monkeypatch.setenv("PRUNARIUM_HUB", pruned_shop.hub.endpoint)
    monkeypatch.setenv("PRUNARIUM_DATABASE_URL", pruned_shop.engine.url.render_as_string())


@pytest.fixture
def shop(pruned_shop: Shop) -> Shop:
    """A sparse model on the hub."""
    return pruned_shop


def fine_tune(model: nn.Module, classes: int, steps: int = 3) -> None:
    """Ordinary PyTorch: nothing here knows of sparsity."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    model.train()
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        images, labels = torch.rand(8, 1, 8, 8, generator=generator), torch.arange(8) % classes
        optimizer.zero_grad()
        torch.autograd.backward(cross_entropy(model(images), labels))
        optimizer.step()


def zeros(model: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach() == 0 for name, weight in prunable_parameters(model).items()}


def test_fine_tuning_keeps_every_zero_without_being_asked(shop: Shop) -> None:
    model = prunarium.load(shop.slug)
    before = zeros(model)
    count = sum(int(mask.sum()) for mask in before.values())
    assert count == held_zeros(model) > 17_000
    weights = copy.deepcopy(model.state_dict())
    fine_tune(model, 5)
    after = zeros(model)
    assert all(bool((after[name] | ~mask).all()) for name, mask in before.items())
    assert not torch.equal(weights["layer3.conv1.weight"], model.state_dict()["layer3.conv1.weight"])
    assert list(model.state_dict()) == list(weights)


def test_letting_go_is_one_call(shop: Shop) -> None:
    model = prunarium.load(shop.slug)
    prunarium.release_sparsity(model)
    fine_tune(model, 5)
    assert sum(int(mask.sum()) for mask in zeros(model).values()) < 1000


def test_a_new_head_alone_is_free(shop: Shop) -> None:
    model = prunarium.load(shop.published.repo_id, revision=shop.published.commit, num_classes=10)
    expected = load_model(shop.source.path)
    for name, tensor in expected.state_dict().items():
        if not name.startswith("fc."):
            assert torch.equal(model.state_dict()[name], tensor), name
    assert model.get_parameter("fc.weight").shape == (10, 32)
    assert held_zeros(model) == sum(int(mask.sum()) for name, mask in zeros(expected).items() if name != "fc.weight")
    before = zeros(model)
    fine_tune(model, 10)
    assert not bool(before.pop("fc.weight").any())
    after = zeros(model)
    assert all(bool((after[name] | ~mask).all()) for name, mask in before.items())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 0}, "at least one, not 0"),
        ({"revision": "main"}, "names a revision already"),
        ({"revision": "no-such"}, "no-such"),
    ],
)
def test_wrong_arguments_are_one_clear_error(shop: Shop, options: dict[str, object], message: str) -> None:
    target = f"{shop.slug}@main" if options.get("revision") == "main" else shop.published.repo_id
    with pytest.raises(PrunariumError, match=message):
        prunarium.load(target, **options)  # type: ignore[arg-type]


Edit = Callable[[dict[str, RawTensor]], object]

MISFITS: dict[str, tuple[Edit, str]] = {
    "missing": (lambda tensors: tensors.pop("bn1.weight"), "missing bn1.weight"),
    "missing buffer": (lambda tensors: tensors.pop("bn1.running_mean"), "missing bn1.running_mean"),
    "surplus": (
        lambda tensors: tensors.update({"mask": tensors["bn1.weight"]._replace(name="mask")}),
        "surplus mask"),
    "backbone alone": (
        lambda tensors: [tensors.pop("fc.weight"), tensors.pop("fc.bias")], "missing fc.bias, fc.weight"),
    "wrapped": (
        lambda tensors: [tensors.update({f"module.{name}": tensors.pop(name)._replace(name=f"module.{name}")})
                         for name in list(tensors)],
        "missing bn1.bias.*surplus module.bn1.bias"),
}  # fmt: skip


@pytest.mark.parametrize("name", [WEIGHTS, SPARSE_WEIGHTS])
@pytest.mark.parametrize("misfit", MISFITS)
def test_a_partial_or_surplus_file_is_refused_whichever_it_is(
    misfit: str, name: str, shop: Shop, tmp_path: Path
) -> None:
    source = write_network(tmp_path / "source", sparsity=0.9)
    tensors = {tensor.name: tensor for tensor in read_tensors(source.weights)}
    edit, message = MISFITS[misfit]
    edit(tensors)
    file = tmp_path / name
    (write_tensors if name == WEIGHTS else write_sparse)(file, [tensors[key] for key in sorted(tensors)])
    files: dict[str, Path | bytes] = {
        CONFIG: source.path / CONFIG, PROVENANCE: source.path / PROVENANCE, name: file}  # fmt: skip
    repo_id, commit = shop.upload(f"misfit-{misfit.replace(' ', '-')}-{name.split('.')[1]}", files)
    with pytest.raises(TensorMismatchError, match=message):
        prunarium.load(repo_id, revision=commit)


@pytest.mark.parametrize("name", [WEIGHTS, SPARSE_WEIGHTS])
def test_either_file_alone_loads_to_the_same_network(name: str, shop: Shop, tmp_path: Path) -> None:
    source = write_network(tmp_path / "source", sparsity=0.9)
    file = tmp_path / name
    (write_tensors if name == WEIGHTS else write_sparse)(file, read_tensors(source.weights))
    files: dict[str, Path | bytes] = {
        CONFIG: source.path / CONFIG, PROVENANCE: source.path / PROVENANCE, name: file}  # fmt: skip
    assert PASSPORT not in files
    repo_id, commit = shop.upload(f"either-{name.split('.')[1]}", files)
    model = prunarium.load(repo_id, revision=commit)
    images = torch.rand(2, 1, 8, 8)
    assert torch.equal(model(images), load_model(source.path)(images))
    assert held_zeros(model) > 17_000
