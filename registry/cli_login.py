"""``prunarium login`` and ``logout``: which server answers, and the token for it."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.core.console import emit_json, say
from zoo.core.errors import UsageError

from .cli_common import AsJson

if TYPE_CHECKING:
    from .logins import Login
    from .server_address import ServerAddress
    from .settings import Settings
    from .sources import Me

_MOST_CHARACTERS = 4096
_WHERE = {
    "keyring": "the system's keyring",
    "file": "login.json in PRUNARIUM_HOME, readable by you alone",
    "environment": "PRUNARIUM_TOKEN",
}


def login(
    url: Annotated[str | None, typer.Argument(help="Address of a Prunarium server.")] = None,
    token_stdin: Annotated[bool, typer.Option("--token-stdin", help="Read the token from standard input.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Say which server is used, and as whom.")] = False,
    as_json: AsJson = False,
) -> None:
    """Use a server for search, pull, submit, status and withdraw. Without a token it can be read.

    The token is asked for, or read from standard input; it is no argument, because arguments are seen by others.
    """
    from .logins import write_login
    from .server_address import ServerAddress
    from .settings import load_settings
    from .sources import RemoteSource, server_login

    if show == (url is not None):
        raise UsageError("Name a server, or give --show.", "prunarium login https://prunarium.example.org")
    settings = load_settings()
    if url is None:
        found = server_login(settings)
        _report(found, None if found is None else RemoteSource(found.address, found.token).me(), as_json)
        return
    address = ServerAddress.parse(url)
    token = _read_token(address, token_stdin)
    me = RemoteSource(address, lambda: token).me()
    _report(write_login(settings.home, address, token), me, as_json)
    _say_what_wins(settings)


def logout(as_json: AsJson = False) -> None:
    """Forget the server and the token; the token itself stays good until it is revoked there."""
    from .logins import forget_login
    from .settings import load_settings

    settings = load_settings()
    address = forget_login(settings.home)
    if as_json:
        emit_json({"server": address})
    elif address is None:
        say("There was no login.")
    else:
        say(f"Forgot {address} and its token.")
    _say_what_wins(settings)


def _read_token(address: "ServerAddress", from_stdin: bool) -> str | None:
    """What was typed without an echo, or stood in the first line of standard input; None for nothing."""
    if from_stdin:
        token = sys.stdin.readline(_MOST_CHARACTERS).strip()
        if not token:
            raise UsageError("There is no token on standard input.", f"prunarium login {address} --token-stdin < FILE")
        return token
    if not sys.stdin.isatty():
        return None
    if not address.keeps_secrets:
        say(f"No token is asked for: over plain http to {address} everybody on the way could read it.")
        return None
    question = f"Token for {address} (empty: read only)"
    return str(typer.prompt(question, "", hide_input=True, show_default=False, err=True)).strip() or None


def _report(found: "Login | None", me: "Me | None", as_json: bool) -> None:
    if found is None or me is None:
        if as_json:
            emit_json({"server": None})
        else:
            say("No server is set: the local catalogue answers, or else the published rows that came with the package.")
        return
    if as_json:
        emit_json({"server": str(found.address), "account": me.account, "scopes": me.scopes, "token_in": found.kept})
        return
    if me.account is None:
        say(f"{found.address} answers searches and pulls. To submit, log in with a token, in a terminal or by:")
        say(f"  prunarium login {found.address} --token-stdin < FILE")
        return
    say(f"{found.address} knows you as {me.account}; the token is in {_WHERE[found.kept or 'file']}.")
    if "submit" not in me.scopes:
        say(f"This token cannot submit; it may: {', '.join(me.scopes)}.")


def _say_what_wins(settings: "Settings") -> None:
    if settings.server_url is not None:
        say(f"PRUNARIUM_URL is set and wins: {settings.server_url}")
