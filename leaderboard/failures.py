"""Errors as pages for people and as JSON for programs: never a traceback."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from registry.errors import CatalogueError
from zoo.core.errors import PrunariumError

from .errors import BadViewError, NotFoundError
from .pages.error import ErrorContext
from .web import render

_TITLES = {400: "That is no view of this board", 404: "Nothing here", 503: "The catalogue cannot be read"}


def install_error_pages(app: FastAPI) -> None:
    """One handler per kind of error; what is not foreseen stays a 500 and reaches the server's log."""

    @app.exception_handler(BadViewError)
    def bad_view(request: Request, error: BadViewError) -> Response:
        return _answer(request, 400, error.message, error.hint)

    @app.exception_handler(NotFoundError)
    def not_found(request: Request, error: NotFoundError) -> Response:
        return _answer(request, 404, error.message, error.hint)

    @app.exception_handler(CatalogueError)
    def unavailable(request: Request, error: PrunariumError) -> Response:
        return _answer(request, 503, error.message, error.hint)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        message = "There is no page at this address." if error.status_code == 404 else str(error.detail)
        return _answer(request, error.status_code, message, None)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return _answer(request, 400, f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}.", None)


def _answer(request: Request, status: int, message: str, hint: str | None) -> Response:
    if request.url.path.startswith("/api/v1"):
        return JSONResponse({"error": {"message": message, "hint": hint}}, status_code=status)
    title = _TITLES.get(status, "This did not work")
    return render(request, ErrorContext(title=title, status=status, message=message, hint=hint), status=status)
