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
    """One line: what it matches and what it means (True for ignore or large, False for the opposite)."""

    pattern: re.Pattern[str]
    meaning: bool


def decide(rules: Iterable[Rule], path: str) -> bool | None:
    """What the last matching rule says of ``path``; None when none matches."""
    verdict = None
    for rule in rules:
        if rule.pattern.match(path):
            verdict = rule.meaning
    return verdict


@lru_cache(maxsize=64)
def ignore_rules(text: str) -> tuple[Rule, ...]:
    """The rules of a ``.gitignore``; a file below an ignored folder is ignored."""
    rules = []
    for raw in text.splitlines()[:_MAX_LINES]:
        line = raw.rstrip()
        negated = line.startswith("!")
        pattern = line.removeprefix("!").removesuffix("/")
        if pattern.strip("/") and not line.startswith("#"):
            # "build/" means a folder: only what is below it, never a file of that name.
            below = "/.*" if line.endswith("/") else "(?:/.*)?"
            rules.append(Rule(_compiled(pattern, below), not negated))
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
            if attribute == "filter=lfs" or attribute in ("-filter", "!filter"):
                rules.append(Rule(_compiled(pattern, ""), attribute == "filter=lfs"))
    return tuple(rules)


def _compiled(pattern: str, tail: str) -> re.Pattern[str]:
    anchored = "/" in pattern
    return re.compile(("" if anchored else "(?:.*/)?") + _translated(pattern.removeprefix("/")) + tail + r"\Z", re.S)


def _translated(pattern: str) -> str:
    parts: list[str] = []
    index = 0
    while index < len(pattern):
        for glob, regex in (("**/", "(?:.*/)?"), ("/**", "/.*"), ("**", ".*"), ("*", "[^/]*"), ("?", "[^/]")):
            if pattern.startswith(glob, index):
                # Runs of stars mean one; left alone they would make matching take exponential time.
                if not parts or parts[-1] != regex:
                    parts.append(regex)
                index += len(glob)
                break
        else:
            parts.append(re.escape(pattern[index]))
            index += 1
    return "".join(parts)
