"""One fault at a time gives exactly its code; every code has its fault."""

import io
import json
import pickle
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from network_folders import write_network
from sqlalchemy import Engine

from registry import queries
from registry.cards import CardFacts, model_card
from registry.catalogue_entries import checkpoint_record, model_record
from registry.check import check, expected_tensors, is_pickle
from registry.db.session import session_scope
from registry.declarations import NOTHING_DECLARED, Declared
from registry.declared_check import check_declared
from registry.reasons import REASONS
from registry.report import make_report
from registry.sources import LocalSource
from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.config import ModelConfig, Preprocessing, Provenance
from zoo.checkpoint.dtypes import from_numpy, to_numpy
from zoo.checkpoint.errors import CheckpointError
from zoo.checkpoint.folder import CARD, CONFIG, PASSPORT, PROVENANCE, SPARSE_WEIGHTS, WEIGHTS, ModelFolder, read_folder
from zoo.checkpoint.passport import measure
from zoo.checkpoint.safetensors_file import read_tensors, write_tensors
from zoo.checkpoint.sparse import write_sparse
from zoo.checkpoint.strict import dump_json, read_json
from zoo.checkpoint.torch_io import tensors_of
from zoo.core.hashing import RawTensor
from zoo.models import load_model

Edit = Callable[[ModelFolder], object]


def edit_tensors(change: Callable[[dict[str, RawTensor]], object]) -> Edit:
    def edit(folder: ModelFolder) -> None:
        tensors = {tensor.name: tensor for tensor in read_tensors(folder.weights)}
        change(tensors)
        write_tensors(folder.weights, tensors.values())

    return edit


def edit_provenance(**fields: Any) -> Edit:
    def edit(folder: ModelFolder) -> None:
        (folder.path / PROVENANCE).write_bytes(dump_json({**folder.provenance.to_dict(), **fields}))

    return edit


def edit_config(**fields: Any) -> Edit:
    return lambda folder: write_config(folder.path, replace(folder.config, **fields))


def write_config(path: Path, config: ModelConfig) -> None:
    (path / CONFIG).write_bytes(dump_json(config.to_dict()))


def put(name: str, values: Any) -> Callable[[dict[str, RawTensor]], None]:
    return lambda tensors: tensors.__setitem__(name, from_numpy(name, np.asarray(values)))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def poison(tensors: dict[str, RawTensor]) -> None:
    values = to_numpy(tensors["bn1.running_var"]).copy()
    values[:2] = np.nan, np.inf
    tensors["bn1.running_var"] = from_numpy("bn1.running_var", values)


def write_passport(folder: ModelFolder, document: dict[str, Any]) -> None:
    (folder.path / PASSPORT).write_bytes(dump_json(document))


def edit_passport(**fields: Any) -> Edit:
    return lambda folder: write_passport(folder, {**measure(folder.weights, folder.config).to_json(), **fields})


def edit_layer(folder: ModelFolder) -> None:
    """A document that adds up, with one weight moved from a bias to another."""
    document = measure(folder.weights, folder.config).to_json()
    layers = {layer["name"]: layer for layer in document["layers"]}
    layers["bn1.bias"]["nonzeros"] += 1
    layers["bn1.weight"]["nonzeros"] -= 1
    write_passport(folder, document)


def schema_1(folder: ModelFolder, **fields: Any) -> dict[str, Any]:
    """The document of the first release: no stored denominator, dead channels, encodings or patterns of layers."""
    document = {**measure(folder.weights, folder.config).to_json(), "schema": 1, **fields}
    for name in ("stored_elements", "stored_nonzeros", "dead_channels", "encodings"):
        del document[name]
    del document["sparsity"]["stored"]
    layers = [{k: v for k, v in row.items() if k not in ("pattern", "dead_channels")} for row in document["layers"]]
    return {**document, "layers": layers}


def packed(folder: ModelFolder) -> Path:
    write_sparse(folder.path / SPARSE_WEIGHTS, read_tensors(folder.weights))
    return folder.path / SPARSE_WEIGHTS


def other(folder: ModelFolder) -> list[RawTensor]:
    return read_tensors(write_network(folder.path.parent / "other", sparsity=0.9, seed=1).weights)


def lie_about_hash(path: Path) -> None:
    data = path.read_bytes()
    start = data.index(b"d1:") + 3
    path.write_bytes(data[:start] + b"0" * 64 + data[start + 64 :])


def halve(tensors: dict[str, RawTensor], names: Iterable[str]) -> None:
    for name in names:
        tensors[name] = from_numpy(name, to_numpy(tensors[name]).astype(np.float16))


FAULTS: dict[str, tuple[str, Edit, str]] = {
    "pickle by name": (
        "pickle_present", lambda folder: (folder.path / "optimizer.pt").touch(), "optimizer.pt"),
    "file cut": (
        "bad_safetensors", lambda folder: cut(folder.weights), WEIGHTS),
    "no weights": ("bad_safetensors", lambda folder: folder.weights.unlink(), WEIGHTS),
    "no config": ("preprocessing_missing", lambda folder: (folder.path / CONFIG).unlink(), CONFIG),
    "no provenance": ("bad_description", lambda folder: (folder.path / PROVENANCE).unlink(), PROVENANCE),
    "config not ours": (
        "bad_description", lambda folder: (folder.path / CONFIG).write_text("{}"), "prunarium"),
    "misspelt field": ("bad_description", edit_provenance(sparcity=0.9), "sparcity"),
    "another classifier": ("bad_description", edit_config(classifier="head"), "classifier is 'head'"),
    "timm's name invented": ("bad_description", edit_config(timm_name="resnet50"), "timm_name is 'resnet50'"),
    "colour for a grey network": (
        "bad_description",
        edit_config(preprocessing=Preprocessing((3, 8, 8), (0.5,) * 3, (0.5,) * 3)),
        "input channels is 3"),
    "foreign architecture": ("unknown_architecture", edit_config(architecture="mlp"), "mlp"),
    "tensor missing": (
        "name_mismatch", edit_tensors(lambda tensors: tensors.pop("bn1.bias")), "missing bn1.bias"),
    "tensor surplus": ("name_mismatch", edit_tensors(put("mask", [1.0])), "surplus mask"),
    "tensor renamed": (
        "name_mismatch",
        edit_tensors(lambda tensors: put("head.bias", to_numpy(tensors.pop("fc.bias")))(tensors)),
        "missing fc.bias; surplus head.bias"),
    "wrong shape": (
        "shape_mismatch", edit_tensors(put("bn1.bias", np.zeros(9, np.float32))), r"bn1.bias is \(9,\), not \(8,\)"),
    "wrong classes": (
        "shape_mismatch", edit_config(num_classes=6, class_names=()), r"fc.bias is \(5,\), not \(6,\)"),
    "wrong dtype": (
        "dtype", edit_tensors(put("bn1.bias", np.zeros(8, np.float16))), "bn1.bias is F16, not F32"),
    "NaN in a buffer": ("non_finite", edit_tensors(poison), r"bn1.running_var \(2\)"),
    "sparsity overstated": ("sparsity_claim", edit_provenance(sparsity_target=0.904), "stated 90.40%, measured 90.0"),
    "sparsity understated": ("sparsity_claim", edit_provenance(sparsity_target=0.896 - 0.002), "stated 89.40%"),
    "slug says otherwise": (
        "sparsity_claim", edit_provenance(slug="gmp/resnet8-digits/0.95"), "slug says 0.95, sparsity_target 0.9"),
    "slug of a pattern": (
        "sparsity_claim",
        edit_provenance(slug="gmp/resnet8-digits/2of4"),
        "stated pattern 2:4, measured unstructured"),
    "pattern unheard of": ("sparsity_claim", edit_provenance(pattern="diagonal"), "stated pattern diagonal"),
    "pattern invented": ("sparsity_claim", edit_provenance(pattern="2:4"), "stated pattern 2:4, measured unstructured"),
    "passport of nothing": (
        "passport_claim", lambda folder: (folder.path / PASSPORT).write_text("{}"), "passport.json: schema None"),
    "passport with other counts": ("passport_claim", edit_passport(non_finite=3), "differs in non_finite"),
    "passport of other bytes": (
        "passport_claim", edit_passport(densified_hash="d1:" + "0" * 64), "differs in densified_hash"),
    "passport with a denser layer": ("passport_claim", edit_layer, "differs in nonzeros of bn1.bias"),
    "passport of an old schema, wrong": (
        "passport_claim", lambda folder: write_passport(folder, schema_1(folder, non_finite=3)), "non_finite"),
    "sparse file of another seed": (
        "files_differ",
        lambda folder: write_sparse(folder.path / SPARSE_WEIGHTS, other(folder)),
        "masks: [0-9,]+ of .*; values: "),
    "sparse file of another head": (
        "files_differ",
        lambda folder: write_sparse(folder.path / SPARSE_WEIGHTS, read_tensors(folder.weights)[:-1]),
        "names: only in the first"),
    "sparse file cut": (
        "bad_safetensors",
        lambda folder: cut(packed(folder)),
        SPARSE_WEIGHTS),
    "sparse file under the dense name": (
        "bad_safetensors",
        lambda folder: packed(folder).replace(folder.path / WEIGHTS),
        "model.safetensors: this is the sparse format"),
    "sparse file with a wrong hash": ("bad_safetensors", lambda folder: lie_about_hash(packed(folder)), "hash"),
    "half of it in half precision": (
        "dtype", edit_tensors(lambda tensors: halve(tensors, ["fc.weight"])), "fc.weight is F16, not F32"),
    "integers as floats": (
        "dtype",
        edit_tensors(put("bn1.num_batches_tracked", np.float32(3))),
        "bn1.num_batches_tracked is F32, not I64"),
    "no parent": ("parent_missing", edit_provenance(parent=None), "names no parent"),
    "parent that is no name": ("bad_description", edit_provenance(parent="dense net"), "neither a slug nor a Hub id"),
    "data not told": ("training_data_missing", edit_provenance(data="unknown"), "stated as 'unknown'"),
    "licence nobody knows": ("licence_unknown", edit_provenance(licence="free for all"), "'free for all'"),
    "card with another licence": (
        "card_contradicts",
        lambda folder: (folder.path / CARD).write_text("---\nlicense: mit\n---\n# net\n"),
        "license 'mit', prunarium.json says Apache-2.0"),
    "no licence": ("licence_missing", edit_provenance(licence=None), "names no licence"),
    "empty licence": ("licence_missing", edit_provenance(licence=""), "names no licence"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    return write_network(tmp_path / "model", sparsity=0.9)


def test_a_good_model_passes(folder: ModelFolder) -> None:
    report = check(folder.path)
    assert report.reasons == ()
    assert report.ok
    assert report.passport == measure(folder.weights, folder.config)
    (folder.path / PASSPORT).write_bytes(dump_json(measure(folder.weights, folder.config).to_json()))
    assert check(folder.path).ok


def test_a_card_of_ten_megabytes_is_nobodys_trouble(folder: ModelFolder) -> None:
    (folder.path / CARD).write_text("---\nlicense: mit\n---\n" + "<script>alert(1)</script>" * 400_000)
    assert check(folder.path).ok  # its head is not read: prunarium.json states the licence


def test_the_sparse_file_alone_or_beside_the_dense_one_passes(folder: ModelFolder) -> None:
    both = check(packed(folder).parent)
    folder.weights.unlink()
    alone = check(folder.path)
    assert both.reasons == alone.reasons == ()
    assert both.passport == alone.passport


def test_a_passport_of_the_first_release_passes(folder: ModelFolder) -> None:
    write_passport(folder, schema_1(folder))
    assert check(folder.path).reasons == ()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_throughout_passes_and_loads_to_equal_logits(dtype: torch.dtype, folder: ModelFolder) -> None:
    reference = load_model(folder.path)
    images = torch.randn(4, 1, 8, 8)
    halved = load_model(folder.path).to(dtype)
    write_tensors(folder.weights, tensors_of(halved))
    report = check(folder.path)
    assert report.reasons == ()
    assert report.passport is not None
    assert report.passport.dtypes == tuple(sorted({"I64", "F16" if dtype == torch.float16 else "BF16"}))
    loaded = load_model(folder.path)
    assert all(parameter.dtype == torch.float32 for parameter in loaded.parameters())
    assert torch.equal(loaded(images), halved.float()(images)), "widening rounds nothing"
    torch.testing.assert_close(loaded(images), reference(images), rtol=0.1, atol=0.1)


@pytest.mark.parametrize(
    ("claim", "ok"), [("2:4", True), ("4:8", True), ("8:16", False), ("1:4", False), ("block:1x4", False)]
)
def test_a_wider_pattern_than_the_measured_one_may_be_claimed(claim: str, ok: bool, folder: ModelFolder) -> None:
    generator = np.random.default_rng(0)

    def prune(tensors: dict[str, RawTensor]) -> None:
        for tensor in [
            tensor for tensor in tensors.values() if tensor.name.endswith("weight") and len(tensor.shape) > 1
        ]:
            values = np.array(np.random.default_rng(1).normal(size=tensor.shape), np.float32)
            if tensor.shape[1] % 4 == 0:
                moved = np.moveaxis(values, 1, -1)
                ranks = generator.random((moved.size // 4, 4)).argsort(axis=1).argsort(axis=1)
                moved[(ranks >= 2).reshape(moved.shape)] = 0
            tensors[tensor.name] = from_numpy(tensor.name, values)

    edit_tensors(prune)(folder)
    measured = measure(folder.weights)
    assert measured.pattern == "2:4"
    edit_provenance(pattern=claim, sparsity_target=measured.sparsity(), slug="gmp/resnet8-digits/2of4")(folder)
    assert check(folder.path).ok is ok


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_gives_its_own_code(fault: str, folder: ModelFolder) -> None:
    code, edit, detail = FAULTS[fault]
    edit(folder)
    report = check(folder.path)
    assert not report.ok
    assert {reason.code for reason in report.reasons} == {code}
    assert any(re.search(detail, reason.detail) for reason in report.reasons), report.reasons


def test_every_code_has_its_fault() -> None:
    # A folder is on no hub (test_hub_check.py), in no catalogue (test_intake.py, test_quotas.py), without predictions
    # (test_author_predictions.py), and has nothing beside it (below).
    elsewhere = {
        "not_on_hub", "hub_not_allowed", "too_large", "weights_known", "method_name", "quota_exceeded",
        "predictions_missing", "predictions_unknown", "predictions_unreadable", "predictions_mismatch",
    }  # fmt: skip
    assert {code for code, _, _ in FAULTS.values()} == set(REASONS) - elsewhere


@pytest.mark.parametrize(
    ("declared", "codes"),
    [
        (Declared(method="@ada/Wise pruning"), set()),
        (Declared(method="wise"), {"method_name"}),
        (Declared(method="@ada/<b>"), {"method_name"}),
        (Declared(training_data="ImageNet-1k train"), set()),
        (Declared(training_data=" "), {"training_data_missing"}),
        (Declared(parent="org/dense"), set()),
    ],
)
def test_what_stands_beside_the_files_goes_before_them(
    declared: Declared, codes: set[str], folder: ModelFolder
) -> None:
    assert {reason.code for reason in check(folder.path, declared=declared).reasons} == codes


def test_all_reasons_are_given_at_once_in_one_order(folder: ModelFolder) -> None:
    for fault in ("no licence", "NaN in a buffer", "pickle by name"):
        FAULTS[fault][1](folder)
    assert [reason.code for reason in check(folder.path).reasons] == ["pickle_present", "non_finite", "licence_missing"]


@pytest.mark.parametrize(("shift", "ok"), [(-1, True), (1, True), (2, False)])
def test_a_claim_may_overstate_by_one_weight(shift: int, ok: bool, folder: ModelFolder) -> None:
    passport = measure(folder.weights)
    zeros = passport.prunable_elements - passport.prunable_nonzeros
    edit_provenance(sparsity_target=(zeros + shift) / passport.prunable_elements)(folder)
    assert check(folder.path).ok is ok


@pytest.mark.parametrize(("points", "ok"), [(0.0049, True), (0.0051, False)])
def test_a_claim_may_understate_by_half_a_point(points: float, ok: bool, folder: ModelFolder) -> None:
    edit_provenance(sparsity_target=measure(folder.weights).sparsity() - points, slug="gmp/resnet8-digits/0.90")(folder)
    assert ("sparsity_claim" in {reason.code for reason in check(folder.path).reasons}) is not ok


NASTY: list[Any] = [
    None, True, -1, 0, 2**63 - 1, 1e308, "", "x" * 10_000, "../../etc", "<script>\n---\n| a |", [], [[]], {},
    {"a": {"b": []}},
]  # fmt: skip


# Fields that state what bytes cannot contradict; some nasty values are lawful there.
FREE = {
    "title", "family", "method_config", "replicate", "parent_hash", "data", "data_sha256", "epochs", "training_flops",
    "label_smoothing", "upstream_top1", "config_hash", "code_version", "licence", "packages",
}  # fmt: skip


@pytest.mark.parametrize("name", [CONFIG, PROVENANCE])
@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_no_description_can_break_the_check_or_the_card(name: str, every: int, folder: ModelFolder) -> None:
    """Every field of a submitter's file takes nasty values (all of them, or a third, another one for each field); the
    answer is a report, never an exception.
    """
    assert len(NASTY) % 3, "or each field would take the same third"
    whole = read_json(folder.path / name)
    target = whole["prunarium"] if name == CONFIG else whole
    passed: dict[str, list[Any]] = {}
    for field, value in [(field, value) for field in target for value in NASTY][::every]:
        changed = {**target, field: value}
        document = {**whole, "prunarium": changed} if name == CONFIG else changed
        (folder.path / name).write_bytes(dump_json(document))
        report = check(folder.path)
        if not report.ok or report.passport is None:
            continue
        passed.setdefault(field, []).append(value)
        read = read_folder(folder.path)
        facts = CardFacts(
            repo_id="o/n", config=read.config, provenance=read.provenance, passport=report.passport,
            report=make_report(read.provenance.slug, report.passport, [], []),
        )  # fmt: skip
        text = model_card(facts)
        assert yaml.safe_load(text.split("\n---\n")[0].removeprefix("---"))["library_name"] == "prunarium"
        model_record(read.provenance, "o/n")
    may_pass = {"class_names", "positions", "timm_name"} if name == CONFIG else FREE
    assert set(passed) <= may_pass, passed


def test_a_folder_that_is_not_there_is_an_error_not_a_reason(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such model folder"):
        check(tmp_path / "nowhere")


def test_report_as_json(folder: ModelFolder) -> None:
    FAULTS["no licence"][1](folder)
    document = json.loads(json.dumps(check(folder.path).to_json()))
    assert list(document) == ["ok", "reasons", "passport"]
    assert document["reasons"][0]["code"] == "licence_missing"
    assert document["passport"]["densified_hash"].startswith("d1:")


@pytest.mark.parametrize("architecture", ["resnet8-digits", "mobilenetv1_100"])
def test_networks_of_the_zoo_pass_with_their_own_weights(architecture: str, tmp_path: Path) -> None:
    assert check(write_network(tmp_path / "model", architecture=architecture, classes=3).path).ok


@pytest.mark.parametrize(
    "architecture", ["resnet50", "mobilenetv1", "convnext_tiny", "vit_tiny_patch16_224", "lenet-5"]
)
def test_architectures_are_known_without_memory_for_its_weights(architecture: str) -> None:
    """Built on torch's meta device: names, shapes and dtypes, and a classifier as wide as the classes."""
    entry = ARCHITECTURES[architecture]
    specs = expected_tensors(architecture, 7)
    assert specs[f"{entry.classifier}.weight"].shape[0] == 7
    assert {spec.dtype for spec in specs.values()} <= {"F32", "I64"}


def enter(engine: Engine, folder: ModelFolder) -> None:
    with session_scope(engine, write=True) as session:
        number = queries.upsert_model(session, model_record(folder.provenance, "org/parent"))
        queries.register_checkpoint(session, number, checkpoint_record(folder.config, measure(folder.weights)))


def test_the_catalogue_must_have_the_parent_with_the_named_weights(
    folder: ModelFolder, tmp_path: Path, sqlite_catalogue: Engine
) -> None:
    (reason,) = check(folder.path, engine=sqlite_catalogue).reasons
    assert (reason.code, reason.detail) == ("parent_missing", "dense/resnet8-digits/0.00-s0 is not in the catalogue")
    parent = write_network(tmp_path / "parent")
    enter(sqlite_catalogue, parent)
    assert check(folder.path, engine=sqlite_catalogue).ok
    edit_provenance(parent_hash=measure(parent.weights).densified_hash)(folder)
    assert check(folder.path, engine=sqlite_catalogue).ok
    edit_provenance(parent_hash="d1:" + "0" * 64)(folder)
    (reason,) = check(folder.path, engine=sqlite_catalogue).reasons
    assert (reason.code, "other weights" in reason.detail) == ("parent_missing", True)


@pytest.mark.parametrize(("pruned", "refused"), [("resnet50-tf", []), ("resnet18", ["is a resnet50, not a resnet18"])])
def test_a_parent_is_of_the_same_network_or_of_its_port(
    pruned: str, refused: list[str], folder: ModelFolder, tmp_path: Path, sqlite_catalogue: Engine
) -> None:
    def on(provenance: Provenance, name: str) -> Provenance:
        return replace(provenance, architecture=name, slug=provenance.slug.replace("resnet8-digits", name))

    parent = write_network(tmp_path / "parent")
    enter(sqlite_catalogue, replace(parent, provenance=on(parent.provenance, "resnet50")))
    provenance = replace(on(folder.provenance, pruned), parent=on(parent.provenance, "resnet50").slug)
    reasons = check_declared(folder.path, provenance, NOTHING_DECLARED, LocalSource(sqlite_catalogue))
    assert [reason.detail.partition(" ")[2] for reason in reasons] == refused


def torch_file(**options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save({"w": torch.zeros(1)}, buffer, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("notes.txt", pickle.dumps([1], protocol=2), True),
        ("notes.txt", pickle.dumps([1], protocol=5), True),
        ("weights", torch_file(), True),
        ("weights", torch_file(_use_new_zipfile_serialization=False), True),
        ("pytorch_model.bin", b"", True),
        ("a.PKL", b"", True),
        ("README.md", b"# text", False),
        ("empty", b"", False),
        ("archive.zip", b"PK\x03\x04 not really", False),
        ("model.safetensors", b"\x80\x02" + b"\0" * 6, False),
    ],
)
def test_pickles_are_found_by_name_and_by_content(name: str, content: bytes, expected: bool, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert is_pickle(tmp_path / name) is expected
