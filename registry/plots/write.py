"""Pictures of a catalogue, written into a folder: each as SVG that stands alone and as JSON of what it draws."""

import json
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine

from zoo.core.files import write_bytes

from .. import queries
from ..charts import standalone
from ..db.session import session_scope
from .pictures import Plot, PlotInputs, plots_of


def load_inputs(engine: Engine, models: Sequence[str] | None = None) -> PlotInputs:
    """Everything that pictures are drawn from: current results of all models, and what they are about.

    Raises :class:`~registry.errors.UnknownRecordError` where the catalogue lacks one of ``models``.
    """
    with session_scope(engine) as session:
        for name in models or ():
            queries.model_id(session, name)
        return PlotInputs(
            results=queries.results(session),
            tasks={f"{task.name}@{task.version}": task for task in queries.list_tasks(session)},
            shifts={shift.task: shift for shift in queries.list_shifts(session)},
            models={model.name: model for model in queries.list_models(session)},
        )


def write_plots(engine: Engine, folder: Path, models: Sequence[str] | None = None) -> list[Plot]:
    """Write ``NAME.svg`` and ``NAME.json`` for every picture; raises for a model that the catalogue does not have."""
    plots = list(plots_of(load_inputs(engine, models), models))
    folder.mkdir(parents=True, exist_ok=True)
    for plot in plots:
        write_bytes(folder / f"{plot.name}.svg", standalone(plot.svg, *plot.captions).encode())
        text = json.dumps({"title": plot.title, "captions": plot.captions, **plot.data}, ensure_ascii=False, indent=1)
        write_bytes(folder / f"{plot.name}.json", f"{text}\n".encode())
    return plots
