"""``prunarium import``: a checkpoint of somebody else becomes a model folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .core.console import emit_json, emit_table, say

if TYPE_CHECKING:
    from .checkpoint.config import Provenance

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Colours = tuple[float, float, float]


def import_(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="A checkpoint, or its https address.")],
    architecture: Annotated[str, typer.Option(help="A name from: prunarium zoo architectures")],
    out: Annotated[Path, typer.Option(help="Folder that gets the model folder.")] = Path(),
    from_: Annotated[str | None, typer.Option("--from", help="Layout of the file; found out where not given.")] = None,
    key: Annotated[str | None, typer.Option(help="Entry of the file that holds the weights, such as ema.")] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="What timm or torchvision call them: resnet50.a1_in1k, ResNet50_Weights.IMAGENET1K_V2."),
    ] = None,
    slug: Annotated[str | None, typer.Option(help="method/architecture/sparsity[-variant].")] = None,
    title: Annotated[str | None, typer.Option(help="For people.")] = None,
    licence: Annotated[str | None, typer.Option(help="SPDX identifier, such as MIT.")] = None,
    data: Annotated[str, typer.Option(help="What it was trained on.")] = "ImageNet-1k",
    parent: Annotated[str | None, typer.Option(help="Slug of the dense model it was pruned from.")] = None,
    sha256: Annotated[str | None, typer.Option(help="Refuse a file that hashes to anything else.")] = None,
    image_size: Annotated[int | None, typer.Option(min=1, help="Side of its images, in pixels.")] = None,
    crop_fraction: Annotated[float | None, typer.Option(help="Side of the crop over that of the image.")] = None,
    interpolation: Annotated[str | None, typer.Option(help="nearest, bilinear or bicubic.")] = None,
    mean: Annotated[Colours | None, typer.Option(help="Subtracted from values in [0, 1], a number a channel.")] = None,
    std: Annotated[Colours | None, typer.Option(help="Then divided by, a number a channel.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a folder of that name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a model folder of a checkpoint from elsewhere: safetensors, torch.save or npz; nothing in it is executed.

    What is there afterwards is ready for `prunarium check` and `prunarium publish`.
    """
    from .importers._making import ImportRequest, import_checkpoint

    done = import_checkpoint(
        ImportRequest(
            source=source, architecture=architecture, out=out, layout=from_, key=key, weights=weights, slug=slug,
            title=title, licence=licence, data=data, parent=parent, sha256=sha256, image_size=image_size,
            crop_fraction=crop_fraction, interpolation=interpolation, mean=mean, std=std, overwrite=overwrite,
        )
    )  # fmt: skip
    provenance, origin, passport = done.folder.provenance, done.source, done.passport
    facts = {
        "path": str(done.folder.path),
        "slug": provenance.slug,
        "sparsity": passport.sparsity(),
        "nonzeros": passport.nonzeros,
        "elements": passport.elements,
        "pattern": passport.pattern,
        "densified_hash": passport.densified_hash,
        "file_sha256": origin.sha256,
        "importers": list(origin.importers),
        "changes": list(origin.changes),
    }
    if as_json:
        emit_json(facts)
    else:
        shown = {**facts, "sparsity": f"{passport.sparsity():.4%} of the prunable weights"}
        shown |= {"importers": ", ".join(origin.importers), "changes": "; ".join(origin.changes) or "none"}
        rows = [{"what": name.replace("_", " "), "value": value} for name, value in shown.items()]
        emit_table(f"Imported {origin.file_name}", rows, {"what": "what", "value": "value"})
    _advise(str(done.folder.path), provenance)


def _advise(path: str, provenance: "Provenance") -> None:
    """What a check would still refuse."""
    if provenance.licence is None:
        say("No licence is known: before it can be published, import it again with --licence and --overwrite.")
    if provenance.sparsity_target > 0 and provenance.parent is None:
        say(
            "No dense parent is named: before it can be published, import it again with --parent, such as "
            f"--parent dense/{provenance.architecture}/0.00, and --overwrite."
        )
        return
    say(f"Next: prunarium check {path}")
