"""Who answers for the catalogue: what every source must do, and what its answers look like."""

from dataclasses import dataclass
from typing import Protocol

from ..records import CheckpointRecord, ModelPage, ModelRecord, RevisionRecord
from ..submission_rules import Edit
from .submitted import SubmissionList, SubmissionRequest, SubmissionStatus, SubmissionView, Submitted


@dataclass(frozen=True)
class Entry:
    """A model, its current checkpoint, and the files that hold that checkpoint, those of the newest commit first."""

    model: ModelRecord
    checkpoint: CheckpointRecord | None
    revisions: tuple[RevisionRecord, ...]


@dataclass(frozen=True)
class Holding:
    """One commit that holds a checkpoint: every file of it that the catalogue knows the hash of."""

    checkpoint: CheckpointRecord
    files: tuple[RevisionRecord, ...]


class Source(Protocol):
    """A catalogue: a server's, the local one, or the snapshot in the wheel.

    The same question gets the same answer from each of them (one conformance suite runs on all). Every method raises
    :class:`~registry.errors.CatalogueError` where the catalogue cannot be read, and a server's the
    :class:`~registry.errors.ServerError` that says why; no source ever asks another one instead.
    """

    @property
    def description(self) -> str:
        """What the source is and where, for a person: ``the catalogue /srv/prunarium/catalogue.sqlite``."""
        ...

    def models(self, query: str = "", *, limit: int = 50, offset: int = 0) -> ModelPage:
        """At most ``limit`` models that fit the query (:mod:`registry.query`), behind the first ``offset`` of them.

        Raises :class:`~registry.errors.QueryError`, which shows what cannot be understood.
        """
        ...

    def entry(self, name: str) -> Entry:
        """What is known of a slug or Hub id. Raises :class:`~registry.errors.UnknownRecordError` (nearest name)."""
        ...

    def holding(self, hub_repo: str, commit: str) -> Holding | None:
        """The checkpoint and the files of a commit (40 hex digits) of a repository; None where it is not known."""
        ...

    def submit(self, request: SubmissionRequest) -> Submitted:
        """Hand in a model; the same request again is the same submission until it ends.

        Raises :class:`~registry.errors.UnknownRecordError` for a suite, or a model that is on no hub.
        """
        ...

    def submissions(self) -> SubmissionList:
        """The caller's submissions, newest first."""
        ...

    def status(self, public_id: str) -> SubmissionStatus:
        """Where one stands. Raises :class:`~registry.errors.UnknownRecordError`."""
        ...

    def edit(self, public_id: str, changes: Edit) -> SubmissionView:
        """Change note, method, visibility or, before its check, the suite.

        Raises :class:`~registry.errors.TransitionError` where it is too late.
        """
        ...

    def resubmit(self, public_id: str, *, revision: str | None = None, suite: str | None = None) -> SubmissionView:
        """Hand in anew what a submission was; the new one names the old one, which is withdrawn if it has not ended."""
        ...

    def withdraw(self, public_id: str, reason: str | None = None) -> SubmissionView:
        """Take it back. Raises :class:`~registry.errors.TransitionError` after its end."""
        ...
