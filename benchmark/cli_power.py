"""``prunarium benchmark power``: what the images of each task can tell apart."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError

from .cli_history import AsJson

if TYPE_CHECKING:
    import registry.resolution


def power(
    task: Annotated[str | None, typer.Option("--task", help="One task, as name@version or name.")] = None,
    seeds: Annotated[str, typer.Option("--seeds", help="Numbers of seeds a model, comma-separated.")] = "1,3,5",
    accuracy: Annotated[
        float, typer.Option("--accuracy", min=0.0, max=1.0, help="Assumed where nothing was measured.")
    ] = 0.8,
    as_json: AsJson = False,
) -> None:
    """List the smallest difference of accuracies that each task resolves with 80 % power, by number of seeds.

    Paired: two models on these images, one alone right on half as many of them as are wrong. Unpaired: against a number
    on images that nobody can name. Accuracies and the spread of seeds are those of the catalogue's models.
    """
    from registry import queries
    from registry.db.schema import open_catalogue
    from registry.db.session import session_scope
    from registry.resolution import resolutions
    from registry.settings import load_settings

    with session_scope(open_catalogue(load_settings())) as session:
        tasks = {f"{one.name}@{one.version}": one for one in queries.list_tasks(session)}
        metrics = {f"{one.name}@{one.version}": one for one in queries.list_metrics(session)}
        results = queries.results(session, condition="")
    wanted = {name: one for name, one in tasks.items() if task in (None, name, one.name)}
    if task is not None and not wanted:
        raise UsageError(f"The catalogue has no task {task!r}.", "prunarium benchmark tasks")
    found = resolutions(wanted, metrics, results, _counts(seeds), accuracy)
    if as_json:
        emit_json([asdict(one) for one in found])
        return
    _say(found)


def _say(found: "list[registry.resolution.Resolution]") -> None:
    columns = {"task": "task", "protocol": "protocol", "n": "images", "accuracy": "accuracy, %", "spread": "seed sd"}
    columns |= {"seeds": "seeds", "paired": "paired, points", "unpaired": "unpaired, points"}
    emit_table(
        "Smallest difference that is resolved (80 % power, 95 % intervals)", [_row(one) for one in found], columns
    )
    if any(one.seeds > 1 and one.seed_std is None for one in found):
        say("Without a seed sd, several seeds tell what one tells: the spread is not known yet.")


def _row(one: "registry.resolution.Resolution") -> dict[str, Any]:
    return {
        "task": one.task,
        "protocol": one.protocol,
        "n": one.n,
        "accuracy": f"{100 * one.accuracy:.1f}" + ("" if one.measured else " (assumed)"),
        "spread": None if one.seed_std is None else f"{100 * one.seed_std:.2f}",
        "seeds": one.seeds,
        "paired": _points(one.paired),
        "unpaired": _points(one.unpaired),
    }


def _points(difference: float) -> str:
    return "none" if difference >= 1 else f"{100 * difference:.2g}"


def _counts(seeds: str) -> list[int]:
    try:
        counts = [int(count) for count in seeds.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 1:
        raise UsageError(
            f"--seeds takes numbers of seeds, comma-separated, got {seeds!r}.", "For example --seeds 1,3,5"
        )
    return counts
