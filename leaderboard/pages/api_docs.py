"""The API, described on a page of our own: FastAPI's loads scripts from another host."""

from dataclasses import dataclass
from typing import Any, ClassVar

from fastapi import APIRouter, Request, Response

from ..context import PageContext
from ..web import render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One address: what it answers and what it takes, as the OpenAPI document says; ``fields`` are those of a body."""

    method: str
    path: str
    summary: str
    description: str
    parameters: list[dict[str, Any]]
    fields: str


@dataclass(frozen=True, kw_only=True)
class ApiContext(PageContext):
    """Every operation of the OpenAPI document, so that page and document cannot differ."""

    template: ClassVar[str] = "api.html"

    operations: list[Operation]
    host: str


@router.get("/api")
def show(request: Request) -> Response:
    """The page, made from the OpenAPI document."""
    document = request.app.openapi()
    operations = [
        Operation(
            method=method.upper(),
            path=path,
            summary=operation["summary"],
            description=operation.get("description", ""),
            parameters=operation.get("parameters", []),
            fields=", ".join(_fields(document, operation)),
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    host = str(request.base_url).rstrip("/")
    return render(request, ApiContext(title="API", here="api", operations=operations, host=host))


def _fields(document: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    """The fields of the JSON that an operation takes."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return list(document.get("components", {}).get("schemas", {}).get(name, {}).get("properties", {}))
