"""Plugins: one file in a folder is one entry, found by scanning, refused when doubled."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from typing import Generic, TypeVar

from .errors import PrunariumError, UsageError

T = TypeVar("T")


class DuplicatePluginError(PrunariumError):
    """Two files claim one name."""


class Plugins(Generic[T]):
    """The entries of one kind, by name.

    Every module of ``package`` whose name has no leading underscore is imported on first use; each calls
    :meth:`register` (as a decorator on a class or function, or with a value). ``kind`` is the word in messages.

    >>> colours: Plugins[str] = Plugins("colour")
    >>> _ = colours.register("red")("#f00")
    >>> colours["red"]
    '#f00'
    """

    def __init__(self, kind: str, package: str | None = None) -> None:
        self.kind = kind
        self._package = package
        self._entries: dict[str, T] = {}
        self._loaded = package is None

    def register(self, name: str) -> Callable[[T], T]:
        """A decorator that enters its argument under ``name``; raises :class:`DuplicatePluginError`."""

        def enter(entry: T) -> T:
            if name in self._entries:
                raise DuplicatePluginError(
                    f"Two entries are called {self.kind} {name!r}: {self._entries[name]!r} and {entry!r}.",
                    "Rename one of them.",
                )
            self._entries[name] = entry
            return entry

        return enter

    def __getitem__(self, name: str) -> T:
        """The entry called ``name``; raises :class:`UsageError` that suggests the nearest name."""
        self._load()
        try:
            return self._entries[name]
        except KeyError:
            near = get_close_matches(name, self._entries, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(self._entries)) or 'none'}."
            raise UsageError(f"There is no {self.kind} {name!r}.", hint) from None

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        """Names in alphabetical order."""
        self._load()
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        self._load()
        return len(self._entries)

    def items(self) -> list[tuple[str, T]]:
        """(name, entry) pairs in alphabetical order of names."""
        return [(name, self._entries[name]) for name in self]

    def _load(self) -> None:
        if self._loaded or self._package is None:
            return
        folder = import_module(self._package)
        for module in iter_modules(folder.__path__):
            if not module.name.startswith("_"):
                import_module(f"{self._package}.{module.name}")
        # Last on purpose: after a broken file the next call must fail again, not return half a catalogue.
        self._loaded = True
