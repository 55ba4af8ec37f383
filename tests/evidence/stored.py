"""Answers that were got before: one JSON line a run, so that an interrupted report goes on where it was."""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[2] / "docs" / "methods_runs.jsonl"

Answers = dict[str, dict[str, Any]]


def read(file: Path = FILE) -> Answers:
    """By the run's id; a half-written last line is no answer."""
    answers: Answers = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        answers[answer["id"]] = answer
    return answers


def append(answer: dict[str, Any], file: Path = FILE) -> None:
    """Add one line."""
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(answer, sort_keys=True) + "\n")


def keep(answers: Answers, ids: set[str], file: Path = FILE) -> None:
    """Write the file again with the runs that are still planned, in a fixed order."""
    left = sorted((answer for key, answer in answers.items() if key in ids), key=lambda answer: _order(answer))
    text = "".join(json.dumps(answer, sort_keys=True) + "\n" for answer in left)
    file.write_text(text, encoding="utf-8")


def _order(answer: dict[str, Any]) -> tuple[Any, ...]:
    known = tuple(answer[name] for name in ("kind", "architecture", "method", "target", "seed"))
    return (*known, answer.get("pattern", "unstructured"))
