"""``prunarium search``: find models, and learn how to get them."""

from typing import Annotated, Any

import typer

from zoo.core.console import emit_json, emit_table, say

from .cli_common import AsJson, percent
from .query import FIELDS, Kind
from .records import MetricMeant, ModelPage, ModelRow


def search(
    text: Annotated[
        list[str] | None,
        typer.Argument(help="A query: words of names, and terms such as 'sparsity>=0.9' or method=rigl,gmp."),
    ] = None,
    method: Annotated[str | None, typer.Option(help="Short for method=….")] = None,
    architecture: Annotated[str | None, typer.Option(help="Short for architecture=….")] = None,
    sparsity: Annotated[float | None, typer.Option(help="Short for sparsity=… (a fraction).", min=0, max=1)] = None,
    family: Annotated[str | None, typer.Option(help="Short for family=….")] = None,
    availability: Annotated[str | None, typer.Option(help="Short for availability=….")] = None,
    sort: Annotated[str | None, typer.Option(help="Short for sort=…; a minus sign in front turns it round.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=100_000)] = 50,
    offset: Annotated[int, typer.Option(help="Leave out so many first.", min=0, max=1_000_000_000)] = 0,
    as_json: AsJson = False,
) -> None:
    """Find models in the catalogue, and learn how to get them.

    prunarium search resnet50 'sparsity>=0.9' 'bytes<10MB' sort=-imagenet.top1

    Quote < and > for the shell, and put a term with a minus sign in one text with others: 'resnet50 -gmp'. Fields,
    units and more examples: docs/queries.md.
    """
    from .search import query_of
    from .settings import load_settings
    from .sources import chosen_source

    query = query_of(
        " ".join(text or []),
        sort=sort,
        sparsity=sparsity,
        method=method,
        architecture=architecture,
        family=family,
        availability=availability,
    )
    page = chosen_source(load_settings()).models(query.text, limit=limit, offset=offset)
    for note in page.notes:
        say(note)
    if as_json:
        emit_json([_document(row) for row in page.rows])
        return
    _print_table(page)
    for name, meant in page.metrics.items():
        say(f"{name} is {meant.reference}." if meant else f"No model has a value of {name}.")
    if offset + len(page.rows) < page.total:
        say(f"{page.total - offset - len(page.rows)} more: --limit, --offset")


def _document(row: ModelRow) -> dict[str, Any]:
    model = row.model
    return {
        "name": model.name,
        "hub_id": model.hub_id,
        "title": model.title,
        "method": model.method,
        "architecture": model.architecture,
        "sparsity_target": model.sparsity_target,
        "pattern": model.pattern,
        "upstream_top1": model.upstream_top1,
        "licence": model.licence,
        "availability": model.availability,
        "get": _get(row),
        "values": dict(row.values),
    }


def _get(row: ModelRow) -> str:
    from .availability import how_to_get

    return how_to_get(row.model, published=row.values.get("bytes") is not None).summary


def _print_table(page: ModelPage) -> None:
    asked = list(dict.fromkeys(name for row in page.rows for name in row.values))
    rows = [
        {
            "name": row.name,
            "sparsity": percent(row.model.sparsity_target),
            "upstream_top1": percent(row.model.upstream_top1),
            **{name: _shown(name, row.values[name], page.metrics.get(name)) for name in asked},
            "get": _get(row),
        }
        for row in page.rows
    ]
    titles = {"name": "model", "upstream_top1": "upstream top-1", "get": "how to get it"}
    names = dict.fromkeys(("name", "sparsity", "upstream_top1", *asked, "get"))
    known = [name for name in names if name == "name" or any(row[name] is not None for row in rows)]
    columns = {name: titles.get(name, name) for name in known}
    emit_table(f"{page.total} model{'' if page.total == 1 else 's'}", rows, columns)


def _shown(name: str, value: float | str | None, meant: MetricMeant | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    kind = FIELDS[name].kind if name in FIELDS else Kind.METRIC
    if kind is Kind.FRACTION or (meant is not None and meant.unit == "fraction"):
        return percent(value)
    if kind is Kind.METRIC:
        return f"{value:.4g}"
    return f"{value:,.0f}"
