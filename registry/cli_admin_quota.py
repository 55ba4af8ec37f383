"""``prunarium admin quota``: what an account may spend, and more of it."""

from typing import Annotated

import typer

from zoo.core.console import emit_json, say
from zoo.core.errors import UsageError

from .cli_admin_users import ACTOR
from .cli_common import AsJson


def quota(
    name: Annotated[str, typer.Argument(help="Name of the account.")],
    grant: Annotated[
        float | None, typer.Option(help="Device minutes to give from now on, for one period; below 0 to take some.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how many device minutes an account has left, or grant it some. The allowance: PRUNARIUM_QUOTA_MINUTES."""
    from . import quotas
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    settings = load_settings()
    if settings.quota is None:
        raise UsageError(
            "Accounts spend as much as they like here: there is no quota.", "Set PRUNARIUM_QUOTA_MINUTES=60"
        )
    with session_scope(open_catalogue(settings), write=True) as session:
        if grant is not None:
            quotas.grant(session, name, grant, ACTOR)
        left = quotas.minutes_left(session, name, settings.quota)
    minutes, days = settings.quota.minutes, settings.quota.days
    if as_json:
        emit_json({"account": name, "left_minutes": left, "minutes": minutes, "days": days})
    else:
        say(f"{name} has {left:.1f} device minutes left; the allowance is {minutes:g} in {days:g} days.")
