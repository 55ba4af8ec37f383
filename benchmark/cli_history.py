"""The commands that look back on what was measured: score it again, compare it under shift, draw it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError

if TYPE_CHECKING:
    import benchmark.rescore
    import registry.effective_robustness

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Models = Annotated[str, typer.Option("--models", help="all, or slugs and hub ids, comma-separated.")]


def rescore(
    models: Models = "all",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Work every metric out again from the stored predictions of all history, without models, images or a GPU.

    What has a new version takes the place of the old number, which stays; what cannot be worked out again says why.
    """
    from registry.settings import load_settings

    from .rescore import rescore as score_again

    report = score_again(load_settings(), names_of(models), dry_run=dry_run)
    if as_json:
        emit_json(report.to_json())
    else:
        _say_rescored(report, dry_run)
    if report.changed:
        raise typer.Exit(1)


def plots(
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")],
    models: Models = "all",
    as_json: AsJson = False,
) -> None:
    """Draw what the catalogue knows: each picture as SVG, with the numbers that it draws as JSON beside it.

    Reliability diagrams, accuracy by corruption, quartiles by severity, effective robustness with its line, and
    accuracy, calibration and likelihood over sparsity.
    """
    from registry.db.schema import open_catalogue
    from registry.plots import write_plots
    from registry.settings import load_settings

    written = write_plots(open_catalogue(load_settings()), out, names_of(models))
    if as_json:
        emit_json([{"name": plot.name, "title": plot.title} for plot in written])
        return
    say(f"{len(written)} pictures in {out}, each as .svg and as .json.")


def robustness(models: Models = "all", as_json: AsJson = False) -> None:
    """List how much more accurate under shift models are than others of the same accuracy.

    Against the ImageNet testbed's line and against that of the catalogue's own ordinary models, between logits and
    between probits, in points of accuracy with the line's 95 % uncertainty; or why there is no such number.
    """
    from registry.db.schema import open_catalogue
    from registry.effective_robustness import pairs_of, robustness_rows
    from registry.plots import load_inputs
    from registry.settings import load_settings

    given = load_inputs(open_catalogue(load_settings()), names_of(models))
    wanted = names_of(models)
    pairs = pairs_of(given.results, given.shifts, given.tasks, given.models)
    rows = [_robustness_row(row) for row in robustness_rows(pairs) if wanted is None or row.pair.model in wanted]
    if as_json:
        emit_json(rows)
        return
    columns = {"model": "model", "shift": "shift", "points": "points", "against": "against", "transform": "line of"}
    there = [row | {"points": _points(row)} for row in rows if row["missing_reason"] is None]
    emit_table("Effective robustness", there, columns)
    for reason, count in Counter(row["missing_reason"] for row in rows if row["missing_reason"] is not None).items():
        say(f"  {count} without a number: {reason}")


def _robustness_row(row: "registry.effective_robustness.RobustnessRow") -> dict[str, Any]:
    """Flat, with accuracies as fractions."""
    found = row.robustness
    return {
        "model": row.pair.model,
        "protocol": row.pair.protocol,
        "seed": row.pair.seed,
        "shift": row.pair.shift,
        "against": row.against,
        "transform": row.transform,
        "accuracy": row.pair.accuracy,
        "shifted": row.pair.shifted,
        **({} if found is None else found._asdict()),
        "missing_reason": row.missing_reason,
    }


def _points(row: dict[str, Any]) -> str:
    notes = [word for word in ("beyond_scatter", "extrapolated", "clipped") if row[word]]
    said = f" ({', '.join(notes).replace('_', ' ')})" if notes else ""
    return f"{100 * row['value']:+.2f} [{100 * row['low']:+.2f}, {100 * row['high']:+.2f}]{said}"


def _say_rescored(report: "benchmark.rescore.RescoreReport", dry_run: bool) -> None:
    verb = "would be added" if dry_run else "added"
    say(
        f"{report.jobs} evaluations: {report.same} numbers came out the same, {report.added} {verb}, "
        f"{report.superseded} gave their place to a newer version."
    )
    if report.answers:
        would = "would get" if dry_run else "got"
        say(f"  {report.answers} {would} a bit an image beside their predictions, for comparisons on the site")
    for reason, jobs in Counter(left.reason for left in report.left_out).items():
        say(f"  {jobs} left as they are: {reason}")
    for row in report.changed:
        say(f"  changed without a new version: {row.metric} of {row.model} on {row.task}: {row.was} is now {row.now}")


def names_of(models: str) -> Sequence[str] | None:
    """The names that ``--models`` lists, None for all; raises :class:`~zoo.core.errors.UsageError` for none."""
    if models.strip() == "all":
        return None
    names = [name.strip() for name in models.split(",") if name.strip()]
    if not names:
        raise UsageError("--models is empty.", "Write --models all, or slugs, comma-separated.")
    return names
