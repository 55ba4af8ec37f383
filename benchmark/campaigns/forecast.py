"""What a campaign will fetch and compute, before anything is fetched: known sizes, measured speeds, nothing made up."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine

from registry import queries
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.settings import Settings
from zoo.checkpoint.slug import is_slug, parse_slug
from zoo.core.errors import PrunariumError

from ..estimate import Estimate, Wanted, estimates
from ..protocols import PROTOCOLS
from ..suites import Suite, find_suite
from ..tasks import UpstreamTask, find_task
from . import Campaign, Entry
from .making import request_of
from .running import Place

MAKING_FORMULA = "3 · epochs · training images / measured images a second (a backward pass counts as two forward ones)"


@dataclass(frozen=True)
class Download:
    """``state``: fetch, by hand, left out, or made here."""

    slug: str
    state: str
    address: str | None
    size_mib: float | None
    licence: str | None
    note: str


@dataclass(frozen=True)
class Making:
    """``images`` shown in training, each three forward passes; ``hours`` by device, empty where none was measured."""

    slug: str
    images: int | None
    hours: dict[str, float]


@dataclass(frozen=True)
class Forecast:
    """``known_mib`` of the downloads whose size is known; ``unknown_sizes`` counts the others."""

    downloads: tuple[Download, ...]
    known_mib: float
    unknown_sizes: int
    evaluations: int
    estimates: tuple[Estimate, ...]
    makings: tuple[Making, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return asdict(self)


def forecast(campaign: Campaign, settings: Settings, place: Place) -> Forecast:
    """Read the campaign, the catalogue's history and the folder; write and fetch nothing."""
    downloads = tuple(_download(entry) for entry in campaign.entries)
    sizes = [one.size_mib for one in downloads if one.state in ("fetch", "by hand")]
    wanted = _wanted(find_suite(campaign.suite), campaign.entries)
    engine = open_catalogue(settings)
    try:
        with session_scope(engine) as session:
            history = queries.measured_costs(session)
        speeds = _images_a_second(engine)
    finally:
        engine.dispose()
    return Forecast(
        downloads,
        sum(size for size in sizes if size is not None),
        sum(size is None for size in sizes),
        len(wanted),
        tuple(estimates(wanted, history)),
        tuple(_making(campaign, entry, place, speeds) for entry in campaign.entries if entry.make is not None),
    )


def _download(entry: Entry) -> Download:
    if entry.left_out is not None:
        return Download(entry.slug, "left out", None, None, entry.licence, entry.left_out)
    if entry.make is not None:
        return Download(entry.slug, "made here", None, None, entry.licence, f"{entry.make.method} from {entry.parent}")
    state = "by hand" if entry.page else "fetch"
    known = (
        "hash known" if entry.sha256 else "first digits of the hash known" if entry.sha256_prefix else "hash unverified"
    )
    return Download(entry.slug, state, entry.address, entry.size_mib, entry.licence, known)


def _wanted(suite: Suite, entries: Sequence[Entry]) -> list[Wanted]:
    return [
        Wanted(cell.task, cell.protocol, entry.network, None)
        for entry in entries
        if entry.left_out is None
        for cell in suite.cells
        for _ in (cell.seeds if PROTOCOLS[cell.protocol].facts.seeded else (0,))
    ]


def _images_a_second(engine: Engine) -> dict[tuple[str, str], float]:
    """Measured throughput by (architecture, device): the latest of each."""
    with session_scope(engine) as session:
        try:
            found = queries.results(session, metric="throughput@1")
        except PrunariumError:
            return {}  # nobody has written the plugins into this catalogue yet
    return {
        (parse_slug(row.model).architecture, str(row.provenance["device"])): row.value
        for row in found
        if row.value and row.trust == "measured" and is_slug(row.model)
    }


def _making(campaign: Campaign, entry: Entry, place: Place, speeds: dict[tuple[str, str], float]) -> Making:
    making, task = entry.make, find_task(campaign.upstream)
    if making is None or not isinstance(task, UpstreamTask):
        return Making(entry.slug, None, {})
    request = request_of(campaign, entry, making, place.models)
    images = request.resolve().train.epochs * task.data.splits["train"].n
    hours = {
        device: 3 * images / speed / 3600
        for (architecture, device), speed in sorted(speeds.items())
        if architecture == entry.network
    }
    return Making(entry.slug, images, hours)
