"""The commands of measuring: parse, call one function, print."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.core.commands import command_group
from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError

from .cli_campaign import app as campaign_app
from .cli_data import app as data_app
from .cli_executors import Address, Cpus, Executor, Gpus, MemoryGb, Processes, placement_of, say_estimates
from .cli_history import AsJson, Models, names_of, plots, rescore, robustness
from .cli_noise import agree, noise
from .cli_power import power
from .cli_receipts import keygen, receipt, verify
from .cli_spot_check import spot_check

if TYPE_CHECKING:
    import benchmark.runner
    import benchmark.suites

app = command_group("Measure models: transfer, robustness, calibration, detection, cost.")
for command in (rescore, robustness, plots, power, noise, agree, keygen, receipt, verify, spot_check):
    app.command()(command)
app.add_typer(campaign_app, name="campaign", help="Sets of published checkpoints, compared with what is claimed.")
app.add_typer(data_app, name="data", help="The images of tasks: what is here, and how the rest is got.")

SuiteName = Annotated[str, typer.Option("--suite", help="Suite, as name or name@version.")]
Seeds = Annotated[str | None, typer.Option("--seeds", help="Seeds, comma-separated, instead of the suite's own.")]
Folders = Annotated[
    Path | None, typer.Option("--folders", help="Folder of model folders to use instead of pulling from a hub.")
]
OneTask = Annotated[
    str | None,
    typer.Option("--task", help="One task instead of a suite: name@version, or your own images: folder:PATH."),
]
ByProtocols = Annotated[str, typer.Option("--protocols", help="Protocols of --task, comma-separated.")]


@app.command()
def tasks(as_json: AsJson = False) -> None:
    """List what can be measured on, with sizes, licence and primary metric."""
    from .tasks import known_tasks

    rows = [
        {
            "task": task.id,
            "kind": task.kind,
            "title": task.title,
            "classes": task.classes,
            "n_test": task.n_test,
            "primary_metric": task.primary_metric,
            "licence": task.licence,
            "source": task.source,
        }
        for task in known_tasks()
    ]
    if as_json:
        emit_json(rows)
        return
    columns = {"task": "task", "kind": "kind", "title": "title", "classes": "classes", "n_test": "test images"}
    emit_table("Tasks", rows, columns | {"primary_metric": "metric", "licence": "licence"})


@app.command()
def metrics(as_json: AsJson = False) -> None:
    """List the numbers that are computed, with unit, direction and definition."""
    from .metrics import METRICS

    rows = [
        {
            "metric": f"{metric.name}@{metric.version}",
            "title": metric.title,
            "unit": metric.unit,
            "better": metric.direction,
            "interval": metric.interval.value,
            "needs": list(metric.needs),
            "definition": metric.definition,
            "source": metric.source,
        }
        for _, metric in METRICS.items()
    ]
    if as_json:
        emit_json(rows)
        return
    columns = {"metric": "metric", "title": "title", "unit": "unit", "better": "better", "interval": "95 % interval"}
    emit_table("Metrics", rows, columns)


@app.command()
def plan(
    suite: SuiteName = "digits-demo",
    models: Models = "all",
    seeds: Seeds = None,
    task: OneTask = None,
    protocols: ByProtocols = "linear@2",
    as_json: AsJson = False,
) -> None:
    """Show which evaluations a run would do, which exist, and what the missing ones will take, as far as measured."""
    from registry.db.schema import open_catalogue
    from registry.settings import load_settings

    from .runner import estimate_plan, make_suite_plan

    wanted, engine = _suite(suite, task, protocols), open_catalogue(load_settings())
    found, planned = make_suite_plan(engine, wanted, names_of(models), _integers(seeds))
    costs = estimate_plan(engine, planned)
    rows = [
        {"model": job.model, "task": job.task, "protocol": job.protocol, "seed": job.seed, "state": state}
        for state, group in (("missing", planned.missing), ("exists", planned.existing))
        for job in group
    ]
    if as_json:
        counts = {"missing": len(planned.missing), "existing": len(planned.existing)}
        emit_json({"suite": found.id, **counts, "estimates": [cost.to_json() for cost in costs], "jobs": rows})
        return
    columns = {"model": "model", "task": "task", "protocol": "protocol", "seed": "seed", "state": "state"}
    emit_table(f"{found.id}: {len(planned.missing)} missing, {len(planned.existing)} exist", rows, columns)
    if planned.missing:
        say_estimates(costs, len(planned.missing))


@app.command()
def run(
    suite: SuiteName = "digits-demo",
    models: Models = "all",
    seeds: Seeds = None,
    task: OneTask = None,
    protocols: ByProtocols = "linear@2",
    processes: Processes = 1,
    executor: Executor = None,
    address: Address = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    memory_gb: MemoryGb = None,
    folders: Folders = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try jobs again that failed for good.")] = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate models on a suite; what exists is reused, and an interrupted run is continued by the same command."""
    from registry.settings import load_settings

    from .runner import run as run_suite

    report = run_suite(
        load_settings(),
        _suite(suite, task, protocols),
        names_of(models),
        seeds=_integers(seeds),
        executor=executor,
        placement=placement_of(processes, cpus, gpus, memory_gb, address),
        folders=folders,
        retry_failed=retry_failed,
    )
    if as_json:
        emit_json(report.to_json())
    else:
        _say_report(report)
    if report.failed:
        raise typer.Exit(1)


@app.command()
def sync(as_json: AsJson = False) -> None:
    """Write tasks, metrics, protocols, suites, methods and the published numbers into the catalogue."""
    from registry.db.schema import open_catalogue
    from registry.settings import load_settings

    from .sync import sync as sync_all

    counts = sync_all(open_catalogue(load_settings()))
    if as_json:
        emit_json(counts)
        return
    say("In the catalogue: " + ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in counts.items()) + ".")
    if "protocols" not in counts:
        say("Without torch, methods, architectures and protocols were left out: pip install 'prunarium[zoo]'")


def _say_report(report: "benchmark.runner.RunReport") -> None:
    if not report.done and not report.failed:
        say(f"{report.suite}: everything exists ({report.reused} evaluations of {report.models} models reused).")
        return
    say(
        f"{report.suite}: {report.done} done, {report.reused} reused, {len(report.failed)} failed "
        f"({report.models} models, {report.seconds:.0f} s)."
    )
    if report.receipts is not None and (report.done or report.reused):
        say(f"Receipts: {report.receipts}")
    elif report.receipts is None and report.done:
        say("No receipts: there is no key to sign with. Make one: prunarium benchmark keygen; then the same run again.")
    for job in report.failed:
        say(f"  failed ({job.kind}): {job.model} on {job.task} by {job.protocol}, seed {job.seed}: {job.message}")


def _suite(suite: str, task: str | None, protocols: str) -> "str | benchmark.suites.Suite":
    if task is None:
        return suite
    from .suites import suite_of_task
    from .tasks import find_task

    return suite_of_task(find_task(task), [name.strip() for name in protocols.split(",")])


def _integers(seeds: str | None) -> Sequence[int] | None:
    if seeds is None:
        return None
    try:
        return [int(seed) for seed in seeds.split(",")]
    except ValueError:
        raise UsageError(f"--seeds takes whole numbers, comma-separated, got {seeds!r}.") from None
