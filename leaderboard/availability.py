"""How one gets a checkpoint: a word for the board, a sentence and commands for the model page.

Only commands that this version has are printed.
"""

from dataclasses import dataclass
from typing import Literal

from registry.records import ModelRecord

Tone = Literal["ok", "no"]


@dataclass(frozen=True)
class Access:
    """``label`` for a table cell, ``sentence`` in full, ``link`` to the authors' place, ``commands`` to type."""

    label: str
    tone: Tone
    sentence: str
    link: str | None = None
    commands: tuple[str, ...] = ()
    python: str | None = None


def access(model: ModelRecord, *, has_revision: bool) -> Access:
    """What to tell about ``model``; a checkpoint is pulled only when a Hub revision of it is recorded."""
    detail = model.availability_detail
    if model.availability == "hub" and has_revision:
        return Access(
            "pull",
            "ok",
            "On the hub, pinned to a commit; the bytes are verified after the transfer.",
            commands=(f"prunarium pull {model.name}", f"prunarium inspect {model.name}"),
            python=_python(model.name),
        )
    if model.availability == "hub":
        return Access("not published", "no", "Meant for a hub, but no revision of it is recorded yet.")
    if model.availability == "import":
        sentence = "Its authors offer the checkpoint for download."
        return Access("from authors", "ok", _with(sentence, detail), link=_link(detail))
    if model.availability == "make":
        return Access("make it", "ok", _with("It is made by a recipe of the zoo.", detail))
    if model.availability == "not_redistributable":
        reason = detail if detail and len(detail) <= 18 else "not ours to give"
        return Access(reason, "no", _with("Nobody may or can pass this checkpoint on.", detail))
    return Access("unknown", "no", _with("Where this checkpoint can be had is not known.", detail))


def _python(name: str) -> str:
    return (
        "import prunarium\n\n"
        "# a new head on the pruned backbone\n"
        f'model = prunarium.load("{name}", num_classes=10)\n\n'
        "# the zeros stay zero while you fine-tune\n"
        "prunarium.keep_sparse(model, optimizer)"
    )


def _link(detail: str | None) -> str | None:
    """The first web address in ``detail``; no other scheme is ever made a link."""
    for word in (detail or "").split():
        if word.startswith(("https://", "http://")):
            return word.rstrip(".,;)")
    return None


def _with(sentence: str, detail: str | None) -> str:
    return f"{sentence} {detail[0].upper()}{detail[1:]}{'' if detail.endswith('.') else '.'}" if detail else sentence
