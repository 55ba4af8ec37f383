"""The queue of a server, for a worker that has a token and no database.

Predictions are computed into a folder that lasts as long as their job, uploaded file by file (what the server has is
not sent again), and named by one document. A connection that is cut, or a server that restarts, is waited for.
"""

import re
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from registry.addresses import allowed_hubs
from registry.blobs import BlobStore
from registry.errors import LeaseLostError, ServerError
from registry.pull import pull
from registry.records import JobRecord
from registry.server_address import ServerAddress
from registry.settings import Settings
from registry.sources import RemoteSource
from registry.sources.transport import Transport
from registry.sources.work import Delivered, Ended, Missing, Offered
from registry.work import Offer

from .errors import ModelUnavailableError
from .failures import Failure
from .heartbeat import Heartbeat
from .job import job_of
from .numerics import Numerics
from .owners import this_owner
from .patience import patiently
from .provenance import device
from .results import Outcome
from .run_job import run_job
from .sources import identity_of

T = TypeVar("T")
# A server that restarts, or a night without a network, costs a lease and not the worker.
_PAUSES_SECONDS = (0.2, 1.0, 5.0, 15.0, 30.0, 60.0)
_COMPARED = ("metric", "condition", "value", "missing_reason")
_MEASURED = (*_COMPARED, "n", "ci_low", "ci_high", "interval_method", "no_interval_reason")


class ServerQueue:
    """See :class:`~benchmark.queues.Queue`; ``folders`` holds models that are not fetched from a hub."""

    def __init__(
        self,
        address: ServerAddress,
        token: str,
        settings: Settings,
        *,
        folders: Path | None = None,
        lease_seconds: float = 60.0,
        pauses: tuple[float, ...] = _PAUSES_SECONDS,
    ) -> None:
        address.require_secrecy()
        self._transport = Transport(address, lambda: token)
        self._source = RemoteSource(address, lambda: token)
        self._settings, self._lease_seconds, self._pauses = settings, lease_seconds, pauses
        self._known = {} if folders is None else {identity_of(path): path for path in sorted(folders.iterdir())}
        self._name = re.sub(r"[^A-Za-z0-9._:/-]", "-", this_owner())[:200]
        self._offer: Offer | None = None

    def claim(self) -> JobRecord | None:
        """See :class:`~benchmark.queues.Queue`: the same job again where the answer was lost."""
        told = device(Numerics.of_environment().device)[:200]
        asked = {"worker": self._name, "device": told, "lease_seconds": self._lease_seconds}
        self._offer = self._patiently(partial(self._transport.post, "work/claim", Offered, asked)).offer
        return None if self._offer is None else self._offer.job

    def heartbeat(self, record: JobRecord) -> Heartbeat:
        """See :class:`~benchmark.queues.Queue`."""

        def beat() -> None:
            asked = {"worker": self._name, "lease_seconds": self._lease_seconds}
            self._transport.post(f"{_path(record)}/heartbeat", Ended, asked)

        return Heartbeat(beat, self._lease_seconds, f"job {record.id}")

    def run(self, record: JobRecord) -> bool:
        """See :class:`~benchmark.queues.Queue`."""
        if self._offer is None or self._offer.job != record:
            raise LeaseLostError(f"Job {record.id} is not the one that the server gave out.")
        with TemporaryDirectory(prefix="prunarium-") as folder:
            blobs = BlobStore(f"file://{folder}")
            outcome = run_job(job_of(record), self._folder(self._offer), blobs)
            self._upload(record, outcome, blobs)
        self._patiently(partial(self._transport.post, f"{_path(record)}/deliver", Delivered, self._document(outcome)))
        return True

    def fail(self, record: JobRecord, failure: Failure) -> str:
        """See :class:`~benchmark.queues.Queue`."""
        asked = {"worker": self._name, "kind": failure.kind, "message": failure.message}
        return self._patiently(partial(self._transport.post, f"{_path(record)}/fail", Ended, asked)).state

    def release(self, record: JobRecord) -> None:
        """See :class:`~benchmark.queues.Queue`."""
        self._transport.post(f"{_path(record)}/release", Ended, {"worker": self._name})

    def finished(self, job_ids: tuple[int, ...] | None) -> bool:  # noqa: ARG002 - of the protocol
        """See :class:`~benchmark.queues.Queue`: a server gives out what it likes."""
        return False

    def idle(self) -> bool:
        """See :class:`~benchmark.queues.Queue`: nothing was offered, so there is nothing for this worker."""
        return True

    def leave(self) -> None:
        """See :class:`~benchmark.queues.Queue`: the server stops hearing of it."""

    def _patiently(self, act: Callable[[], T]) -> T:
        return patiently(act, self._pauses)

    def _folder(self, offer: Offer) -> Path:
        """Verified files of the checkpoint: the identity is the server's word, whatever the hub says."""
        wanted = (offer.densified_hash, offer.architecture, offer.preprocessing_hash)
        if wanted in self._known:
            return self._known[wanted]
        allowed = allowed_hubs(self._settings.hub_endpoint)
        newest = next((row for row in offer.revisions if row.hub_endpoint in allowed), None)
        if newest is None:
            raise ModelUnavailableError(
                f"Checkpoint {offer.densified_hash[:15]} is on no hub that is asked here.",
                "Set PRUNARIUM_HUB to the hub of the server, or name a folder of models: --folders DIR",
            )
        token = self._settings.hub_token if newest.hub_endpoint == self._settings.hub_endpoint else None
        target = f"{newest.hub_repo}@{newest.commit_oid}"
        pulled = pull(target, source=self._source, endpoint=newest.hub_endpoint, token=token).path
        if identity_of(pulled) != wanted:
            raise ModelUnavailableError(f"{target} on {newest.hub_endpoint} is not the checkpoint that was asked for.")
        return pulled

    def _upload(self, record: JobRecord, outcome: Outcome, blobs: BlobStore) -> None:
        wanted = sorted({*(one.blob_sha256 for one in outcome.predictions), *_documents(outcome)})
        asked = {"worker": self._name, "sha256": wanted}
        missing = self._patiently(partial(self._transport.post, f"{_path(record)}/missing", Missing, asked))
        for sha256 in missing.sha256:
            path, data = f"{_path(record)}/files/{sha256}", blobs.get(sha256)
            self._patiently(partial(self._transport.put, path, Ended, data, {"worker": self._name}))

    def _document(self, outcome: Outcome) -> dict[str, Any]:
        names = _COMPARED if outcome.predictions else _MEASURED
        kept = ("condition", "blob_sha256", "array_hash", "size_bytes", "n", "sparsity_before", "sparsity_after")
        return {
            "worker": self._name,
            "predictions": [_only(one, kept) for one in outcome.predictions],
            "results": [_only(one, names) for one in outcome.results],
            "provenance": dict(outcome.results[0].provenance),
            "resources": dict(outcome.resources),
        }


def read_token(path: Path | None, environ: str | None) -> str:
    """The worker's token, of a file or of the environment. Raises :class:`~registry.errors.ServerError` without one."""
    if path is None and not environ:
        raise ServerError(
            "A worker of a server needs a token.",
            "Its administrator makes one (prunarium admin worker NAME): PRUNARIUM_WORKER_TOKEN=… or --token-file FILE",
        )
    try:
        return (environ or "") if path is None else path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ServerError(f"{path} cannot be read: {error.strerror}.", "Give the file that holds the token.") from error


def _path(record: JobRecord) -> str:
    return f"work/jobs/{record.id}/{record.attempt}"


def _documents(outcome: Outcome) -> list[str]:
    return list(outcome.results[0].provenance.get("documents", {}).values()) if outcome.results else []


def _only(record: Any, names: tuple[str, ...]) -> dict[str, Any]:
    values = asdict(record)
    return {name: values[name] for name in names}
