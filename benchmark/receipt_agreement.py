"""Two receipts of one job that was done twice: the same results?"""

from dataclasses import replace
from pathlib import Path

from registry.blobs import BlobStore
from registry.receipts import Receipt, read_receipt
from registry.settings import Settings, load_settings
from zoo.core.errors import UsageError

from . import noise_floor
from .predictions import Predictions
from .receipt_check import prediction_bytes


def agreement_of_receipts(
    first: Path, second: Path, *, files: Path | None = None, settings: Settings | None = None
) -> noise_floor.Agreement:
    """Compare the predictions of two receipts under the noise floor that was measured here, if one was.

    Raises :class:`~zoo.core.errors.UsageError` for receipts of different jobs, and
    :class:`~registry.errors.BlobError` where predictions are not here.
    """
    settings = settings or load_settings()
    one, other = (read_receipt(path.read_bytes(), str(path)) for path in (first, second))
    if _job(one) != _job(other):
        raise UsageError(
            "The two receipts are of different jobs.", "Weights, task, protocol, seed and data must agree."
        )
    of = one.evaluated
    floor = noise_floor.find(settings, of.model, of.task, of.protocol)
    blobs = BlobStore(settings.blobs)
    return noise_floor.agreement(_predictions(one, files, blobs), _predictions(other, files, blobs), floor)


def _predictions(receipt: Receipt, files: Path | None, blobs: BlobStore) -> dict[str, Predictions]:
    return {
        file.condition: Predictions.from_parquet(prediction_bytes(file, files, blobs)) for file in receipt.predictions
    }


def _job(receipt: Receipt) -> tuple[object, ...]:
    """What makes it the same job; the name of the model may differ from catalogue to catalogue."""
    return replace(receipt.evaluated, model=""), receipt.weights, receipt.config_hash, receipt.data
