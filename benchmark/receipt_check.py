"""Check a receipt: its signature, every hash whose bytes are here, and every number, scored again from predictions.

On any CPU, without torch, models or images. What cannot be checked here is said, with what it would take.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Engine

from registry import queries
from registry.blobs import BlobStore
from registry.db.session import session_scope
from registry.errors import BlobError, ServerError
from registry.receipts import PredictionFile, PublicKey, Receipt, Value
from registry.receipts.published import published_predictions
from zoo.checkpoint.errors import CheckpointError
from zoo.checkpoint.folder import read_folder
from zoo.checkpoint.passport import measure
from zoo.core.canonical import config_hash
from zoo.core.errors import UsageError

from .errors import BenchmarkError
from .metrics import METRICS
from .predictions import Predictions
from .rescore import same_number
from .scoring import score
from .tasks import Task, find_task

State = Literal["right", "wrong", "not checked"]
Signed = Literal["known", "unknown key", "bad", "none"]


@dataclass(frozen=True)
class Check:
    """One thing that the receipt says: ``detail`` is how it differs, or what it would take to check it."""

    what: str
    state: State
    detail: str | None = None


@dataclass(frozen=True)
class ReceiptReport:
    """``signed`` is *known* for a key that the caller trusts, *unknown key* where only the mathematics are right."""

    evaluated: Mapping[str, Any]
    key: str | None
    key_id: str | None
    signed: Signed
    checks: tuple[Check, ...]

    @property
    def first_difference(self) -> Check | None:
        """The first thing that is wrong, in the order of the receipt."""
        return next((check for check in self.checks if check.state == "wrong"), None)

    @property
    def holds(self) -> bool:
        """A signature that is known, and nothing that is wrong."""
        return self.signed == "known" and self.first_difference is None

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return {**asdict(self), "holds": self.holds, "checks": [asdict(check) for check in self.checks]}


@dataclass(frozen=True)
class Evidence:
    """What there is to check with.

    Keys that are trusted, blobs, the catalogue, the model's folder; ``files`` is a folder of prediction files named by
    their SHA-256, or the address of a server that has them.
    """

    keys: Sequence[PublicKey]
    blobs: BlobStore
    engine: Engine | None = None
    files: Path | str | None = None
    weights: Path | None = None


def check_receipt(receipt: Receipt, evidence: Evidence) -> ReceiptReport:
    """Everything that can be checked. A signature that is bad ends it: nothing that it says is worth checking."""
    key = receipt.key
    signed = _signed(receipt, evidence.keys)
    checks: tuple[Check, ...] = ()
    if signed in ("known", "unknown key"):
        checks = tuple(_checks(receipt, evidence))
    return ReceiptReport(
        evaluated=asdict(receipt.evaluated),
        key=None if key is None else str(key),
        key_id=None if key is None else key.id,
        signed=signed,
        checks=checks,
    )


def _signed(receipt: Receipt, trusted: Sequence[PublicKey]) -> Signed:
    if receipt.signature is None:
        return "none"
    if not receipt.is_signed_well():
        return "bad"
    return "known" if receipt.key in trusted else "unknown key"


def _checks(receipt: Receipt, evidence: Evidence) -> Iterator[Check]:
    yield from _weights(receipt, evidence)
    yield _config(receipt, evidence)
    task = _task(receipt)
    yield from _data(receipt, task)
    yield Check("machine and packages", "not checked", "they are stated by who measured, and leave no trace elsewhere")
    found: dict[str, Predictions] = {}
    for file in receipt.predictions:
        predictions = _read(file, evidence)
        if isinstance(predictions, Predictions):
            check = _compared_file(file, predictions)
            if check.state == "right":
                found[file.condition] = predictions
            yield check
        else:
            yield predictions
    yield from _values(receipt, task, found)


def _weights(receipt: Receipt, evidence: Evidence) -> Iterator[Check]:
    if evidence.weights is None:
        yield Check("weights and mask", "not checked", "name the model's folder: --weights FOLDER")
        return
    try:
        folder = read_folder(evidence.weights)
        passport = measure(folder.weights, folder.config)
    except CheckpointError as error:
        yield Check("weights and mask", "not checked", f"the folder cannot be read: {error.message}")
        return
    for name, stated in asdict(receipt.weights).items():
        yield _compared(name.replace("_", " "), stated, getattr(passport, name))


def _config(receipt: Receipt, evidence: Evidence) -> Check:
    """The configuration of the protocol's version, as this catalogue has it."""
    what, protocol = "configuration", receipt.evaluated.protocol
    if evidence.engine is None:
        return Check(what, "not checked", "there is no catalogue here: prunarium benchmark sync")
    with session_scope(evidence.engine) as session:
        record = queries.get_protocol(session, protocol)
    if record is None or "config" not in record.facts:
        return Check(what, "not checked", f"this catalogue does not know {protocol}: prunarium benchmark sync")
    return _compared(what, receipt.config_hash, config_hash(protocol, record.facts["config"]))


def _task(receipt: Receipt) -> Task | None:
    try:
        return find_task(receipt.evaluated.task)
    except UsageError:
        return None


def _data(receipt: Receipt, task: Task | None) -> Iterator[Check]:
    """Against the task's frozen metadata, which every evaluation is refused for that has other images."""
    frozen = {} if task is None else task.data_sha256()
    for name, stated in receipt.data.items():
        if name in frozen:
            yield _compared(f"data {name}", stated, frozen[name])
        else:
            yield Check(
                f"data {name}", "not checked", f"this version does not know it as data of {receipt.evaluated.task}"
            )


def _read(file: PredictionFile, evidence: Evidence) -> Predictions | Check:
    """The predictions whose file has the stated hash, or why there are none."""
    what = _predictions_of(file)
    try:
        data = prediction_bytes(file, evidence.files, evidence.blobs)
    except (BlobError, ServerError) as error:
        return Check(what, "not checked", f"{error.message} Where is it? --files FOLDER, or a server's address")
    if hashlib.sha256(data).hexdigest() != file.sha256:
        return Check(what, "wrong", "the file has another hash")
    try:
        return Predictions.from_parquet(data)
    except BenchmarkError as error:
        return Check(what, "wrong", error.message)


def prediction_bytes(file: PredictionFile, files: Path | str | None, blobs: BlobStore) -> bytes:
    """A receipt's predictions: from the folder ``files``, else from the blob store, else from the server ``files``.

    Raises :class:`~registry.errors.BlobError` or :class:`~registry.errors.ServerError` where they are nowhere.
    """
    if isinstance(files, Path):
        for name in (file.sha256, f"{file.sha256}.parquet"):
            if (path := files / name).is_file():
                return path.read_bytes()
    if isinstance(files, str) and not blobs.exists(file.sha256):
        return published_predictions(files, file)
    return blobs.get(file.sha256)


def _compared_file(file: PredictionFile, found: Predictions) -> Check:
    what = _predictions_of(file)
    stated = {"array hash": file.array_hash, "condition": file.condition, "number of images": file.n}
    actual = {"array hash": found.array_hash(), "condition": found.condition, "number of images": len(found)}
    wrong = next((name for name in stated if stated[name] != actual[name]), None)
    if wrong is None:
        return Check(what, "right")
    return Check(what, "wrong", f"{wrong}: the receipt says {stated[wrong]}, the file has {actual[wrong]}")


def _predictions_of(file: PredictionFile) -> str:
    return f"predictions {file.condition}" if file.condition else "predictions"


def _values(receipt: Receipt, task: Task | None, found: Mapping[str, Predictions]) -> Iterator[Check]:
    reason = _not_scored(receipt, task, found)
    if reason is not None or task is None:
        yield Check(f"{len(receipt.values)} numbers", "not checked", reason)
        return
    try:
        cells = score(task, found)
    except (KeyError, BenchmarkError) as error:
        yield Check("numbers", "wrong", f"these are not the predictions that {task.id} is scored from ({error})")
        return
    again = {(f"{cell.measured.metric}@{cell.measured.version}", cell.condition): cell.measured for cell in cells}
    for value in receipt.values:
        measured = again.get((value.metric, value.condition))
        what = f"{value.metric} {value.condition}".strip()
        if measured is not None:
            differs = _difference(value, asdict(measured))
            yield Check(what, "right" if differs is None else "wrong", differs)
        elif value.metric in {f"{metric.name}@{metric.version}" for _, metric in METRICS.items()}:
            yield Check(what, "wrong", "these predictions have no such number")
        else:
            yield Check(what, "not checked", f"this version of Prunarium has no {value.metric}")


def _not_scored(receipt: Receipt, task: Task | None, found: Mapping[str, Predictions]) -> str | None:
    if not receipt.predictions:
        return "they were measured, not predicted: only the same job can measure them again"
    if task is None:
        return f"this version of Prunarium does not know {receipt.evaluated.task}"
    absent = [file for file in receipt.predictions if file.condition not in found]
    return f"they need all predictions, and {len(absent)} files are not here or not right" if absent else None


def _difference(value: Value, measured: Mapping[str, Any]) -> str | None:
    """How a number of the receipt differs from the one that was scored again, or None."""
    for name in ("value", "ci_low", "ci_high"):
        if not same_number(getattr(value, name), measured[name]):
            return f"{name}: the receipt says {getattr(value, name)}, its predictions give {measured[name]}"
    for name in ("n", "missing_reason", "interval_method", "no_interval_reason"):
        if getattr(value, name) != measured[name]:
            return f"{name}: the receipt says {getattr(value, name)!r}, its predictions give {measured[name]!r}"
    return None


def _compared(what: str, stated: object, found: object) -> Check:
    if stated == found:
        return Check(what, "right")
    return Check(what, "wrong", f"the receipt says {stated}, found {found}")
