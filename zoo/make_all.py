"""Make many models, in this process or in several."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from .core.errors import UsageError
from .errors import ZooError
from .make import Made, Report, make_model
from .methods import METHODS
from .request import Request


def make_models(requests: Sequence[Request], processes: int = 1, report: Report | None = None) -> Iterator[Made]:
    """The models in the order of ``requests``, each as soon as it and those before it are there.

    Every model is made alone in one thread, so that ``processes`` changes no bit of any of them. The first error stops
    what has not begun; what is whole stays and is reused by the next call. ``report`` is called after every step of
    what is trained in this process.
    """
    if processes < 1:
        raise UsageError(f"At least one process is needed, got {processes}.")
    unmade = sum(request.overwrite or not request.path.exists() for request in requests)
    workers = min(processes, unmade)  # looking at what is there needs no process of its own
    if workers < 2:
        for request in requests:
            yield make_model(request, report)
        return
    with _environment(), _pool(workers) as pool:
        try:
            yield from pool.map(make_model, requests)
        except BrokenProcessPool as error:
            raise ZooError(
                "A process that made models was ended from outside.",
                "Run the same command again: finished models are reused.",
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _pool(workers: int) -> ProcessPoolExecutor:
    """Processes that know the methods that were loaded from files here."""
    return ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_load_methods, initargs=(tuple(METHODS.files),)
    )


def _load_methods(paths: Sequence[Path]) -> None:
    for path in paths:
        METHODS.load_file(path)


@contextmanager
def _environment() -> Iterator[None]:
    """What spawned processes inherit: no imports from the working folder, one thread each."""
    wanted = {"PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
