"""Where Prunarium keeps things on a machine."""

import os
from collections.abc import Mapping
from pathlib import Path


def home_folder(environ: Mapping[str, str] | None = None) -> Path:
    """``PRUNARIUM_HOME``, or ``prunarium`` in the user's data folder (``XDG_DATA_HOME``, ``~/.local/share``)."""
    environ = os.environ if environ is None else environ
    if named := environ.get("PRUNARIUM_HOME"):
        return Path(named).expanduser().absolute()
    data = environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser().absolute() / "prunarium"


def cache_folder(name: str) -> Path:
    """A folder below the home for what can be worked out again; it may not exist yet."""
    return home_folder() / "cache" / name


def data_folder() -> Path:
    """Where data sets are kept: ``PRUNARIUM_DATA``, or ``data`` below the home."""
    if named := os.environ.get("PRUNARIUM_DATA"):
        return Path(named).expanduser().absolute()
    return home_folder() / "data"
