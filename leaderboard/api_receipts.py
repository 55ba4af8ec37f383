"""Receipts under /api/v1: the server's public key, signed receipts, and the predictions to check them with."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from registry.blobs import BlobStore
from registry.db.session import session_scope
from registry.errors import BlobMissingError
from registry.queries.predictions import is_prediction, is_shown_job
from registry.receipts import SigningKey, load_key, make_receipt
from registry.receipts.published import PublishedKey

from .errors import NotFoundError
from .paging import MOST
from .settings import SiteSettings
from .web import respond

router = APIRouter(prefix="/api/v1")
JobId = Annotated[int, Path(ge=1, le=MOST, description="The job_id of a result.")]


@router.get("/receipt-key", response_model=PublishedKey)
def receipt_key(request: Request) -> PublishedKey:
    """The Ed25519 key that this server's receipts are signed with: compare it with one that came another way."""
    public = _key(request).public
    return PublishedKey(algorithm="ed25519", key=str(public), id=public.id)


@router.get("/receipts/{job}")
def receipt(request: Request, job: JobId) -> Response:
    """The signed receipt of one evaluation, for: prunarium benchmark verify."""
    key = _key(request)
    with session_scope(request.app.state.engine) as session:
        if not is_shown_job(session, job):
            raise NotFoundError(f"There is no receipt of a job {job}.")
        made = make_receipt(session, job)
    return respond(request, made.signed(key).to_bytes(), "application/json", filename=f"{job}.receipt.json")


@router.get("/predictions/{sha256}", response_class=Response)
def predictions(
    request: Request, sha256: Annotated[str, Path(description="Of a receipt's file.", pattern="^[0-9a-f]{64}$")]
) -> Response:
    """The predictions that a receipt names, as a Parquet file."""
    settings: SiteSettings = request.app.state.settings
    with session_scope(request.app.state.engine) as session:
        known = is_prediction(session, sha256, only_shown=True)
    if not known or settings.blobs is None:
        raise NotFoundError(f"There are no predictions {sha256} here.")
    try:
        data = BlobStore(settings.blobs).get(sha256)
    except BlobMissingError as error:
        raise NotFoundError(f"The predictions {sha256} are not kept any more.") from error
    return Response(data, media_type="application/vnd.apache.parquet")


def signs(settings: SiteSettings) -> bool:
    """Whether this server has a key to sign with."""
    return settings.receipt_key is not None and settings.receipt_key.exists()


def _key(request: Request) -> SigningKey:
    settings: SiteSettings = request.app.state.settings
    if settings.receipt_key is None or not signs(settings):
        raise NotFoundError(
            "This server signs no receipts.", "Its administrator makes a key: prunarium benchmark keygen"
        )
    return load_key(settings.receipt_key)
