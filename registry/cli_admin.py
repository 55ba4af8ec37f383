"""``prunarium admin``: accounts, tokens, quotas and moderation of the catalogue that a server serves."""

from typing import Annotated

import typer

from zoo.core.commands import command_group
from zoo.core.console import emit_json, emit_table, say

from . import cli_admin_users
from .cli_admin_moderation import audit, flags, hide, trained_on, unhide
from .cli_admin_quota import quota
from .cli_admin_users import ACTOR
from .cli_admin_worker import worker
from .cli_common import AsJson
from .times import when

app = command_group("Accounts, tokens and moderation of the catalogue that prunarium serve serves.")
token_app = command_group("Tokens of accounts.")
app.add_typer(cli_admin_users.app, name="user")
app.add_typer(token_app, name="token")
for _command in (quota, worker, flags, hide, trained_on, unhide, audit):
    app.command()(_command)

_DAY_SECONDS = 86400.0

Account = Annotated[str, typer.Argument(help="Name of the account.")]


@token_app.command("create")
def create_token(
    name: Account,
    scope: Annotated[list[str], typer.Option(help="What it may do: submit, hub:read …; may be given again.")],
    label: Annotated[str, typer.Option(help="What the token is for; revoke it by this name.")] = "command line",
    days: Annotated[float | None, typer.Option(help="How long it is good.  [default: until revoked]", min=0)] = None,
    as_json: AsJson = False,
) -> None:
    """Print a new token. It is stored as a hash: this is the only time that it can be seen."""
    from .accounts import issue_token
    from .administration import record
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    lifetime = None if days is None else days * _DAY_SECONDS
    with session_scope(open_catalogue(load_settings()), write=True) as session:
        text = issue_token(session, name, label, scope, lifetime)
        record(session, ACTOR, "make token", name, detail={"label": label, "scopes": scope})
    if as_json:
        emit_json({"account": name, "label": label, "scopes": scope, "token": text})
    else:
        say("Keep it: it is not shown again. Use it with: prunarium login URL")
        typer.echo(text)


@token_app.command("list")
def list_tokens(name: Account, as_json: AsJson = False) -> None:
    """List the tokens of an account, without their secrets."""
    from .accounts import tokens_of
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings())) as session:
        found = tokens_of(session, name)
    if as_json:
        emit_json(
            [
                {
                    "label": token.name,
                    "scopes": token.scopes,
                    "valid": valid,
                    "created": when(token.created_us),
                    "expires": token.expires_us and when(token.expires_us),
                }
                for token, valid in found
            ]
        )
        return
    rows = [
        {
            "label": token.name,
            "scopes": ", ".join(token.scopes),
            "valid": "yes" if valid else "no",
            "expires": when(token.expires_us) if token.expires_us else "when revoked",
        }
        for token, valid in found
    ]
    columns = {name: name for name in ("label", "scopes", "valid", "expires")}
    emit_table(f"{len(rows)} tokens of {name}", rows, columns)


@token_app.command("revoke")
def revoke(
    name: Account,
    label: Annotated[str, typer.Argument(help="The token's label.")],
    as_json: AsJson = False,
) -> None:
    """End every token of that label, at once."""
    from .accounts import revoke_token
    from .administration import record
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings()), write=True) as session:
        revoke_token(session, name, label)
        record(session, ACTOR, "revoke token", name, detail={"label": label})
    if as_json:
        emit_json({"account": name, "label": label, "revoked": True})
    else:
        say(f"The token {label!r} of {name} is revoked.")
