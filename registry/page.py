"""What people see of a repository: card, picture, report and evaluation results, compared with what is there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from huggingface_hub import HfApi

from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.folder import CARD, PICTURE, REPORT
from zoo.checkpoint.strict import dump_json, read_json

from .cards import CardFacts, is_as_written, model_card, picture
from .eval_results import EVAL_RESULTS, eval_results
from .hub_client import digests_of
from .report import Report
from .repository import Repository, Upload, fetch

_MAX_CARD_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Page:
    """The files that the commit must hold, those of ours that it must not hold any more, and what to tell the user."""

    uploads: Mapping[str, Upload]
    stale: tuple[str, ...]
    notes: tuple[str, ...]


def write_page(api: HfApi, found: Repository, facts: CardFacts, scratch: Path) -> Page:
    """The page of ``facts``.

    A catalogue that has measured nothing of these weights does not wipe what another one published: the report of the
    repository then stays, and the card is written from it. A card that was edited by hand is replaced, and the commit
    that keeps it is named. ``scratch`` takes what has to be looked at.
    """
    there = _report_there(api, found, facts, scratch)
    notes = []
    if there is not None and not facts.report.results:
        facts = replace(facts, report=there)
    elif there is not None and (lost := there.cells_missing_in(facts.report)):
        notes.append(
            f"{lost} results of the former report are not in this catalogue; they stay in commit {_head(found)}."
        )
    contents = {
        CARD: model_card(facts).encode(),
        REPORT: dump_json(facts.report.to_json()),
        PICTURE: picture(facts),
        EVAL_RESULTS: eval_results(facts.report),
    }
    uploads = {name: Upload(content, digests_of(content)) for name, content in contents.items() if content is not None}
    if _was_edited(api, found, uploads[CARD], scratch):
        notes.append(
            f"{CARD} of {found.repo_id} was not as the catalogue writes it; that text stays in commit {_head(found)}."
        )
    return Page(uploads, tuple(name for name, content in contents.items() if content is None), tuple(notes))


def _report_there(api: HfApi, found: Repository, facts: CardFacts, scratch: Path) -> Report | None:
    """The repository's own report if it is about these weights and of this version."""
    if REPORT not in found.files:
        return None
    try:
        report = Report.from_json(read_json(fetch(api, found, REPORT, scratch)))
    except ConfigError:
        return None
    return report if report.is_about(facts.passport) and report.slug == facts.provenance.slug else None


def _was_edited(api: HfApi, found: Repository, card: Upload, scratch: Path) -> bool:
    there = found.files.get(CARD)
    if there is None or there.digest in card.digests[:2]:
        return False
    if there.size_bytes > _MAX_CARD_BYTES:
        return True
    return not is_as_written(fetch(api, found, CARD, scratch).read_bytes().decode(errors="replace"))


def _head(found: Repository) -> str:
    return (found.head or "")[:10]
