"""What every request of one server shares: the database, the bytes, the keys, the limits."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ..db.session import session_scope
from ..errors import InvalidRecordError
from .queries import objects
from .records import Limits, Repo
from .signing import Signer
from .store import BlobStore


@dataclass(frozen=True)
class Hub:
    """One server; several of them may share one database and one store."""

    engine: Engine
    blobs: BlobStore
    signer: Signer
    base_url: str
    limits: Limits

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one snapshot and cannot write."""
        with session_scope(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes become visible together, or not at all."""
        with session_scope(self.engine, write=True) as session:
            yield session

    def url(self, path: str) -> str:
        """An absolute address; from the configured base, never from what a client calls us."""
        return f"{self.base_url}/{path}"

    def commit_url(self, repo: Repo, oid: str) -> str:
        """Where clients say a commit is; they parse it."""
        return self.url(f"{repo.web_path}/commit/{oid}")


def open_hub(engine: Engine, store: Path, base_url: str, limits: Limits) -> Hub:
    """Open (or found) the store. The schema must be current."""
    blobs = BlobStore(store)
    try:
        key = _signing_key(engine)
    except InvalidRecordError:  # another process founded it between our look and our write
        key = _signing_key(engine)
    return Hub(engine, blobs, Signer(key), base_url.rstrip("/"), limits)


def _signing_key(engine: Engine) -> bytes:
    with session_scope(engine, write=True) as session:
        return objects.open_store(session)
