"""A catalogue in a database of one's own."""

import getpass

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from .. import queries, submissions
from ..db.session import session_scope, sqlite_file
from ..errors import UnknownRecordError
from ..records import CheckpointRecord, ModelPage
from ..submission_rules import Edit
from .handing_in import edit_of, hand_in, resubmission
from .source import Entry, Holding
from .submitted import SubmissionList, SubmissionRequest, SubmissionStatus, SubmissionView, Submitted


class LocalSource:
    """The :class:`~registry.sources.Source` over an engine; ``only_shown``: as everybody may see it."""

    def __init__(self, engine: Engine, *, only_shown: bool = False) -> None:
        self.engine = engine
        self._only_shown = only_shown

    @property
    def description(self) -> str:
        """The file or address of the database."""
        place = sqlite_file(self.engine) or self.engine.url.render_as_string(hide_password=True)
        return f"the catalogue {place}"

    def models(self, query: str = "", *, limit: int = 50, offset: int = 0) -> ModelPage:
        """See :class:`~registry.sources.Source`."""
        with session_scope(self.engine) as session:
            return queries.find_models(session, query, limit=limit, offset=offset, only_shown=self._only_shown)

    def entry(self, name: str) -> Entry:
        """See :class:`~registry.sources.Source`."""
        with session_scope(self.engine) as session:
            number = queries.model_id(session, name)
            model = queries.get_model_by_id(session, number)
            checkpoint = queries.checkpoint_of(session, number)
            held = [] if checkpoint is None or checkpoint.id is None else queries.revisions_of(session, checkpoint.id)
            hidden = self._only_shown and not queries.is_model_shown(session, number)
        if model is None or hidden:
            raise UnknownRecordError(f"The catalogue has no model {name!r}.")
        return Entry(model, checkpoint, tuple(held))

    def holding(self, hub_repo: str, commit: str) -> Holding | None:
        """See :class:`~registry.sources.Source`."""
        with session_scope(self.engine) as session:
            found = queries.find_revision(session, hub_repo, commit)
            if found is None or found.checkpoint_id is None:
                return None
            checkpoint = queries.get_checkpoint(session, found.checkpoint_id)
            if checkpoint is None or (self._only_shown and not self._is_shown(session, checkpoint)):
                return None
            held = queries.revisions_of(session, found.checkpoint_id)
        files = tuple(row for row in held if (row.hub_repo, row.commit_oid) == (found.hub_repo, found.commit_oid))
        return Holding(checkpoint, files)

    @staticmethod
    def _is_shown(session: Session, checkpoint: CheckpointRecord) -> bool:
        return checkpoint.listed and queries.is_model_shown(session, checkpoint.model_id or 0)

    def submit(self, request: SubmissionRequest) -> Submitted:
        """See :class:`~registry.sources.Source`."""
        with session_scope(self.engine, write=True) as session:
            record, created = hand_in(session, request, actor=getpass.getuser())
        return Submitted(SubmissionView.of(record), created)

    def submissions(self) -> SubmissionList:
        """See :class:`~registry.sources.Source`; all of them, because the database is the caller's."""
        with session_scope(self.engine) as session:
            found = tuple(SubmissionView.of(record) for record in queries.list_submissions(session))
            return SubmissionList(found, queries.count_jobs(session))

    def status(self, public_id: str) -> SubmissionStatus:
        """See :class:`~registry.sources.Source`."""
        with session_scope(self.engine) as session:
            return SubmissionStatus.of(submissions.status(session, public_id))

    def edit(self, public_id: str, changes: Edit) -> SubmissionView:
        """See :class:`~registry.sources.Source`."""
        with session_scope(self.engine, write=True) as session:
            wanted = edit_of(session, **changes.fields)  # type: ignore[arg-type]
            return SubmissionView.of(submissions.edit(session, public_id, wanted, getpass.getuser()))

    def resubmit(self, public_id: str, *, revision: str | None = None, suite: str | None = None) -> SubmissionView:
        """See :class:`~registry.sources.Source`."""
        with session_scope(self.engine, write=True) as session:
            return SubmissionView.of(
                resubmission(session, public_id, getpass.getuser(), revision=revision, suite=suite)
            )

    def withdraw(self, public_id: str, reason: str | None = None) -> SubmissionView:
        """See :class:`~registry.sources.Source`."""
        with session_scope(self.engine, write=True) as session:
            return SubmissionView.of(submissions.withdraw(session, public_id, getpass.getuser(), reason))
