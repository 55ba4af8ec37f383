"""A parameter that a route of the API does not have is an error: a slip of the pen must not look like an answer."""

from fastapi import Request

from .errors import BadViewError


def only_known_parameters(request: Request) -> None:
    """Raises :class:`BadViewError` for a query parameter that the API's own description does not give the route."""
    path, method = request.scope["route"].path_format, request.method.lower()
    described = request.app.openapi()["paths"][path][method].get("parameters", ())
    known = [parameter["name"] for parameter in described if parameter["in"] == "query"]
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is not None:
        there = f"There are {', '.join(known)}." if known else "It has none."
        raise BadViewError(f"{path} has no parameter {unknown!r}.", there)
