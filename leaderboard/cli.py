"""``prunarium serve`` and ``prunarium board``: parse, call, print."""

import gc
import os
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy import Engine

from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.receipts import KEY_FILE
from registry.reported import load_reported
from registry.settings import Settings, load_settings
from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError

from .answers import board_answer
from .asked import view_of
from .catalogue import CatalogueCache
from .exports import board_csv, board_file
from .first_start import is_set_up, link_address, make_first
from .headline import headline
from .providers import providers_of
from .settings import SiteSettings
from .table_files import FORMATS
from .terminal import text_columns, text_rows
from .view import BoardQuery

if TYPE_CHECKING:
    from starlette.types import ASGIApp

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for other machines too.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes any free one.")]
DatabaseUrl = Annotated[str | None, typer.Option(help="The catalogue, as sqlite:///FILE or postgresql://…")]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    database_url: DatabaseUrl = None,
    hub: Annotated[
        str | None, typer.Option(help="Serve the hub of prunarium hub serve below this path, too, such as /hf.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="How browsers reach the site, such as https://….  [default: host and port]")
    ] = None,
    init: Annotated[
        bool, typer.Option("--init", help="First start: make the administrator, and print a link to sign in.")
    ] = False,
    admin: Annotated[str, typer.Option(help="With --init: the name of the administrator.")] = "admin",
) -> None:
    """Serve the leaderboard of the catalogue. It never changes the catalogue's schema: that is prunarium db upgrade."""
    catalogue = _settings(database_url)
    settings = replace(_site(catalogue, host, port), hub_prefix=hub, base_url=base_url)
    engine = open_catalogue(catalogue, create=init)
    secret = make_first(engine, settings, admin) if init else None
    if secret is None and not is_set_up(engine):
        say("Nobody administers this server, and nobody can sign in. Make an administrator: prunarium serve --init")
    _serve(engine, settings, open_browser=False, first_link=secret)


def board(
    suite: Annotated[str | None, typer.Option(help="A suite as name@version, or its name.")] = None,
    architecture: Annotated[str | None, typer.Option(help="An architecture, such as resnet50.")] = None,
    sparsity: Annotated[str | None, typer.Option(help="A band such as 0.90, or all.")] = None,
    budget: Annotated[str | None, typer.Option(help="Training epochs, such as 100.")] = None,
    trust: Annotated[str | None, typer.Option(help="all, measured or reported.")] = None,
    where: Annotated[str | None, typer.Option(help="Terms as of prunarium search: 'method=rigl bytes<20MB'.")] = None,
    columns: Annotated[str | None, typer.Option(help="Keys of columns, with commas between, or none.")] = None,
    sort: Annotated[str | None, typer.Option(help="A column's key; with a minus sign in front, descending.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Print the board as a table instead of serving it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the board as JSON instead of serving it.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print the board as CSV instead of serving it.")] = False,
    save: Annotated[
        Path | None, typer.Option(help="Write the board to FILE.csv, .json, .parquet, .tex or .bib.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the browser as well.")] = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    database_url: DatabaseUrl = None,
) -> None:
    """Show the published numbers, and yours. Makes the local catalogue if there is none."""
    if text + json + csv + (save is not None) > 1:
        raise UsageError("--text, --json, --csv and --save exclude each other.", "Give one of them.")
    if save is not None and save.suffix.removeprefix(".") not in ("json", *FORMATS):
        known = ", ".join(f".{ending}" for ending in ("json", *FORMATS))
        raise UsageError(f"A board cannot be saved as {save.name!r}.", f"The name ends in one of {known}.")
    catalogue = _settings(database_url)
    settings = _site(catalogue, host, port)
    asked = {
        "suite": suite, "architecture": architecture, "sparsity": sparsity, "budget": budget, "trust": trust,
        "q": where, "sort": sort, "columns": columns,
    }  # fmt: skip
    query = BoardQuery.parse((name, value) for name, value in asked.items() if value is not None)
    engine = open_catalogue(catalogue, create=True)
    with session_scope(engine, write=True) as session:
        loaded = load_reported(session)
    if loaded.new:
        say(f"Loaded {loaded.new} published results.")
    if save is not None:
        _save(engine, query, settings, save)
    elif text or json or csv:
        _print(engine, query, "text" if text else "json" if json else "csv")
    else:
        _serve(engine, settings, open_browser=open_, path=query.address())


def _save(engine: Engine, query: BoardQuery, settings: SiteSettings, path: Path) -> None:
    catalogue = CatalogueCache(engine).current()
    made = view_of(engine, catalogue, query)
    if path.suffix == ".json":
        content = board_answer(made, catalogue.version).model_dump_json(indent=2).encode()
    else:
        address = settings.address.rstrip("/") + query.address()
        content = board_file(catalogue, made, path.suffix.removeprefix("."), address)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", "Give another file.") from error
    say(f"Wrote {len(made.rows)} rows to {path}")


def _print(engine: Engine, query: BoardQuery, form: str) -> None:
    catalogue = CatalogueCache(engine).current()
    made = view_of(engine, catalogue, query)
    if form == "json":
        emit_json(board_answer(made, catalogue.version).model_dump(mode="json"))
    elif form == "csv":
        sys.stdout.write(board_csv(made).decode())
    else:
        first = headline(made)
        say(first.lede)
        emit_table(first.title, text_rows(made), text_columns(made))


def _site(catalogue: Settings, host: str, port: int) -> SiteSettings:
    return SiteSettings(
        host=host,
        port=port,
        hub_endpoint=catalogue.hub_endpoint,
        receipt_key=catalogue.home / KEY_FILE,
        blobs=catalogue.blobs,
        providers=providers_of(os.environ),
        more_hubs=catalogue.more_hubs,
        quota=catalogue.quota,
    )


def _settings(database_url: str | None) -> Settings:
    settings = load_settings()
    return settings if database_url is None else replace(settings, database_url=database_url)


def _serve(
    engine: Engine, settings: SiteSettings, *, open_browser: bool, path: str = "/", first_link: str | None = None
) -> None:
    import uvicorn

    from .listening import listen

    with listen(settings) as listener:
        bound = replace(settings, port=listener.getsockname()[1])
        with _application(engine, bound) as app:
            address = bound.address.rstrip("/") + path
            say(f"Serving at {address} (stop with Ctrl+C)")
            if first_link is not None:
                say(
                    "This link signs the administrator in. It works once, for a day; another: prunarium admin user link"
                )
                typer.echo(link_address(bound.site_address, first_link))
                say("Next: prunarium worker, on this machine, evaluates what is submitted and brings the suites.")
            if open_browser:
                webbrowser.open(address)
            # By its own measure Python would look for cycles in the whole catalogue at every twentieth board.
            gc.set_threshold(50_000, 20, 100)
            with suppress(KeyboardInterrupt):  # how a person stops it, as it says above
                uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


@contextmanager
def _application(engine: Engine, settings: SiteSettings) -> Iterator["ASGIApp"]:
    """The site, with the hub beside it where that is wanted."""
    from .app import create_app

    if settings.hub_prefix is None:
        yield create_app(engine, settings)
        return

    from registry.cli_hub_store import hub_folder

    from .beside import hub_address, site_with_hub

    folder = hub_folder(None, None)
    with site_with_hub(engine, settings, folder) as app:
        say(f"The hub of {folder.root} is at {hub_address(settings)}: clients find it by HF_ENDPOINT")
        yield app
