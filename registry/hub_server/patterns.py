"""The patterns of ``.gitignore`` and ``.gitattributes``, as far as git defines them.

Source: ``gitignore(5)`` and ``gitattributes(5)``.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

# fmt: off
_LARGE_SUFFIXES = (
    "7z", "arrow", "bin", "bz2", "ckpt", "gz", "h5", "joblib", "jpeg", "jpg", "lz4", "mlmodel", "model", "msgpack",
    "npy", "npz", "onnx", "ot", "parquet", "pb", "pickle", "pkl", "png", "pt", "pth", "rar", "safetensors", "tar",
    "tflite", "tgz", "wasm", "webp", "xz", "zip", "zst",
)
# fmt: on
_FILTER = "filter=lfs diff=lfs merge=lfs -text"
FIRST_ATTRIBUTES = "".join(f"*.{suffix} {_FILTER}\n" for suffix in _LARGE_SUFFIXES) + f"*tfevents* {_FILTER}\n"
_MAX_LINES = 1000


class Rule(NamedTuple):
    """One line: what it matches and what it means (True for ignored or large, False for the opposite)."""

    pattern: re.Pattern[str]
    meaning: bool
    folders_only: bool = False


def is_ignored(rules: Iterable[Rule], path: str) -> bool:
    """True when ``path``, or any folder above it, is ignored: nothing below such a folder can be taken back."""
    every = tuple(rules)
    folders = [path[: match.start()] for match in re.finditer("/", path)]
    return any(_last_word(every, folder, is_folder=True) for folder in folders) or bool(
        _last_word(every, path, is_folder=False)
    )


def is_large(rules: Iterable[Rule], path: str) -> bool:
    """True when the attributes send ``path`` to large-file storage."""
    return bool(_last_word(rules, path, is_folder=False))


@lru_cache(maxsize=64)
def ignore_rules(text: str) -> tuple[Rule, ...]:
    """The rules of a ``.gitignore``."""
    rules = []
    for raw in text.splitlines()[:_MAX_LINES]:
        line = raw.rstrip()
        pattern = line.removeprefix("!").removesuffix("/")
        if pattern.strip("/") and not line.startswith("#"):
            rules.append(Rule(_compiled(pattern), not line.startswith("!"), line.endswith("/")))
    return tuple(rules)


@lru_cache(maxsize=64)
def large_rules(text: str) -> tuple[Rule, ...]:
    """The rules of a ``.gitattributes`` that say which files go to large-file storage."""
    rules = []
    for line in text.splitlines()[:_MAX_LINES]:
        pattern, *attributes = line.split()[:20] or [""]
        if not pattern or pattern.startswith("#"):
            continue
        for attribute in attributes:
            if attribute in ("filter=lfs", "-filter", "!filter"):
                rules.append(Rule(_compiled(pattern), attribute == "filter=lfs"))
    return tuple(rules)


def _last_word(rules: Iterable[Rule], path: str, *, is_folder: bool) -> bool | None:
    verdict = None
    for rule in rules:
        if (is_folder or not rule.folders_only) and rule.pattern.match(path):
            verdict = rule.meaning
    return verdict


def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression whose time is bounded: every star but the last of its level is settled for good
    (an atomic group) at the first place that fits, which never loses a match."""
    segments = pattern.removeprefix("/").split("/") if "/" in pattern else ["**", pattern]
    groups: list[list[str]] = [[]]
    for segment in segments:
        if segment == "**":
            groups.append([])
        else:
            groups[-1].append(_segment(segment))
    first, *rest = ("/".join(group) for group in groups)
    regex = first + ("/" if first and rest else "")
    rest = [group for index, group in enumerate(rest) if group or index == len(rest) - 1]
    for index, group in enumerate(rest):
        if index < len(rest) - 1:
            regex += f"(?>(?:[^/]*/)*?{group}/)"
        else:
            regex += f"(?:[^/]*/)*{group}" if group else ".+"
    return re.compile(regex + r"\Z", re.DOTALL)


def _segment(pattern: str) -> str:
    """The part of a pattern between two slashes; runs of stars are one star."""
    first, *rest = [_literal(chunk) for chunk in re.split(r"\*+", pattern)]
    middle = "".join(f"(?>[^/]*?{chunk})" for chunk in rest[:-1] if chunk)
    return first + middle + (f"[^/]*{rest[-1]}" if rest else "")


def _literal(chunk: str) -> str:
    """Characters, ``?`` and classes like ``[a-z]`` or ``[!a]``."""
    parts, index = [], 0
    while index < len(chunk):
        closing = chunk.find("]", index + 2) if chunk[index] == "[" else -1
        if closing > 0:
            inner = chunk[index + 1 : closing]
            negated = inner[0] in "!^"
            characters = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner[negated:])
            parts.append(f"(?!/)[{'^' if negated else ''}{characters}]")
            index = closing + 1
        else:
            parts.append("[^/]" if chunk[index] == "?" else re.escape(chunk[index]))
            index += 1
    return "".join(parts)
