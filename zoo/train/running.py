"""Runs from beginning to end: in memory, or with a folder from which a run that was killed goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from ..checkpoint.config import Preprocessing
from ..data import Split
from ..methods import Method
from ..patterns import UNSTRUCTURED, Pattern
from ..scratch import Scratch
from .batches import WHOLE, training_batches
from .config import Execution, TrainConfig
from .logs import METRICS, EventFiles, write_csv
from .rows import TrainResult
from .saving import SavedRun, stop_requests
from .session import Session


@dataclass(frozen=True)
class Journal:
    """What a run writes while it goes on, and where.

    ``folder`` gets ``metrics.csv``, TensorBoard's event files if ``tensorboard``, and the state every ``save_seconds``
    (0: after every step); whoever stores the result removes it. ``key`` tells the run from others; with
    ``replace_other`` the state of another run, or a damaged one, is forgotten. ``report`` is called after every step.
    """

    folder: Path
    key: str
    save_seconds: float = 300.0
    tensorboard: bool = False
    replace_other: bool = False
    report: Callable[[Session], None] | None = None


def run(session: Session, journal: Journal) -> TrainResult:
    """Train to the end, from where the same run stood if it was interrupted.

    Ctrl-C and SIGTERM end the step, save, and raise ``KeyboardInterrupt``. Raises
    :class:`~zoo.errors.SavedRunError` where the folder holds another half-finished run.
    """
    saved = SavedRun(journal.folder, journal.key, journal.save_seconds)
    main = session.accelerator.is_main_process
    session.pruner.scratch = Scratch(journal.folder, journal.key, journal.save_seconds, writes=main)
    saved.resume(session, replace_other=journal.replace_other)
    events = EventFiles(journal.folder, session.step) if journal.tensorboard and main else None
    written = len(session.rows)
    try:
        with stop_requests() as stop:
            for _ in session:
                if main and len(session.rows) > written:
                    write_csv(journal.folder / METRICS, session.rows)
                    if events is not None:
                        events.add(session.rows[-1])
                    written = len(session.rows)
                if journal.report is not None:
                    journal.report(session)
                if stop.is_set():
                    saved.save(session)
                    raise KeyboardInterrupt
                saved.save_if_due(session)
    finally:
        if events is not None:
            events.close()
    result = session.finish()
    session.pruner.scratch.clear()
    return result


def train(
    model: nn.Module,
    split: Split,
    config: TrainConfig,
    *,
    preprocessing: Preprocessing,
    method: Method,
    target: float,
    pattern: Pattern = UNSTRUCTURED,
    execution: Execution | None = None,
) -> TrainResult:
    """Train ``model`` in place on images in memory while ``method`` prunes it to ``target``, and keep nothing on disk.

    Deterministic for a seed, a device and a package set: one thread, one stream of random numbers per purpose. Raises
    :class:`~zoo.errors.TrainingDivergedError` when the loss is no longer finite.
    """
    session = Session(
        model,
        training_batches(split, preprocessing, config, WHOLE),
        config,
        input_size=preprocessing.input_size,
        method=method,
        target=target,
        pattern=pattern,
        execution=execution,
    )
    for _ in session:
        pass
    return session.finish()
