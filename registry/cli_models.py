"""``prunarium publish``: models and their files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from zoo.checkpoint.folder import WEIGHTS
from zoo.core.console import emit_json, emit_table
from zoo.core.errors import UsageError
from zoo.core.progress import track

from .cli_common import NEWS, AsJson, Namespace, quiet_client


def publish(
    folders: Annotated[list[Path], typer.Argument(help="Model folders, or folders of model folders.")],
    namespace: Namespace = None,
    private: Annotated[bool, typer.Option("--private", help="Only for the owner's eyes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish model folders on a hub and in the catalogue; what is there already stays as it is."""
    from .db.schema import open_catalogue
    from .publish import find_folders, own_namespace
    from .publish import publish as upload
    from .settings import load_settings

    settings = load_settings()
    engine = open_catalogue(settings)
    found = [folder for path in folders for folder in find_folders(path)]
    if not found:
        raise UsageError(f"There is no model folder in {', '.join(map(str, folders))}.", f"One holds {WEIGHTS}.")
    quiet_client()
    where = namespace or own_namespace(settings.hub_endpoint, settings.hub_token)
    rows = []
    for folder in track(found, "Publishing"):
        done = upload(
            folder,
            engine=engine,
            endpoint=settings.hub_endpoint,
            namespace=where,
            token=settings.hub_token,
            private=private,
        )
        rows.append(asdict(done))
    if as_json:
        emit_json(rows)
        return
    columns = {"slug": "model", "repo_id": "repository", "commit": "commit", "news": "news"}
    shown = [
        {**row, "commit": row["commit"][:10], "news": "published" if row["created"] else "unchanged"} for row in rows
    ]
    emit_table(f"{len(rows)} models published", shown, columns, at_most=NEWS)
