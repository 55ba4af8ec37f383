"""Discussions and pull requests, and what happened in them."""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ...db.hub_community_tables import HubDiscussion, HubEvent
from ...db.session import now_us
from ..records import Discussion, DiscussionStatus, Event


def add_discussion(
    session: Session, repo_id: int, title: str, author: str, *, status: DiscussionStatus, base: str | None
) -> Discussion:
    """A new discussion with the next number; a pull request when it has a base."""
    highest = session.scalar(select(func.max(HubDiscussion.number)).where(HubDiscussion.repo_id == repo_id))
    row = HubDiscussion(
        repo_id=repo_id,
        number=(highest or 0) + 1,
        is_pull=base is not None,
        title=title,
        author=author,
        status=status,
        base=base,
        at_us=now_us(session),
    )
    session.add(row)
    session.flush()
    return _discussion(row)


def get_discussion(session: Session, repo_id: int, number: int) -> Discussion | None:
    """The discussion of that number."""
    found = select(HubDiscussion).where(HubDiscussion.repo_id == repo_id, HubDiscussion.number == number)
    row = session.scalar(found)
    return None if row is None else _discussion(row)


def list_discussions(session: Session, repo_id: int) -> list[Discussion]:
    """All of them, newest first."""
    rows = session.scalars(
        select(HubDiscussion).where(HubDiscussion.repo_id == repo_id).order_by(HubDiscussion.number.desc())
    )
    return [_discussion(row) for row in rows]


def set_title(session: Session, discussion: Discussion, title: str) -> None:
    """Rename a discussion."""
    session.execute(update(HubDiscussion).where(HubDiscussion.id == discussion.id).values(title=title))


def set_status(
    session: Session, discussion: Discussion, status: DiscussionStatus, merge_oid: str | None = None
) -> None:
    """Open, close or (with the commit that did it) merge."""
    moved = update(HubDiscussion).where(HubDiscussion.id == discussion.id)
    session.execute(moved.values(status=status, merge_oid=merge_oid))


def add_event(session: Session, discussion: Discussion, kind: str, author: str, data: Mapping[str, Any]) -> Event:
    """Note what happened."""
    row = HubEvent(
        discussion_id=discussion.id,
        key=secrets.token_hex(12),
        kind=kind,
        author=author,
        data=dict(data),
        at_us=now_us(session),
    )
    session.add(row)
    session.flush()
    return _event(row)


def events(session: Session, discussion: Discussion) -> list[Event]:
    """What happened, in order."""
    rows = session.scalars(select(HubEvent).where(HubEvent.discussion_id == discussion.id).order_by(HubEvent.id))
    return [_event(row) for row in rows]


def get_event(session: Session, discussion: Discussion, key: str) -> Event | None:
    """One event by its key."""
    row = session.scalar(select(HubEvent).where(HubEvent.discussion_id == discussion.id, HubEvent.key == key))
    return None if row is None else _event(row)


def change_event(session: Session, event: Event, data: Mapping[str, Any]) -> Event:
    """Give an event other data."""
    session.execute(update(HubEvent).where(HubEvent.key == event.key).values(data=dict(data)))
    return Event(event.key, event.kind, event.author, data, event.at_us)


def _discussion(row: HubDiscussion) -> Discussion:
    status: Any = row.status
    return Discussion(row.id, row.number, row.title, row.author, status, row.base, row.merge_oid, row.at_us)


def _event(row: HubEvent) -> Event:
    return Event(row.key, row.kind, row.author, row.data, row.at_us)
