"""``prunarium benchmark spot-check``: do a job of somebody's own predictions again."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.core.console import emit_json, say


def spot_check(
    submission: Annotated[str, typer.Argument(help="Id of a submission of predictions.")],
    folders: Annotated[
        Path | None, typer.Option("--folders", help="Folder of model folders to use instead of pulling from a hub.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Evaluate one job of a submission's predictions here, drawn at random (exit code 1 if it comes out otherwise).

    Within the noise floor its numbers count as measured; beyond it the submission is flagged.
    """
    from registry.settings import load_settings

    from .spot_check import spot_check as check

    found = check(load_settings(), submission, folders=folders)
    if as_json:
        emit_json(found.to_json())
    else:
        agreement = found.agreement
        say(
            f"{found.task} by {found.protocol}, seed {found.seed}: {agreement.verdict} ({agreement.flipped:,} of "
            f"{agreement.n:,} predicted classes differ, {agreement.allowed:,} may); it is {found.outcome}."
        )
    if found.outcome == "flagged":
        raise typer.Exit(1)
