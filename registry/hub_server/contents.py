"""Small files of a commit that the server itself reads: the card, the configuration, evaluation results."""

import json
from functools import lru_cache
from typing import Any

from .cards import Card, CardError, read_card, safe_yaml
from .hub import Hub
from .records import Entry

_CONFIG_FIELDS = ("architectures", "architecture", "model_type", "num_classes")
_EVAL_FOLDER = ".eval_results/"


def small_text(hub: Hub, entry: Entry | None) -> str | None:
    """A text file up to the limit for cards; None when it is missing, larger or no text."""
    if entry is None or entry.size > hub.limits.card_bytes:
        return None
    try:
        return hub.blobs.read(entry.sha256, hub.limits.card_bytes).decode()
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def card_of(hub: Hub, readme: Entry | None) -> Card:
    """The card of a commit; an empty one when there is none."""
    text = small_text(hub, readme)
    return Card() if text is None else _parsed(text)


@lru_cache(maxsize=256)
def _parsed(text: str) -> Card:
    """A long card takes a second to parse, and listings read every card."""
    return read_card(text)


def config_of(hub: Hub, entry: Entry | None) -> dict[str, Any] | None:
    """The fields of ``config.json`` that clients filter by."""
    try:
        value = json.loads(small_text(hub, entry) or "null")
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return {key: value[key] for key in _CONFIG_FIELDS if isinstance(value.get(key), str | int | list)}


def evaluations_of(hub: Hub, entries: list[Entry]) -> list[dict[str, Any]]:
    """``.eval_results/*.yaml`` as clients read them: data, or why there is none."""
    found = []
    for entry in entries:
        if not entry.path.startswith(_EVAL_FOLDER) or not entry.path.endswith((".yaml", ".yml")):
            continue
        text = small_text(hub, entry)
        try:
            values = safe_yaml("" if text is None else text)
        except CardError as error:
            found.append({"filename": entry.path, "error": str(error)})
            continue
        for row in values if isinstance(values, list) else [values]:
            complete = _is_evaluation(row)
            found.append({"filename": entry.path, **({"data": row} if complete else {"error": "not an evaluation"})})
    return found


def _is_evaluation(row: Any) -> bool:
    """Clients stop at a row without these fields."""
    dataset = row.get("dataset") if isinstance(row, dict) else None
    return isinstance(dataset, dict) and {"id", "task_id"} <= dataset.keys() and "value" in row
