"""``prunarium finetune`` and ``prunarium predict``: published checkpoints on a user's own images."""

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def finetune(
    model: Annotated[str, typer.Argument(metavar="SLUG", help="A slug, a hub id, or a model folder.")],
    data: Annotated[str, typer.Option(help="Your images: folder:PATH with a folder for each class.")],
    out: Annotated[Path, typer.Option(help="New folder for the model, the split, the curve and the receipt.")],
    protocol: Annotated[
        str, typer.Option(help="linear: a new classifier on the frozen network; full: every weight that is not pruned.")
    ] = "linear",
    seed: Annotated[int, typer.Option(help="Of the split, of the new classifier, of the order of the images.")] = 0,
    epochs: Annotated[int, typer.Option(min=1, help="With full.")] = 30,
    batch_size: Annotated[int, typer.Option(min=1, help="With full.")] = 32,
    learning_rate: Annotated[
        float, typer.Option(help="With full: the first one; it falls along half a cosine.")
    ] = 0.01,
    augment: Annotated[bool, typer.Option(help="With full: random crops and mirror images.")] = True,
    parent: Annotated[str | None, typer.Option(help="Dense parent to compare with, if not the model's own.")] = None,
    compare: Annotated[bool, typer.Option("--compare/--no-compare", help="Train the dense parent too.")] = True,
    device: Annotated[str, typer.Option(help="With full: auto, cpu or cuda.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Train a checkpoint on your own images: it stays sparse, and is compared with its dense parent on the same images.

    A run that was interrupted goes on with the same command.
    """
    from .own_images.finetuning import finetune as run

    done = run(
        model, data, out, protocol, parent=parent, compare=compare, device=device, seed=seed, epochs=epochs,
        batch_size=batch_size, learning_rate=learning_rate, augment=augment,
    )  # fmt: skip
    if as_json:
        emit_json(dict(done.receipt))
        return
    _show(done.receipt, done.folder)


def predict(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The --out of a finetune, or any model folder.")],
    images: Annotated[list[str], typer.Argument(metavar="IMAGES...", help="Images, folders of images, or patterns.")],
    top: Annotated[int, typer.Option(min=1, help="How many classes to show.")] = 5,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
    as_json: AsJson = False,
) -> None:
    """Name the classes of images, with probabilities; exit code 1 if one of them cannot be read."""
    from .own_images.predicting import predict_images

    if as_csv and as_json:
        raise UsageError("--csv and --json exclude each other.")
    answers = predict_images(folder, images, top)
    rows = [
        {"image": one.image, "class": name, "probability": probability, "rank": rank}
        for one in answers
        for rank, (name, probability) in enumerate(zip(one.classes, one.probabilities, strict=True), 1)
    ]
    bad = [one for one in answers if one.error is not None]
    if as_json:
        emit_json([_answer_json(one) for one in answers])
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, ["image", "rank", "class", "probability"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        shown = [
            {
                "image": one.image,
                "classes": ", ".join(f"{n} {p:.1%}" for n, p in zip(one.classes, one.probabilities, strict=True)),
            }
            for one in answers
            if one.error is None
        ]
        emit_table(f"{len(shown)} images", shown, {"image": "image", "classes": "classes"})
    for one in bad:
        say(f"{one.image}: {one.error}")
    if bad:
        raise typer.Exit(1)


def _answer_json(one: Any) -> dict[str, Any]:
    classes = [{"class": n, "probability": p} for n, p in zip(one.classes, one.probabilities, strict=True)]
    return {"image": one.image, "classes": classes, "error": one.error}


def _show(receipt: Mapping[str, Any], folder: Path) -> None:
    model, parent, change = receipt["model"], receipt["parent"], receipt["difference"]
    rows = []
    for metric, mine in model["numbers"].items():
        theirs = None if parent is None else parent["numbers"][metric]
        moved = None if change is None else change["changes"].get(metric)
        rows.append(
            {
                "metric": metric.partition("@")[0],
                "model": _number(mine),
                "parent": None if theirs is None else _number(theirs),
                "change": None
                if moved is None
                else f"{moved['value']:+.4f} [{moved['low']:+.4f}, {moved['high']:+.4f}]",
            }
        )
    n = receipt["images"]["counts"]["test"]
    columns = {"metric": "metric", "model": "this model", "parent": "dense parent", "change": "difference, paired"}
    emit_table(f"{model['of']} on {n} test images", rows, columns)
    if change is not None:
        tested = change["mcnemar"]
        say(
            f"Accuracy beside the dense parent: {change['verdict']} (McNemar mid-p {tested['p_mid']:.3g}; "
            f"right alone on {tested['only_first']} images, wrong alone on {tested['only_second']})."
        )
    else:
        say(f"Not compared with a dense parent: {receipt['not_compared']}.")
    kept = receipt["sparsity"]
    say(f"Sparsity without the classifier: {kept['backbone_before']:.4%} before, {kept['backbone_after']:.4%} after.")
    say(f"Next: prunarium predict {folder.parent} IMAGES...")


def _number(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return f"– ({found['missing_reason']})"
    between = "" if found["low"] is None else f" [{found['low']:.4f}, {found['high']:.4f}]"
    return f"{found['value']:.4f}{between}"
