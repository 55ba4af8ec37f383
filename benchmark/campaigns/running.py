"""Carrying a campaign out: each entry from its source to a published checkpoint, then the suite, then the table.

Every step may be repeated: what is there is used. So an interrupted campaign goes on with the same call, and one whose
download failed yesterday fetches today what is missing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sqlalchemy import Engine

from registry import queries
from registry.check import check
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.publish import own_namespace, publish
from registry.settings import Settings
from zoo.checkpoint.folder import PROVENANCE, ModelFolder, read_folder
from zoo.core.console import say
from zoo.core.errors import PrunariumError, UsageError
from zoo.core.files import sha256_of_file, write_bytes
from zoo.importers._fetching import fetch
from zoo.importers._making import ImportRequest, import_checkpoint
from zoo.make_all import make_models

from ..errors import BenchmarkError
from ..placement import Placement
from ..runner import FailedJob, run
from ..sync import sync, sync_benchmark
from . import Campaign, Entry
from .making import request_of
from .table import Row, verdict_of

STATE = "campaign.json"
_ENDINGS = (".pt", ".pth", ".tar", ".safetensors", ".npz", ".index", ".tar.gz")


class WrongFileError(BenchmarkError):
    """A file does not hash to what the campaign says."""

    kind = "bad_data"


@dataclass(frozen=True)
class Place:
    """``out`` keeps files, models and the state; ``files`` holds copies that the user fetched by hand, or is None."""

    out: Path
    files: Path | None = None

    @property
    def models(self) -> Path:
        """Model folders."""
        return self.out / "models"


@dataclass(frozen=True)
class _Stage:
    """How far an entry came: its slug in the catalogue, or where it failed and why."""

    slug: str | None
    stage: str
    error: str | None = None


def run_campaign(
    campaign: Campaign,
    settings: Settings,
    place: Place,
    *,
    namespace: str | None = None,
    executor: str | None = None,
    placement: Placement | None = None,
) -> list[Row]:
    """Import or make, publish and measure every entry; returns the table, one row each.

    One entry that fails stops no other: its row says where and why. Raises what concerns all of them: a hub without a
    token, a catalogue that cannot be opened, a suite that does not exist.
    """
    engine = open_catalogue(settings)
    try:
        _prepare(campaign, engine)
        where = namespace or own_namespace(settings.hub_endpoint, settings.hub_token)
        stages = {entry.slug: _published(campaign, entry, settings, engine, place, where) for entry in campaign.entries}
        there = [stage.slug for stage in stages.values() if stage.slug is not None]
        failed: Sequence[FailedJob] = ()
        if there:
            report = run(settings, campaign.suite, there, executor=executor, placement=placement)
            failed = report.failed
        rows = table_of_campaign(campaign, engine, stages, failed)
    finally:
        engine.dispose()
    write_bytes(place.out / STATE, json.dumps([asdict(row) for row in rows], indent=1).encode())
    return rows


def table_of_campaign(
    campaign: Campaign, engine: Engine, stages: Mapping[str, _Stage], failed: Sequence[FailedJob] = ()
) -> list[Row]:
    """The rows from what the catalogue holds."""
    return [_row(campaign, entry, engine, stages[entry.slug], failed) for entry in campaign.entries]


def _prepare(campaign: Campaign, engine: Engine) -> None:
    """Write what models refer to; the published rows, a matter of a minute, only where a parent is among them."""
    sync_benchmark(engine)
    made_here = {entry.slug for entry in campaign.entries}
    wanted = {entry.parent for entry in campaign.entries if entry.parent is not None} - made_here
    with session_scope(engine) as session:
        missing = [slug for slug in wanted if queries.get_model(session, slug) is None]
    if missing:
        sync(engine)


def _published(
    campaign: Campaign, entry: Entry, settings: Settings, engine: Engine, place: Place, namespace: str
) -> _Stage:
    if entry.left_out is not None:
        return _Stage(None, "left out", entry.left_out)
    stage = "import" if entry.make is None else "make"
    try:
        folder = _imported(campaign, entry, place) if entry.make is None else _made(campaign, entry, place)
        stage = "check"
        report = check(folder.path, engine=engine)
        if not report.ok:
            raise UsageError("; ".join(f"{reason.code}: {reason.detail}" for reason in report.reasons))
        stage = "publish"
        done = publish(
            folder.path,
            engine=engine,
            endpoint=settings.hub_endpoint,
            namespace=namespace,
            token=settings.hub_token,
        )
    except PrunariumError as error:
        say(f"{entry.slug}: {stage} failed: {error.message}")
        return _Stage(None, stage, " ".join(filter(None, (error.message, error.hint))))
    say(f"{entry.slug}: {'published' if done.created else 'on the hub already'} as {done.repo_id}")
    return _Stage(done.slug, "published")


def _imported(campaign: Campaign, entry: Entry, place: Place) -> ModelFolder:
    path = place.models / entry.file_stem
    if (path / PROVENANCE).is_file():
        return read_folder(path)
    file = _file_of(entry, place)
    request = ImportRequest(
        source=str(file),
        architecture=entry.network,
        out=place.models,
        layout=entry.layout,
        weights=entry.weights,
        slug=entry.slug,
        licence=entry.licence,
        parent=entry.parent,
        sha256=entry.sha256,
        data=campaign.data,
    )
    return import_checkpoint(request).folder


def _file_of(entry: Entry, place: Place) -> Path:
    """The user's copy, one that was fetched before, or a new one; compared with the hash as far as it is known."""
    mine = [] if place.files is None else [place.files / f"{entry.file_stem}{ending}" for ending in _ENDINGS]
    found = next((path for path in mine if path.is_file()), None)
    if found is None:
        folder = place.out / "files" / entry.file_stem
        found = next((path for path in sorted(folder.glob("*")) if path.is_file()), None)
    if found is None:
        if entry.page:
            raise UsageError(
                f"{entry.address} is a page: the file has to be fetched by hand.",
                f"Put it into a folder as {entry.file_stem}.pth, .pt, .tar or .safetensors, and give --files FOLDER.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        found = fetch(str(entry.address), folder)
    digest = sha256_of_file(found)
    for known in filter(None, (entry.sha256, entry.sha256_prefix)):
        if not digest.startswith(known):
            raise WrongFileError(f"{found.name} hashes to {digest[:16]}…, not to {known[:16]}.", "It is another file.")
    return found


def _made(campaign: Campaign, entry: Entry, place: Place) -> ModelFolder:
    """Pruned by the zoo from the parent's folder, which an earlier entry has left."""
    making = entry.make
    parent = next((one for one in campaign.entries if one.slug == entry.parent), None)
    if making is None or parent is None or not (place.models / parent.file_stem / PROVENANCE).is_file():
        raise UsageError(f"Its parent {entry.parent} is not there.", "See the parent's own row.")
    request = request_of(campaign, entry, making, place.models, place.models / parent.file_stem)
    (made,) = make_models([request], 1)
    return read_folder(made.path)


def _row(campaign: Campaign, entry: Entry, engine: Engine, stage: _Stage, failed: Sequence[FailedJob]) -> Row:
    row = Row(slug=stage.slug or entry.slug, claimed=entry.claimed_top1, stage=stage.stage, detail=stage.error)
    if stage.slug is None:
        return row
    with session_scope(engine) as session:
        model = queries.get_model(session, stage.slug)
        checkpoint = None if model is None or model.id is None else queries.checkpoint_of(session, model.id)
        found = queries.results(
            session, model=stage.slug, task=campaign.upstream, protocol=campaign.protocol, metric="top1@1", condition=""
        )
        everything = queries.results(session, model=stage.slug, trust="measured")
    sparsity = None
    if checkpoint is not None:
        sparsity = 1 - checkpoint.prunable_nonzeros / checkpoint.prunable_elements
    mine = [job for job in failed if job.model == stage.slug]
    ours = next((one for one in found if one.value is not None), None)
    detail = "; ".join(f"{job.task} by {job.protocol}: {job.message}" for job in mine) or entry.no_claim
    row = replace(
        row,
        stage="measured" if everything else "published",
        sparsity=sparsity,
        numbers=len(everything),
        failed_jobs=len(mine),
        detail=detail,
    )
    if ours is None or ours.value is None:
        return row
    low, high = ours.ci_low, ours.ci_high
    verdict = verdict_of(entry.claimed_top1, ours.value, low, high, campaign.tolerance_points)
    return replace(row, ours=ours.value, low=low, high=high, verdict=verdict)


def folder_of(campaign: Campaign, settings: Settings) -> Path:
    """Where a campaign is kept by default."""
    return settings.home / "campaigns" / campaign.name
