"""``prunarium inspect|check``: what a model is, read from its bytes, and whether it may be published and evaluated."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.checkpoint.compare import Difference, differences
from zoo.checkpoint.config import ModelConfig
from zoo.checkpoint.engines import engines, timm_support
from zoo.checkpoint.folder import CONFIG, SPARSE_WEIGHTS, WEIGHTS
from zoo.checkpoint.passport import Passport, measure
from zoo.checkpoint.strict import read_json
from zoo.checkpoint.weights import read_weights, weights_in
from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError

from .cli_common import AsJson, count, percent, quiet_client


@dataclass(frozen=True)
class _Measured:
    """One weights file: what it was called, where it lies, what describes it, and what it holds."""

    name: str
    path: Path
    config: ModelConfig | None
    passport: Passport

    def to_json(self) -> dict[str, Any]:
        timm = None if self.config is None else timm_support(self.config)
        return {
            "model": self.name,
            "file": str(self.path),
            "bytes": self.path.stat().st_size,
            **self.passport.to_json(),
            "timm": None if timm is None else {"supported": timm[0], "why": timm[1]},
            "engines": [{**engine._asdict(), "source": engine.source} for engine in engines(self.passport)],
        }


def inspect(
    models: Annotated[list[str], typer.Argument(help="Model folders, weights files, slugs or Hub ids.")],
    as_json: AsJson = False,
) -> None:
    """Measure checkpoints from their bytes; of several, say whether they are one model (exit code 1 if not).

    The two weights files of a folder are compared like any others.
    """
    found = [_measured(name, path) for model in models for name, path in _files(model)]
    different = {other.name: _differences(found[0], other) for other in found[1:] if not _same(found[0], other)}
    if as_json:
        unequal = {name: [difference._asdict() for difference in listed] for name, listed in different.items()}
        emit_json({"same_model": not different, "differences": unequal, "models": [one.to_json() for one in found]})
    else:
        for one in [found[0], *(other for other in found[1:] if other.name in different)]:
            _print(one)
        for name, listed in different.items():
            say(f"{found[0].name} and {name} are different models:")
            for difference in listed:
                say(f"  {difference}")
        if len(found) > 1 and not different:
            say(f"One model: the densified hashes of {', '.join(one.name for one in found)} are equal.")
    if different:
        raise typer.Exit(1)


def check(
    models: Annotated[
        list[str], typer.Argument(help="Model folders, folders of them, or Hub ids (org/name@revision).")
    ],
    catalogue: Annotated[bool, typer.Option(help="Look for the dense parent in the catalogue.")] = True,
    parent: Annotated[str | None, typer.Option(help="The dense parent, where prunarium.json names none.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the check that every submission must pass, the server's own (exit code 1 if a model does not pass)."""
    from .checking import judge
    from .declarations import Declared

    reports = judge(models, catalogue=catalogue, declared=Declared(parent=parent))
    if as_json:
        emit_json([report.to_json() for report in reports])
    else:
        for report in reports:
            say(f"{report.model}: {'passes' if report.ok else 'is refused'}")
            for reason in report.reasons:
                say(f"  {reason.code}: {reason.explanation.sentence}")
                say(f"    {reason.detail}")
                say(f"    {reason.explanation.remedy}")
    if not all(report.ok for report in reports):
        raise typer.Exit(1)


def _files(model: str) -> list[tuple[str, Path]]:
    """The weights files that a name stands for, each with the name to print."""
    path = Path(model)
    if path.is_file():
        return [(model, path)]
    if path.is_dir():
        both = [path / name for name in (WEIGHTS, SPARSE_WEIGHTS) if (path / name).is_file()]
        return [(str(file), file) for file in both] if len(both) > 1 else [(model, weights_in(path))]
    if path.suffix == ".safetensors" or path.is_absolute() or model.startswith("."):
        raise UsageError(
            f"There is no file or folder {path}.", "Name a model folder, a weights file, a slug or a Hub id."
        )
    from .pull import pull as fetch

    quiet_client()
    return [(model, weights_in(fetch(model).path))]


def _measured(name: str, path: Path) -> _Measured:
    described = path.parent / CONFIG
    document = read_json(described) if described.is_file() else None
    # A config.json of another library describes nothing that we measure.
    ours = isinstance(document, dict) and "prunarium" in document
    config = ModelConfig.from_dict(document, str(described)) if ours else None
    return _Measured(name, path, config, measure(path, config))


def _same(first: _Measured, other: _Measured) -> bool:
    return first.passport.densified_hash == other.passport.densified_hash


def _differences(first: _Measured, other: _Measured) -> Sequence[Difference]:
    return differences(read_weights(first.path), read_weights(other.path))


def _print(one: _Measured) -> None:
    facts = {**_counts(one.passport), **_sizes(one), **_hashes(one.passport)}
    if one.config is not None:
        supported, why = timm_support(one.config)
        facts["timm"] = f"{'yes' if supported else 'no'}: {why}"
    rows = [{"what": what, "value": value} for what, value in facts.items()]
    emit_table(one.name, rows, {"what": "measured", "value": "value"})
    layers = [
        {
            "name": layer.name,
            "sparsity": percent(layer.sparsity),
            "kept": f"{layer.nonzeros:,}",
            "shape": "×".join(map(str, layer.shape)),
            "pattern": layer.pattern,
            "dead": count(layer.dead_channels),
        }
        for layer in one.passport.layers
        if layer.prunable
    ]
    headings = {key: key for key in ("name", "sparsity", "kept", "shape", "pattern")} | {"dead": "dead channels"}
    emit_table("prunable layers", layers, headings | {"name": "layer"})
    judged = [{**engine._asdict(), "faster": "yes" if engine.faster else "no"} for engine in engines(one.passport)]
    if judged:
        emit_table("engines", judged, {"name": "engine", "faster": "faster", "why": "why"})


def _counts(passport: Passport) -> dict[str, str | None]:
    return {
        "sparsity, prunable weights": percent(passport.sparsity("prunable")),
        "sparsity, all parameters": percent(passport.sparsity("total")),
        "sparsity, everything stored": percent(passport.sparsity("stored")),
        "non-zero parameters": f"{passport.nonzeros:,} of {passport.elements:,}",
        "pattern": passport.pattern,
        "dead output channels": count(passport.dead_channels),
        "NaN or infinite": f"{passport.non_finite:,}",
        "FLOPs, dense": count(passport.flops_dense),
        "FLOPs, zeros skipped": count(passport.flops_sparse),
    }


def _sizes(one: _Measured) -> dict[str, str | None]:
    encodings = one.passport.encodings or {}
    return {
        "bytes of the file": f"{one.path.stat().st_size:,}",
        **{
            f"bytes as {name}" if name != "floor" else "bytes, entropy floor": f"{size:,}"
            for name, size in encodings.items()
        },
        "dtypes": ", ".join(one.passport.dtypes),
    }


def _hashes(passport: Passport) -> dict[str, str | None]:
    return {"densified hash": passport.densified_hash, "mask hash": passport.mask_hash}
