"""The published rows that come with the package, as a catalogue in memory: for a machine that has nothing else."""

import weakref
from threading import Lock
from typing import NoReturn

from ..db.schema import upgrade
from ..db.session import make_engine, session_scope
from ..errors import ReadOnlySourceError
from ..records import ModelPage
from ..reported import load_reported
from ..submission_rules import Edit
from .local import LocalSource
from .source import Entry, Holding
from .submitted import SubmissionList, SubmissionRequest, SubmissionStatus, SubmissionView, Submitted


class SnapshotSource:
    """The :class:`~registry.sources.Source` of last resort. It is made on the first question (half a second)."""

    def __init__(self) -> None:
        self._made: LocalSource | None = None
        self._lock = Lock()  # a database in memory has one connection

    @property
    def description(self) -> str:
        """What the rows are."""
        return "the published rows that came with this package"

    def models(self, query: str = "", *, limit: int = 50, offset: int = 0) -> ModelPage:
        """See :class:`~registry.sources.Source`."""
        with self._lock:
            return self._rows().models(query, limit=limit, offset=offset)

    def entry(self, name: str) -> Entry:
        """See :class:`~registry.sources.Source`."""
        with self._lock:
            return self._rows().entry(name)

    def holding(self, hub_repo: str, commit: str) -> Holding | None:
        """See :class:`~registry.sources.Source`."""
        with self._lock:
            return self._rows().holding(hub_repo, commit)

    def submit(self, request: SubmissionRequest) -> Submitted:
        """Always raises :class:`~registry.errors.ReadOnlySourceError`, with what to do."""
        _refuse(f"{request.model} cannot be submitted to")

    def submissions(self) -> SubmissionList:
        """Always raises :class:`~registry.errors.ReadOnlySourceError`, with what to do."""
        _refuse("There are no submissions in")

    def status(self, public_id: str) -> SubmissionStatus:
        """Always raises :class:`~registry.errors.ReadOnlySourceError`, with what to do."""
        _refuse(f"There is no submission {public_id!r} in")

    def edit(self, public_id: str, changes: Edit) -> SubmissionView:  # noqa: ARG002
        """Always raises :class:`~registry.errors.ReadOnlySourceError`, with what to do."""
        _refuse(f"There is no submission {public_id!r} in")

    def resubmit(
        self,
        public_id: str,
        *,
        revision: str | None = None,  # noqa: ARG002
        suite: str | None = None,  # noqa: ARG002
    ) -> SubmissionView:
        """Always raises :class:`~registry.errors.ReadOnlySourceError`, with what to do."""
        _refuse(f"There is no submission {public_id!r} in")

    def withdraw(self, public_id: str, reason: str | None = None) -> SubmissionView:  # noqa: ARG002
        """Always raises :class:`~registry.errors.ReadOnlySourceError`, with what to do."""
        _refuse(f"There is no submission {public_id!r} in")

    def _rows(self) -> LocalSource:
        if self._made is None:
            engine = make_engine("sqlite://")
            weakref.finalize(self, engine.dispose)
            upgrade(engine)
            with session_scope(engine, write=True) as session:
                load_reported(session)
            self._made = LocalSource(engine)
        return self._made


def _refuse(what: str) -> NoReturn:
    raise ReadOnlySourceError(
        f"{what} the published rows that came with this package.",
        "Submit to a server: prunarium login URL    Or evaluate here: prunarium db upgrade && prunarium benchmark sync",
    )
