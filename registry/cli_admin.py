"""``prunarium admin``: accounts and tokens of the catalogue that a server serves."""

from typing import Annotated, Literal

import typer

from zoo.core.commands import command_group
from zoo.core.console import emit_json, emit_table, say

from .cli_admin_quota import quota
from .cli_common import AsJson

app = command_group("Accounts and tokens of the catalogue that prunarium serve serves.")
user_app = command_group("Accounts.")
token_app = command_group("Tokens of accounts.")
app.add_typer(user_app, name="user")
app.add_typer(token_app, name="token")
app.command()(quota)

_DAY_SECONDS = 86400.0

Account = Annotated[str, typer.Argument(help="Name of the account.")]


@user_app.command("add")
def add_user(
    name: Account,
    role: Annotated[
        Literal["submitter", "worker", "moderator", "admin"], typer.Option(help="What its tokens may do.")
    ] = "submitter",
    as_json: AsJson = False,
) -> None:
    """Make an account."""
    from .accounts import create_account
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings()), write=True) as session:
        create_account(session, name, role)
    if as_json:
        emit_json({"account": name, "role": role})
    else:
        say(f"Account {name} was made. Its first token: prunarium admin token create {name} --scope submit")


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
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    lifetime = None if days is None else days * _DAY_SECONDS
    with session_scope(open_catalogue(load_settings()), write=True) as session:
        text = issue_token(session, name, label, scope, lifetime)
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
        emit_json([{"label": token.name, "scopes": token.scopes, "valid": valid} for token, valid in found])
        return
    rows = [
        {"label": token.name, "scopes": ", ".join(token.scopes), "valid": "yes" if valid else "no"}
        for token, valid in found
    ]
    emit_table(f"{len(rows)} tokens of {name}", rows, {"label": "label", "scopes": "scopes", "valid": "valid"})


@token_app.command("revoke")
def revoke(
    name: Account,
    label: Annotated[str, typer.Argument(help="The token's label.")],
    as_json: AsJson = False,
) -> None:
    """End every token of that label, at once."""
    from .accounts import revoke_token
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings()), write=True) as session:
        revoke_token(session, name, label)
    if as_json:
        emit_json({"account": name, "label": label, "revoked": True})
    else:
        say(f"The token {label!r} of {name} is revoked.")
