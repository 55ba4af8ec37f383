"""``prunarium benchmark campaign``: sets of published checkpoints, from their authors' files to a table."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.core.commands import command_group
from zoo.core.console import emit_json, emit_table, say

from .cli_executors import Address, Cpus, Executor, Gpus, MemoryGb, Processes, hours_text, placement_of, say_estimates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .campaigns import Campaign
    from .campaigns.forecast import Forecast
    from .campaigns.table import Row

app = command_group("Sets of published checkpoints: import or make, publish, measure, compare with what is claimed.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Name = Annotated[str, typer.Argument(help="A campaign of: prunarium benchmark campaign list; or a file NAME.toml.")]
Out = Annotated[Path | None, typer.Option(help="Keeps files, models and the table; in PRUNARIUM_HOME if not given.")]


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List the campaigns that come with Prunarium."""
    from .campaigns import campaign_names, find_campaign

    rows = []
    for campaign in map(find_campaign, campaign_names()):
        kinds = [_kind(entry) for entry in campaign.entries]
        counts = {kind: kinds.count(kind) for kind in ("fetch", "by hand", "made here", "left out")}
        rows.append({"name": campaign.name, "title": campaign.title, "suite": campaign.suite, **counts})
    if as_json:
        emit_json(rows)
        return
    columns = {"name": "campaign", "fetch": "fetch", "by hand": "by hand", "made here": "made", "left out": "left out"}
    emit_table("Campaigns", rows, columns | {"suite": "suite", "title": "title"})


@app.command()
def show(name: Name, out: Out = None, as_json: AsJson = False) -> None:
    """Show what a campaign holds, and the table of its last run where there was one."""
    import json

    from registry.settings import load_settings

    from .campaigns import find_campaign
    from .campaigns.running import STATE, folder_of
    from .campaigns.table import Row

    campaign = find_campaign(name)
    state = (out or folder_of(campaign, load_settings())) / STATE
    last = [Row(**row) for row in json.loads(state.read_bytes())] if state.exists() else []
    if as_json:
        emit_json({"campaign": asdict(campaign), "last_run": [asdict(row) for row in last]})
        return
    rows = [
        {
            "slug": entry.slug,
            "how": _kind(entry),
            "licence": entry.licence,
            "claimed": "–" if entry.claimed_top1 is None else f"{entry.claimed_top1:.2%}",
            "notes": entry.left_out or entry.notes or entry.no_claim,
        }
        for entry in campaign.entries
    ]
    columns = {"slug": "checkpoint", "how": "how", "licence": "licence", "claimed": "claimed top-1", "notes": "notes"}
    emit_table(f"{campaign.title} ({campaign.source})", rows, columns)
    if last:
        _show_table(campaign, last)
    else:
        say(f"It has not been run here: prunarium benchmark campaign run {name} --dry-run")


@app.command()
def run(
    name: Name,
    out: Out = None,
    files: Annotated[
        Path | None, typer.Option(help="Folder of files fetched by hand, called METHOD-ARCHITECTURE-SPARSITY.pth.")
    ] = None,
    namespace: Annotated[str | None, typer.Option(help="Owner on the hub; the token's own if not given.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be fetched and computed.")] = False,
    processes: Processes = 1,
    executor: Executor = None,
    address: Address = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    memory_gb: MemoryGb = None,
    as_json: AsJson = False,
) -> None:
    """Carry a campaign out, or go on with one: import or make, publish, measure, compare.

    Exit code 1 if a checkpoint did not come through or lies outside of its tolerance; the table says why.
    """
    from registry.settings import load_settings

    from .campaigns import find_campaign
    from .campaigns.forecast import forecast
    from .campaigns.running import Place, folder_of, run_campaign

    campaign, settings = find_campaign(name), load_settings()
    place = Place(out or folder_of(campaign, settings), files)
    if dry_run:
        told = forecast(campaign, settings, place)
        emit_json(told.to_json()) if as_json else _show_forecast(campaign, told)
        return
    placement = placement_of(processes, cpus, gpus, memory_gb, address)
    rows = run_campaign(campaign, settings, place, namespace=namespace, executor=executor, placement=placement)
    if as_json:
        emit_json([asdict(row) for row in rows])
    else:
        _show_table(campaign, rows)
    if any(row.stage not in ("measured", "left out") or row.failed_jobs or row.verdict == "outside" for row in rows):
        raise typer.Exit(1)


def _kind(entry: Any) -> str:
    if entry.left_out is not None:
        return "left out"
    return "made here" if entry.make is not None else "by hand" if entry.page else "fetch"


def _show_forecast(campaign: "Campaign", told: "Forecast") -> None:
    rows = [
        {**asdict(one), "size": None if one.size_mib is None else f"{one.size_mib:.1f} MiB"} for one in told.downloads
    ]
    columns = {"slug": "checkpoint", "state": "how", "size": "size", "licence": "licence", "note": "note"}
    emit_table(f"{campaign.title}: nothing has been fetched", rows, columns | {"address": "address"})
    say(f"Downloads: {told.known_mib:.1f} MiB of known size, and {told.unknown_sizes} files of unknown size.")
    say(f"Evaluations: {told.evaluations} by the suite {campaign.suite}.")
    say_estimates(told.estimates, told.evaluations)
    from .campaigns.forecast import MAKING_FORMULA

    for one in told.makings:
        hours = ", ".join(f"{hours_text(count)} on {device}" for device, count in one.hours.items())
        say(
            f"Training {one.slug}: {one.images or 0:,} images; "
            f"{hours or 'hours unknown, no throughput was measured here'}."
        )
    if told.makings:
        say(f"({MAKING_FORMULA}; a throughput: prunarium benchmark run --suite efficiency)")


def _show_table(campaign: "Campaign", rows: "Sequence[Row]") -> None:
    shown = [
        {
            "slug": row.slug,
            "stage": row.stage,
            "sparsity": None if row.sparsity is None else f"{row.sparsity:.2%}",
            "claimed": None if row.claimed is None else f"{row.claimed:.2%}",
            "ours": None if row.ours is None else _percent(row),
            "verdict": row.verdict,
            "detail": row.detail,
        }
        for row in rows
    ]
    columns = {"slug": "checkpoint", "stage": "stage", "sparsity": "sparsity", "claimed": "paper", "ours": "ours"}
    title = f"Paper against ours, {campaign.upstream}, within ± {campaign.tolerance_points:g} points of our interval"
    emit_table(title, shown, columns | {"verdict": "verdict", "detail": "detail"})


def _percent(row: "Row") -> str:
    between = "" if row.low is None or row.high is None else f" [{row.low:.2%}, {row.high:.2%}]"
    return f"{row.ours:.2%}{between}"
