"""``prunarium benchmark data``: what images are here, are they the right ones, get the others."""

from typing import Annotated

import typer

from zoo.core.commands import command_group
from zoo.core.console import emit_json, emit_table, say

app = command_group("The images of tasks: what is here, and how the rest is got.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Names = Annotated[list[str] | None, typer.Argument(help="Data sets, such as food101; all without a name.")]
From = Annotated[
    str | None,
    typer.Option(
        "--from", help="A copy of your own: folder:PATH, archive:NAME@PATH, hub:OWNER/NAME@COMMIT, wds:FOLDER."
    ),
]


@app.command()
def status(names: Names = None, as_json: AsJson = False) -> None:
    """Show what this machine has: state, size, licence, whether an account is needed, and the next command."""
    from .data import manifests
    from .data import status as status_of

    found = [status_of(manifest) for manifest in manifests(names or ())]
    rows = [row.to_json() for row in found]
    if as_json:
        emit_json(rows)
        return
    shown = [
        row
        | {
            "size": None if row["size_bytes"] is None else f"{row['size_bytes'] / 1e9:.1f} GB",
            "gated": "yes" if row["gated"] else "no",
        }
        for row in rows
    ]
    columns = {"name": "data", "state": "state", "size": "download", "gated": "gated", "command": "next"}
    emit_table("Images of tasks", shown, columns | {"licence": "licence", "source": "source"})


@app.command()
def check(names: Names = None, origin: From = None, as_json: AsJson = False) -> None:
    """Read every image again and compare sizes, classes, labels and hash; exit code 1 if anything differs."""
    from .data import check as check_one
    from .data import manifests
    from .data_records import read_records

    wanted = names or sorted(read_records())
    rows = [
        {"name": manifest.name, "differences": list(check_one(manifest, origin))}
        for manifest in (manifests(wanted) if wanted else [])
    ]
    if as_json:
        emit_json(rows)
    else:
        for row in rows:
            say(f"{row['name']}: " + ("; ".join(row["differences"]) or "as it must be"))
        if not rows:
            say("Nothing has been fetched yet: prunarium benchmark data status")
    if any(row["differences"] for row in rows):
        raise typer.Exit(1)


@app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(help="Data sets, such as food101.")],
    origin: From = None,
    pin: Annotated[
        bool,
        typer.Option("--pin", help="Vouch for a copy whose hash the task does not know: results count from then on."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Get images, or point a task at files you have; they are compared with the task and their hash is recorded."""
    from .data import fetch as fetch_one
    from .data import manifests

    rows = []
    for manifest in manifests(names):
        record = fetch_one(manifest, origin, pin=pin)
        verified = manifest.verified(record)
        rows.append({"name": manifest.name, "spec": record.spec, "sha256": record.sha256, "verified": verified})
        if not as_json:
            hint = "" if verified else f"; unverified, to use it: prunarium benchmark data fetch {manifest.name} --pin"
            say(f"{manifest.name}: {record.spec}, sha256 {record.sha256[:12]}{hint}")
    if as_json:
        emit_json(rows)
