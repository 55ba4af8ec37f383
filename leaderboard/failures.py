"""Errors as pages for people and as JSON for programs: never a traceback."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from registry.errors import (
    AccessError,
    CatalogueError,
    InvalidRecordError,
    LeaseLostError,
    ScopeError,
    TooManyError,
    TransitionError,
    UnknownRecordError,
)
from zoo.core.errors import PrunariumError, UsageError

from .context import Trouble
from .errors import (
    BadViewError,
    ForbiddenError,
    NotFoundError,
    SignInFailedError,
    SignInNeededError,
    StaleFormError,
)
from .pages.error import ErrorContext
from .visitors import sign_in_address
from .web import render

_TITLES = {
    400: "That is no view of this board",
    401: "Sign in first",
    403: "Not with this account",
    404: "Nothing here",
    503: "The catalogue cannot be read",
}


def install_error_pages(app: FastAPI) -> None:
    """One handler per kind of error; what is not foreseen stays a 500 and reaches the server's log."""

    _install_sign_in_errors(app)

    @app.exception_handler(BadViewError)
    def bad_view(request: Request, error: BadViewError) -> Response:
        return _answer(request, 400, error.message, error.hint)

    @app.exception_handler(NotFoundError)
    def not_found(request: Request, error: NotFoundError) -> Response:
        return _answer(request, 404, error.message, error.hint)

    @app.exception_handler(SignInNeededError)
    def anonymous(request: Request, _error: SignInNeededError) -> Response:
        # What a form held is lost with the redirect, so the reader comes back to the form and not to its target.
        where = request.url.path if request.method in ("GET", "HEAD") else ""
        return RedirectResponse(sign_in_address(where and f"{where}?{request.url.query}".rstrip("?")), 303)

    @app.exception_handler(ForbiddenError)
    @app.exception_handler(StaleFormError)
    def forbidden(request: Request, error: PrunariumError) -> Response:
        return _answer(request, 403, error.message, error.hint)

    @app.exception_handler(CatalogueError)
    def unavailable(request: Request, error: PrunariumError) -> Response:
        return _answer(request, 503, error.message, error.hint)

    @app.exception_handler(UsageError)
    def misused(request: Request, error: UsageError) -> Response:
        return _answer(request, 404 if isinstance(error, UnknownRecordError) else 400, error.message, error.hint)

    @app.exception_handler(InvalidRecordError)
    def invalid_record(request: Request, error: InvalidRecordError) -> Response:
        return _answer(request, 400, error.message, error.hint, "This did not work")

    @app.exception_handler(TransitionError)
    @app.exception_handler(LeaseLostError)
    def conflict(request: Request, error: PrunariumError) -> Response:
        return _answer(request, 410 if isinstance(error, LeaseLostError) else 409, error.message, error.hint)

    @app.exception_handler(AccessError)
    def refused(request: Request, error: AccessError) -> Response:
        answer = _answer(request, 403 if isinstance(error, ScopeError) else 401, error.message, error.hint)
        if answer.status_code == 401:
            answer.headers["WWW-Authenticate"] = 'Bearer realm="prunarium"'
        return answer

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        message = "There is no page at this address." if error.status_code == 404 else str(error.detail)
        return _answer(request, error.status_code, message, None)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return _answer(request, 400, f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}.", None)


def _install_sign_in_errors(app: FastAPI) -> None:
    @app.exception_handler(SignInFailedError)
    def not_signed_in(request: Request, error: SignInFailedError) -> Response:
        return _answer(request, 400, error.message, error.hint, "You are not signed in")

    @app.exception_handler(TooManyError)
    def too_many(request: Request, error: TooManyError) -> Response:
        answer = _answer(request, 429, error.message, error.hint, "Too often")
        answer.headers["Retry-After"] = str(error.retry_after_seconds)
        return answer


def _answer(request: Request, status: int, message: str, hint: str | None, title: str | None = None) -> Response:
    if request.url.path.startswith("/api/v1"):
        return JSONResponse({"error": {"message": message, "hint": hint}}, status_code=status)
    title = title or _TITLES.get(status, "This did not work")
    return render(request, ErrorContext(title=title, status=status, trouble=Trouble(message, hint)), status=status)
