"""JSON and CSV under /api/v1: what the pages show, by the same query, with an ETag."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from .answers import board_answer, board_csv, model_answer, result_answer, task_answer
from .board import make_board
from .errors import NotFoundError
from .pages.model import find_model
from .schemas import BoardAnswer, ModelDetail, ModelList, ResultList, TaskAnswer, TaskList
from .view import BoardQuery
from .web import catalogue_of, respond, safe_name

router = APIRouter(prefix="/api/v1")

Suite = Annotated[str | None, Query(description="A suite as name@version, or its name; else the fullest one.")]
Architecture = Annotated[str | None, Query(description="An architecture's name, such as resnet50.")]
Sparsity = Annotated[str | None, Query(description="A band such as 0.90, or all.")]
Trust = Annotated[str | None, Query(description="all, measured or reported.")]
Sort = Annotated[str | None, Query(description="A column's key; a minus sign in front turns it round.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most entries in one answer, at most 1000.")]
Offset = Annotated[int, Query(ge=0, description="Entries to leave out first.")]


def board_query(
    request: Request,
    suite: Suite = None,
    architecture: Architecture = None,
    sparsity: Sparsity = None,
    trust: Trust = None,
    sort: Sort = None,
) -> BoardQuery:
    """The query of a board; a parameter that no board has is an error here as on the page."""
    asked = {"suite": suite, "architecture": architecture, "sparsity": sparsity, "trust": trust, "sort": sort}
    unknown = [(name, value) for name, value in request.query_params.multi_items() if name not in asked]
    return BoardQuery.parse([*unknown, *((name, value) for name, value in asked.items() if value is not None)])


Asked = Annotated[BoardQuery, Depends(board_query)]


@router.get("/board", response_model=BoardAnswer)
def board(request: Request, query: Asked) -> Response:
    """A board: rows with both sides, their intervals and ranks. The query is that of the page's address."""
    catalogue = catalogue_of(request)
    return _json(request, board_answer(make_board(catalogue, query), catalogue.version))


@router.get("/board.csv")
def board_as_csv(request: Request, query: Asked) -> Response:
    """The same board as CSV, one line per row, the dense yardstick last."""
    made = make_board(catalogue_of(request), query)
    parts = ["board", made.filters.architecture or "all", made.filters.label("sparsity").removesuffix(" %")]
    return respond(request, board_csv(made), "text/csv; charset=utf-8", filename=f"{safe_name('-'.join(parts))}.csv")


@router.get("/models", response_model=ModelList)
def models(
    request: Request,
    method: Annotated[str | None, Query(description="A method's name.")] = None,
    architecture: Architecture = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """Models, by architecture, method and sparsity."""
    found = [
        model
        for model in catalogue_of(request).models.values()
        if (method is None or model.method == method) and (architecture is None or model.architecture == architecture)
    ]
    page = found[offset : offset + limit]
    following = _next(request, offset + limit, len(found))
    return _json(request, ModelList(total=len(found), next=following, models=[model_answer(one) for one in page]))


@router.get("/models/{name:path}", response_model=ModelDetail)
def model(request: Request, name: Annotated[str, Path(description="A slug or a Hub id.")]) -> Response:
    """One model with all its results."""
    catalogue = catalogue_of(request)
    found = find_model(catalogue, name)
    results = [result_answer(result) for result in catalogue.results_of(found.name)]
    return _json(request, ModelDetail(model=model_answer(found), results=results))


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
    return _json(request, ResultList(total=len(found), next=_next(request, offset + limit, len(found)), results=page))


def _json(request: Request, answer: BaseModel) -> Response:
    return respond(request, answer.model_dump_json().encode(), "application/json")


def _next(request: Request, offset: int, total: int) -> str | None:
    if offset >= total:
        return None
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "offset"]
    return f"{request.url.path}?{urlencode([*pairs, ('offset', offset)])}"
