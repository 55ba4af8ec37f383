"""Find models in the catalogue: words and filters together."""

from sqlalchemy import Engine

from . import queries
from .db.schema import open_catalogue
from .db.session import session_scope
from .records import ModelRecord
from .settings import load_settings


def search(
    text: str = "",
    *,
    engine: Engine | None = None,
    method: str | None = None,
    architecture: str | None = None,
    sparsity: float | None = None,
    family: str | None = None,
    availability: str | None = None,
    owner: str | None = None,
    limit: int = 50,
) -> list[ModelRecord]:
    """At most ``limit`` models whose names hold every word of ``text`` and that fit every filter.

    ``sparsity`` is a fraction of the prunable weights. Without an ``engine`` the catalogue of the environment is used.
    """
    engine = engine or open_catalogue(load_settings())
    with session_scope(engine) as session:
        rows = queries.list_models(
            session,
            method=method,
            architecture=architecture,
            sparsity=sparsity,
            family=family,
            availability=availability,
            owner=owner,
        )
        if text.strip():
            named = {row.id for row in queries.search(session, text, limit=len(rows) + limit)}
            rows = [row for row in rows if row.id in named]
    return rows[:limit]


def how_to_get(model: ModelRecord) -> str:
    """The command that fetches a model, or else where it is and why there is none."""
    if model.availability == "hub":
        return f"prunarium pull {model.name}"
    return model.availability_detail or model.availability.replace("_", " ")
