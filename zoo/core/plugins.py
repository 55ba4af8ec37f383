"""Plugins: one file in a folder is one entry, found by scanning, refused when doubled."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules
from typing import Generic, TypeVar

from .errors import PrunariumError, UsageError

T = TypeVar("T")


class DuplicatePluginError(PrunariumError):
    """Two files claim one name."""


class BrokenPluginError(UsageError):
    """A file or an installed package that should bring an entry cannot be imported, or brings none."""


class Plugins(Generic[T]):
    """The entries of one kind, by name.

    Every module of ``package`` whose name has no leading underscore is imported on first use; each calls
    :meth:`register` (as a decorator on a class or function, or with a value). So is every module that an installed
    package names in the entry point group ``group``; :meth:`load_file` adds a file. ``kind`` is the word in messages.

    >>> colours: Plugins[str] = Plugins("colour")
    >>> _ = colours.register("red")("#f00")
    >>> colours["red"]
    '#f00'
    """

    def __init__(self, kind: str, package: str | None = None, group: str | None = None) -> None:
        self.kind = kind
        self.files: list[Path] = []
        """What :meth:`load_file` was given, for processes that must load the same."""
        self._package = package
        self._group = group
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

    def load_file(self, path: Path) -> None:
        """Run a Python file of the user's that registers entries; a second time it does nothing.

        Raises :class:`BrokenPluginError` where there is no such file, where it fails, or where it registers nothing.
        """
        path = path.resolve()
        if path in self.files:
            return
        self._load()  # first, so that the error of a name that is taken blames the file
        if path.suffix != ".py" or not path.is_file():
            raise BrokenPluginError(f"A plugin is a Python file, and {path} is none.", "For example --plugin my.py.")
        known = set(self._entries)
        name = f"prunarium_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
        spec = spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise BrokenPluginError(f"{path} cannot be imported.")
        module = sys.modules[name] = module_from_spec(spec)  # pickle and dataclasses look it up
        try:
            spec.loader.exec_module(module)
            if set(self._entries) == known:
                raise BrokenPluginError(
                    f"{path} registers no {self.kind}.", 'Decorate a class of it with @METHODS.register("my-name").'
                )
        except BaseException as error:
            del sys.modules[name]
            self._entries = {entry: value for entry, value in self._entries.items() if entry in known}
            if isinstance(error, PrunariumError) or not isinstance(error, Exception):
                raise
            raise BrokenPluginError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
        self.files.append(path)

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
        for point in entry_points(group=self._group) if self._group else ():
            try:
                point.load()
            except PrunariumError:
                raise
            except Exception as error:
                owner = point.dist.name if point.dist else "an installed package"
                raise BrokenPluginError(
                    f"{owner} offers a {self.kind} in {point.value}, which cannot be imported: "
                    f"{type(error).__name__}: {error}",
                    f"Mend it, or remove it with: pip uninstall {owner}",
                ) from error
        # Last on purpose: after a broken file the next call must fail again, not return half a catalogue.
        self._loaded = True
