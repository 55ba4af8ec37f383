"""A run on disk: where it stands, so that it survives whatever ends the process."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from ..core.files import atomic_file
from ..errors import SavedRunError
from .session import Session

STATE = "state.pt"


class SavedRun:
    """The state of one run in ``folder``, replaced atomically at most every ``seconds`` (0: after every step).

    ``key`` says what run it is; a state with another key is refused. In a run of several processes the first one
    writes, and every one reads.
    """

    def __init__(self, folder: Path, key: str, seconds: float) -> None:
        self.path = folder / STATE
        self._key = key
        self._seconds = seconds
        self._last = time.monotonic()

    def resume(self, session: Session, *, replace_other: bool) -> None:
        """Go on where the run was saved, if it was.

        Another run or a damaged state raises :class:`SavedRunError`, or with ``replace_other`` counts as none.
        """
        if not self.path.exists():
            return
        again = f"Choose another folder with --out, or begin again: add --overwrite, or remove {self.path}."
        try:
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
            key, state = saved["run"], saved["state"]
        except Exception as error:  # torch raises whatever its unpickler met
            if replace_other:
                return
            raise SavedRunError(f"{self.path} cannot be read: {error}", again) from error
        if key != self._key:
            if replace_other:
                return
            raise SavedRunError(f"{self.path} holds a half-finished run with other settings.", again)
        session.load_state_dict(state)

    def save(self, session: Session) -> None:
        """Write the state now."""
        if session.accelerator.is_main_process:
            with atomic_file(self.path) as temporary:
                torch.save({"run": self._key, "state": session.state_dict()}, temporary)
            if session.pruner.scratch is not None:
                session.pruner.scratch.clear()  # what was measured lies behind this state
        self._last = time.monotonic()

    def save_if_due(self, session: Session) -> None:
        """Write the state if the last one is old enough."""
        if time.monotonic() - self._last >= self._seconds:
            self.save(session)


@contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """Inside the block Ctrl-C and SIGTERM set the event, so that a step can end and be saved; a second one interrupts.

    Signals reach the main thread only; in another one the block changes nothing.
    """
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return

    def ask(number: int, frame: object) -> None:  # noqa: ARG001 - the signature of a handler
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
