"""What a submitter says of a model, in its files or beside them: licence, data, method, dense parent, card."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from zoo.checkpoint.config import Provenance
from zoo.checkpoint.folder import CARD
from zoo.checkpoint.licence import is_licence

from .addresses import parse_address
from .cards.licences import hub_licence
from .contamination import named_data
from .declarations import Declared, is_free_method
from .errors import UnknownRecordError
from .reasons import Reason
from .sources import Entry, Source

_MAX_CARD_BYTES: Final = 4 * 2**20
_MOST_DATA: Final = 50
_LONGEST_NAME: Final = 200
_NO_DATA: Final = frozenset({"", "unknown", "none", "?", "todo", "tbd", "n/a"})


def check_declared(folder: Path, provenance: Provenance, declared: Declared, source: Source | None) -> Iterator[Reason]:
    """A reason for each thing that is not said, or that contradicts the catalogue behind ``source``."""
    yield from _licence(folder / CARD, provenance.licence)
    data = declared.training_data if declared.training_data is not None else provenance.data
    if data.strip().lower() in _NO_DATA:
        yield Reason("training_data_missing", f"the training data are stated as {data!r}")
    if declared.method is not None and not is_free_method(declared.method):
        yield Reason("method_name", f"{declared.method!r:.120} is not @author/name")
    if provenance.sparsity_target > 0:
        yield from _parent(declared.parent or provenance.parent, provenance, source)


def _licence(card: Path, licence: str | None) -> Iterator[Reason]:
    if not licence or not licence.strip():
        yield Reason("licence_missing", "prunarium.json names no licence")
        return
    if not is_licence(licence):
        yield Reason("licence_unknown", f"prunarium.json names {licence!r:.120}")
        return
    stated = _front_matter(card).get("license")
    expected = hub_licence(licence)
    if isinstance(stated, str) and stated.lower() not in (*expected.values(), "other", "unknown"):
        yield Reason("card_contradicts", f"{CARD} says license {stated!r:.80}, prunarium.json says {licence}")


def card_data(folder: Path, stated: str) -> tuple[str, ...]:
    """The data sets that a folder's card names beyond those that ``stated`` (of prunarium.json) holds already."""
    found = _front_matter(folder / CARD).get("datasets")
    names = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    named = (one for name in names[:_MOST_DATA] if isinstance(name, str) for one in named_data(name[:_LONGEST_NAME]))
    return tuple(dict.fromkeys(one for one in named if one not in stated.lower()))


def _front_matter(card: Path) -> dict[str, Any]:
    """The card's head; empty where there is no card, or none that anybody could read."""
    if not card.is_file() or card.stat().st_size > _MAX_CARD_BYTES:
        return {}
    text = card.read_text("utf-8", errors="replace")
    head = text.split("\n---", 1)[0] if text.startswith("---\n") else ""
    try:
        values = yaml.safe_load(head)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _parent(name: str | None, provenance: Provenance, source: Source | None) -> Iterator[Reason]:
    if name is None:
        yield Reason("parent_missing", "prunarium.json names no parent")
        return
    if source is None:
        return
    try:
        entry = source.entry(parse_address(name).name)
    except UnknownRecordError:
        yield Reason("parent_missing", f"{name} is not in the catalogue")
        return
    yield from _against_parent(name, entry, provenance)


def _against_parent(name: str, entry: Entry, provenance: Provenance) -> Iterator[Reason]:
    known = None if entry.checkpoint is None else entry.checkpoint.densified_hash
    if entry.model.sparsity_target > 0:
        yield Reason("parent_missing", f"{name} is itself pruned, to {entry.model.sparsity_target:.0%}")
    elif not _one_network(entry.model.architecture, provenance.architecture):
        yield Reason("parent_missing", f"{name} is a {entry.model.architecture}, not a {provenance.architecture}")
    elif provenance.parent_hash and known is not None and known != provenance.parent_hash:
        yield Reason("parent_missing", f"{name} in the catalogue has other weights than parent_hash says")


def _one_network(one: str, other: str) -> bool:
    """Whether two architectures are one, or ports of one."""
    if one == other:
        return True
    from zoo.architectures import ARCHITECTURES

    layers = {ARCHITECTURES[name].port_of or name if name in ARCHITECTURES else name for name in (one, other)}
    return len(layers) == 1
