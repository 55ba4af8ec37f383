"""What a campaign's file says, strictly read."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from zoo.checkpoint.slug import parse_slug
from zoo.core.errors import PrunariumError, UsageError


class CampaignFileError(PrunariumError):
    """A campaign's file does not say what it must say."""


@dataclass(frozen=True, kw_only=True)
class Making:
    """How an entry is made here: by a method of the zoo on the parent's data; fields as of ``prunarium zoo prune``."""

    method: str
    sparsity: float
    epochs: int | None = None
    recipe: str | None = None
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One checkpoint: fetched from ``address``, or made by ``make``.

    ``page``: the address is a page for people, where the file must be fetched by hand and given in ``--files``.
    ``sha256`` and ``size_mib`` are None where nobody published them; ``sha256_prefix`` is what a file's name says.
    ``claimed_top1`` is a fraction of ImageNet's validation images, with its source, or None with the reason in
    ``no_claim``. ``left_out`` says why a checkpoint of the set may not be passed on: it is listed and never fetched.
    ``notes`` are about the conversion.
    """

    slug: str
    licence: str | None = None
    address: str | None = None
    page: bool = False
    weights: str | None = None
    layout: str | None = None
    sha256: str | None = None
    sha256_prefix: str | None = None
    size_mib: float | None = None
    claimed_top1: float | None = None
    claim_source: str | None = None
    no_claim: str | None = None
    parent: str | None = None
    left_out: str | None = None
    notes: str = ""
    make: Making | None = None

    def __post_init__(self) -> None:
        parse_slug(self.slug)
        ways = [way for way in (self.address, self.make, self.left_out) if way is not None]
        if len(ways) != 1:
            raise CampaignFileError(f"{self.slug}: exactly one of address, make and left_out says where it comes from.")
        if self.left_out is None and self.licence is None:
            raise CampaignFileError(f"{self.slug}: a checkpoint that is published has a licence.")
        if (self.claimed_top1 is None) == (self.no_claim is None) and self.left_out is None:
            raise CampaignFileError(f"{self.slug}: either claimed_top1, or no_claim with the reason.")
        if self.make is not None and self.parent is None:
            raise CampaignFileError(f"{self.slug}: what is made here is made of a parent.")

    @property
    def network(self) -> str:
        """The architecture that it is imported as."""
        return parse_slug(self.slug).architecture

    @property
    def file_stem(self) -> str:
        """What the user's own copy in ``--files`` is called, without its ending."""
        return parse_slug(self.slug).repo_name


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """``tolerance_points``: how far ours may lie from the claimed top-1, in percentage points, beyond the interval of
    ours. ``suite`` is what is measured; ``upstream`` and ``protocol`` are the cell that the claim is compared with."""

    name: str
    title: str
    source: str
    suite: str
    upstream: str
    protocol: str
    tolerance_points: float
    data: str
    entries: tuple[Entry, ...]


def campaign_names() -> list[str]:
    """Of the campaigns that come with the project."""
    return sorted(Path(str(one)).stem for one in files(__package__).iterdir() if str(one).endswith(".toml"))


def find_campaign(name: str) -> Campaign:
    """A campaign by name, or a TOML file of the user's; raises :class:`UsageError` with the nearest name."""
    path = Path(name)
    if path.suffix == ".toml":
        if not path.is_file():
            raise UsageError(f"There is no file {path}.")
        return parse_campaign(path.stem, path.read_text(encoding="utf-8"))
    if name not in campaign_names():
        near = get_close_matches(name, campaign_names(), n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(campaign_names())}, or a file NAME.toml."
        raise UsageError(f"There is no campaign {name!r}.", hint)
    return parse_campaign(name, files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def parse_campaign(name: str, text: str) -> Campaign:
    """From TOML; raises :class:`CampaignFileError` for what is unknown, missing or doubled."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CampaignFileError(f"{name}.toml is no TOML: {error}.") from error
    entries = tuple(_entry(table) for table in document.pop("checkpoints", []))
    slugs = [entry.slug for entry in entries]
    if not entries or len(set(slugs)) != len(slugs):
        raise CampaignFileError(f"{name}.toml: at least one checkpoint, each slug once.")
    campaign: Campaign = _made(Campaign, {**document, "name": name, "entries": entries}, name)
    return campaign


def _entry(table: Mapping[str, Any]) -> Entry:
    slug = str(table.get("slug", "a checkpoint without a slug"))
    making = table.get("make")
    if making is not None:
        making = {**making, "settings": tuple(making.get("settings", ()))}
        table = {**table, "make": _made(Making, making, f"{slug}: make")}
    entry: Entry = _made(Entry, table, slug)
    return entry


def _made(kind: type[Any], values: Mapping[str, Any], where: str) -> Any:
    known = {field.name: field for field in fields(kind)}
    unknown = sorted(values.keys() - known.keys())
    missing = sorted(n for n, field in known.items() if field.default is MISSING and n not in values)
    if unknown or missing:
        raise CampaignFileError(f"{where}: unknown fields {unknown}, missing fields {missing}.")
    return kind(**values)
