"""Reading foreign files: what holds only tensors is read, what could run code is refused and not run."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from zoo.checkpoint.dtypes import from_numpy
from zoo.checkpoint.sparse import write_sparse
from zoo.core.errors import UsageError
from zoo.errors import ForeignFileError
from zoo.importers import _reading
from zoo.importers._making import ImportRequest, import_checkpoint
from zoo.importers._reading import read_document
from zoo.importers._unwrapping import state_of

STATE = {
    "conv.weight": torch.arange(6000.0).reshape(2, 3000) * (torch.arange(3000) % 9 == 0),
    "fc.bias": torch.tensor([-0.0, 1.5]),
}


class Bomb:
    """Runs code when it is unpickled by anything that believes it."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.witness,)


@pytest.mark.parametrize("kind", ["torch", "torch-legacy", "safetensors", "sparse", "npz"])
def test_each_format_gives_its_tensors(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file.any"  # the name decides nothing
    if kind.startswith("torch"):
        torch.save(STATE, path, _use_new_zipfile_serialization=kind == "torch")
    elif kind == "safetensors":
        save_file(STATE, path)
    elif kind == "sparse":
        write_sparse(path, [from_numpy(name, value.numpy()) for name, value in STATE.items()])
    else:
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **{name: value.numpy() for name, value in STATE.items()})
    found = read_document(path)
    assert set(found) == set(STATE)
    for name, value in STATE.items():
        assert torch.equal(found[name], value)
        assert torch.equal(torch.signbit(found[name]), torch.signbit(value))


@pytest.mark.parametrize("kind", ["torch", "torch-legacy", "pickle"])
def test_a_pickle_with_code_is_refused_and_never_run(kind: str, tmp_path: Path) -> None:
    witness, path = tmp_path / "it-ran", tmp_path / "evil.pth"
    document = {"state_dict": STATE, "args": Bomb(witness)}
    if kind == "pickle":
        path.write_bytes(pickle.dumps(document))
    else:
        torch.save(document, path, _use_new_zipfile_serialization=kind == "torch")
    with pytest.raises(ForeignFileError, match="neither|refused") as caught:
        read_document(path)
    assert not witness.exists()
    assert caught.value.hint
    if kind == "torch":
        assert "state_dict()" in caught.value.hint
    assert "weights_only=False" not in str(caught.value)  # torch's own advice would be a bad one


def test_a_blocked_module_is_named_without_the_advice_to_run_it(tmp_path: Path) -> None:
    path = tmp_path / "evil.pth"
    with zipfile.ZipFile(path, "w") as archive:  # as torch.save writes it, with a call of os.system in its place
        archive.writestr("file/data.pkl", b"cposix\nsystem\n(S'true'\ntR.")
        archive.writestr("file/version", "3\n")
    with pytest.raises(ForeignFileError, match=r"more than tensors: Trying .* posix\.system") as caught:
        read_document(path)
    assert "Re-running" not in str(caught.value)


def test_a_whole_module_is_refused_with_what_to_do(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "model.pt")
    with pytest.raises(ForeignFileError, match="more than tensors.*Linear") as caught:
        read_document(tmp_path / "model.pt")
    assert "torch.save(model.state_dict()" in str(caught.value.hint)
    assert "safe_globals" not in str(caught.value)  # torch's own advice would be a bad one


def test_arrays_of_objects_are_refused(tmp_path: Path) -> None:
    witness = tmp_path / "it-ran"
    np.savez(tmp_path / "evil.npz", a=np.array([Bomb(witness)], dtype=object), allow_pickle=True)
    with pytest.raises(ForeignFileError, match="cannot be taken"):
        read_document(tmp_path / "evil.npz")
    assert not witness.exists()


@pytest.mark.parametrize("cut", [0, 1, 7, 40, 300])
@pytest.mark.parametrize("kind", ["torch", "safetensors", "npz"])
def test_a_cut_file_is_one_clear_error(kind: str, cut: int, tmp_path: Path) -> None:
    path = tmp_path / "cut"
    if kind == "torch":
        torch.save(STATE, path)
    elif kind == "safetensors":
        save_file(STATE, path)
    else:
        stream = io.BytesIO()
        np.savez(stream, allow_pickle=False, **{name: value.numpy() for name, value in STATE.items()})
        path.write_bytes(stream.getvalue())
    path.write_bytes(path.read_bytes()[: max(0, min(cut, path.stat().st_size - 1))])
    with pytest.raises(ForeignFileError):
        read_document(path)


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(10_000_000))
    monkeypatch.setattr(_reading, "MAX_FILE_BYTES", 1_000_000)
    with pytest.raises(ForeignFileError, match="unpacks to 10,000,000 bytes"):
        read_document(path)
    monkeypatch.setattr(_reading, "MAX_FILE_BYTES", 100)
    with pytest.raises(ForeignFileError, match="at most 100 are read"):
        read_document(path)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (STATE, []),
        ({"state_dict": STATE, "epoch": 3}, ["taken from 'state_dict'"]),
        ({"model": {"state_dict": STATE}}, ["taken from 'model'", "taken from 'state_dict'"]),
        ({f"module.{name}": value for name, value in STATE.items()}, ["prefix 'module.' removed"]),
        ({f"_orig_mod.module.{name}": value for name, value in STATE.items()}, ["'_orig_mod.'", "'module.'"]),
        ({"model_ema": STATE}, ["taken from 'model_ema'"]),
        ({"n_averaged": torch.tensor(5), **{f"module.{k}": v for k, v in STATE.items()}}, ["n_averaged", "'module.'"]),
        ({**STATE, "epoch": 3}, ["left out, being no tensors of the network: epoch"]),
    ],
    ids=["plain", "state_dict", "nested", "data-parallel", "compiled", "ema-alone", "swa", "beside"],
)
def test_wrappers_are_taken_off_and_named(document: Any, words: list[str]) -> None:
    state, told = state_of(document)
    assert {name: value.tolist() for name, value in state.items()} == {k: v.tolist() for k, v in STATE.items()}
    assert bool(told) == bool(words)
    for word in words:
        assert word in "; ".join(told)


def test_averaged_weights_are_taken_on_request() -> None:
    averaged = {name: value + 1 for name, value in STATE.items()}
    document = {"state_dict": STATE, "state_dict_ema": averaged}
    state, told = state_of(document)
    assert torch.equal(state["conv.weight"], STATE["conv.weight"])
    assert "also holds state_dict_ema" in told[0]
    state, _ = state_of(document, "state_dict_ema")
    assert torch.equal(state["conv.weight"], averaged["conv.weight"])
    with pytest.raises(ForeignFileError, match="no entry 'other', but the entries 'state_dict'"):
        state_of(document, "other")


@pytest.mark.parametrize("document", [None, 3, [STATE], {}, {"epoch": 3}, {"state_dict": {}}, {1: STATE}])
def test_a_file_without_tensors_says_what_it_holds(document: Any) -> None:
    with pytest.raises(ForeignFileError, match="no tensors by name"):
        state_of(document)


@pytest.mark.parametrize(
    "value",
    [
        torch.eye(3).to_sparse(),
        torch.ones(3, 3, device="meta"),
    ],
    ids=["sparse", "meta"],
)
def test_tensors_that_are_not_plain_are_refused_by_name(value: torch.Tensor) -> None:
    with pytest.raises(ForeignFileError, match=r"conv\.weight is no plain dense tensor"):
        state_of({**STATE, "conv.weight": value})


def test_one_number_expanded_to_a_large_tensor_is_refused_before_it_is_made(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.ones(1).expand(2**20, 2**20), "conv.bias": torch.ones(1)}, tmp_path / "bomb.pth")
    assert (tmp_path / "bomb.pth").stat().st_size < 10_000
    with pytest.raises(ForeignFileError, match="take 4,398,046,511,108 bytes in memory"):
        state_of(read_document(tmp_path / "bomb.pth"))


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b"hello, a text", "neither safetensors"), (bytes(range(7, 200)), "neither safetensors"),
     (b"\x80\x02", "not a whole file of torch.save")],
)  # fmt: skip
def test_what_is_no_checkpoint_is_told_for_what_it_is(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "some.pth"
    path.write_bytes(content)
    with pytest.raises(ForeignFileError, match=words):
        read_document(path)


def test_folders_missing_files_and_licences_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "state.pth").touch()
    wanted = {"architecture": "resnet18", "out": tmp_path / "out"}
    for source, words, hint in (
        (tmp_path, "is a folder", "state.pth"), (tmp_path / "no.pth", "There is no file", "https"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=words) as caught:
            import_checkpoint(ImportRequest(source=str(source), **wanted))  # type: ignore[arg-type]
        assert hint in (caught.value.hint or "")
    with pytest.raises(UsageError, match="--licence takes an SPDX identifier, not 'my terms'"):
        import_checkpoint(ImportRequest(source="x", licence="my terms", **wanted))  # type: ignore[arg-type]
