"""How results and errors leave the server."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from zoo.core.errors import PrunariumError
from zoo.core.files import DiskFullError

from ..errors import CatalogueUnavailableError, InvalidRecordError
from .errors import RequestError
from .hub import Hub

_RETRY_SECONDS = "2"
_NOT_FOR_HEADERS = re.compile(r"[^\x20-\x7e]")


def iso_time(at_us: int) -> str:
    """UTC with milliseconds and a Z, which is what clients parse.

    >>> iso_time(0)
    '1970-01-01T00:00:00.000Z'
    """
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def page(hub: Hub, request: Request, items: Sequence[Any], cursor: str | None) -> JSONResponse:
    """A list; when there is more, a ``Link`` to the rest, absolute and below the base address."""
    headers = {}
    if cursor is not None:
        kept = [(key, value) for key, value in request.query_params.multi_items() if key != "cursor"]
        path = quote(request.scope["path"].removeprefix(request.scope.get("root_path", "")), safe="/%")
        headers["Link"] = f'<{hub.url(path.lstrip("/"))}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'
    return JSONResponse(list(items), headers=headers)


def install_error_handlers(app: FastAPI) -> None:
    """Every error becomes a status, two headers and JSON; nothing that a client did wrong is answered with 5xx."""

    def hub_error(_request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestError):
            raise error
        return _answer(error.status, str(error), error.code, error.headers, error.body)

    def http_error(_request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        return _answer(error.status_code, str(error.detail), None, dict(error.headers or {}), {})

    def conflict(_request: Request, error: Exception) -> Response:  # noqa: ARG001 - the detail names columns
        return _answer(409, "Somebody else has just made the same change.", None, {}, {})

    def busy(_request: Request, error: Exception) -> Response:  # noqa: ARG001 - the detail names places
        return _answer(503, "The hub is busy or its database cannot be reached.", None, _retry(), {})

    def disk_full(_request: Request, error: Exception) -> Response:  # noqa: ARG001 - the detail names places
        return _answer(507, "The hub has no space left.", None, {}, {})

    def gone(_request: Request, error: Exception) -> Response:  # noqa: ARG001
        return _answer(400, "The connection ended before the body did.", None, {}, {})

    app.add_exception_handler(RequestError, hub_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(InvalidRecordError, conflict)
    app.add_exception_handler(CatalogueUnavailableError, busy)
    app.add_exception_handler(PoolTimeoutError, busy)
    app.add_exception_handler(DiskFullError, disk_full)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(PrunariumError, busy)


def _retry() -> dict[str, str]:
    return {"Retry-After": _RETRY_SECONDS}


def _answer(
    status: int, message: str, code: str | None, headers: Mapping[str, str], body: Mapping[str, Any]
) -> JSONResponse:
    sent = {"X-Error-Message": _NOT_FOR_HEADERS.sub("?", message.replace("\n", " "))[:500], **headers}
    if code is not None:
        sent["X-Error-Code"] = code
    return JSONResponse({"error": message, **body}, status_code=status, headers=sent)
