"""Versions for provenance: of this code and of the packages that a result depends on."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from platform import python_version


def code_version() -> str:
    """The installed version of Prunarium; ``source`` when it runs from a checkout that was never installed."""
    return package_version("prunarium") or "source"


def package_versions(names: Iterable[str]) -> dict[str, str]:
    """Python's version and those of the named distributions that are installed, by name."""
    found = {name: package_version(name) for name in names}
    return {"python": python_version(), **{name: text for name, text in found.items() if text is not None}}


def package_version(name: str) -> str | None:
    """The installed version of a distribution, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
