"""A task's power in words: which differences its images, and so many seeds, tell apart."""

from itertools import groupby

from registry.resolution import Resolution, resolutions

from .catalogue import Catalogue


def resolved_sentences(catalogue: Catalogue, ref: str) -> tuple[str, ...]:
    """One sentence for each protocol that the task was measured by; none where it is not judged by an accuracy."""
    found = resolutions({ref: catalogue.tasks[ref]}, catalogue.metrics, catalogue.results_on(ref))
    measured = [one for one in found if one.protocol is not None]
    return tuple(_sentence(catalogue, list(rows)) for _, rows in groupby(measured, key=lambda one: one.protocol))


def _sentence(catalogue: Catalogue, rows: list[Resolution]) -> str:
    first = rows[0]
    known = catalogue.protocols.get(first.protocol or "")
    shown = rows if first.seed_std is not None else rows[:1]
    paired = ", ".join(f"{_points(one.paired)} with {one.seeds} seed{'s' if one.seeds > 1 else ''}" for one in shown)
    return (
        f"{known.title if known else first.protocol}: on the same {first.n:,} images two models are told apart that "
        f"differ by {paired}; from a number on other images, by {_points(first.unpaired)}."
    )


def _points(difference: float) -> str:
    return "nothing" if difference >= 1 else f"{100 * difference:.2g} points"
