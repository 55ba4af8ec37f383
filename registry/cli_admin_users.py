"""``prunarium admin user``: accounts, their roles, and links that sign them in."""

from typing import Annotated, Literal
from urllib.parse import urlencode

import typer

from zoo.core.commands import command_group
from zoo.core.console import emit_json, emit_table, say

from .cli_common import AsJson

app = command_group("Accounts.")

Account = Annotated[str, typer.Argument(help="Name of the account.")]
RoleName = Literal["submitter", "worker", "moderator", "admin"]
ACTOR = "the command line"


@app.command("add")
def add_user(
    name: Account,
    role: Annotated[RoleName, typer.Option(help="What its tokens may do.")] = "submitter",
    as_json: AsJson = False,
) -> None:
    """Make an account."""
    from .accounts import create_account
    from .administration import record
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings()), write=True) as session:
        create_account(session, name, role)
        record(session, ACTOR, "make account", name, detail={"role": role})
    if as_json:
        emit_json({"account": name, "role": role})
    else:
        say(f"Account {name} was made. Its first token: prunarium admin token create {name} --scope submit")


@app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List the accounts with their roles."""
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .queries.accounts import list_accounts
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings())) as session:
        found = list_accounts(session)
    rows = [{"account": one.name, "role": one.role, "enabled": one.disabled_us is None} for one in found]
    if as_json:
        emit_json(rows)
    else:
        shown = [row | {"enabled": "yes" if row["enabled"] else "no"} for row in rows]
        emit_table(f"{len(rows)} accounts", shown, {"account": "account", "role": "role", "enabled": "enabled"})


@app.command("role")
def change_role(
    name: Account, role: Annotated[RoleName, typer.Argument(help="The new role.")], as_json: AsJson = False
) -> None:
    """Give an account another role; its tokens do no more than that from now on."""
    from . import administration
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings()), write=True) as session:
        administration.change_role(session, name, role, ACTOR)
    if as_json:
        emit_json({"account": name, "role": role})
    else:
        say(f"{name} has the role {role}.")


@app.command("disable")
def disable(
    name: Account, reason: Annotated[str, typer.Option(help="Why, for the audit log.")], as_json: AsJson = False
) -> None:
    """End every session, link and token of an account, until it is enabled again."""
    from . import administration
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings()), write=True) as session:
        administration.disable(session, name, ACTOR, reason)
    if as_json:
        emit_json({"account": name, "enabled": False})
    else:
        say(f"{name} is disabled. Enable it again: prunarium admin user enable {name}")


@app.command("enable")
def enable(name: Account, as_json: AsJson = False) -> None:
    """Let a disabled account in again."""
    from . import administration
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings()), write=True) as session:
        administration.enable(session, name, ACTOR)
    if as_json:
        emit_json({"account": name, "enabled": True})
    else:
        say(f"{name} is enabled.")


@app.command("link")
def make_link(
    name: Account,
    base_url: Annotated[str, typer.Option(help="How browsers reach the site.")] = "http://127.0.0.1:8000",
    as_json: AsJson = False,
) -> None:
    """Print a link that signs an account in on the site: it works once, for a day."""
    from . import sign_in
    from .administration import record
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .server_address import ServerAddress
    from .settings import load_settings

    site = ServerAddress.parse(base_url)
    with session_scope(open_catalogue(load_settings()), write=True) as session:
        secret = sign_in.make_link(session, name)
        record(session, ACTOR, "make sign-in link", name)
    address = f"{site}/sign-in/link?{urlencode({'key': secret})}"
    if as_json:
        emit_json({"account": name, "link": address})
    else:
        say(f"Whoever opens it is {name} on that site. It works once, for a day:")
        typer.echo(address)
