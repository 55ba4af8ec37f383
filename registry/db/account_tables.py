"""Accounts, hashed tokens, and who did what."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Microseconds


class Account(Base):
    """A person or a machine; also the owner of a namespace on the embedded hub."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("role in ('submitter', 'worker', 'moderator', 'admin')", name="role"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str | None]
    email: Mapped[str | None]
    role: Mapped[str] = mapped_column(default="submitter")
    created_us: Mapped[int] = mapped_column(Microseconds)
    disabled_us: Mapped[int | None] = mapped_column(Microseconds)


class Operator(Base):
    """Whose machine a worker's account is: it never evaluates what its operator submitted."""

    __tablename__ = "operator"
    worker_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("account.id"))


class Token(Base):
    """An access token, stored as SHA-256 only."""

    __tablename__ = "token"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[Any]]
    expires_us: Mapped[int | None] = mapped_column(Microseconds)
    revoked_us: Mapped[int | None] = mapped_column(Microseconds)
    created_us: Mapped[int] = mapped_column(Microseconds)


class QuotaEvent(Base):
    """Device minutes charged to or given back to an account."""

    __tablename__ = "quota_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"))
    device_minutes: Mapped[float]
    reason: Mapped[str]
    at_us: Mapped[int] = mapped_column(Microseconds)


class AuditEvent(Base):
    """An act of moderation or administration; rows are added and never changed."""

    __tablename__ = "audit_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[dict[str, Any] | None]
    at_us: Mapped[int] = mapped_column(Microseconds)
