"""RigL's TensorFlow checkpoints from file to logits, against RigL's own code run by TensorFlow (see logits.json).

The networks are narrow, which keeps the files small, and whole in depth, so that every tensor has its real name.
"""

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from prunarium.cli import run
from zoo.architectures.resnet_tf import SameMaxPool
from zoo.checkpoint.engines import timm_support
from zoo.checkpoint.errors import TensorMismatchError
from zoo.core.errors import UsageError
from zoo.errors import ForeignFileError
from zoo.importers._bundle import read_bundle
from zoo.importers._making import Imported, ImportRequest, converted, import_checkpoint
from zoo.models import load_model

FILES = Path(__file__).parent / "rigl"
GOLDEN = json.loads((FILES / "logits.json").read_text())["networks"]
NETWORKS = {"resnet50": "resnet50-tf", "resnet50-uniform": "resnet50-tf", "mobilenetv1": "mobilenetv1"}


def imported(name: str, out: Path, source: Path | None = None) -> Imported:
    path = FILES / f"{name}.index" if source is None else source
    return import_checkpoint(ImportRequest(str(path), NETWORKS[name], out, image_size=64))


@pytest.fixture(scope="module")
def resnet50(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return imported("resnet50", tmp_path_factory.mktemp("resnet50"))


def images() -> Tensor:
    values = np.sin(0.37 * np.arange(2 * 64 * 64 * 3)).reshape(2, 64, 64, 3).astype(np.float32)
    return torch.from_numpy(values).permute(0, 3, 1, 2)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_logits_are_those_of_the_authors_code(name: str, resnet50: Imported, tmp_path: Path) -> None:
    done = resnet50 if name == "resnet50" else imported(name, tmp_path)
    assert done.source.importers == ("rigl",)
    with torch.no_grad():
        logits = load_model(done.folder.path)(images())
    torch.testing.assert_close(logits, torch.tensor(GOLDEN[name]["logits"]), rtol=1e-4, atol=1e-5)
    pruned = done.passport.prunable_elements - done.passport.prunable_nonzeros
    assert pruned == GOLDEN[name]["pruned"]  # zeros of TensorFlow's masks; what has no mask has no zero
    (data,) = [line for line in done.source.changes if line.startswith("tensors from")]
    assert f"{name}.data-00000-of-00001, SHA-256 " in data


def test_the_passport_says_that_timm_pads_otherwise(resnet50: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    supported, why = timm_support(resnet50.folder.config)
    assert not supported
    assert "pads the input of its max-pooling on one side" in why
    assert run(["inspect", str(resnet50.folder.path)]) == 0
    assert "RigL's TensorFlow graph" in " ".join(capsys.readouterr().out.split())


def test_another_graph_is_refused_though_its_tensors_are_alike(tmp_path: Path) -> None:
    """With symmetric padding the same weights give other logits, and nothing else would tell."""
    with pytest.raises(UsageError, match="means another network than resnet50") as caught:
        import_checkpoint(ImportRequest(str(FILES / "resnet50.index"), "resnet50", tmp_path))
    assert "--architecture mobilenetv1 or resnet50-tf" in str(caught.value)


@pytest.mark.parametrize("kind", ["npz", "tar.gz"])
def test_an_export_to_numpy_and_the_authors_archive_give_the_same_model(
    kind: str, resnet50: Imported, tmp_path: Path
) -> None:
    path = tmp_path / f"s90erk.{kind}"
    if kind == "npz":
        arrays = {name: value.numpy() for name, value in read_bundle(FILES / "resnet50.index").items()}
        np.savez(path, allow_pickle=False, **arrays)
    else:
        with tarfile.open(path, "w:gz") as archive:
            for file in FILES.glob("resnet50.*"):
                archive.add(file, f"s90erk/{file.name}")
            archive.add(FILES / "logits.json", "s90erk/checkpoint")
    done = imported("resnet50", tmp_path, path)
    assert done.passport.densified_hash == resnet50.passport.densified_hash


def test_what_is_not_understood_is_not_left_out() -> None:
    state = read_bundle(FILES / "resnet50.index")
    state["resnet_model/batch_normalization_53/gamma"] = torch.ones(1)
    state["resnet_model/extra/weights"] = torch.ones(1)
    found, _ = converted(state)
    assert {name for name in found if "/" in name} == {
        "resnet_model/batch_normalization_53/gamma",
        "resnet_model/extra/weights",
    }


def test_a_missing_layer_is_named(tmp_path: Path) -> None:
    state = {name: value.numpy() for name, value in read_bundle(FILES / "resnet50.index").items()}
    del state["resnet_model/bottleneck_2_block_group3_4_1/weights"]
    np.savez(tmp_path / "cut.npz", allow_pickle=False, **state)
    with pytest.raises(TensorMismatchError, match=r"missing .*layer3\.4\.conv2\.weight"):
        imported("resnet50", tmp_path, tmp_path / "cut.npz")


def test_the_stem_of_a_checkpoint_leads_to_its_index(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no file") as caught:
        imported("resnet50", tmp_path, FILES / "resnet50")
    assert str(FILES / "resnet50.index") in str(caught.value)


@pytest.mark.parametrize(("side", "expected"), [(4, [5.0, 7.0]), (5, [1.0, 3.0, 4.0]), (1, [0.0]), (2, [1.0])])
def test_pooling_pads_below_and_to_the_right(side: int, expected: list[float]) -> None:
    """Worked out by hand: windows of even sides start at the first pixel, those of odd sides one before it."""
    row = torch.arange(float(side)) if side != 4 else torch.tensor([1.0, 2.0, 5.0, 7.0])
    pooled = SameMaxPool()(row.expand(1, 1, side, side))
    assert pooled[0, 0, 0].tolist() == expected
    assert torch.equal(SameMaxPool()(row[:, None].expand(1, 1, side, side))[0, 0, :, 0], pooled[0, 0, 0])


def test_pooling_of_negative_values_ignores_the_padding() -> None:
    assert SameMaxPool()(torch.full((1, 1, 4, 4), -2.0)).tolist() == [[[[-2.0] * 2] * 2]]


def write_archive(path: Path, names: list[str], kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.linkname = "/etc/hostname"
            archive.addfile(member)
    return path


@pytest.mark.parametrize(
    ("names", "kind", "words"),
    [
        ([], tarfile.REGTYPE, "found: none"),
        (["a.index", "b/c.index"], tarfile.REGTYPE, "found: a.index, c.index"),
        (["a.index", "b/a.index"], tarfile.REGTYPE, "a.index twice"),
        (["a.index"], tarfile.SYMTYPE, "found: none"),
        (["a.index"], tarfile.LNKTYPE, "found: none"),
        (["a.index"], tarfile.DIRTYPE, "found: none"),
    ],
)
def test_archives_without_one_checkpoint_are_refused(names: list[str], kind: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(ForeignFileError, match=words):
        imported("resnet50", tmp_path, write_archive(tmp_path / "a.tar.gz", names, kind))


def test_an_archive_writes_nowhere_but_its_own_folder(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.tar.gz", ["../../escaped.index", "/escaped.index"])
    with pytest.raises(ForeignFileError, match=r"escaped\.index twice"):
        imported("resnet50", tmp_path, archive)
    assert not list(tmp_path.parent.glob("escaped*"))
    damaged = tmp_path / "b.tar.gz"
    damaged.write_bytes(archive.read_bytes()[:20])
    with pytest.raises(ForeignFileError, match="no archive that can be read"):
        imported("resnet50", tmp_path, damaged)


def test_an_archive_that_grows_too_large_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.importers._tarball.MAX_FILE_BYTES", 1000)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(FILES / "resnet50.index", "a.index")
    with pytest.raises(ForeignFileError, match="unpacks to more than 1,000 bytes"):
        imported("resnet50", tmp_path, tmp_path / "a.tar.gz")


def test_widths_are_those_of_the_files(tmp_path: Path) -> None:
    request = ImportRequest(str(FILES / "mobilenetv1.index"), "mobilenetv1", tmp_path, image_size=64)
    done = import_checkpoint(replace(request, slug="rigl/mobilenetv1/0.26", licence="Apache-2.0"))
    assert done.folder.provenance.family == "regrowth"
    with pytest.raises(UsageError, match=r"slug says 0\.89"):
        import_checkpoint(replace(request, slug="rigl/mobilenetv1/0.89"))
