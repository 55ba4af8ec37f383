"""The main job on real data, as the public commands that do it.

``prunarium demo`` runs them one after the other in this process, with the hub on a thread beside them;
``prunarium demo --print-commands`` prints the same list for a shell. There is nothing here that a user could not type.
"""

import os
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from zoo.core.console import say
from zoo.core.errors import PrunariumError, UsageError

ARCHITECTURE = "resnet8-digits"
UPSTREAM = "digits:0-4"
NAMESPACE = "demo"
SUITE = "digits-demo"
METHODS = ("gmp", "block-fisher", "rigl", "laplace-snr", "random")
SPARSITIES = ("0.90", "0.95", "0.98")
SEEDS = ("0", "1", "2")


class DemoError(PrunariumError):
    """A step of the demo failed; everything before it is kept."""


@dataclass(frozen=True)
class Plan:
    """What the demo makes and where it keeps it."""

    home: Path
    port: int
    methods: tuple[str, ...] = METHODS
    sparsities: tuple[str, ...] = SPARSITIES
    seeds: tuple[str, ...] = SEEDS
    processes: int = 2

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the commands read; the hub's token joins them when the hub has started."""
        return {
            "PRUNARIUM_HOME": str(self.home),
            "PRUNARIUM_HUB": f"http://127.0.0.1:{self.port}",
            "HF_HOME": str(self.home / "hub-cache"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def hub_data(self) -> Path:
        return self.home / "hub"


@dataclass(frozen=True)
class Step:
    """One public command and why it is run."""

    title: str
    args: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(("prunarium", *self.args))


def prepare_steps() -> Iterator[Step]:
    """What every catalogue needs once."""
    yield Step("Make the catalogue", ("db", "upgrade"))
    yield Step("Write tasks, metrics, methods and the published numbers into it", ("benchmark", "sync"))


def main_steps(plan: Plan) -> Iterator[Step]:
    """From training to the table."""
    seeds, out = ",".join(plan.seeds), str(plan.models)
    shared = ("--data", UPSTREAM, "--seeds", seeds, "--out", out, "--jobs", str(plan.processes), "--device", "cpu")
    yield Step("Train the dense parents", ("zoo", "train", "--architecture", ARCHITECTURE, *shared))
    what = ("--method", ",".join(plan.methods), "--sparsities", ",".join(plan.sparsities), "--parents", out)
    yield Step("Prune them: each method with the fine-tuning of its recipe", ("zoo", "prune", *what, *shared))
    yield Step("Publish every checkpoint on the hub", ("publish", out, "--namespace", NAMESPACE))
    yield Step("Pull them back, verified", ("pull", "--all", "--namespace", NAMESPACE))
    run = ("benchmark", "run", "--suite", SUITE, "--models", "all", "--processes", str(plan.processes))
    yield Step("Evaluate transfer, robustness, calibration, detection and cost", run)
    yield Step("Show the board", ("board", "--suite", SUITE, "--sparsity", "all", "--text"))


def shell_commands(plan: Plan) -> list[str]:
    """The demo as lines for a POSIX shell."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in plan.environment.items()]
    data = shlex.quote(str(plan.hub_data))
    hub = f"prunarium hub serve --data {data} --port {plan.port} &"
    token = f"export PRUNARIUM_HUB_TOKEN=$(prunarium hub token {NAMESPACE} --data {data})"
    before = [str(step) for step in prepare_steps()]
    main = [str(step) for step in main_steps(plan)]
    return [*exports, *before, token, hub, *main, "prunarium serve"]


def demo(
    home: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path("prunarium-demo"),
    port: Annotated[int, typer.Option(help="Port of the hub on this machine.")] = 7861,
    methods: Annotated[str, typer.Option(help="Pruning methods, comma-separated.")] = ",".join(METHODS),
    sparsities: Annotated[str, typer.Option(help="Target sparsities, comma-separated.")] = ",".join(SPARSITIES),
    seeds: Annotated[str, typer.Option(help="Seeds, fixed beforehand, comma-separated.")] = ",".join(SEEDS),
    processes: Annotated[int, typer.Option(help="Worker processes.", min=1)] = 2,
    print_commands: Annotated[bool, typer.Option("--print-commands", help="Print the same as a shell script.")] = False,
) -> None:
    """The whole path on real data: train, prune, publish, evaluate."""
    plan = Plan(home.absolute(), port, _items(methods), _items(sparsities), _items(seeds), processes)
    if print_commands:
        sys.stdout.write("\n".join(shell_commands(plan)) + "\n")
        return
    _run(plan)


def _items(text: str) -> tuple[str, ...]:
    items = tuple(part.strip() for part in text.split(",") if part.strip())
    if not items:
        raise UsageError("--methods, --sparsities and --seeds must not be empty.", "See: prunarium demo --help")
    return items


def _run(plan: Plan) -> None:
    # The hub client reads its variables when it is imported, which is why nothing of it is imported above.
    os.environ.update(plan.environment)
    from registry.hub_server.embedded import EmbeddedHub
    from zoo.methods import METHODS

    for name in plan.methods:
        METHODS[name]  # an unknown name is an error before anything is made
    steps = [*prepare_steps(), *main_steps(plan)]
    start = time.monotonic()
    with EmbeddedHub(plan.hub_data, port=plan.port) as hub:
        os.environ["PRUNARIUM_HUB_TOKEN"] = hub.token_for(NAMESPACE)
        _run_steps(steps)
    say(f"\nDone in {time.monotonic() - start:.0f} s; everything is in {plan.home}. Now look at it:")
    say(f"  PRUNARIUM_HOME={shlex.quote(str(plan.home))} prunarium serve")
    say(f"  http://127.0.0.1:8000/?suite={SUITE}")


def _run_steps(steps: Sequence[Step]) -> None:
    from .cli import run

    for number, step in enumerate(steps, 1):
        say(f"\n[{number}/{len(steps)}] {step.title}\n$ {step}")
        code = run(step.args)
        if code:
            raise DemoError(
                f"Step {number} of {len(steps)} failed with exit code {code}: {step}",
                "What was finished is kept: run the same command again to go on from here.",
            )
