"""``prunarium hub``: run the embedded hub, and make its accounts and tokens."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.core.commands import command_group
from zoo.core.console import emit_json, say
from zoo.core.errors import UsageError

from .hub_server.serving import HubFolder, address_of, ensure_account, issue_token, listen, serve_forever
from .settings import load_settings

app = command_group("Run the embedded hub server and its accounts.")

Data = Annotated[Path | None, typer.Option(help="The hub's folder.  [default: hub, in PRUNARIUM_HOME]")]
Database = Annotated[str | None, typer.Option(help="Its database.  [default: hub.sqlite, in the folder]")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def serve(
    data: Data = None,
    host: Annotated[str, typer.Option(help="Address to listen on; put TLS in front of a public one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes any free one.")] = 7860,
    database_url: Database = None,
    base_url: Annotated[str | None, typer.Option(help="How clients reach the hub.  [default: host and port]")] = None,
) -> None:
    """Serve models and data sets to Hugging Face clients until stopped."""
    named = None if base_url is None else _checked(base_url)
    folder = _folder(data, database_url)
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
    made = ensure_account(_folder(data, database_url).open_engine(), name)
    if as_json:
        emit_json({"account": name, "created": made})
    else:
        say(f"Account {name} was made." if made else f"Account {name} exists.")


@app.command()
def token(
    name: Annotated[str, typer.Argument(help="Name of the account; it is made if it is missing.")],
    data: Data = None,
    database_url: Database = None,
    scope: Annotated[str, typer.Option(help="What the token may do: read or write.")] = "write",
    label: Annotated[str, typer.Option(help="What the token is for, shown by whoami.")] = "command line",
    as_json: AsJson = False,
) -> None:
    """Print a new token of an account. It is stored as a hash: this is the only time that it can be seen."""
    if scope not in ("read", "write"):
        raise UsageError(f"There is no scope {scope!r}.", "Use --scope read or --scope write.")
    text, made = issue_token(_folder(data, database_url).open_engine(), name, scope, label)
    if made:
        say(f"Account {name} was made.")
    if as_json:
        emit_json({"account": name, "scope": scope, "token": text})
    else:
        typer.echo(text)


def _folder(data: Path | None, database_url: str | None) -> HubFolder:
    return HubFolder(data if data is not None else load_settings().home / "hub", database_url)


def _checked(base_url: str) -> str:
    if not base_url.startswith(("http://", "https://")):
        raise UsageError(f"{base_url!r} is no address.", "Use --base-url https://HOST[/PREFIX]")
    return base_url.rstrip("/")
