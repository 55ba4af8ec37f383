"""The catalogue of a Prunarium server, through its API."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from zoo.core.console import say

from ..errors import ServerUnavailableError, UnknownRecordError
from ..query import parse
from ..records import CheckpointRecord, MetricMeant, ModelPage, ModelRecord, ModelRow, RevisionRecord
from ..server_address import ServerAddress
from ..submission_rules import Edit
from .memory import Memory
from .source import Entry, Holding
from .submitted import SubmissionList, SubmissionRequest, SubmissionStatus, SubmissionView, Submitted
from .transport import Patience, Transport

T = TypeVar("T")
_PAGE = 1000
_MOST_PAGES = 1000


@dataclass(frozen=True)
class Me:
    """Whom the server takes the caller for: nobody without a token."""

    account: str | None
    role: str | None
    token: str | None
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class _Page:
    total: int
    next: str | None
    models: tuple[Mapping[str, Any], ...]
    metrics: Mapping[str, MetricMeant | None]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Detail:
    model: Mapping[str, Any]
    checkpoint: CheckpointRecord | None
    revisions: tuple[RevisionRecord, ...]


class RemoteSource:
    """The :class:`~registry.sources.Source` behind an address; ``token`` gives the token when a request needs it.

    With ``memory``, a folder, what the server said of a model or commit is kept there, and used again (and said so on
    stderr) while the server does not answer: what was pulled once needs no connection.
    """

    def __init__(
        self,
        address: ServerAddress,
        token: Callable[[], str | None] = lambda: None,
        patience: Patience | None = None,
        memory: Path | None = None,
    ) -> None:
        self.address = address
        self._transport = Transport(address, token, patience)
        self._memory = None if memory is None else Memory(memory, str(address))

    @property
    def description(self) -> str:
        """The address."""
        return f"the server {self.address}"

    def me(self) -> Me:
        """Whom the server takes the caller for. Raises :class:`~registry.errors.AccessError` for a bad token."""
        return self._transport.get("me", Me, token=True)

    def models(self, query: str = "", *, limit: int = 50, offset: int = 0) -> ModelPage:
        """See :class:`~registry.sources.Source`; a query that makes no sense is not sent."""
        parse(query)
        rows: list[ModelRow] = []
        for _ in range(_MOST_PAGES):
            asked = {"q": query, "limit": max(1, min(limit - len(rows), _PAGE)), "offset": offset + len(rows)}
            page = self._transport.get("models", _Page, params=asked)
            rows += [ModelRow(model=self._model(row), values=row.get("values") or {}) for row in page.models]
            if not page.models or page.next is None or len(rows) >= limit:
                break
        return ModelPage(rows=tuple(rows[:limit]), total=page.total, metrics=page.metrics, notes=page.notes)

    def entry(self, name: str) -> Entry:
        """See :class:`~registry.sources.Source`."""
        detail = self._remembered(f"models/{quote(name)}", _Detail, {"results": "false"})
        return Entry(self._model(detail.model), detail.checkpoint, detail.revisions)

    def holding(self, hub_repo: str, commit: str) -> Holding | None:
        """See :class:`~registry.sources.Source`."""
        try:
            return self._remembered(f"revisions/{quote(hub_repo)}/{quote(commit, safe='')}", Holding)
        except UnknownRecordError:
            return None

    def submit(self, request: SubmissionRequest) -> Submitted:
        """See :class:`~registry.sources.Source`."""
        return self._transport.post("submissions", Submitted, asdict(request))

    def submissions(self) -> SubmissionList:
        """See :class:`~registry.sources.Source`."""
        return self._transport.get("submissions", SubmissionList, token=True)

    def status(self, public_id: str) -> SubmissionStatus:
        """See :class:`~registry.sources.Source`."""
        return self._transport.get(f"submissions/{quote(public_id, safe='')}", SubmissionStatus, token=True)

    def edit(self, public_id: str, changes: Edit) -> SubmissionView:
        """See :class:`~registry.sources.Source`."""
        return self._transport.post(f"submissions/{quote(public_id, safe='')}/edit", SubmissionView, changes.fields)

    def resubmit(self, public_id: str, *, revision: str | None = None, suite: str | None = None) -> SubmissionView:
        """See :class:`~registry.sources.Source`."""
        path = f"submissions/{quote(public_id, safe='')}/resubmit"
        return self._transport.post(path, SubmissionView, {"revision": revision, "suite": suite})

    def withdraw(self, public_id: str, reason: str | None = None) -> SubmissionView:
        """See :class:`~registry.sources.Source`."""
        path = f"submissions/{quote(public_id, safe='')}/withdraw"
        return self._transport.post(path, SubmissionView, {"reason": reason})

    def _remembered(self, path: str, kind: type[T], params: Mapping[str, str] | None = None) -> T:
        try:
            answer = self._transport.ask(path, params=params)
        except ServerUnavailableError as error:
            answer = None if self._memory is None else self._memory.recall(path)
            if answer is None:
                raise
            say(f"{error.message} Going by what it said of this before.")
            return self._transport.value(kind, answer)
        value = self._transport.value(kind, answer)
        if self._memory is not None:
            self._memory.keep(path, answer)
        return value

    def _model(self, row: Mapping[str, Any]) -> ModelRecord:
        """The API calls the target sparsity by the name that its readers know."""
        return self._transport.value(ModelRecord, {**row, "sparsity_target": row.get("sparsity")})
