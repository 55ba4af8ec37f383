"""``prunarium hub``: run the embedded hub, and make its accounts and tokens."""

from typing import Annotated

import typer
from sqlalchemy import Engine

from zoo.core.commands import command_group
from zoo.core.console import emit_json, say
from zoo.core.errors import UsageError

from .cli_common import AsJson
from .cli_hub_store import Data, Database, backup, gc, hub_folder, restore, verify
from .hub_server.base_address import told_address
from .hub_server.organisations import ROLES, ensure_organisation, list_members, set_role
from .hub_server.serving import (
    address_of,
    ensure_account,
    issue_token,
    list_tokens,
    listen,
    revoke_token,
    serve_forever,
)

app = command_group("Run the embedded hub server; its accounts, its storage.")


@app.command()
def serve(
    data: Data = None,
    host: Annotated[str, typer.Option(help="Address to listen on; put TLS in front of a public one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes any free one.")] = 7860,
    database_url: Database = None,
    base_url: Annotated[str | None, typer.Option(help="How clients reach the hub.  [default: host and port]")] = None,
) -> None:
    """Serve models and data sets to Hugging Face clients until stopped."""
    named = told_address(base_url, host)
    folder = hub_folder(data, database_url)
    engine = folder.open_engine()
    sock = listen(host, port)
    address = named or address_of(sock)
    say(f"The hub of {folder.root} is at {address} (stop it with Ctrl-C). Clients find it by HF_ENDPOINT={address}")
    serve_forever(folder, engine, sock, address)


@app.command()
def user(
    name: Annotated[str, typer.Argument(help="Name of the account, and of its namespace.")],
    data: Data = None,
    database_url: Database = None,
    as_json: AsJson = False,
) -> None:
    """Make an account; it owns the namespace of its name."""
    made = ensure_account(hub_folder(data, database_url).open_engine(), name)
    if as_json:
        emit_json({"account": name, "created": made})
    else:
        say(f"Account {name} was made." if made else f"Account {name} exists.")


@app.command()
def org(
    name: Annotated[str, typer.Argument(help="Name of the organisation, and of its namespace; made if missing.")],
    data: Data = None,
    database_url: Database = None,
    member: Annotated[list[str] | None, typer.Option(help="ACCOUNT:read, :contributor, :write or :admin.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="An account that is no member any more.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an organisation, a namespace that several accounts share, and say who belongs to it."""
    engine = hub_folder(data, database_url).open_engine()
    roles = [_role(text) for text in member or []]
    made = ensure_organisation(engine, name)
    for account, role in [*roles, *((account, None) for account in remove or [])]:
        set_role(engine, name, account, role)
    if as_json:
        emit_json({"organisation": name, "created": made, "members": dict(list_members(engine, name))})
        return
    say(f"Organisation {name} was made." if made else f"Organisation {name} exists.")
    for account, role in list_members(engine, name):
        say(f"{account}: {role}")


@app.command()
def token(
    name: Annotated[str, typer.Argument(help="Name of the account; it is made if it is missing.")],
    data: Data = None,
    database_url: Database = None,
    scope: Annotated[str, typer.Option(help="What the token may do: read or write.")] = "write",
    label: Annotated[str, typer.Option(help="What the token is for, shown by whoami.")] = "command line",
    show: Annotated[bool, typer.Option("--list", help="List the account's tokens instead.")] = False,
    revoke: Annotated[str | None, typer.Option(help="End the tokens of this label instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a new token of an account. It is stored as a hash: this is the only time that it can be seen."""
    if scope not in ("read", "write"):
        raise UsageError(f"There is no scope {scope!r}.", "Use --scope read or --scope write.")
    engine = hub_folder(data, database_url).open_engine()
    if revoke is not None:
        revoke_token(engine, name, revoke)
        say(f"The tokens {revoke!r} of {name} are revoked.")
    elif show:
        _list_tokens(engine, name, as_json)
    else:
        _issue(engine, name, scope, label, as_json)


app.command()(gc)
app.command()(verify)
app.command()(backup)
app.command()(restore)


def _issue(engine: Engine, name: str, scope: str, label: str, as_json: bool) -> None:
    text, made = issue_token(engine, name, scope, label)
    if made:
        say(f"Account {name} was made.")
    if as_json:
        emit_json({"account": name, "scope": scope, "token": text})
    else:
        typer.echo(text)


def _list_tokens(engine: Engine, name: str, as_json: bool) -> None:
    found = list_tokens(engine, name)
    if as_json:
        emit_json([{"label": label, "scopes": scopes, "valid": good} for label, scopes, good in found])
    for label, scopes, good in [] if as_json else found:
        typer.echo(f"{label}\t{', '.join(scopes)}\t{'valid' if good else 'revoked or expired'}")


def _role(text: str) -> tuple[str, str]:
    account, _, role = text.rpartition(":")
    if not account or role not in ROLES:
        raise UsageError(f"{text!r} is no member.", f"Write ACCOUNT:ROLE; roles are {', '.join(ROLES)}.")
    return account, role
