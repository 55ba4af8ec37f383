"""From an address to the board it asks for: the one place where a board needs the database."""

from fastapi import Request
from sqlalchemy import Engine

from registry import queries
from registry.db.session import session_scope
from registry.errors import QueryError

from .board import Board, make_board
from .catalogue import Catalogue
from .errors import BadViewError
from .view import BoardQuery
from .web import catalogue_of


def asked_board(request: Request, query: BoardQuery) -> tuple[Catalogue, Board]:
    """The catalogue as of now and the board of ``query``. Raises :class:`BadViewError`."""
    catalogue = catalogue_of(request)
    return catalogue, view_of(request.app.state.engine, catalogue, query)


def view_of(engine: Engine, catalogue: Catalogue, query: BoardQuery) -> Board:
    """The board of ``query``, whose terms the database answers. Raises :class:`BadViewError`."""
    if query.q is None:
        return make_board(catalogue, query)
    try:
        with session_scope(engine) as session:
            return make_board(catalogue, query, queries.matching_models(session, query.q))
    except QueryError as error:
        raise BadViewError(error.message, error.hint) from error
