"""JSON and CSV under /api/v1: what the pages show, by the same query, with an ETag."""

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, TypeAdapter

from registry.sources import Holding, LocalSource

from .answers import board_answer, choice_answer, model_answer, result_answer, task_answer
from .asked import advice_for, asked_board
from .choosing import Wish
from .errors import NotFoundError
from .exploring import Axes, parse
from .exports import board_file
from .paging import Limit, Offset, next_address
from .schemas import BoardAnswer, ChoiceAnswer, ModelDetail, ResultList, TaskAnswer, TaskList
from .table_files import FORMATS
from .vega import specification
from .view import BoardQuery
from .web import catalogue_of, respond, safe_name

router = APIRouter(prefix="/api/v1")

Suite = Annotated[str | None, Query(description="A suite as name@version, or its name; else the fullest one.")]
Architecture = Annotated[str | None, Query(description="An architecture's name, such as resnet50.")]
Sparsity = Annotated[str | None, Query(description="A band such as 0.90, or all.")]
Trust = Annotated[str | None, Query(description="all, measured or reported.")]
Budget = Annotated[str | None, Query(description="Training epochs, such as 100, or all.")]
Terms = Annotated[str | None, Query(description="Terms of the query language: method=rigl licence=mit bytes<20MB")]
Sort = Annotated[str | None, Query(description="A column's key; a minus sign in front turns it round.")]
Columns = Annotated[list[str] | None, Query(description="Keys of columns, or none; else the suite's own.")]
Density = Annotated[str | None, Query(description="comfortable or compact: of the page only.")]
Rows = Annotated[str | None, Query(description="Rows of a page, 1 to 1000; without it and page, all rows come.")]
Page = Annotated[str | None, Query(description="A page, from 1.")]


def board_query(
    suite: Suite = None,
    architecture: Architecture = None,
    sparsity: Sparsity = None,
    budget: Budget = None,
    trust: Trust = None,
    q: Terms = None,
    sort: Sort = None,
    columns: Columns = None,
    density: Density = None,
    rows: Rows = None,
    page: Page = None,
) -> BoardQuery:
    """The query of a board, as its page has it."""
    asked = {
        "suite": suite, "architecture": architecture, "sparsity": sparsity, "budget": budget, "trust": trust, "q": q,
        "sort": sort, "columns": ",".join(columns or ()), "density": density, "rows": rows, "page": page,
    }  # fmt: skip
    return BoardQuery.parse((name, value) for name, value in asked.items() if value)


Asked = Annotated[BoardQuery, Depends(board_query)]


@router.get("/board", response_model=BoardAnswer)
def board(request: Request, query: Asked) -> Response:
    """A board: rows with both sides, their intervals and ranks. The query is that of the page's address."""
    catalogue, made = asked_board(request, query)
    return _json(request, board_answer(made, catalogue.version))


@router.get("/board.{ending}")
def board_as_file(
    request: Request,
    ending: Annotated[Literal["csv", "parquet", "tex", "bib"], Path(description="The kind of file.")],
    query: Asked,
) -> Response:
    """The same board as CSV or Parquet (one line per row, the dense yardstick last), as a LaTeX table, or as BibTeX."""
    catalogue, made = asked_board(request, query)
    address = str(request.base_url).rstrip("/") + query.address()
    parts = ["board", made.filters.architecture or "all", made.filters.label("sparsity").removesuffix(" %")]
    content = board_file(catalogue, made, ending, address)
    return respond(request, content, FORMATS[ending], filename=f"{safe_name('-'.join(parts))}.{ending}")


Axis = Annotated[str | None, Query(description="The key of a column, of a side, or sparsity.")]
Scale = Annotated[str | None, Query(description="linear, log or symlog.")]
Colour = Annotated[str, Query(description="family, method, architecture or trust.")]


@router.get("/explore.vl.json")
def explore(
    request: Request,
    query: Asked,
    x: Axis = None,
    y: Axis = None,
    x_scale: Scale = None,
    y_scale: Scale = None,
    colour: Colour = Axes.colour,
) -> Response:
    """The specification of an explore page (its query) in Vega-Lite, with the data inside."""
    asked = {"x": x, "y": y, "x_scale": x_scale, "y_scale": y_scale, "colour": colour}
    pairs = {**vars(query), **asked}
    query, axes = parse((name, value) for name, value in pairs.items() if value)
    _, made = asked_board(request, query)
    content = json.dumps(specification(made, axes, str(request.base_url).rstrip("/")), indent=1, ensure_ascii=False)
    return respond(request, content.encode(), "application/json", filename="prunarium.vl.json")


@router.get("/choose", response_model=ChoiceAnswer)
def choose(
    request: Request,
    use: Annotated[str, Query(description="frozen or fine-tuned.")] = Wish.use,
    sparsity: Annotated[str, Query(description="The least that will do, such as 0.90.")] = Wish.sparsity,
    architecture: Architecture = None,
    licence: Annotated[str, Query(description="any, stated or commercial.")] = Wish.licence,
    engine: Annotated[str, Query(description="What the network shall be faster on, or any.")] = Wish.engine,
    suite: Suite = None,
) -> Response:
    """The checkpoints that the noise cannot tell apart from the best one that fits, and how to get them."""
    asked = {
        "use": use, "sparsity": sparsity, "architecture": architecture, "licence": licence, "engine": engine,
        "suite": suite,
    }  # fmt: skip
    wish = Wish.parse((name, value) for name, value in asked.items() if value)
    return _json(request, choice_answer(advice_for(request.app.state.engine, catalogue_of(request), wish)))


@router.get("/models/{name:path}", response_model=ModelDetail)
def model(
    request: Request,
    name: Annotated[str, Path(description="A slug or a Hub id.")],
    results: Annotated[bool, Query(description="Whether to list the results, too.")] = True,
) -> Response:
    """One model with its current checkpoint, the commits that hold it, and all its results."""
    entry = LocalSource(request.app.state.engine, only_shown=True).entry(name)
    listed = catalogue_of(request).results_of(entry.model.name) if results else []
    answer = ModelDetail(
        model=model_answer(entry.model),
        checkpoint=entry.checkpoint,
        revisions=list(entry.revisions),
        results=[result_answer(result) for result in listed],
    )
    return _json(request, answer)


@router.get("/revisions/{repo:path}/{commit}", response_model=Holding)
def revision(
    request: Request,
    repo: Annotated[str, Path(description="A Hub id.")],
    commit: Annotated[str, Path(description="40 hex digits.", pattern="^[0-9a-f]{40}$")],
) -> Response:
    """The checkpoint that a commit holds, and the SHA-256 of each of its files."""
    found = LocalSource(request.app.state.engine, only_shown=True).holding(repo, commit)
    if found is None:
        raise NotFoundError(f"No checkpoint is known at {repo}@{commit}.", "All models: /api/v1/models")
    return respond(request, TypeAdapter(Holding).dump_json(found), "application/json")


@router.get("/tasks", response_model=TaskList)
def tasks(request: Request) -> Response:
    """Every task version."""
    known = catalogue_of(request).tasks
    return _json(request, TaskList(tasks=[task_answer(ref, task) for ref, task in known.items()]))


@router.get("/tasks/{ref}", response_model=TaskAnswer)
def task(request: Request, ref: Annotated[str, Path(description="A task as name@version.")]) -> Response:
    """One task version."""
    known = catalogue_of(request).tasks
    if ref not in known:
        raise NotFoundError(f"There is no task {ref!r}.", "All tasks: /api/v1/tasks")
    return _json(request, task_answer(ref, known[ref]))


@router.get("/results", response_model=ResultList)
def results(
    request: Request,
    model: Annotated[str | None, Query(description="A slug or a Hub id.")] = None,
    task: Annotated[str | None, Query(description="A task as name@version.")] = None,
    protocol: Annotated[str | None, Query(description="A protocol as name@version.")] = None,
    metric: Annotated[str | None, Query(description="A metric as name@version.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """Single values with interval, spread, trust and source; superseded ones are left out."""
    wanted = {"model": model, "task": task, "protocol": protocol, "metric": metric}
    found = [
        result
        for result in catalogue_of(request).results
        if all(value is None or getattr(result, name) == value for name, value in wanted.items())
    ]
    page = [result_answer(result) for result in found[offset : offset + limit]]
    return _json(
        request, ResultList(total=len(found), next=next_address(request, offset + limit, len(found)), results=page)
    )


def _json(request: Request, answer: BaseModel) -> Response:
    return respond(request, answer.model_dump_json().encode(), "application/json")
