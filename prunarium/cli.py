"""The one command line. Names are mounted here; what they do lives in the four packages.

Errors are formatted here and nowhere else: exit code 0 is done, 1 failed, 2 bad usage. A user's mistake never shows a
traceback; a fault of ours does.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand

from zoo.core.commands import command_group
from zoo.core.console import say
from zoo.core.errors import PrunariumError

from . import __version__


class Mount(NamedTuple):
    """Where a command lives (``module:attribute``) and its line in the help, so that help imports nothing."""

    target: str
    help: str


COMMANDS = {
    "board": Mount("leaderboard.cli:board", "The published numbers as a board, in the browser or as text."),
    "demo": Mount("prunarium.demo:demo", "The whole path on real data: train, prune, publish, evaluate."),
    "login": Mount("registry.cli_login:login", "Use a Prunarium server, with a token or to read only."),
    "logout": Mount("registry.cli_login:logout", "Forget the server and its token."),
    "search": Mount("registry.cli_search:search", "Find models in the catalogue."),
    "pull": Mount("registry.cli_pull:pull", "Fetch a checkpoint, pinned to a commit and verified."),
    "import": Mount("zoo.cli_import:import_", "Make a model folder of somebody else's checkpoint."),
    "finetune": Mount("benchmark.cli_own:finetune", "Train a checkpoint on your own images; it stays sparse."),
    "predict": Mount("benchmark.cli_own:predict", "Name the classes of your images."),
    "inspect": Mount("registry.cli_inspect:inspect", "Measure the sparsity of a checkpoint from its bytes."),
    "pack": Mount("registry.cli_files:pack", "Write the small sparse file of dense weights."),
    "unpack": Mount("registry.cli_files:unpack", "Write the dense file of a sparse one."),
    "publish": Mount("registry.cli_publish:publish", "Publish model folders on a hub and in the catalogue."),
    "check": Mount("registry.cli_inspect:check", "Run the check that every submission must pass."),
    "submit": Mount("registry.cli_submissions:submit", "Submit a published model for evaluation."),
    "status": Mount("registry.cli_submissions:status", "Show where submissions and their jobs stand."),
    "edit": Mount("registry.cli_submissions:edit", "Publish a submission, or change its note, method or suite."),
    "resubmit": Mount("registry.cli_submissions:resubmit", "Submit again, at another revision or to another suite."),
    "withdraw": Mount("registry.cli_submissions:withdraw", "Withdraw a submission."),
    "compare": Mount("prunarium.cli_compare:compare", "Compare models image by image, or yours with the board."),
    "worker": Mount("benchmark.cli_worker:worker", "Evaluate queued jobs until stopped."),
    "serve": Mount("leaderboard.cli:serve", "Serve the leaderboard of the catalogue."),
    "export-site": Mount("leaderboard.cli_export:export_site", "Write the whole site as files that open from a disk."),
    "zoo": Mount("zoo.cli:app", "Make pruned models."),
    "benchmark": Mount("benchmark.cli:app", "Measure models."),
    "hub": Mount("registry.cli_hub:app", "Run the embedded hub server and its accounts."),
    "admin": Mount("registry.cli_admin:app", "Accounts and tokens of the catalogue that is served."),
    "db": Mount("registry.cli_db:app", "Upgrade, check, back up and restore the catalogue."),
}

_INTERRUPTED = 130  # 128 + SIGINT, as shells say it

_EXTRA_OF_MODULE = {
    "scipy": "zoo",
    "torch": "zoo",
    "torchvision": "zoo",
    "timm": "zoo",
    "sklearn": "zoo",
    "psycopg": "postgres",
    "ray": "ray",
}


class _LazyCommand(TyperCommand):
    """A line in the help that becomes the real command when it is called."""

    def __init__(self, name: str, mount: Mount) -> None:
        super().__init__(name, help=mount.help, params=[])
        self._mount = mount

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return load_command(self.name or "", self._mount).make_context(info_name, args, parent=parent, **extra)


def load_command(name: str, mount: Mount) -> Any:
    """Import the package behind a mount and return its command or group."""
    module, _, attribute = mount.target.partition(":")
    target = getattr(import_module(module), attribute)
    if not isinstance(target, typer.Typer):
        single = command_group()
        single.command(name)(target)
        target = single
    command = typer.main.get_command(target)
    command.name = name
    return command


def _front_door() -> Any:
    app = command_group("Pruned ImageNet models you can download, trust and compare.")

    @app.callback(invoke_without_command=True)
    def root(
        version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    ) -> None:
        if version:
            typer.echo(__version__)
            raise typer.Exit

    group: Any = typer.main.get_command(app)
    for name, mount in COMMANDS.items():
        group.add_command(_LazyCommand(name, mount))
    return group


def run(args: Sequence[str]) -> int:
    """Run one command line and return its exit code; everything a user sees has been printed."""
    try:
        _front_door().main(args=list(args), prog_name="prunarium")
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            say("Interrupted. What was finished is kept; the same command goes on from there.")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except PrunariumError as error:
        say(f"error: {error.message}")
        if error.hint:
            say(error.hint)
        return error.exit_code
    except ModuleNotFoundError as error:
        extra = _EXTRA_OF_MODULE.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        say(f"error: this command needs {error.name}, which is not installed.")
        say(f"Install it with: pip install 'prunarium[{extra}]'")
        return 1
    except OSError as error:
        if error.filename is None or error.strerror is None:
            raise
        # Such as a name that is too long, a place that takes no folders, a device that fails.
        say(f"error: {error.filename} cannot be used: {error.strerror}.")
        say("Name another path, or change what is there.")
        return 1
    return 0


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))
