"""Many models at once: the published ones are hundreds, and a statement for each takes longer than reading them."""

from collections.abc import Iterable

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ..db.models import Model
from ..db.session import mark_changed, now_us
from ..records import ModelRecord
from ._common import columns_of
from .models import model_id


def add_models(session: Session, records: Iterable[ModelRecord]) -> int:
    """Insert models that have slugs and that the catalogue does not have yet; returns how many.

    A parent may stand anywhere among ``records``. Raises :class:`~registry.errors.UnknownRecordError` for one that is
    neither there nor in the catalogue.
    """
    wanted = list(records)
    if not wanted:
        return 0
    mark_changed(session)
    now = now_us(session)
    values = [columns_of(record, skip=("id", "created_us", "parent")) | {"created_us": now} for record in wanted]
    # One statement for all: without nulls there is one for each run of rows that lack the same values.
    session.execute(insert(Model), values, execution_options={"render_nulls": True})
    ids = {slug: number for number, slug in session.execute(select(Model.id, Model.slug))}
    for record in wanted:
        if record.parent is not None and record.parent not in ids:
            model_id(session, record.parent)  # raises, with the nearest name
    parents = [{"id": ids[one.slug], "parent_id": ids[one.parent]} for one in wanted if one.parent is not None]
    session.bulk_update_mappings(Model.__mapper__, parents)
    return len(wanted)
