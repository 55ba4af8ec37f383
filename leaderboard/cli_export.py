"""``prunarium export-site``: the copy that outlives the server."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from registry.db.schema import check_schema, open_catalogue
from registry.settings import load_settings
from zoo.core.console import say

from .formats import bytes_of


def export_site(
    folder: Annotated[Path, typer.Argument(help="Where to write it: a new folder, or an earlier copy.")],
    database_url: Annotated[str | None, typer.Option(help="The catalogue, as sqlite:///FILE or postgresql://…")] = None,
) -> None:
    """Write the whole site as files: pages, SQLite, Parquet, JSON and checksums; index.html opens from a disk."""
    from .static_site import export_site as export

    settings = load_settings()
    if database_url is not None:
        settings = replace(settings, database_url=database_url)
    engine = open_catalogue(settings, create=False)
    check_schema(engine)
    done = export(engine, folder)
    say(f"Wrote {done.pages} pages, {done.files} files, {bytes_of(done.size_bytes)}: open {folder / 'index.html'}")
