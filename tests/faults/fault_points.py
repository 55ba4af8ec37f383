"""Faults inside a child process, without a line of test code in the product. Standard library only.

``PRUNARIUM_FAULTS`` holds points, separated by spaces: ``module:function@before|after#N=action``. The N-th call (from
1, counted in each process) of that function is met by its action:

======== ==========================================================
kill     the process gets SIGKILL: no ``finally``, no ``atexit``
stop     the process gets SIGSTOP: alive, but silent
enospc   ``OSError(ENOSPC)``: the disk is full
eio      ``OSError(EIO)``: the disk is broken
oom      ``MemoryError``: there is no memory left
cut      the server ends every connection to the PostgreSQL database of ``PRUNARIUM_DATABASE_URL`` (needs psycopg)
======== ==========================================================

``PRUNARIUM_FAULTS_ONCE`` names a file: the first point that is met creates it, and then none is met any more, in
whatever process. ``PRUNARIUM_FAULT_CALLS`` is ``count FILE packages`` or ``kill N packages``: calls of Python functions
of those packages are counted (and written to the file at the end), or the N-th one is met by SIGKILL.
"""

import atexit
import errno
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

POINTS, ONCE, CALLS = "PRUNARIUM_FAULTS", "PRUNARIUM_FAULTS_ONCE", "PRUNARIUM_FAULT_CALLS"
_POINT = re.compile(r"(?P<module>[\w.]+):(?P<name>[\w.]+)@(?P<when>before|after)#(?P<call>\d+)=(?P<action>\w+)")
_ERRORS = {"enospc": errno.ENOSPC, "eio": errno.EIO}
_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_OTHERS = {"oom", "cut"}


@dataclass(frozen=True)
class Point:
    """The ``call``-th call of ``module:name`` is met by ``action``, before or after it runs."""

    module: str
    name: str
    when: str
    call: int
    action: str


def parse(text: str) -> Point:
    """A point from its text; raises ValueError that shows the form."""
    match = _POINT.fullmatch(text)
    if match is None or match["action"] not in _ERRORS.keys() | _SIGNALS.keys() | _OTHERS:
        raise ValueError(f"{text!r} is no fault point: expected module:function@before#1=kill|stop|enospc|eio|oom|cut")
    return Point(match["module"], match["name"], match["when"], int(match["call"]), match["action"])


def install() -> None:
    """Read the environment and arm what it asks for; nothing when it asks for nothing."""
    points = [parse(text) for text in os.environ.get(POINTS, "").split()]
    if points:
        sys.meta_path.insert(0, _Finder(points))
        for name in {point.module for point in points} & sys.modules.keys():
            _arm(sys.modules[name], points)
    if wanted := os.environ.get(CALLS):
        mode, argument, *packages = wanted.split()
        _count_calls(mode, argument, frozenset(packages))


class _Finder(importlib.abc.MetaPathFinder):
    """Arms a module right after it ran, before anybody else can import a function from it."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._points = points
        self._busy = threading.local()

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if getattr(self._busy, "on", False) or all(point.module != fullname for point in self._points):
            return None
        self._busy.on = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._busy.on = False
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_arm(module: ModuleType) -> None:
                run(module)
                _arm(module, self._points)

            spec.loader.exec_module = run_and_arm  # type: ignore[method-assign]
        return spec


def _arm(module: ModuleType, points: Sequence[Point]) -> None:
    for name in {point.name for point in points if point.module == module.__name__}:
        owner: Any = module
        *outer, last = name.split(".")
        for part in outer:
            owner = getattr(owner, part)
        mine = [point for point in points if (point.module, point.name) == (module.__name__, name)]
        setattr(owner, last, _wrapped(getattr(owner, last), mine))


def _wrapped(function: Callable[..., Any], points: Sequence[Point]) -> Callable[..., Any]:
    calls, lock = 0, threading.Lock()

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        with lock:
            calls += 1
            mine = [point for point in points if point.call == calls]
        for point in mine:
            if point.when == "before":
                _meet(point)
        answer = function(*args, **kwargs)
        for point in mine:
            if point.when == "after":
                _meet(point)
        return answer

    return wrapper


def _meet(point: Point) -> None:
    if once := os.environ.get(ONCE):
        try:
            os.close(os.open(once, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
    if point.action in _SIGNALS:
        os.kill(os.getpid(), _SIGNALS[point.action])
        return
    if point.action == "oom":
        raise MemoryError("out of memory, on purpose")
    if point.action == "cut":
        _cut_connections(os.environ["PRUNARIUM_DATABASE_URL"])
        return
    raise OSError(_ERRORS[point.action], os.strerror(_ERRORS[point.action]))


def _cut_connections(url: str) -> None:
    import psycopg

    others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"{others} and pid <> pg_backend_pid()")


def _count_calls(mode: str, argument: str, packages: frozenset[str]) -> None:
    calls = 0
    fatal = int(argument) if mode == "kill" else -1

    def profile(frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        if event == "call" and str(frame.f_globals.get("__name__", "")).partition(".")[0] in packages:
            calls += 1
            if calls == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    if mode == "count":
        atexit.register(lambda: Path(argument).write_text(str(calls), encoding="utf-8"))
    threading.setprofile(profile)
    sys.setprofile(profile)
