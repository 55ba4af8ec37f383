"""How people sign in to the site, how often they may try, and what they report."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Microseconds


class Identity(Base):
    """An account as an OpenID Connect provider knows it: ``subject`` never changes, names do."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    created_us: Mapped[int] = mapped_column(Microseconds)


class SignInLink(Base):
    """A link that signs its account in once, stored as SHA-256 only."""

    __tablename__ = "sign_in_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    secret_sha256: Mapped[str] = mapped_column(unique=True)
    created_us: Mapped[int] = mapped_column(Microseconds)
    expires_us: Mapped[int] = mapped_column(Microseconds)
    used_us: Mapped[int | None] = mapped_column(Microseconds)


class WebSession(Base):
    """A browser that is signed in; its cookie is stored as SHA-256 only. With a token it may do what the token may."""

    __tablename__ = "web_session"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_id: Mapped[int | None] = mapped_column(ForeignKey("token.id"))
    secret_sha256: Mapped[str] = mapped_column(unique=True)
    way: Mapped[str]
    created_us: Mapped[int] = mapped_column(Microseconds)
    expires_us: Mapped[int] = mapped_column(Microseconds)
    ended_us: Mapped[int | None] = mapped_column(Microseconds)


class UseCount(Base):
    """How often something was tried by somebody in a window of time; old windows are forgotten."""

    __tablename__ = "use_count"
    subject: Mapped[str] = mapped_column(primary_key=True)
    window_us: Mapped[int] = mapped_column(Microseconds, primary_key=True)
    uses: Mapped[int]


class Flag(Base):
    """Somebody thinks that moderators should look at a model or a submission."""

    __tablename__ = "flag"
    __table_args__ = (
        CheckConstraint("kind in ('model', 'submission')", name="kind"),
        CheckConstraint("(closed_us is null) = (closed_by is null)", name="closed"),
        Index("ix_flag_subject", "kind", "subject"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str]
    created_us: Mapped[int] = mapped_column(Microseconds)
    closed_us: Mapped[int | None] = mapped_column(Microseconds)
    closed_by: Mapped[str | None]
