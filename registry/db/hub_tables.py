"""The embedded hub: names in rows, bytes in content-addressed files."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Microseconds


class HubRepo(Base):
    """A model or data set repository of one namespace."""

    __tablename__ = "hub_repo"
    __table_args__ = (
        UniqueConstraint("kind", "namespace", "name"),
        CheckConstraint("kind in ('models', 'datasets')", name="kind"),
        CheckConstraint("gate in ('auto', 'manual')", name="gate"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    namespace: Mapped[str]
    name: Mapped[str]
    private: Mapped[bool] = mapped_column(default=False)
    gate: Mapped[str | None]
    creator: Mapped[str | None]
    created_us: Mapped[int] = mapped_column(Microseconds)
    updated_us: Mapped[int] = mapped_column(Microseconds)


class HubCommit(Base):
    """A commit: its whole tree is in :class:`HubEntry`."""

    __tablename__ = "hub_commit"
    __table_args__ = (UniqueConstraint("repo_id", "oid"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    repo_id: Mapped[int] = mapped_column(ForeignKey("hub_repo.id", ondelete="CASCADE"))
    oid: Mapped[str]
    parent_oid: Mapped[str | None]
    title: Mapped[str]
    message: Mapped[str]
    author: Mapped[str]
    operations_hash: Mapped[str | None]
    at_us: Mapped[int] = mapped_column(Microseconds)


class HubEntry(Base):
    """One file of one commit's tree."""

    __tablename__ = "hub_entry"
    __table_args__ = (UniqueConstraint("commit_id", "path"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    commit_id: Mapped[int] = mapped_column(ForeignKey("hub_commit.id", ondelete="CASCADE"))
    path: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)  # garbage collection asks who needs a blob
    git_oid: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    is_lfs: Mapped[bool]


class HubRef(Base):
    """A branch, a tag, or a pull request's head."""

    __tablename__ = "hub_ref"
    __table_args__ = (UniqueConstraint("repo_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    repo_id: Mapped[int] = mapped_column(ForeignKey("hub_repo.id", ondelete="CASCADE"))
    name: Mapped[str]
    commit_oid: Mapped[str]
    is_tag: Mapped[bool]


class HubObject(Base):
    """A large object that was uploaded to a repository: knowing its hash alone gives no right to it."""

    __tablename__ = "hub_object"
    repo_id: Mapped[int] = mapped_column(ForeignKey("hub_repo.id", ondelete="CASCADE"), primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    created_us: Mapped[int] = mapped_column(Microseconds)


class HubUpload(Base):
    """Who proved to have an object's bytes: proposals by people without the right to write may use only their own."""

    __tablename__ = "hub_upload"
    repo_id: Mapped[int] = mapped_column(ForeignKey("hub_repo.id", ondelete="CASCADE"), primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    created_us: Mapped[int] = mapped_column(Microseconds)


class HubStore(Base):
    """One row: the random id of this store (part of the Xet address) and the key that signs upload addresses."""

    __tablename__ = "hub_store"
    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[str]
    signing_key: Mapped[str]
    facts: Mapped[dict[str, Any]]
