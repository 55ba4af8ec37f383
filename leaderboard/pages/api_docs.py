"""The API, described on a page of our own: FastAPI's loads scripts from another host."""

from dataclasses import dataclass
from typing import Any, ClassVar

from fastapi import APIRouter, Request, Response

from ..context import PageContext
from ..web import render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One address: what it answers and which parameters it takes, as the OpenAPI document says."""

    path: str
    summary: str
    description: str
    parameters: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ApiContext(PageContext):
    """Every operation of the OpenAPI document, so that page and document cannot differ."""

    template: ClassVar[str] = "api.html"

    operations: list[Operation]
    host: str


@router.get("/api")
def show(request: Request) -> Response:
    """The page, made from the OpenAPI document."""
    paths: dict[str, Any] = request.app.openapi()["paths"]
    operations = [
        Operation(
            path=path,
            summary=methods["get"]["summary"],
            description=methods["get"].get("description", ""),
            parameters=methods["get"].get("parameters", []),
        )
        for path, methods in paths.items()
    ]
    host = str(request.base_url).rstrip("/")
    return render(request, ApiContext(title="API", here="api", operations=operations, host=host))
