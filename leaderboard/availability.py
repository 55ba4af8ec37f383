"""How the site words :mod:`registry.availability`: a tone for the cell, a link, and the lines to use in Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from registry.availability import facts_of, how_to_get
from registry.records import ModelRecord

Tone = Literal["ok", "no"]


@dataclass(frozen=True)
class Access:
    """``label`` for a table cell, ``sentence`` in full, ``link`` to the authors' place, ``commands`` to type.

    ``facts`` tell of the authors' file (address, licence, hash), by their name in words.
    """

    label: str
    tone: Tone
    sentence: str
    link: str | None
    commands: tuple[str, ...]
    facts: Mapping[str, str]
    python: str | None = None


def access(model: ModelRecord, *, has_revision: bool) -> Access:
    """What to tell about ``model``; a checkpoint is pulled only when a Hub revision of it is recorded."""
    way = how_to_get(model, published=has_revision)
    return Access(
        label=way.label,
        tone="ok" if way.can_be_had else "no",
        sentence=way.sentence,
        link=_link(way.address),
        commands=way.commands,
        facts=facts_of(way),
        python=_python(model.name) if way.kind == "hub" and way.commands else None,
    )


def _python(name: str) -> str:
    return (
        "import prunarium\n\n"
        "# a new head on the pruned backbone\n"
        f'model = prunarium.load("{name}", num_classes=10)\n\n'
        "# the zeros stay zero while you fine-tune\n"
        "prunarium.keep_sparse(model, optimizer)"
    )


def _link(address: str | None) -> str | None:
    """The address where it is one of the web; no other scheme is ever made a link."""
    return address if address is not None and address.startswith(("https://", "http://")) else None
