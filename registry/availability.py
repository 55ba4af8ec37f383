"""How one gets a checkpoint, in one place for the search, the pull, the site and its API.

Pure: a model's row in, words and commands out. Only commands that exist and that the row allows are given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .records import Availability, ModelRecord

# A reason of at most so many characters stands in a table's cell as it is.
_SHORT = 18


@dataclass(frozen=True)
class Access:
    """What to tell about getting a model.

    ``label`` is for a table's cell, ``sentence`` for a page; ``commands`` are to be typed in their order. ``address``,
    ``licence`` and ``sha256`` are those of the authors' file: None where nobody recorded them, and a file without a
    hash is unverified.
    """

    kind: Availability
    label: str
    sentence: str
    address: str | None = None
    licence: str | None = None
    sha256: str | None = None
    commands: tuple[str, ...] = ()

    @property
    def can_be_had(self) -> bool:
        """Whether there is a command to type or a place to go to."""
        return bool(self.commands or self.address)

    @property
    def summary(self) -> str:
        """One line: the command, else the address, else why there is neither."""
        return self.commands[0] if self.commands else self.address or self.sentence

    def to_json(self) -> dict[str, Any]:
        """Stable field names: kind, label, sentence, address, licence, sha256, commands."""
        return {**vars(self), "commands": list(self.commands)}


def how_to_get(model: ModelRecord, *, published: bool = True) -> Access:
    """The way to ``model``; ``published`` says whether the catalogue knows a commit on a hub that holds it."""
    return _WAYS[model.availability](model, published)


def facts_of(access: Access) -> Mapping[str, str]:
    """Address, licence and hash as people read them, an unknown one said to be so; empty where there is no file."""
    if access.kind != "import":
        return {}
    return {
        "Address": access.address or "not recorded",
        "Licence": access.licence or "not stated by its authors",
        "SHA-256": access.sha256 or "unverified: nobody recorded one; --sha256 pins what the import prints",
    }


def explanation(access: Access) -> str:
    """What to do instead of a pull, several lines: facts of the file, then commands."""
    lines = [f"{name}: {value}" for name, value in facts_of(access).items()]
    lines += [f"{'Then' if lines else 'Make it'}: {command}" for command in access.commands]
    return "\n".join(lines) or "Find models that can be pulled: prunarium search availability=hub"


def _hub(model: ModelRecord, published: bool) -> Access:
    if not published:
        return Access("hub", "not published", "Meant for a hub, but no revision of it is recorded yet.")
    return Access(
        "hub",
        "pull",
        "On the hub, pinned to a commit; the bytes are verified after the transfer.",
        commands=(f"prunarium pull {model.name}", f"prunarium inspect {model.name}"),
    )


def _import(model: ModelRecord, published: bool) -> Access:  # noqa: ARG001 - one signature for all ways
    return Access(
        "import",
        "from authors",
        _with("Its authors offer the checkpoint for download.", model.availability_detail),
        address=model.source_url,
        licence=model.source_licence,
        sha256=model.source_sha256,
        commands=_commands(model),
    )


def _make(model: ModelRecord, published: bool) -> Access:  # noqa: ARG001
    return Access(
        "make",
        "make it",
        _with("It is made by a recipe of the zoo.", model.availability_detail),
        commands=_commands(model),
    )


def _not_redistributable(model: ModelRecord, published: bool) -> Access:  # noqa: ARG001
    detail = model.availability_detail
    label = detail if detail and len(detail) <= _SHORT else "not ours to give"
    return Access("not_redistributable", label, _with("Nobody may or can pass this checkpoint on.", detail))


def _unknown(model: ModelRecord, published: bool) -> Access:  # noqa: ARG001
    return Access(
        "unknown", "unknown", _with("Where this checkpoint can be had is not known.", model.availability_detail)
    )


_WAYS = {
    "hub": _hub,
    "import": _import,
    "make": _make,
    "not_redistributable": _not_redistributable,
    "unknown": _unknown,
}


def _commands(model: ModelRecord) -> tuple[str, ...]:
    return () if model.recipe is None else (model.recipe,)


def _with(sentence: str, detail: str | None) -> str:
    return f"{sentence} {detail[0].upper()}{detail[1:]}{'' if detail.endswith('.') else '.'}" if detail else sentence
