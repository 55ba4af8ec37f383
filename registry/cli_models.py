"""``prunarium inspect|check|publish``: models and their files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from zoo.checkpoint.config import ModelConfig
from zoo.checkpoint.folder import CONFIG, WEIGHTS
from zoo.checkpoint.passport import Passport, measure
from zoo.checkpoint.strict import read_json
from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError
from zoo.core.progress import track

from .cli_common import NEWS, AsJson, Namespace, count, percent, quiet_client


def inspect(
    models: Annotated[list[str], typer.Argument(help="Model folders, safetensors files, slugs or Hub ids.")],
    as_json: AsJson = False,
) -> None:
    """Measure checkpoints from their bytes; of several, say whether they are one model (exit code 1 if not)."""

    passports = []
    for model in models:
        path = _local_or_pulled(model)
        described = path.parent / CONFIG
        config = ModelConfig.from_dict(read_json(described), str(described)) if described.is_file() else None
        passports.append(measure(path, config))
    same = len({passport.densified_hash for passport in passports}) == 1
    if as_json:
        rows = [{"model": name, **passport.to_json()} for name, passport in zip(models, passports, strict=True)]
        emit_json({"same_model": same, "models": rows})
    else:
        for name, passport in zip(models, passports, strict=True):
            _print_passport(name, passport)
        if len(models) > 1:
            say("One model: the densified hashes are equal." if same else "Different models.")
    if not same:
        raise typer.Exit(1)


def check(
    folders: Annotated[list[Path], typer.Argument(help="Model folders, or folders of model folders.")],
    catalogue: Annotated[bool, typer.Option(help="Look for the dense parent in the catalogue.")] = True,
    as_json: AsJson = False,
) -> None:
    """Run the check that every submission must pass (exit code 1 if one does not)."""
    from .check import check as judge
    from .db.schema import open_catalogue
    from .publish import find_folders
    from .settings import load_settings

    engine = open_catalogue(load_settings()) if catalogue else None
    found = [folder for path in folders for folder in find_folders(path) or [path]]
    reports = {str(folder): judge(folder, engine=engine) for folder in track(found, "Checking")}
    if as_json:
        emit_json([{"folder": folder, **report.to_json()} for folder, report in reports.items()])
    else:
        for folder, report in reports.items():
            say(f"{folder}: {'passes' if report.ok else 'is refused'}")
            for reason in report.reasons:
                say(f"  {reason.code}: {reason.explanation.sentence}")
                say(f"    {reason.detail}")
                say(f"    {reason.explanation.remedy}")
    if not all(report.ok for report in reports.values()):
        raise typer.Exit(1)


def publish(
    folders: Annotated[list[Path], typer.Argument(help="Model folders, or folders of model folders.")],
    namespace: Namespace = None,
    private: Annotated[bool, typer.Option("--private", help="Only for the owner's eyes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish model folders on a hub and in the catalogue; what is there already stays as it is."""
    from .db.schema import open_catalogue
    from .publish import find_folders, own_namespace
    from .publish import publish as upload
    from .settings import load_settings

    settings = load_settings()
    engine = open_catalogue(settings)
    found = [folder for path in folders for folder in find_folders(path)]
    if not found:
        raise UsageError(f"There is no model folder in {', '.join(map(str, folders))}.", f"One holds {WEIGHTS}.")
    quiet_client()
    where = namespace or own_namespace(settings.hub_endpoint, settings.hub_token)
    rows = []
    for folder in track(found, "Publishing"):
        done = upload(
            folder,
            engine=engine,
            endpoint=settings.hub_endpoint,
            namespace=where,
            token=settings.hub_token,
            private=private,
        )
        rows.append(asdict(done))
    if as_json:
        emit_json(rows)
        return
    columns = {"slug": "model", "repo_id": "repository", "commit": "commit", "news": "news"}
    shown = [
        {**row, "commit": row["commit"][:10], "news": "published" if row["created"] else "unchanged"} for row in rows
    ]
    emit_table(f"{len(rows)} models published", shown, columns, at_most=NEWS)


def _local_or_pulled(model: str) -> Path:
    path = Path(model)
    if path.is_dir():
        return path / WEIGHTS
    if path.is_file():
        return path
    if path.suffix == ".safetensors":
        raise UsageError(f"There is no file {path}.", "Name a model folder, a safetensors file, a slug or a Hub id.")
    from .pull import pull as fetch

    quiet_client()
    return fetch(model).path / WEIGHTS


def _print_passport(name: str, passport: Passport) -> None:
    facts = {
        "sparsity, prunable weights": percent(passport.sparsity("prunable")),
        "sparsity, all parameters": percent(passport.sparsity("total")),
        "non-zero parameters": f"{passport.nonzeros:,} of {passport.elements:,}",
        "pattern": passport.pattern,
        "NaN or infinite": f"{passport.non_finite:,}",
        "bytes, dense": f"{passport.bytes_dense:,}",
        "FLOPs, dense": count(passport.flops_dense),
        "FLOPs, zeros skipped": count(passport.flops_sparse),
        "densified hash": passport.densified_hash,
        "mask hash": passport.mask_hash,
    }
    rows = [{"what": what, "value": value} for what, value in facts.items()]
    emit_table(name, rows, {"what": "measured", "value": "value"})
    layers = [
        {
            "name": layer.name,
            "shape": "×".join(map(str, layer.shape)),
            "kept": f"{layer.nonzeros:,}",
            "sparsity": percent(layer.sparsity),
        }
        for layer in passport.layers
        if layer.prunable
    ]
    emit_table("prunable layers", layers, {"name": "layer", "shape": "shape", "kept": "kept", "sparsity": "sparsity"})
