"""``prunarium compare``: two measured models image by image, or a private model on the public board."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.core.errors import UsageError


def compare(
    model: Annotated[str | None, typer.Argument(help="Slug or hub id.")] = None,
    other: Annotated[str | None, typer.Argument(help="The model to compare with.  [default: its dense parent]")] = None,
    task: Annotated[
        str | None, typer.Option("--task", help="A task that both were measured on, as name@version or name.")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option("--protocol", help="Protocol, where both were measured by several.")
    ] = None,
    condition: Annotated[str, typer.Option("--condition", help="One of a shift, such as gaussian_noise/3.")] = "",
    show: Annotated[int, typer.Option("--show", min=0, help="How many classes and images to list.")] = 5,
    with_: Annotated[
        Path | None,
        typer.Option("--with", help="A report.json, or a model's JSON from a site, to draw on the public board."),
    ] = None,
    suite: Annotated[str | None, typer.Option(help="With --with: the board's suite.")] = None,
    architecture: Annotated[str | None, typer.Option(help="With --with: the network, if the file lacks it.")] = None,
    sparsity: Annotated[
        str | None, typer.Option(help="With --with: of the model, if the file lacks it; or all.")
    ] = None,
    parent: Annotated[str | None, typer.Option(help="With --with: its dense model in the catalogue.")] = None,
    save: Annotated[Path | None, typer.Option(help="With --with: write the board as one HTML file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Compare a model with its dense parent on the same images: paired intervals, McNemar's test, classes, images.

    Of numbers that were measured in this catalogue; no models, images or torch are needed. --with FILE draws a private
    model on the public board instead, with its rank among the public rows; nothing is uploaded.
    """
    if with_ is not None:
        from leaderboard.cli_overlay import compare_with

        if model is not None or task is not None:
            raise UsageError("--with FILE stands alone: the file says which model it is about.", "Leave the rest out.")
        compare_with(
            with_, suite=suite, architecture=architecture, sparsity=sparsity, parent=parent, save=save, as_json=as_json
        )
        return
    if model is None or task is None:
        raise UsageError(
            "A model and a task are needed, or --with FILE.", "prunarium compare gmp/resnet50/0.90 --task pets"
        )
    if any(given is not None for given in (suite, architecture, sparsity, parent, save)):
        raise UsageError("--suite, --architecture, --sparsity, --parent and --save go with --with.", "Add --with FILE.")
    from benchmark.cli_compare import compare_models

    compare_models(model, other, task=task, protocol=protocol, condition=condition, show=show, as_json=as_json)
