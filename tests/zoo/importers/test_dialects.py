"""Networks that others name otherwise: RobustNets, AMC's MobileNet, the port of RigL's ResNet-50."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from foreign_networks import AmcMobileNet, Conv8, ResNet18, Vgg16, ported_resnet50
from meta_networks import meta_network
from torch import Tensor, nn

from zoo.core.errors import UsageError
from zoo.errors import ForeignFileError
from zoo.importers._making import ImportRequest, converted, import_checkpoint
from zoo.importers._unwrapping import state_of
from zoo.models import load_model

NETWORKS: dict[str, tuple[Callable[[], nn.Module], str, str, int]] = {
    "Conv8": (lambda: Conv8(doubled=True), "robustnets-conv8", "robustnets", 32),
    "cConv8": (lambda: Conv8(doubled=False), "robustnets-conv8", "robustnets", 32),
    "cResNet18": (lambda: ResNet18(affine=True), "robustnets-resnet18", "robustnets", 32),
    "cResNet18, untrained": (lambda: ResNet18(affine=False), "robustnets-resnet18", "robustnets", 32),
    "cVGG16": (lambda: Vgg16(affine=True), "robustnets-vgg16", "robustnets", 32),
    "cVGG16, untrained": (lambda: Vgg16(affine=False), "robustnets-vgg16", "robustnets", 32),
    "AMC": (AmcMobileNet, "mobilenetv1", "amc", 64),
}


def sparse_tuples(state: dict[str, Tensor]) -> dict[str, Any]:
    """As RobustNets stores what is more than half empty: flat positions, values, flat shape, shape."""
    made: dict[str, Any] = dict(state)
    for name, value in state.items():
        if "weight" in name:
            flat = value.reshape(-1)
            places = torch.nonzero(flat).T
            made[name] = (places.int(), flat[places[0]], flat.shape, value.shape)
    return made


SLOW = {"cConv8", "cResNet18", "cVGG16"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in NETWORKS]
)
def test_the_imported_network_computes_what_its_authors_did(name: str, tmp_path: Path) -> None:
    make, architecture, importer, side = NETWORKS[name]
    torch.manual_seed(2)
    theirs = make().eval()
    kept = total = 0
    with torch.no_grad():
        for module in theirs.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.running_mean, -0.1, 0.1)  # type: ignore[arg-type]
                nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
            elif isinstance(module, nn.Conv2d | nn.Linear):
                module.weight *= (torch.rand_like(module.weight) < 0.3) * 3
                kept, total = kept + int(module.weight.count_nonzero()), total + module.weight.numel()
    state = theirs.state_dict()
    torch.save(state if importer == "amc" else sparse_tuples(state), tmp_path / "state.pt")
    done = import_checkpoint(ImportRequest(str(tmp_path / "state.pt"), architecture, tmp_path, image_size=side))
    assert done.source.importers == (importer,)
    images = torch.randn(2, 3, side, side)
    with torch.no_grad():
        torch.testing.assert_close(load_model(done.folder.path)(images), theirs(images), rtol=1e-5, atol=1e-5)
    assert done.passport.prunable_nonzeros == kept
    assert done.passport.prunable_elements == total


def test_the_port_of_rigls_network_is_named_and_meant_as_tensorflows() -> None:
    theirs = dict(ported_resnet50())
    ours = {name: value.shape for name, value in meta_network("resnet50-tf").named_parameters() if "fc." not in name}
    state, layouts = converted({name: torch.empty(shape, device="meta") for name, shape in theirs.items()})
    assert layouts == ("rigl-port",)
    assert {name: value.shape for name, value in state.items() if "fc." not in name} == ours


def test_the_port_does_not_pass_for_an_ordinary_resnet(tmp_path: Path) -> None:
    state = {name: torch.zeros(shape) for name, shape in ported_resnet50() if name.startswith(("initial", "fc"))}
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(UsageError, match="port of RigL's ResNet-50 means another network than resnet50"):
        import_checkpoint(ImportRequest(str(tmp_path / "a.pth"), "resnet50", tmp_path))


def test_an_output_that_is_no_second_name_stays_and_is_reported() -> None:
    state = Conv8(doubled=True).state_dict()
    state["output.weight"] = state["output.weight"] + 1
    assert "output.weight" in converted(state)[0]


FLAT = torch.Size([6])
SHAPE = torch.Size([2, 3])


@pytest.mark.parametrize(
    ("indices", "values", "flat", "words"),
    [
        ([[6]], [1.0], FLAT, "outside or doubled"),
        ([[-1]], [1.0], FLAT, "outside or doubled"),
        ([[1, 1]], [1.0, 2.0], FLAT, "outside or doubled"),
        ([[1, 2]], [1.0], FLAT, "do not fit each other"),
        ([1], [1.0], FLAT, "do not fit each other"),
        ([[1]], [1.0], torch.Size([5]), "do not fit each other"),
    ],
)
def test_indices_that_do_not_fit_are_refused(indices: Any, values: Any, flat: torch.Size, words: str) -> None:
    document = {"a.weight": (torch.tensor(indices, dtype=torch.int32), torch.tensor(values), flat, SHAPE)}
    with pytest.raises(ForeignFileError, match=words):
        state_of(document)


def test_a_shape_that_promises_too_much_is_refused_before_it_is_made() -> None:
    huge = torch.Size([1 << 40])
    document = {"a.weight": (torch.zeros(1, 0, dtype=torch.int32), torch.zeros(0), huge, huge)}
    with pytest.raises(ForeignFileError, match="take 4,398,046,511,104 bytes in memory"):
        state_of(document)


def test_an_empty_tensor_is_all_zero() -> None:
    document = {"a.weight": (torch.zeros(1, 0, dtype=torch.int32), torch.zeros(0), FLAT, SHAPE)}
    state, told = state_of(document)
    assert state["a.weight"].tolist() == [[0.0] * 3] * 2
    assert told == ["tensors stored as indices and values made dense"]
