"""Which submissions a reader may see and change: the table of :mod:`registry.permissions`, asked about a record."""

from contextlib import suppress

from sqlalchemy.orm import Session

from registry.accounts import Access
from registry.errors import UnknownRecordError
from registry.permissions import Object, may, standing
from registry.queries.submissions import get_submission
from registry.records import SubmissionRecord

from .errors import NotFoundError


def visible(session: Session, public_id: str, reader: Access | None, *, hint: str) -> SubmissionRecord:
    """The submission. Raises :class:`NotFoundError`, for what the reader may not see as for what is not there."""
    with suppress(UnknownRecordError):
        record = get_submission(session, public_id)
        if may_do(reader, record, "see"):
            return record
    # Without the nearest id, which might be a stranger's.
    raise NotFoundError(f"There is no submission {public_id!r}.", hint)


def may_do(reader: Access | None, record: SubmissionRecord, action: str) -> bool:
    """Whether the reader (None: nobody that is known) may do ``action`` to the submission."""
    owner = reader is not None and record.account == reader.account
    return may(kind_of(record), action, standing(reader.scopes) if reader else None, owner=owner)


def kind_of(record: SubmissionRecord) -> Object:
    """What the table calls it."""
    kinds: dict[str, Object] = {
        "public": "public submission", "private": "private submission", "hidden": "hidden submission",
    }  # fmt: skip
    return kinds[record.visibility]
