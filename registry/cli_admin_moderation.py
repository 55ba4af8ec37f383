"""``prunarium admin``: what was reported, what is hidden, and who did what."""

from typing import Annotated, Literal

import typer

from zoo.core.console import emit_json, emit_table, say

from .cli_admin_users import ACTOR
from .cli_common import AsJson
from .times import when

Kind = Annotated[Literal["model", "submission"], typer.Argument(help="model or submission.")]
Subject = Annotated[str, typer.Argument(help="Slug or Hub id of the model, or id of the submission.")]
Why = Annotated[str, typer.Option("--reason", help="Why; its owner reads it, and it stands in the audit log.")]


def hide(kind: Kind, subject: Subject, reason: Why, as_json: AsJson = False) -> None:
    """Take a model or a submission out of sight. Nothing is deleted."""
    from . import moderation
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings()), write=True) as session:
        moderation.hide(session, kind, subject, ACTOR, reason)
    _told(kind, subject, True, as_json)


def unhide(kind: Kind, subject: Subject, reason: Why, as_json: AsJson = False) -> None:
    """Show again what was hidden, as it was before."""
    from . import moderation
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings()), write=True) as session:
        moderation.show(session, kind, subject, ACTOR, reason)
    _told(kind, subject, False, as_json)


def trained_on(
    model: Annotated[str, typer.Argument(help="Slug or Hub id of the model.")],
    data: Annotated[str, typer.Argument(help="All further data that it was trained on: 'CIFAR-10, Stanford Cars'.")],
    as_json: AsJson = False,
) -> None:
    """Declare what a model was trained on besides its upstream data; replaces what was declared before."""
    from .administration import record
    from .contamination import named_data
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .queries import model_id
    from .queries.training_data import set_training_data
    from .settings import load_settings

    names = named_data(data)
    with session_scope(open_catalogue(load_settings()), write=True) as session:
        set_training_data(session, model_id(session, model), names)
        record(session, ACTOR, "declare training data", f"model {model}", detail={"data": list(names)})
    if as_json:
        emit_json({"model": model, "trained_on": names})
    else:
        say(f"{model} was also trained on: {', '.join(names) or 'nothing else'}.")


def flags(
    close: Annotated[str | None, typer.Option(help="Close the reports of KIND:NAME, which stays as it is.")] = None,
    reason: Annotated[str, typer.Option(help="With --close: why.")] = "",
    as_json: AsJson = False,
) -> None:
    """List what was reported and not looked at yet, oldest first."""
    from . import moderation
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .queries.moderation import list_flags
    from .settings import load_settings

    engine = open_catalogue(load_settings())
    if close is not None:
        kind, subject = _kind_and_name(close)
        with session_scope(engine, write=True) as session:
            say(f"{moderation.close_flags(session, kind, subject, ACTOR, reason)} reports are closed.")
    with session_scope(engine) as session:
        found = list_flags(session)
    if as_json:
        emit_json([vars(one) for one in found])
        return
    rows = [
        {"when": when(one.created_us), "what": f"{one.kind} {one.subject}", "by": one.account, "why": one.reason}
        for one in found
    ]
    emit_table(f"{len(rows)} open reports", rows, {name: name for name in ("when", "what", "by", "why")})


def audit(
    most: Annotated[int, typer.Option(help="How many lines, the newest first.", min=1)] = 50, as_json: AsJson = False
) -> None:
    """Print who did what to accounts, models and submissions."""
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .queries.moderation import audit_log
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings())) as session:
        found = audit_log(session, most)
    if as_json:
        emit_json([vars(one) for one in found])
        return
    rows = [
        {"when": when(one.at_us), "who": one.actor, "did": one.action, "to": one.subject, "why": one.reason or ""}
        for one in found
    ]
    emit_table("Audit log, the newest first", rows, {name: name for name in ("when", "who", "did", "to", "why")})


def _kind_and_name(text: str) -> tuple[Literal["model", "submission"], str]:
    kind, _, subject = text.partition(":")
    if kind not in ("model", "submission") or not subject:
        raise typer.BadParameter("write it as model:SLUG or submission:ID")
    return ("model" if kind == "model" else "submission"), subject


def _told(kind: str, subject: str, hidden: bool, as_json: bool) -> None:
    if as_json:
        emit_json({"kind": kind, "name": subject, "hidden": hidden})
    else:
        say(f"The {kind} {subject} is {'hidden' if hidden else 'shown again'}.")
