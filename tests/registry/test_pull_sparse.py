"""Two weight files on the hub, one of them pulled: which one, what is made of it, and what a false one can do."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from meddling_hub import MeddlingHub, meddling_hub
from model_folders import write_toy
from shops import Shop, damage
from sqlalchemy import Engine

from registry.errors import CorruptDownloadError, HubUnavailableError, NotOnHubError, WrongModelError
from registry.hub_client import digests_of
from zoo.checkpoint.folder import CONFIG, PASSPORT, SPARSE_WEIGHTS, WEIGHTS
from zoo.checkpoint.safetensors_file import encode_header, read_header, read_tensors, write_tensors
from zoo.checkpoint.sparse import write_sparse
from zoo.core.errors import UsageError
from zoo.core.hashing import RawTensor
from zoo.models import load_model

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def between(sparse_shop: Shop) -> Iterator[MeddlingHub]:
    with meddling_hub(sparse_shop.hub.endpoint) as hub:
        yield hub


@pytest.fixture
def target(sparse_shop: Shop, between: MeddlingHub) -> str:
    return sparse_shop.address(between.endpoint)


def fetched(between: MeddlingHub) -> list[str]:
    """The weight files that the hub was asked for."""
    return [reply.path.rpartition("/")[2] for reply, _ in between.sent if reply.is_weights]


def test_the_sparse_file_alone_is_fetched(sparse_shop: Shop, between: MeddlingHub, target: str, tmp_path: Path) -> None:
    got = sparse_shop.pull(target)
    assert fetched(between) == [SPARSE_WEIGHTS]
    assert (got.weights, got.held, got.verified_by) == (SPARSE_WEIGHTS, (SPARSE_WEIGHTS, WEIGHTS), "catalogue")
    assert not (got.path / WEIGHTS).exists()
    assert (got.path / SPARSE_WEIGHTS).stat().st_size < sparse_shop.source.weights.stat().st_size / 2
    out = sparse_shop.pull(target, out=tmp_path / "out").path
    assert {path.name for path in out.glob("*.safetensors")} == {SPARSE_WEIGHTS}
    images = torch.rand(2, 1, 8, 8)
    assert torch.equal(load_model(out)(images), load_model(sparse_shop.source.path)(images))


def test_the_dense_file_is_made_of_the_sparse_one_that_is_here(
    sparse_shop: Shop, between: MeddlingHub, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sparse_shop.pull(target)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    got = sparse_shop.pull(target, dense=True)
    assert (got.weights, got.from_cache) == (WEIGHTS, True)
    assert fetched(between) == [SPARSE_WEIGHTS]
    assert (got.path / WEIGHTS).read_bytes() == sparse_shop.source.weights.read_bytes()
    assert sparse_shop.blob(WEIGHTS).name == digests_of(sparse_shop.source.weights).sha256
    assert sparse_shop.leftovers() == []
    assert sparse_shop.pull(target, dense=True).from_cache


def test_without_the_sparse_one_the_dense_file_comes_from_the_hub(
    sparse_shop: Shop, between: MeddlingHub, target: str, tmp_path: Path
) -> None:
    got = sparse_shop.pull(target, dense=True, out=tmp_path / "out")
    assert fetched(between) == [WEIGHTS]
    assert {path.name for path in got.path.glob("*.safetensors")} == {WEIGHTS}
    assert (got.path / WEIGHTS).read_bytes() == sparse_shop.source.weights.read_bytes()


def test_a_sparse_file_that_is_damaged_here_is_not_unpacked(
    sparse_shop: Shop, between: MeddlingHub, target: str
) -> None:
    sparse_shop.pull(target)
    damage(sparse_shop.blob(SPARSE_WEIGHTS))
    got = sparse_shop.pull(target, dense=True)
    assert (got.path / WEIGHTS).read_bytes() == sparse_shop.source.weights.read_bytes()
    assert fetched(between) == [SPARSE_WEIGHTS, WEIGHTS, SPARSE_WEIGHTS], "the damaged one was replaced as well"


@pytest.mark.parametrize("name", [SPARSE_WEIGHTS, WEIGHTS])
def test_whichever_file_lies_in_the_folder_is_verified(
    name: str, sparse_shop: Shop, between: MeddlingHub, target: str
) -> None:
    """Whoever reads the folder may take either; a dense one may be there from timm."""
    sparse_shop.pull(target)
    sparse_shop.pull(target, dense=True)
    intact = (sparse_shop.blob(name)).read_bytes()
    damage(sparse_shop.blob(name))
    got = sparse_shop.pull(target)
    assert (got.path / name).read_bytes() == intact
    assert not got.from_cache


def test_a_dense_file_of_another_layout_is_fetched_not_made(
    sparse_shop: Shop, between: MeddlingHub, empty_catalogue: Engine, tmp_path: Path
) -> None:
    tensors = read_tensors(sparse_shop.source.weights)
    write_tensors(tmp_path / WEIGHTS, tensors, {"made": "elsewhere"})
    write_sparse(tmp_path / SPARSE_WEIGHTS, tensors)
    files = {name: tmp_path / name for name in (WEIGHTS, SPARSE_WEIGHTS)}
    repo_id, _ = sparse_shop.upload("other-layout", {**files})
    sparse_shop.pull(repo_id, endpoint=between.endpoint, engine=empty_catalogue)
    got = sparse_shop.pull(repo_id, endpoint=between.endpoint, engine=empty_catalogue, dense=True)
    assert fetched(between) == [SPARSE_WEIGHTS, WEIGHTS]
    assert (got.path / WEIGHTS).read_bytes() == (tmp_path / WEIGHTS).read_bytes()
    assert got.verified_by == "hub"
    assert sparse_shop.leftovers() == []


def test_two_files_that_are_not_one_model_are_refused(
    sparse_shop: Shop, empty_catalogue: Engine, tmp_path: Path
) -> None:
    toy = write_toy(tmp_path / "toy")
    write_sparse(tmp_path / SPARSE_WEIGHTS, read_tensors(sparse_shop.source.weights))
    repo_id, _ = sparse_shop.upload("two-models", {WEIGHTS: toy.weights, SPARSE_WEIGHTS: tmp_path / SPARSE_WEIGHTS})
    sparse_shop.pull(repo_id, engine=empty_catalogue)
    with pytest.raises(WrongModelError, match="are different models"):
        sparse_shop.pull(repo_id, engine=empty_catalogue, dense=True)


def test_a_repository_with_the_sparse_file_alone_has_no_dense_one(sparse_shop: Shop, tmp_path: Path) -> None:
    write_sparse(tmp_path / SPARSE_WEIGHTS, read_tensors(sparse_shop.source.weights))
    repo_id, _ = sparse_shop.upload("sparse-only", {SPARSE_WEIGHTS: tmp_path / SPARSE_WEIGHTS})
    assert sparse_shop.pull(repo_id).held == (SPARSE_WEIGHTS,)
    with pytest.raises(NotOnHubError) as caught:
        sparse_shop.pull(repo_id, dense=True)
    assert "prunarium unpack" in str(caught.value.hint)


def test_the_folder_changes_from_one_file_to_the_other_but_never_to_another_model(
    sparse_shop: Shop, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    sparse_shop.pull(out=out)
    sparse_shop.pull(out=out, dense=True)
    assert {path.name for path in out.glob("*.safetensors")} == {WEIGHTS}
    toy = write_toy(tmp_path / "toy")
    (out / WEIGHTS).write_bytes(toy.weights.read_bytes())
    with pytest.raises(UsageError, match=f"{out} holds another model"):
        sparse_shop.pull(out=out)
    assert (out / WEIGHTS).read_bytes() == toy.weights.read_bytes()


def test_a_sparse_transfer_that_was_cut_goes_on(sparse_shop: Shop, between: MeddlingHub, target: str) -> None:
    between.cut = lambda reply, length: (
        None if not reply.is_weights else length - 100 if between.weights_bytes() == 0 else 0
    )
    with pytest.raises(HubUnavailableError, match="ended the transfer"):
        sparse_shop.pull(target)
    before = between.weights_bytes()
    between.cut = lambda _reply, _length: None
    assert sparse_shop.pull(target).weights == SPARSE_WEIGHTS
    assert between.weights_bytes() - before == 100


def test_a_wrong_sparse_file_of_the_right_size_never_reaches_the_cache(
    sparse_shop: Shop, between: MeddlingHub, target: str
) -> None:
    between.meddle = lambda reply: (
        replace(reply, status=200).with_body(reply.body[:-1] + b"\0") if reply.is_weights else reply
    )
    with pytest.raises(CorruptDownloadError, match="damaged twice"):
        sparse_shop.pull(target)
    assert not list(sparse_shop.cached.glob("snapshots/*/*.safetensors"))
    assert sparse_shop.leftovers() == []


def lie_about_the_hash(path: Path) -> None:
    """Say in the header that the tensors are others."""
    content = path.read_bytes()
    at = content.index(b"d1:") + 3
    path.write_bytes(content[:at] + b"0" * 64 + content[at + 64 :])


def bomb(path: Path) -> None:
    """A few bytes that claim to be a gigabyte."""
    import zstandard

    honest = [RawTensor("weight", "F32", (1 << 16,), np.zeros(1 << 16, np.float32).tobytes())]
    write_sparse(path, honest)
    header = read_header(path)
    metadata = {key: value.replace("65536", str(1 << 28)) for key, value in header.metadata.items()}
    frame = zstandard.ZstdCompressor().compress(bytes(1 << 28))
    start = encode_header([("weight", "U8", (len(frame),), len(frame))], metadata)
    path.write_bytes(start + frame)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        (lie_about_the_hash, "claims the densified hash d1:0000"),
        (bomb, "decodes to 1,073,741,824 bytes"),
        (truncate, "the tensors take"),
    ],
)
def test_a_hub_that_tells_the_digest_of_a_false_sparse_file(
    lie: Any, message: str, sparse_shop: Shop, empty_catalogue: Engine, tmp_path: Path
) -> None:
    """Its bytes are those that the hub names, so that only reading them tells."""
    write_sparse(tmp_path / SPARSE_WEIGHTS, read_tensors(sparse_shop.source.weights))
    lie(tmp_path / SPARSE_WEIGHTS)
    repo_id, _ = sparse_shop.upload(f"false-{lie.__name__.replace('_', '-')}", {
        SPARSE_WEIGHTS: tmp_path / SPARSE_WEIGHTS, CONFIG: sparse_shop.source.path / CONFIG})  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WrongModelError, match=f"has no readable weights: .*{message}"):
        sparse_shop.pull(repo_id, engine=empty_catalogue, out=tmp_path / "out")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB, of a claimed GiB
    assert not (tmp_path / "out").exists()


MEASURE = """
import resource, sys
from pathlib import Path
from registry.verify import hash_of_weights
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(hash_of_weights(Path(sys.argv[1])), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_verifying_holds_one_tensor_at_a_time(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    tensors = []
    for number in range(12):
        weights = generator.standard_normal(1 << 19, dtype=np.float32) * (generator.random(1 << 19) < 0.1)
        tensors.append(RawTensor(f"layer{number:02}", "F32", (1 << 19,), weights.astype("<f4").tobytes()))
    write_tensors(tmp_path / WEIGHTS, tensors)
    write_sparse(tmp_path / SPARSE_WEIGHTS, tensors)
    hashes = set()
    for name in (WEIGHTS, SPARSE_WEIGHTS):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(tmp_path / name)], capture_output=True, text=True, check=True
        )
        found, grown_kib = done.stdout.split()
        hashes.add(found)
        assert int(grown_kib) * 1024 < 12 * 2**20, f"{name}: of 24 MiB in tensors of 2 MiB"
    assert len(hashes) == 1


def test_passports_of_both_kinds_of_pull_are_one(sparse_shop: Shop, tmp_path: Path) -> None:
    rows = [sparse_shop.pull(out=tmp_path / str(dense), dense=dense) for dense in (False, True)]
    assert len({row.densified_hash for row in rows}) == 1
    documents = [json.loads((row.path / PASSPORT).read_text()) for row in rows]
    assert documents[0] == documents[1]
