"""The embedded hub's people: organisations, requests for gated content, discussions."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Microseconds


class HubOrganisation(Base):
    """An account that is a namespace of several people; it is an account so that no name means two things."""

    __tablename__ = "hub_organisation"
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    created_us: Mapped[int] = mapped_column(Microseconds)


class HubMember(Base):
    """What an account may do in an organisation: ``read`` sees its repositories, ``contributor`` makes some and changes
    those, ``write`` changes all, ``admin`` members too."""

    __tablename__ = "hub_member"
    __table_args__ = (CheckConstraint("role in ('read', 'contributor', 'write', 'admin')", name="role"),)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("hub_organisation.account_id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    role: Mapped[str]


class HubAccess(Base):
    """One account's request for the content of one gated repository, and what became of it."""

    __tablename__ = "hub_access"
    __table_args__ = (
        UniqueConstraint("repo_id", "account_id"),
        CheckConstraint("status in ('pending', 'accepted', 'rejected')", name="status"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    repo_id: Mapped[int] = mapped_column(ForeignKey("hub_repo.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    status: Mapped[str]
    asked: Mapped[bool]
    fields: Mapped[dict[str, Any] | None]
    reason: Mapped[str | None]
    decided_by: Mapped[str | None]
    at_us: Mapped[int] = mapped_column(Microseconds)


class HubDiscussion(Base):
    """A discussion, or a pull request whose head is the reference ``refs/pr/N``."""

    __tablename__ = "hub_discussion"
    __table_args__ = (
        UniqueConstraint("repo_id", "number"),
        CheckConstraint("status in ('draft', 'open', 'closed', 'merged')", name="status"),
        CheckConstraint("is_pull = (base is not null)", name="base"),
        CheckConstraint("(status = 'merged') = (merge_oid is not null)", name="merged"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    repo_id: Mapped[int] = mapped_column(ForeignKey("hub_repo.id", ondelete="CASCADE"))
    number: Mapped[int]
    is_pull: Mapped[bool]
    title: Mapped[str]
    author: Mapped[str]
    status: Mapped[str]
    base: Mapped[str | None]
    merge_oid: Mapped[str | None]
    at_us: Mapped[int] = mapped_column(Microseconds)


class HubEvent(Base):
    """Something that happened in a discussion, in the order of the rows; commits are read from the history."""

    __tablename__ = "hub_event"
    __table_args__ = (CheckConstraint("kind in ('comment', 'status-change', 'title-change')", name="kind"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    discussion_id: Mapped[int] = mapped_column(ForeignKey("hub_discussion.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    author: Mapped[str]
    data: Mapped[dict[str, Any]]
    at_us: Mapped[int] = mapped_column(Microseconds)
