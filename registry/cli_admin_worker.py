"""``prunarium admin worker``: an account for a machine that evaluates without the database, and its token."""

from typing import Annotated

import typer

from zoo.core.console import emit_json, say

from .cli_common import AsJson

_DAY_SECONDS = 86400.0


def worker(
    name: Annotated[str, typer.Argument(help="Name of the machine; results are stored with it.")],
    operated_by: Annotated[
        str | None, typer.Option(help="The account of whoever runs it: what they submit is measured by others.")
    ] = None,
    days: Annotated[float | None, typer.Option(help="How long it is good.  [default: until revoked]", min=0)] = None,
    as_json: AsJson = False,
) -> None:
    """Print a token for prunarium worker --server. Made again for the same name, it is one more token."""
    from .accounts import worker_token
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    lifetime = None if days is None else days * _DAY_SECONDS
    with session_scope(open_catalogue(load_settings()), write=True) as session:
        text = worker_token(session, name, operated_by, lifetime)
    if as_json:
        emit_json({"worker": name, "operated_by": operated_by, "token": text})
    else:
        say("Keep it: it is not shown again. On the machine: PRUNARIUM_WORKER_TOKEN=… prunarium worker --server URL")
        typer.echo(text)
