"""The metadata of a sparse file: its version, its upgrades, and what a file may ask for."""

import json
from pathlib import Path
from typing import Any

import pytest
from raw_tensors import random_tensor

from zoo.checkpoint.errors import SparseFileError
from zoo.checkpoint.safetensors_file import read_header, write_tensors
from zoo.checkpoint.sparse import header, is_sparse, read_sparse, write_sparse
from zoo.checkpoint.sparse.header import HASH_KEY, TENSORS_KEY, UPGRADES, VERSION, VERSION_KEY, Metadata
from zoo.core.hashing import RawTensor

METADATA = {VERSION_KEY: "1", HASH_KEY: "d1:" + "0" * 64, TENSORS_KEY: '{"w":"U8 [9] all 9 8"}'}


def file_with(path: Path, metadata: Metadata, dtype: str = "U8", shape: tuple[int, ...] = (8,)) -> Path:
    write_tensors(path, [RawTensor("w", dtype, shape, bytes(8))], metadata)
    return path


def test_a_file_is_sparse_by_its_metadata_whatever_its_version_or_name(tmp_path: Path) -> None:
    assert not is_sparse({"format": "pt"})
    assert is_sparse(read_header(file_with(tmp_path / "model.safetensors", {**METADATA, VERSION_KEY: "99"})).metadata)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no hash": ({HASH_KEY: None}, f"{HASH_KEY} or"),
    "no tensors": ({TENSORS_KEY: None}, "is missing"),
    "tensors not JSON": ({TENSORS_KEY: "{"}, "strict JSON"),
    "tensors doubled": ({TENSORS_KEY: '{"w":"U8 [9] all 9 8","w":"U8 [9] all 9 8"}'}, "'w' stands twice"),
    "tensors a list": ({TENSORS_KEY: "[]"}, "map names"),
    "description a number": ({TENSORS_KEY: '{"w":3}'}, "map names"),
    "description malformed": ({TENSORS_KEY: '{"w":"U8"}'}, "tensor 'w': the description 'U8' is malformed"),
    "described but absent": ({TENSORS_KEY: '{"v":"U8 [9] all 9 8"}'}, "'v' is described but not there"),
    "version empty": ({VERSION_KEY: ""}, "no version ''"),
    "version zero": ({VERSION_KEY: "0"}, "no version '0'"),
    "version negative": ({VERSION_KEY: "-1"}, "no version '-1'"),
    "version in other digits": ({VERSION_KEY: "１"}, "no version"),
    "version padded": ({VERSION_KEY: "01"}, "no version '01'"),
    "version without end": ({VERSION_KEY: "1" * 5000}, "no version"),
}


@pytest.mark.parametrize("case", BAD)
def test_malformed_metadata_are_one_clear_error(case: str, tmp_path: Path) -> None:
    changes, message = BAD[case]
    metadata = {key: value for key, value in {**METADATA, **changes}.items() if value is not None}
    with pytest.raises(SparseFileError, match=message) as caught:
        read_sparse(file_with(tmp_path / "bad.safetensors", metadata))
    assert "bad.safetensors" in caught.value.message


@pytest.mark.parametrize(("dtype", "shape"), [("F32", (2,)), ("U8", (2, 4)), ("U8", (8, 1))])
def test_encoded_bytes_must_be_a_row_of_bytes(dtype: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(SparseFileError, match="'w' is described but not a row of bytes"):
        read_sparse(file_with(tmp_path / "w", METADATA, dtype, shape))


def test_a_newer_version_asks_for_an_upgrade_and_nothing_else(tmp_path: Path) -> None:
    path = file_with(tmp_path / "new", {VERSION_KEY: str(VERSION + 1)})
    with pytest.raises(SparseFileError, match=f"version {VERSION + 1} .*up to version {VERSION}") as caught:
        read_sparse(path)
    assert caught.value.hint == "Upgrade prunarium: pip install --upgrade prunarium"


def test_a_file_of_an_older_version_is_upgraded_by_its_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version 0 that never was: it called the descriptions otherwise."""
    tensor = random_tensor("w", "F32", (10_000,), 0.1)
    write_sparse(tmp_path / "1", [tensor])
    stored = [RawTensor("w", "U8", entry.shape, b"") for entry in read_header(tmp_path / "1").entries]
    data = (tmp_path / "1").read_bytes()[read_header(tmp_path / "1").data_start :]
    metadata = dict(read_header(tmp_path / "1").metadata)
    old = {**metadata, VERSION_KEY: "0", "old name": metadata[TENSORS_KEY]}
    del old[TENSORS_KEY]
    write_tensors(tmp_path / "0", [stored[0]._replace(data=data)], old)

    def upgrade(found: Metadata) -> Metadata:
        return {**{key: value for key, value in found.items() if key != "old name"}, TENSORS_KEY: found["old name"]}

    monkeypatch.setitem(UPGRADES, 0, upgrade)
    (read,) = read_sparse(tmp_path / "0", verify=True)
    assert bytes(read.data) == tensor.data


def test_there_is_an_upgrade_from_every_released_version() -> None:
    assert sorted(UPGRADES) == list(range(1, VERSION))


@pytest.mark.parametrize("key", [VERSION_KEY, HASH_KEY, TENSORS_KEY])
def test_metadata_of_the_model_do_not_get_in_the_way_of_ours(key: str, tmp_path: Path) -> None:
    with pytest.raises(SparseFileError, match=key):
        write_sparse(tmp_path / "w", [], {key: "x"})
    assert list(tmp_path.iterdir()) == []


def test_a_file_may_not_ask_for_much_more_than_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elements = header.FREE_BYTES + 10_000 * header.MAX_EXPANSION
    metadata = {**METADATA, TENSORS_KEY: json.dumps({"w": f"U8 [{elements}] gaps 0 88"})}
    with pytest.raises(SparseFileError, match=f"decodes to {elements:,} bytes") as caught:
        read_sparse(file_with(tmp_path / "w", metadata, shape=(8,)))
    assert "dense file" in (caught.value.hint or "")
    monkeypatch.setattr(header, "FREE_BYTES", 1000)
    monkeypatch.setattr(header, "MAX_EXPANSION", 1)
    zeros = RawTensor("w", "U8", (50_000,), bytes(50_000))
    with pytest.raises(SparseFileError, match="decodes to 50,000 bytes"):
        write_sparse(tmp_path / "zeros", [zeros])
    assert not (tmp_path / "zeros").exists()


def test_the_frames_count_against_the_size_too(tmp_path: Path) -> None:
    """Four bytes of gap for each of many values of one byte: the frame is larger than the tensor."""
    elements = header.FREE_BYTES // 2
    metadata = {**METADATA, TENSORS_KEY: json.dumps({"w": f"U8 [{elements}] gaps {elements} 88888"})}
    with pytest.raises(SparseFileError, match="decodes to"):
        read_sparse(file_with(tmp_path / "w", metadata))
