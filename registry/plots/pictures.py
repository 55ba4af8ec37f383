"""Which pictures a catalogue has; pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..records import ModelRecord, ResultRecord, ShiftRecord, TaskRecord


@dataclass(frozen=True)
class Plot:
    """``svg`` draws ``data`` (JSON types), and nothing else; ``name`` is a file name without its ending.

    ``captions`` say which model and which images, for a picture that stands alone.
    """

    name: str
    title: str
    captions: tuple[str, ...]
    data: Mapping[str, Any]
    svg: str


@dataclass(frozen=True)
class PlotInputs:
    """What pictures are drawn from, by ``name@version`` and by name of the model."""

    results: Sequence[ResultRecord]
    tasks: Mapping[str, TaskRecord]
    shifts: Mapping[str, ShiftRecord]
    models: Mapping[str, ModelRecord]

    def title_of(self, task: str) -> str:
        """The title of a task, or its reference where the catalogue does not have it."""
        return self.tasks[task].title if task in self.tasks else task


def plots_of(inputs: PlotInputs, models: Sequence[str] | None = None) -> Iterator[Plot]:
    """Every picture: of each model (or of those named) its calibration and its corruptions; then those of all."""
    from .by_model import heat_maps, reliability_diagrams, severity_plots
    from .by_task import curves, robustness_plots

    named = None if models is None else set(models)
    of_one: list[Callable[[PlotInputs, str, Sequence[ResultRecord]], Iterator[Plot]]] = [
        reliability_diagrams,
        heat_maps,
        severity_plots,
    ]
    rows: dict[str, list[ResultRecord]] = {}
    for row in inputs.results:
        rows.setdefault(row.model, []).append(row)
    for model in sorted(rows):
        if named is None or model in named:
            for draw in of_one:
                yield from draw(inputs, model, rows[model])
    yield from robustness_plots(inputs, named)
    yield from curves(inputs)


def file_name(*parts: str) -> str:
    """The parts with what no file name may hold replaced.

    >>> file_name("heatmap", "gmp/resnet50/0.90", "top1@1")
    'heatmap-gmp_resnet50_0.90-top1_1'
    """
    return "-".join("".join(c if c.isalnum() or c in "._" else "_" for c in part) for part in parts)
