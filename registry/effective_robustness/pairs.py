"""From the catalogue's results to effective robustness, against both lines; pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import UndefinedRobustnessError
from ..records import ModelRecord, ResultRecord, ShiftRecord, TaskRecord
from .line import TRANSFORMS, EffectiveRobustness, Line, Transform, effective_robustness, fit_line
from .testbed import stored_fit

Against = Literal["testbed", "zoo"]
AGAINST: tuple[Against, ...] = ("testbed", "zoo")
LineAt = Callable[[float], Line]
"""An accuracy -> the line that holds there."""

ACCURACIES = ("top1@1", "mean-top1@1")
_ANOTHER_PREPROCESSING = {"imagenet-c": "testbed"}
"""Lines that hold for the numbers of one source alone: it resized images that are to be cropped only."""


_ORDINARY = {"robustnets": ("-clean",), "robustbench": ("-standard", "-standard-r50", "-alexnet")}
"""Versions of tasks whose source trained most dense models against shifts -> how the names of the others end."""


@dataclass(frozen=True)
class Pair:
    """One model on a shifted set and on the set without shift, both by one protocol; accuracies as fractions.

    ``ordinary``: dense, and not known to be trained against shifts, so that a line may be fitted to it.
    """

    model: str
    protocol: str
    seed: int | None
    shift: str
    accuracy: float
    shifted: float
    n: int | None
    n_shifted: int | None
    dense: bool
    ordinary: bool


@dataclass(frozen=True)
class RobustnessRow:
    """A pair against one line by one transform: a value, or why there is none."""

    pair: Pair
    against: Against
    transform: Transform
    robustness: EffectiveRobustness | None
    missing_reason: str | None


def pairs_of(
    results: Iterable[ResultRecord],
    shifts: Mapping[str, ShiftRecord],
    tasks: Mapping[str, TaskRecord],
    models: Mapping[str, ModelRecord],
) -> list[Pair]:
    """Every model that has an accuracy on a shifted set and on what it shifts; whole sets only, by shift and model.

    Mappings are by ``name@version``, and models by name. A shift whose primary metric is no accuracy has no pairs.
    """
    found = {
        (row.model, row.task, row.protocol, row.seed): row
        for row in results
        if row.metric in ACCURACIES and row.value is not None and not row.condition
        and row.metric == _accuracy_of(tasks.get(row.task))
    }  # fmt: skip
    pairs = []
    for (model, task, protocol, seed), row in sorted(found.items(), key=lambda item: (item[0][1], item[0][0])):
        shift = shifts.get(task)
        clean = None if shift is None else found.get((model, shift.source_task, protocol, seed))
        if clean is None or clean.value is None or row.value is None:
            continue
        dense = model in models and models[model].sparsity_target == 0
        ordinary = dense and model.endswith(_ORDINARY.get(task.partition("@")[2], ("",)))
        pairs.append(Pair(model, protocol, seed, task, clean.value, row.value, clean.n, row.n, dense, ordinary))
    return pairs


def dense_line(pairs: Sequence[Pair], transform: Transform) -> Line:
    """The line of the zoo's own ordinary models on one shifted set; raises :class:`UndefinedRobustnessError`.

    Models of accuracy 0 or 1 are left out of it: they have no transform.
    """
    points = [(pair.accuracy, pair.shifted) for pair in pairs if pair.ordinary]
    return fit_line([point for point in points if all(0 < value < 1 for value in point)], transform)


def robustness_rows(pairs: Sequence[Pair]) -> list[RobustnessRow]:
    """Every pair against the testbed's line and against that of the ordinary dense models here, by both transforms.

    An ordinary model is part of the line that it is compared with.
    """
    by_shift: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_shift.setdefault(pair.shift, []).append(pair)
    return [
        _row(pair, beside, against, transform)
        for beside in by_shift.values()
        for pair in beside
        for against in AGAINST
        for transform in TRANSFORMS
    ]


def line_for(shift: str, pairs: Sequence[Pair], transform: Transform = "logit") -> tuple[Against, LineAt]:
    """The line that a picture of a shift (``name@version``) shows: the testbed's, else that of the ordinary ones here.

    Raises :class:`~registry.errors.UndefinedRobustnessError` where there is neither.
    """
    try:
        return "testbed", _testbed_line(shift, transform)
    except UndefinedRobustnessError:
        line = dense_line(pairs, transform)
        return "zoo", lambda _: line


def _row(pair: Pair, beside: Sequence[Pair], against: Against, transform: Transform) -> RobustnessRow:
    try:
        if against == "zoo":
            line = dense_line(beside, transform)
        else:
            line = _testbed_line(pair.shift, transform)(pair.accuracy)
        value = effective_robustness(pair.accuracy, pair.shifted, line, n=pair.n, n_shifted=pair.n_shifted)
    except UndefinedRobustnessError as error:
        return RobustnessRow(pair, against, transform, None, error.message)
    return RobustnessRow(pair, against, transform, value, None)


def _testbed_line(shift: str, transform: Transform) -> LineAt:
    name, _, version = shift.partition("@")
    if _ANOTHER_PREPROCESSING.get(name, version) != version:
        raise UndefinedRobustnessError(f"the testbed's line for {name} is of images that were resized once more")
    return stored_fit(name, transform).line_at


def _accuracy_of(task: TaskRecord | None) -> str | None:
    """The accuracy by which a task is judged; None for another kind of number."""
    return task.primary_metric if task is not None and task.primary_metric in ACCURACIES else None
