"""Receipts as files: kept of every evaluation where there is a key, written for a model's, and read to be checked."""

import re
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import queries
from registry.blobs import BlobStore
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.errors import CatalogueError
from registry.receipts import KEY_FILE, PublicKey, Receipt, SigningKey, load_key, make_receipt, read_receipt
from registry.receipts.published import published_key
from registry.settings import Settings, load_settings
from zoo.core.errors import UsageError
from zoo.core.files import atomic_file

from .errors import NotMeasuredError
from .receipt_check import Evidence, ReceiptReport, check_receipt

KEPT = "receipts"
"""The folder in PRUNARIUM_HOME of the receipts that are written when an evaluation is done."""


def own_key(settings: Settings) -> SigningKey | None:
    """The key of this home, None where nobody has made one; raises :class:`~registry.errors.SigningKeyError` for one
    that cannot be used."""
    path = settings.home / KEY_FILE
    return load_key(path) if path.exists() else None


def keep_receipts(engine: Engine, settings: Settings, key: SigningKey, job_ids: Sequence[int]) -> list[Path]:
    """Write the receipt of each of these finished jobs into this home; what is there is the same, or is renewed."""
    with session_scope(engine) as session:
        return [path for path, _ in _written(session, job_ids, key, settings.home / KEPT)]


def write_receipts(
    model: str,
    out: Path,
    key_file: Path,
    *,
    task: str | None = None,
    protocol: str | None = None,
    seed: int | None = None,
    settings: Settings | None = None,
) -> list[tuple[Path, Receipt]]:
    """Sign and write a receipt for each finished evaluation of a model's current checkpoint that fits.

    Task and protocol as ``name@version`` or the name alone. Raises :class:`~registry.errors.SigningKeyError`, and
    :class:`~benchmark.errors.NotMeasuredError` where nothing fits.
    """
    key = load_key(key_file)
    engine = open_catalogue(settings or load_settings())
    try:
        with session_scope(engine) as session:
            checkpoint = queries.checkpoint_of(session, queries.model_id(session, model))
            jobs = [] if checkpoint is None or checkpoint.id is None else queries.jobs_of(session, checkpoint.id)
            wanted = [
                job.id
                for job in jobs
                if job.state == "done"
                and _named(job.task, task)
                and _named(job.protocol, protocol)
                and seed in (None, job.seed)
            ]
            written = _written(session, wanted, key, out)
    finally:
        engine.dispose()
    if not written:
        raise NotMeasuredError(f"No finished evaluation of {model} fits.", f"prunarium benchmark plan --models {model}")
    return written


def _written(session: Session, job_ids: Sequence[int], key: SigningKey, out: Path) -> list[tuple[Path, Receipt]]:
    receipts = [make_receipt(session, job_id).signed(key) for job_id in job_ids]
    written = [(out / _file_name(receipt), receipt) for receipt in receipts]
    for path, receipt in written:
        with atomic_file(path, shared=True) as temporary:
            temporary.write_bytes(receipt.to_bytes())
    return written


def verify_file(
    file: Path,
    keys: Sequence[str] = (),
    *,
    files: Path | str | None = None,
    weights: Path | None = None,
    settings: Settings | None = None,
) -> ReceiptReport:
    """Check the receipt in a file; ``keys`` (texts, files or servers' addresses) and the key of this home are trusted.

    Raises :class:`~registry.errors.ReceiptError` for a file that is no receipt, and
    :class:`~zoo.core.errors.UsageError` for one that cannot be read.
    """
    settings = settings or load_settings()
    receipt = read_receipt(_read(file), str(file))
    trusted = [_public_key(text) for text in keys]
    if (own := own_key(settings)) is not None:
        trusted.append(own.public)
    try:
        engine = open_catalogue(settings, create=False)
    except CatalogueError:
        engine = None  # whoever checks may have nothing but the files
    try:
        return check_receipt(receipt, Evidence(trusted, BlobStore(settings.blobs), engine, files, weights))
    finally:
        if engine is not None:
            engine.dispose()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", "Name a receipt.") from error


def _public_key(text: str) -> PublicKey:
    """Of its text, of the file that holds it, or of the server that publishes it."""
    if text.startswith(("http://", "https://")):
        return published_key(text)
    path = Path(text)
    return PublicKey.parse(path.read_bytes().decode("utf-8", "replace") if path.is_file() else text)


def _named(reference: str, wanted: str | None) -> bool:
    return wanted is None or wanted in (reference, reference.rpartition("@")[0])


def _file_name(receipt: Receipt) -> str:
    of = receipt.evaluated
    return re.sub(r"[^A-Za-z0-9@.-]+", "_", f"{of.model}--{of.task}--{of.protocol}--{of.seed}") + ".receipt.json"
