"""Find models: one query language (docs/queries.md), whichever catalogue answers."""

from sqlalchemy import Engine

from .query import Comparison, Query, Range, parse
from .records import ModelRow
from .settings import load_settings
from .sources import LocalSource, Source, choose_source


def search(
    text: str = "",
    *,
    source: Source | None = None,
    engine: Engine | None = None,
    limit: int = 50,
    offset: int = 0,
    sort: str | None = None,
    sparsity: float | None = None,
    **fields: str | None,
) -> list[ModelRow]:
    """At most ``limit`` models that fit the query ``text``, behind the first ``offset`` of them.

    ``sparsity`` (a fraction), ``sort`` and further keywords (``method="rigl"``) are short for terms of the query.
    Without a ``source`` or an ``engine``, the server, the local catalogue or the published rows answer, whichever there
    is first. Raises :class:`~registry.errors.QueryError`, which shows what cannot be understood.

    >>> rows = search("resnet50 sparsity>=0.95 sort=-imagenet.top1", limit=3)  # doctest: +SKIP
    >>> [(row.name, row.values["imagenet.top1"]) for row in rows]  # doctest: +SKIP
    """
    if source is None:
        source = LocalSource(engine) if engine is not None else choose_source(load_settings())
    asked = query_of(text, sort=sort, sparsity=sparsity, **fields)
    return list(source.models(asked.text, limit=limit, offset=offset).rows)


def query_of(text: str = "", *, sort: str | None = None, sparsity: float | None = None, **fields: str | None) -> Query:
    """The query of ``text`` and its shorthand: keywords that are None say nothing.

    >>> str(query_of("resnet50", method="rigl", sparsity=0.9))
    'resnet50 sparsity=0.9 method=rigl'
    """
    terms = [] if sparsity is None else [Comparison("sparsity", "=", (Range(sparsity, sparsity),))]
    terms += [Comparison(name, "=", (value,)) for name, value in fields.items() if value is not None]
    order = [] if sort is None else [f"sort={sort}"]
    return parse(" ".join(filter(None, [text.strip(), *map(str, terms), *order])))
