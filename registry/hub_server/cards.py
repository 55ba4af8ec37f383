"""The YAML at the head of a README: read safely, bounded, turned into JSON and tags."""

import math
from dataclasses import dataclass, field
from typing import Any

import yaml

_LIMIT_CHARACTERS = 256 * 1024
_MAX_DEPTH = 32
# The same loader in C, where PyYAML was built with it: ten times as fast on the longest cards.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CardError(ValueError):
    """The metadata cannot be used; the message is for the author of the card."""


@dataclass(frozen=True)
class Card:
    """A card's metadata; ``error`` says why there is none although there should be."""

    data: dict[str, Any] = field(default_factory=dict)
    error: str | None = None

    def text(self, key: str) -> str | None:
        """A field when it is a string."""
        value = self.data.get(key)
        return value if isinstance(value, str) else None

    def tags(self) -> list[str]:
        """The author's tags and those that clients filter by, each once."""
        found = [*_texts(self.data.get("tags"))]
        found += [text for key in ("library_name", "pipeline_tag") if (text := self.text(key))]
        for key, prefix in (("datasets", "dataset"), ("license", "license"), ("base_model", "base_model")):
            found += [f"{prefix}:{text}" for text in _texts(self.data.get(key))]
        for key in ("language", "task_categories", "task_ids", "size_categories", "multilinguality"):
            prefix = "" if key == "language" and "datasets" in self.data else f"{key}:"
            found += [f"{prefix}{text}" for text in _texts(self.data.get(key))]
        return list(dict.fromkeys(found))


def read_card(readme: str) -> Card:
    """The card of a README; a broken one is an empty card with its error."""
    try:
        return Card(metadata(readme))
    except CardError as error:
        return Card(error=str(error))


def metadata(readme: str) -> dict[str, Any]:
    """The front matter between two ``---`` lines, ``{}`` without one; raises :class:`CardError`."""
    text = readme.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.startswith("---\n"):
        return {}
    content, closed, _ = text[4:].partition("\n---")
    if text[4:].startswith("---"):
        return {}
    if not closed:
        raise CardError("The metadata has no closing --- line.")
    value = safe_yaml(content)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise CardError("The metadata must be a mapping of names to values.")
    return value


def safe_yaml(text: str) -> Any:
    """YAML as values that JSON can hold; raises :class:`CardError`.

    No aliases: ten lines of them can stand for gigabytes once they are written out again.
    """
    if len(text) > _LIMIT_CHARACTERS:
        raise CardError(f"The metadata is longer than {_LIMIT_CHARACTERS} characters.")
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):
                raise CardError("The metadata must not use YAML aliases.")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                raise CardError("The metadata is nested too deep.")
        return _plain(yaml.load(text, Loader=_LOADER))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError) as error:
        if isinstance(error, CardError):
            raise
        raise CardError(f"The metadata is not valid YAML: {str(error).splitlines()[0]}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return _text(value)


def _text(value: Any) -> str:
    """Dates and bytes become text; half a surrogate pair, which YAML can spell, does not survive."""
    return str(value).encode(errors="replace").decode()


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
