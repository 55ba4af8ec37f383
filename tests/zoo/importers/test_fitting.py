"""Fitting tensors to an architecture: every difference is listed, and no value changes unseen."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from zoo.checkpoint.config import ModelConfig, Provenance
from zoo.checkpoint.errors import ConfigError, TensorMismatchError
from zoo.checkpoint.folder import read_folder
from zoo.checkpoint.safetensors_file import read_tensors
from zoo.core.errors import UsageError
from zoo.errors import FolderTakenError, ForeignFileError
from zoo.importers._fitting import classes_of, fit
from zoo.importers._making import ImportRequest, import_checkpoint
from zoo.models import build

ARCHITECTURE = "resnet8-digits"


@pytest.fixture
def state() -> dict[str, Tensor]:
    return {name: value.clone() for name, value in build(ARCHITECTURE, 5, seed=3).state_dict().items()}


def saved(state: object, folder: Path) -> str:
    torch.save(state, folder / "model.pth")
    return str(folder / "model.pth")


def test_differences_are_all_listed(state: dict[str, Tensor]) -> None:
    del state["conv1.weight"]
    state["extra.weight"] = torch.ones(1)
    state["bn1.bias"] = torch.ones(3)
    with pytest.raises(TensorMismatchError) as caught:
        fit(build(ARCHITECTURE, 5), state, "fc")
    message = caught.value.message
    assert "missing (1): conv1.weight" in message
    assert "surplus (1): extra.weight" in message
    assert "misshapen (1): bn1.bias is [3], not [8]" in message


def test_another_architecture_is_told_by_its_classifier(state: dict[str, Tensor]) -> None:
    with pytest.raises(TensorMismatchError, match=r"no head\.fc\.weight.*it has: .*conv1\.weight"):
        classes_of(state, "head.fc")


@pytest.mark.parametrize("shape", [(2**16 + 1, 0), (0, 32), (5,)])
def test_a_classifier_of_no_possible_shape_is_refused_before_a_network_is_built(
    shape: tuple[int, ...], state: dict[str, Tensor]
) -> None:
    with pytest.raises(TensorMismatchError, match=r"fc\.weight is \[.*expected \(outputs, inputs\), at most 65,536"):
        classes_of({**state, "fc.weight": torch.zeros(shape)}, "fc")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_without_a_number_are_refused_by_name(value: float, state: dict[str, Tensor]) -> None:
    state["layer1.conv1.weight"][0, 0, 0, 0] = value
    with pytest.raises(ForeignFileError, match=r"NaN or infinity in 1 tensors: layer1\.conv1\.weight"):
        fit(build(ARCHITECTURE, 5), state, "fc")


def test_half_precision_is_widened_exactly_and_double_only_where_nothing_is_lost(state: dict[str, Tensor]) -> None:
    half = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    module = build(ARCHITECTURE, 5)
    told = fit(module, half, "fc")
    floating = sum(value.is_floating_point() for value in state.values())
    assert told == [f"{floating} tensors: float16 as float32"]
    assert torch.equal(module.state_dict()["fc.weight"], state["fc.weight"].half().float())
    state["fc.weight"] = state["fc.weight"].double()
    assert fit(build(ARCHITECTURE, 5), state, "fc") == ["1 tensors: float64 as float32"]
    state["fc.weight"] = state["fc.weight"] + 1e-12
    with pytest.raises(ForeignFileError, match="would not keep its values"):
        fit(build(ARCHITECTURE, 5), state, "fc")


def test_counters_that_old_files_lack_are_zero(state: dict[str, Tensor]) -> None:
    old = {name: value for name, value in state.items() if "num_batches_tracked" not in name}
    module = build(ARCHITECTURE, 5)
    (told,) = fit(module, old, "fc")
    assert "counters num_batches_tracked: 0" in told
    assert {int(v) for k, v in module.state_dict().items() if "num_batches" in k} == {0}


def test_zeros_are_written_without_a_sign_and_the_measure_is_the_claim(
    state: dict[str, Tensor], tmp_path: Path
) -> None:
    state["conv1.weight"].mul_(-0.0)
    done = import_checkpoint(ImportRequest(saved(state, tmp_path), ARCHITECTURE, tmp_path, licence="MIT"))
    tensors = {tensor.name: bytes(tensor.data) for tensor in read_tensors(done.folder.weights)}
    assert set(tensors["conv1.weight"]) == {0}
    prunable = sum(value.numel() for name, value in state.items() if name.endswith("weight") and value.ndim >= 2)
    provenance = read_folder(done.folder.path).provenance
    assert provenance.sparsity_target == 1 - (prunable - 72) / prunable
    assert provenance.slug.startswith(f"imported/{ARCHITECTURE}/0.00-{done.source.sha256[:8]}")
    assert (provenance.epochs, provenance.data_sha256, provenance.licence) == (None, None, "MIT")


def test_a_few_zeros_by_chance_make_no_pruned_network(state: dict[str, Tensor], tmp_path: Path) -> None:
    state["fc.weight"][0, :2] = 0.0
    done = import_checkpoint(ImportRequest(saved(state, tmp_path), ARCHITECTURE, tmp_path, licence="MIT"))
    assert 0 < done.passport.sparsity() < 0.001
    provenance = read_folder(done.folder.path).provenance
    assert (provenance.method, provenance.family, provenance.sparsity_target) == ("dense", "dense", 0.0)


def test_the_number_of_classes_and_the_preprocessing_go_into_the_config(
    state: dict[str, Tensor], tmp_path: Path
) -> None:
    state["fc.weight"], state["fc.bias"] = torch.ones(7, 32), torch.zeros(7)
    request = ImportRequest(
        saved(state, tmp_path), ARCHITECTURE, tmp_path, image_size=16, crop_fraction=0.5, interpolation="bilinear",
        mean=(0.1,), std=(0.2,),
    )  # fmt: skip
    config: ModelConfig = import_checkpoint(request).folder.config
    assert config.num_classes == 7
    assert config.preprocessing.input_size == (1, 16, 16)
    assert (config.preprocessing.crop_fraction, config.preprocessing.interpolation) == (0.5, "bilinear")
    assert (config.preprocessing.mean, config.preprocessing.std) == ((0.1,), (0.2,))
    assert config.positions["conv1"] == 16 * 16


def test_a_slug_that_overstates_is_refused_before_anything_is_written(state: dict[str, Tensor], tmp_path: Path) -> None:
    path = saved(state, tmp_path)
    with pytest.raises(UsageError, match=r"The slug says 0\.90, but 0\.0000 of the prunable weights"):
        import_checkpoint(ImportRequest(path, ARCHITECTURE, tmp_path / "out", slug=f"gmp/{ARCHITECTURE}/0.90"))
    with pytest.raises(UsageError, match="names resnet50"):
        import_checkpoint(ImportRequest(path, ARCHITECTURE, tmp_path / "out", slug="gmp/resnet50/0.00"))
    assert not (tmp_path / "out").exists()


def test_a_pinned_hash_decides_before_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "unreadable"
    path.write_bytes(b"no checkpoint at all")
    with pytest.raises(ForeignFileError, match="hashes to [0-9a-f]{64}, not to 00"):
        import_checkpoint(ImportRequest(str(path), ARCHITECTURE, tmp_path, sha256="00" * 32))
    with pytest.raises(UsageError, match="There is no file"):
        import_checkpoint(ImportRequest(str(tmp_path / "absent.pth"), ARCHITECTURE, tmp_path))


def test_a_folder_that_is_there_is_kept(state: dict[str, Tensor], tmp_path: Path) -> None:
    request = ImportRequest(saved(state, tmp_path), ARCHITECTURE, tmp_path)
    import_checkpoint(request)
    with pytest.raises(FolderTakenError, match="is there already"):
        import_checkpoint(request)
    assert import_checkpoint(ImportRequest(request.source, ARCHITECTURE, tmp_path, overwrite=True)).folder


def test_provenance_without_a_source_is_the_document_it_always_was(state: dict[str, Tensor], tmp_path: Path) -> None:
    done = import_checkpoint(ImportRequest(saved(state, tmp_path), ARCHITECTURE, tmp_path))
    document = done.folder.provenance.to_dict()
    assert document["source"]["importers"] == ["plain"]
    assert Provenance.from_dict(document) == done.folder.provenance
    made = {**document, "source": None, "epochs": 3, "data_sha256": "1" * 64}
    assert "source" not in Provenance.from_dict(made).to_dict()
    with pytest.raises(ConfigError, match="64 hex digits"):
        Provenance.from_dict({**document, "source": {**document["source"], "sha256": "short"}})
