"""Receipts of real evaluations, checked with everything at hand, with little, and after each thing was changed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kept_predictions import DENSE, OOD, SHIFT, SPARSE, Kept, kept_predictions, pair_of_logits
from model_folders import write_toy
from receipt_samples import rfc_key

from benchmark.errors import NotMeasuredError
from benchmark.metrics import METRICS
from benchmark.receipt_check import Check, Evidence, ReceiptReport, check_receipt
from benchmark.receipt_files import verify_file, write_receipts
from prunarium.cli import run
from registry.blobs import BlobStore
from registry.db.session import session_scope
from registry.errors import ReceiptError, SigningKeyError
from registry.receipts import KEY_FILE, PublicKey, Receipt, load_key, make_key, make_receipt, read_receipt
from zoo.core.errors import UsageError

GOOD, BAD, LABELS = pair_of_logits()
KEY = rfc_key()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_predictions(tmp_path_factory.mktemp("home")) as made:
        made.add(SPARSE, {"": GOOD}, LABELS)
        for condition in ({"fog/1": GOOD, "fog/2": BAD},):
            made.add(SPARSE, condition, LABELS, task=SHIFT, protocol="as-published@1")
        made.add(SPARSE, {"inside": GOOD, "outside": BAD}, None, task=OOD, protocol="as-published@1")
        make_key(made.settings.home / KEY_FILE)
        yield made


def receipt_of(kept: Kept, job: int = 1) -> Receipt:
    with session_scope(kept.engine) as session:
        return make_receipt(session, job).signed(KEY)


def checked(kept: Kept, receipt: Receipt, **given: object) -> ReceiptReport:
    evidence = Evidence([KEY.public], BlobStore(kept.settings.blobs), kept.engine)
    return check_receipt(receipt, replace(evidence, **given))  # type: ignore[arg-type]


def found(report: ReceiptReport, what: str) -> Check:
    return next(check for check in report.checks if check.what == what)


@pytest.mark.parametrize("job", [1, 2, 3])
def test_a_receipt_holds(kept: Kept, job: int) -> None:
    receipt = receipt_of(kept, job)
    assert read_receipt(receipt.to_bytes()) == receipt
    report = checked(kept, receipt)
    assert report.holds
    assert {check.what for check in report.checks if check.state == "not checked"} == {
        "weights and mask", "machine and packages"
    }  # fmt: skip
    assert sum(check.state == "right" for check in report.checks) >= len(receipt.values) + len(receipt.predictions)


def changed(receipt: Receipt, what: str) -> Receipt:
    """One thing forged by whoever has the key."""
    file, value = receipt.predictions[0], receipt.values[0]
    forged = {
        "config_hash": replace(receipt, config_hash="0" * 64),
        "data": replace(receipt, data=dict.fromkeys(receipt.data, "0" * 64)),
        "array_hash": replace(receipt, predictions=(replace(file, array_hash="a1:00"),)),
        "n of the file": replace(receipt, predictions=(replace(file, n=7),)),
        "condition": replace(receipt, predictions=(replace(file, condition="fog/1"),)),
        "value": replace(receipt, values=(replace(value, value=(value.value or 0) + 1e-6),)),
        "missing": replace(receipt, values=(replace(value, value=None, missing_reason="lost"),)),
        "ci_low": replace(receipt, values=(replace(value, ci_low=0.0),)),
        "ci_high": replace(receipt, values=(replace(value, ci_high=1.0),)),
        "n": replace(receipt, values=(replace(value, n=301),)),
        "method": replace(receipt, values=(replace(value, interval_method="student"),)),
        "no such number": replace(receipt, values=(replace(value, condition="snow/5"),)),
    }
    return forged[what].signed(KEY)


@pytest.mark.parametrize(
    ("what", "where"),
    [
        ("config_hash", "configuration"), ("data", "data digits:5-9"), ("array_hash", "predictions"),
        ("n of the file", "predictions"), ("condition", "predictions fog/1"), ("value", "brier@1"),
        ("missing", "brier@1"), ("ci_low", "brier@1"), ("ci_high", "brier@1"), ("n", "brier@1"), ("method", "brier@1"),
        ("no such number", "brier@1 snow/5"),
    ],
)  # fmt: skip
def test_even_the_holder_of_the_key_cannot_forge_what_can_be_checked(kept: Kept, what: str, where: str) -> None:
    report = checked(kept, changed(receipt_of(kept), what))
    assert report.signed == "known"
    assert not report.holds
    assert report.first_difference is not None
    assert report.first_difference.what == where
    assert report.first_difference.detail


def test_other_predictions_under_the_same_name_are_found(kept: Kept, tmp_path: Path) -> None:
    receipt = receipt_of(kept)
    stored = BlobStore(kept.settings.blobs).get(receipt_of(kept, 2).predictions[1].sha256)
    (tmp_path / f"{receipt.predictions[0].sha256}.parquet").write_bytes(stored)
    report = checked(kept, receipt, files=tmp_path)
    assert found(report, "predictions") == Check("predictions", "wrong", "the file has another hash")
    other = receipt_of(kept, 2).predictions[1]
    forged = replace(receipt, predictions=(replace(receipt.predictions[0], sha256=other.sha256),))
    report = checked(kept, forged.signed(KEY))
    assert "array hash" in str(found(report, "predictions").detail)


def test_without_predictions_the_numbers_are_not_checked_and_it_says_so(kept: Kept, tmp_path: Path) -> None:
    report = checked(kept, receipt_of(kept), blobs=BlobStore(f"file://{tmp_path}"))
    assert report.holds
    assert "--files" in str(found(report, "predictions").detail)
    assert "1 files are not here or not right" in str(
        next(check.detail for check in report.checks if "numbers" in check.what)
    )


def test_predictions_of_another_task_give_no_numbers(kept: Kept) -> None:
    receipt = receipt_of(kept)
    moved = replace(receipt, evaluated=replace(receipt.evaluated, task=OOD)).signed(KEY)
    report = checked(kept, moved)
    assert report.first_difference is not None
    assert report.first_difference.what == "numbers"


def test_an_unknown_key_is_not_a_bad_signature(kept: Kept) -> None:
    receipt = receipt_of(kept)
    unknown = checked(kept, receipt, keys=[PublicKey("0" * 64)])
    assert (unknown.signed, unknown.holds, unknown.first_difference) == ("unknown key", False, None)
    assert unknown.key_id == KEY.public.id
    bad = checked(kept, replace(receipt, config_hash="0" * 64))
    assert (bad.signed, bad.holds, bad.checks) == ("bad", False, ())
    assert checked(kept, replace(receipt, signature=None)).signed == "none"


def test_weights_are_hashed_from_their_bytes(kept: Kept, tmp_path: Path) -> None:
    folder = write_toy(tmp_path / "model")
    report = checked(kept, receipt_of(kept), weights=folder.path)
    assert found(report, "densified hash").state == "wrong"
    assert found(report, "mask hash").state == "wrong"
    report = checked(kept, receipt_of(kept), weights=tmp_path / "nothing")
    assert found(report, "weights and mask").state == "not checked"


def test_a_metric_of_another_version_is_not_judged(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = receipt_of(kept)
    monkeypatch.setitem(METRICS._entries, "nll", replace(METRICS["nll"], version=2))
    report = checked(kept, receipt)
    assert found(report, "nll@1").state == "not checked"
    assert report.holds


def test_it_is_written_and_verified_as_a_file(kept: Kept, tmp_path: Path) -> None:
    key = kept.settings.home / KEY_FILE
    written = write_receipts(SPARSE, tmp_path, key, settings=kept.settings)
    assert len(written) == 3
    assert all(verify_file(path, settings=kept.settings).holds for path, _ in written)
    (one,) = write_receipts(SPARSE, tmp_path, key, task="digits-5-9", settings=kept.settings)
    with pytest.raises(NotMeasuredError, match="No finished evaluation"):
        write_receipts(DENSE, tmp_path, key, settings=kept.settings)
    with pytest.raises(SigningKeyError):
        write_receipts(SPARSE, tmp_path, tmp_path / "no.pem", settings=kept.settings)
    with pytest.raises(UsageError, match="cannot be read"):
        verify_file(tmp_path / "nothing.json", settings=kept.settings)
    elsewhere = replace(kept.settings, home=tmp_path / "elsewhere")
    assert verify_file(one[0], settings=elsewhere).signed == "unknown key"
    pinned = tmp_path / "key.pub"
    pinned.write_text(f"{load_key(key).public}\n")
    for trusted in (str(pinned), str(load_key(key).public)):
        assert verify_file(one[0], [trusted], settings=elsewhere).holds
    with pytest.raises(ReceiptError, match="no public key"):
        verify_file(one[0], ["nonsense"], settings=elsewhere)


def test_the_commands(
    kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRUNARIUM_HOME", str(kept.settings.home))
    assert run(["benchmark", "keygen"]) == 1
    assert run(["benchmark", "keygen", "--key-file", str(tmp_path / "k.pem"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["key"].startswith("ed25519:")
    assert run(["benchmark", "receipt", SPARSE, "--task", "digits-5-9", "--out", str(tmp_path), "--json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)
    file = Path(document["file"])
    assert run(["benchmark", "verify", str(file)]) == 0
    assert "which you trust" in capsys.readouterr().err
    assert run(["benchmark", "verify", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["holds"] is True
    file.write_bytes(file.read_bytes().replace(b'"seed":0', b'"seed":1'))
    assert run(["benchmark", "verify", str(file)]) == 1
    assert "the receipt was changed" in capsys.readouterr().err
    signed = changed(receipt_of(kept), "value")
    file.write_bytes(signed.to_bytes())
    assert run(["benchmark", "verify", str(file), "--key", str(KEY.public)]) == 1
    assert "It does not hold: brier@1: value: the receipt says" in capsys.readouterr().err


def test_checking_needs_no_torch(kept: Kept, tmp_path: Path) -> None:
    ((path, _),) = write_receipts(
        SPARSE, tmp_path, kept.settings.home / KEY_FILE, task="digits-5-9", settings=kept.settings
    )
    code = (
        "import sys, pathlib; from benchmark.receipt_files import verify_file;"
        "print(verify_file(pathlib.Path(sys.argv[1])).holds, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True,
        env={"PRUNARIUM_HOME": str(kept.settings.home), "PATH": ""},
    )  # fmt: skip
    assert done.stdout == "True False\n"


def test_a_job_that_is_not_done_has_none(tmp_path: Path) -> None:
    from registry import jobs

    with kept_predictions(tmp_path) as made:
        with session_scope(made.engine, write=True) as session:
            job, _ = jobs.enqueue(session, made.checkpoints[SPARSE], "digits-5-9@1", "linear@1", 0)
        with session_scope(made.engine) as session, pytest.raises(ReceiptError, match="is queued"):
            make_receipt(session, job)


def test_what_was_measured_and_not_predicted_is_said(kept: Kept) -> None:
    receipt = replace(receipt_of(kept), predictions=()).signed(KEY)
    report = checked(kept, receipt)
    assert np.all([check.state != "wrong" for check in report.checks])
    assert "measured, not predicted" in str(report.checks[-1].detail)
