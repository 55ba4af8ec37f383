"""All models by architecture; or, with a query in the address, those that it finds."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request, Response

from registry.errors import QueryError
from registry.query import FIELDS, Comparison, Field, parse
from registry.records import ModelPage
from registry.sources import LocalSource

from ..availability import Access, access
from ..catalogue import Catalogue, Entry
from ..context import PageContext, Trouble
from ..found import FoundColumn, FoundLine, found_columns, found_lines, query_address
from ..paging import Offset, address_at, next_address
from ..web import catalogue_of, render

router = APIRouter()

_PAGE = 100
_FIRST = 8  # of each network on the page without a query
_EXAMPLES = (
    ("resnet50 sparsity>=0.9 sort=-imagenet.top1", "best ResNet-50 at 90 % and more"),
    ("has:bytes sort=bytes", "smallest files"),
    ("family=regrowth", "regrowth methods"),
    ("availability=import licence=apache-2.0", "from their authors, Apache"),
)


@dataclass(frozen=True, kw_only=True)
class ModelLine:
    """One line: replicates are one entry."""

    entry: Entry
    method: str
    family: str
    access: Access
    results: int


@dataclass(frozen=True, kw_only=True)
class ModelGroup:
    """The first ``lines`` of a network's ``count``, by method and sparsity; ``address`` has all of them."""

    title: str
    lines: list[ModelLine]
    count: int
    address: str


@dataclass(frozen=True, kw_only=True)
class ModelsContext(PageContext):
    """``groups`` are networks by their models, those with the most first.

    ``q`` is the text of the search box, ``examples`` are (address, words) pairs, ``fields`` what a query may ask;
    ``csv`` and ``json`` are the same models for programs.
    """

    template: ClassVar[str] = "models.html"

    groups: list[ModelGroup]
    count: int
    q: str
    examples: list[tuple[str, str]]
    fields: tuple[Field, ...]
    csv: str
    json: str


@dataclass(frozen=True, kw_only=True)
class FoundContext(PageContext):
    """What a query found: ``lines`` of ``total``; ``error`` says why it could not be understood.

    ``metrics`` says in words which versions its metrics meant; ``before`` and ``after`` are the addresses of the pages
    around this one. The rest is as in :class:`ModelsContext`.
    """

    template: ClassVar[str] = "found.html"

    q: str
    error: Trouble | None
    columns: tuple[FoundColumn, ...]
    lines: tuple[FoundLine, ...]
    total: int
    first: int
    metrics: list[str]
    before: str | None
    after: str | None
    examples: list[tuple[str, str]]
    fields: tuple[Field, ...]
    csv: str
    json: str


@router.get("/models")
def show(request: Request, q: Annotated[str, Query()] = "", offset: Offset = 0) -> Response:
    """The listing, or the answer to the query of the address."""
    catalogue = catalogue_of(request)
    if not q.strip():
        return render(request, models_context(catalogue))
    try:
        page = LocalSource(request.app.state.engine, only_shown=True).models(q, limit=_PAGE, offset=offset)
    except QueryError as error:
        return render(request, found_context(catalogue, q, error=error), status=400)
    before = address_at(request, max(0, offset - _PAGE)) if offset else None
    after = next_address(request, offset + _PAGE, page.total)
    return render(request, found_context(catalogue, q, page, first=offset + 1, before=before, after=after))


def models_context(catalogue: Catalogue) -> ModelsContext:
    """Every entry of the catalogue under its architecture."""
    networks: dict[str, list[Entry]] = {}
    for entry in catalogue.entries:
        networks.setdefault(entry.model.architecture, []).append(entry)
    groups = [
        ModelGroup(
            title=catalogue.architecture_title(name),
            lines=[_line(catalogue, entry) for entry in entries[:_FIRST]],
            count=len(entries),
            address=query_address(str(Comparison("architecture", "=", (name,)))),
        )
        for name, entries in sorted(networks.items(), key=lambda network: -len(network[1]))
    ]
    return ModelsContext(
        title="Models",
        here="models",
        groups=groups,
        count=len(catalogue.models),
        q="",
        examples=_examples(),
        fields=tuple(FIELDS.values()),
        csv="/api/v1/models.csv",
        json="/api/v1/models",
    )


def _line(catalogue: Catalogue, entry: Entry) -> ModelLine:
    model = entry.model
    method = catalogue.method_of(model)
    return ModelLine(
        entry=entry,
        method=catalogue.method_title(model),
        family=method.family if method is not None else "of its author",
        access=access(model, has_revision=model.name in catalogue.published),
        results=sum(len(catalogue.results_of(one.name)) for one in entry.models),
    )


def found_context(
    catalogue: Catalogue,
    q: str,
    page: ModelPage | None = None,
    *,
    error: QueryError | None = None,
    first: int = 1,
    before: str | None = None,
    after: str | None = None,
) -> FoundContext:
    """The answer to ``q``, or what is wrong with it."""
    columns = found_columns(catalogue, parse(q), page) if page is not None else ()
    return FoundContext(
        title="Models found" if error is None else "A query that cannot be understood",
        here="models",
        q=q,
        error=None if error is None else Trouble.of(error),
        columns=columns,
        lines=found_lines(catalogue, columns, page) if page is not None else (),
        total=page.total if page is not None else 0,
        first=first,
        metrics=_metrics(page) if page is not None else [],
        before=before,
        after=after,
        examples=_examples(),
        fields=tuple(FIELDS.values()),
        csv=query_address(q, "/api/v1/models.csv") if error is None else "",
        json=query_address(q, "/api/v1/models") if error is None else "",
    )


def _metrics(page: ModelPage) -> list[str]:
    return [
        f"{name} is {meant.reference}" if meant is not None else f"no model has a value of {name}"
        for name, meant in page.metrics.items()
    ]


def _examples() -> list[tuple[str, str]]:
    return [(query_address(text), words) for text, words in _EXAMPLES]
