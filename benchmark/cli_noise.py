"""``prunarium benchmark noise``: what the same evaluation differs by, and whether two runs of a job agree."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError

from .cli_history import AsJson


def noise(
    model: Annotated[str, typer.Argument(help="Slug or hub id.")],
    task: Annotated[str, typer.Option("--task", help="Task, as name@version.")],
    protocol: Annotated[str, typer.Option("--protocol", help="Protocol, as name@version.")],
    seeds: Annotated[str, typer.Option("--seeds", help="Other seeds, for protocols that use any.")] = "1,2",
    devices: Annotated[str, typer.Option("--devices", help="Other devices, such as cuda, comma-separated.")] = "",
    folders: Annotated[
        Path | None, typer.Option("--folders", help="Folder of model folders, instead of a hub.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the noise floor: evaluate again with other batches, threads, precisions, devices and seeds, count flips.

    It is kept, and says what two runs of one job on two machines may differ by (benchmark agree).
    """
    from registry.settings import load_settings

    from .noise import measure_noise

    floor, path = measure_noise(
        load_settings(), model, task, protocol, seeds=_integers(seeds), folders=folders, devices=_names(devices)
    )
    if as_json:
        emit_json({**floor.to_json(), "file": str(path)})
        return
    rows = [
        {
            "kind": run.kind,
            "setting": run.setting,
            "flipped": f"{run.flipped} of {run.n}",
            "judged": run.judged,
            "difference": None if run.difference is None else f"{run.difference:+.2g}",
            "largest": f"{run.largest_change:.1e}",
        }
        for run in floor.runs
    ]
    columns = {"kind": "changed", "setting": "how", "flipped": "flipped", "judged": "right or wrong changed"}
    columns |= {"difference": f"{floor.metric}, difference", "largest": "largest logit, change"}
    emit_table(f"{floor.model} on {floor.task} by {floor.protocol}", rows, columns)
    share, spread = 100 * floor.flips(), floor.spread()
    say(f"Rounding flips up to {share:.2g} % of the images and moves {floor.metric} by {spread:.2g}.")
    say(f"Kept in {path}.")


def agree(
    first: Annotated[Path, typer.Argument(help="A receipt.")],
    second: Annotated[Path, typer.Argument(help="A receipt of the same job, done again.")],
    files: Annotated[Path | None, typer.Option("--files", help="Folder of prediction files, by SHA-256.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether two runs of one job gave the same results: equal bits, or no more flips than the noise floor."""
    from .receipt_agreement import agreement_of_receipts

    found = agreement_of_receipts(first, second, files=files)
    if as_json:
        emit_json({"verdict": found.verdict, "n": found.n, "flipped": found.flipped, "allowed": found.allowed})
    else:
        say(f"{found.verdict}: {found.flipped} of {found.n} predictions differ, {found.allowed} may.")
    if found.verdict == "beyond the noise floor":
        raise typer.Exit(1)


def _integers(text: str) -> list[int]:
    try:
        return [int(part) for part in _names(text)]
    except ValueError:
        raise UsageError(f"--seeds takes whole numbers, comma-separated, got {text!r}.") from None


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
