"""The temperature of a task: fitted on the images that it has for that, where this machine has them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from zoo.errors import DataMissingError

from .errors import DataNotFetchedError, UnverifiedDataError
from .logits import Logits
from .tasks import Task
from .temperature import TemperatureFit, fit_temperature

if TYPE_CHECKING:
    import zoo.data


def temperature_of(
    task: Task, known: Mapping[str, Logits], answer: "Callable[[zoo.data.Images], Logits]"
) -> tuple[TemperatureFit | None, Mapping[str, Any]]:
    """The fit, or None, and the note of the row that says how it came about.

    ``known`` are logits by condition; those of the fitting images may be there under ``validation``, else they are
    worked out by ``answer``.
    """
    try:
        fitting = task.fitting_set()
    except (DataNotFetchedError, UnverifiedDataError, DataMissingError) as error:
        # A shift's own images suffice for all but the metrics after scaling.
        return None, {"temperature": {"missing_reason": error.message}}
    if fitting is None:
        return None, {}
    logits = known.get("validation")
    fit = fit_temperature(answer(fitting.images) if logits is None else logits, fitting.labels)
    caveat = {} if task.fitting_caveat is None else {"caveat": task.fitting_caveat}
    return fit, {"temperature": {**asdict(fit), **caveat}}
