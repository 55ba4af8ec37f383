"""From an address to what it asks for: the one place where boards and choices need the database."""

from dataclasses import replace

from fastapi import Request
from sqlalchemy import Engine

from registry import queries
from registry.db.session import session_scope
from registry.errors import QueryError
from registry.records import ModelRecord, ResultRecord
from zoo.checkpoint.engines import SPARSE_ENGINES

from .board import Board, make_board
from .catalogue import Catalogue
from .choosing import ANY, Advice, Wish, advise
from .compare_query import FEWEST, CompareQuery
from .comparing import CellKey, Comparison, cells_of, compare_models
from .engines_of import engine_rows
from .errors import BadTermsError, BadViewError
from .finding import find_model
from .flipped import Kept
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
        raise BadTermsError(error.message, error.hint) from error


def comparison_of(database: Engine, catalogue: Catalogue, query: CompareQuery) -> Comparison | None:
    """The models of ``query`` side by side, paired by what the database keeps; None for fewer than two.

    Raises :class:`NotFoundError` for a name that is no model's, :class:`BadViewError` for too many.
    """
    query.check()
    models = list({model.name: model for name in query.models if (model := find_model(catalogue, name))}.values())
    if len(models) < FEWEST:
        return None
    against = None if query.against is None else find_model(catalogue, query.against).name
    query = CompareQuery(models=tuple(model.name for model in models), against=against)
    cells = cells_of(catalogue, models)
    rows: dict[CellKey, list[ResultRecord]] = {
        (model.name, *cell): catalogue.whole_cell(model.name, *cell) for model in models for cell in cells
    }
    measured = [row for results in rows.values() for row in results]
    with session_scope(database) as session:
        drawn = queries.replicates_of(session, [row.id for row in measured if row.id is not None])
        bits = queries.answers_of(session, sorted({row.job_id for row in measured if row.job_id is not None}))
        kept = Kept(bits, {number: queries.image_set(session, number) for number in {one for one, _ in bits.values()}})
        checkpoints = {model.name: queries.checkpoint_of(session, model.id) for model in models if model.id is not None}
    paired = {
        cell: [replace(row, replicates=drawn.get(row.id or 0)) for row in results] for cell, results in rows.items()
    }
    return compare_models(catalogue, query, models, checkpoints, paired, kept)


def advice_for(database: Engine, catalogue: Catalogue, wish: Wish) -> Advice:
    """The advice; the passports of candidates are read where an engine is wished. Raises :class:`BadViewError`."""
    if wish.engine not in (ANY, *SPARSE_ENGINES):
        raise BadViewError(f"Nothing is known of an engine {wish.engine!r}.", f"Known: {', '.join(SPARSE_ENGINES)}.")
    with session_scope(database) as session:

        def is_faster(model: ModelRecord) -> bool:
            checkpoint = queries.checkpoint_of(session, model.id) if model.id is not None else None
            return any(engine.faster and engine.name == wish.engine for engine in engine_rows(checkpoint))

        return advise(catalogue, wish, is_faster)
