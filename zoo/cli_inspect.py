"""``prunarium zoo inspect``: what a network consists of, and what of it may be pruned."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .core.console import emit_json, emit_table

if TYPE_CHECKING:
    from .inspection import Inspection, TensorFacts

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def inspect(
    model: Annotated[
        str, typer.Argument(metavar="ARCHITECTURE|FOLDER", help="prunarium zoo architectures lists the names.")
    ],
    num_classes: Annotated[int, typer.Option(help="Outputs of an architecture's classifier.")] = 1000,
    json: Json = False,
) -> None:
    """Show the tensors of an architecture or model folder: sizes, FLOPs, what may be pruned and why not the rest."""
    from .inspection import inspect_architecture, inspect_folder

    path = Path(model)
    found = inspect_folder(path) if path.is_dir() else inspect_architecture(model, num_classes)
    if json:
        emit_json(found.to_json())
        return
    columns = {
        "name": "Tensor",
        "shape": "Shape",
        "elements": "Weights",
        "flops": "MFLOPs",
        "reason": "Prunable, or why not",
    }
    if found.prunable_nonzeros is not None:
        columns = {**columns, "sparsity": "Sparsity"}
    emit_table(_heading(found), [_shown(tensor) for tensor in found.tensors], columns)


def _heading(found: "Inspection") -> str:
    prunable = [tensor for tensor in found.tensors if tensor.prunable]
    size = "×".join(map(str, found.preprocessing.input_size))
    parts = [
        f"{found.title} ({found.architecture}), {found.num_classes} classes, images of {size}",
        f"{found.parameters:,} parameters, {found.prunable_elements:,} of them in {len(prunable)} prunable tensors",
        f"{found.flops_dense / 1e9:.3f} GFLOPs dense",
    ]
    if found.prunable_nonzeros is not None and found.flops_sparse is not None:
        sparsity = 1 - found.prunable_nonzeros / found.prunable_elements
        parts.append(f"{sparsity:.2%} sparse, {found.flops_sparse / 1e9:.3f} GFLOPs without the zeros")
    return "; ".join(parts)


def _shown(tensor: "TensorFacts") -> dict[str, Any]:
    counted = tensor.prunable and tensor.nonzeros is not None and tensor.elements
    return {
        "name": tensor.name,
        "shape": "×".join(map(str, tensor.shape)) or "one number",
        "elements": f"{tensor.elements:,}",
        "flops": None if tensor.flops is None else f"{tensor.flops / 1e6:,.3f}",
        "reason": f"yes, {tensor.reason}" if tensor.prunable else f"no, {tensor.reason}",
        "sparsity": f"{1 - (tensor.nonzeros or 0) / tensor.elements:.2%}" if counted else None,
    }
