"""What the queries return and the routes work with: frozen, without SQLAlchemy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["pending", "accepted", "rejected"]
DiscussionStatus = Literal["draft", "open", "closed", "merged"]

READ, WRITE = "hub:read", "hub:write"


@dataclass(frozen=True)
class Caller:
    """Who sent a request, by its token."""

    account_id: int
    name: str
    token_name: str
    scopes: frozenset[str]
    roles: Mapping[str, str] = field(default_factory=dict)  # organisation -> one of ROLES (organisations.py)

    def may_create(self, namespace: str) -> bool:
        """True when the token may make repositories in ``namespace``."""
        role = self.roles.get(namespace)
        return self.may_propose and (self.name == namespace or role in ("contributor", "write", "admin"))

    def may_write(self, repo: "Repo") -> bool:
        """True when the token may change the repository: a contributor changes what he made, nothing else."""
        contributes = self.roles.get(repo.namespace) == "contributor"
        return self.may_create(repo.namespace) and (not contributes or repo.creator == self.name)

    def may_see(self, namespace: str) -> bool:
        """True when the token opens private repositories of ``namespace``."""
        return namespace in self.namespaces

    @property
    def may_propose(self) -> bool:
        """True when the token may write at all: to repositories of others by pull requests only."""
        return WRITE in self.scopes

    @property
    def namespaces(self) -> frozenset[str]:
        """Whose private repositories the token opens."""
        return frozenset({self.name, *self.roles})


@dataclass(frozen=True)
class Repo:
    """A repository."""

    id: int
    kind: str
    namespace: str
    name: str
    private: bool
    gate: str | None  # how requests for the content are answered: auto, manual; None is no gate
    creator: str | None  # the account that made it; None where nobody knows any more
    created_us: int
    updated_us: int

    @property
    def full_name(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def web_path(self) -> str:
        """The repository's path in addresses outside the API."""
        return f"datasets/{self.full_name}" if self.kind == "datasets" else self.full_name


@dataclass(frozen=True)
class Commit:
    """A commit; ``id`` is the row, ``oid`` the 40 hex digits."""

    id: int
    oid: str
    parent_oid: str | None
    title: str
    message: str
    author: str
    operations_hash: str | None
    at_us: int


@dataclass(frozen=True)
class Entry:
    """One file of one tree: ``sha256`` finds the bytes, ``git_oid`` is what git calls the file (or its pointer)."""

    path: str
    sha256: str
    git_oid: str
    size: int
    is_lfs: bool

    @property
    def etag(self) -> str:
        """The name clients give the file in their caches."""
        return self.sha256 if self.is_lfs else self.git_oid


@dataclass(frozen=True)
class Ref:
    """A full reference name (``refs/heads/main``) and the commit it points at."""

    name: str
    commit_oid: str


@dataclass(frozen=True)
class AccessRequest:
    """Somebody's request for the content of a gated repository; ``asked`` is false for what was granted unasked."""

    id: int
    account: str
    full_name: str | None
    email: str | None
    status: Status
    asked: bool
    fields: Mapping[str, Any] | None
    reason: str | None
    at_us: int


@dataclass(frozen=True)
class Discussion:
    """A discussion; a pull request has a ``base``, the full name of the branch it is to go into."""

    id: int
    number: int
    title: str
    author: str
    status: DiscussionStatus
    base: str | None
    merge_oid: str | None
    at_us: int


@dataclass(frozen=True)
class Event:
    """Something that happened in a discussion; ``key`` names it in addresses."""

    key: str
    kind: str
    author: str
    data: Mapping[str, Any]
    at_us: int


@dataclass(frozen=True)
class Limits:
    """What one request may ask of the server. Bytes and counts; times in seconds."""

    file_bytes: int = 100 * 2**30
    inline_bytes: int = 10 * 2**20  # one regular file inside a commit
    regular_bytes: int = 2**20  # text up to this size is committed inline, the rest goes the way of large files
    commit_bytes: int = 256 * 2**20
    commit_operations: int = 50_000
    json_bytes: int = 8 * 2**20
    card_bytes: int = 2**20
    xorb_bytes: int = 80 * 2**20
    shard_bytes: int = 80 * 2**20
    multipart_from_bytes: int = 5 * 2**30
    part_bytes: int = 64 * 2**20
    page_entries: int = 1000
    page_repos: int = 100
    upload_seconds: int = 6 * 3600
    xet_seconds: int = 3600
