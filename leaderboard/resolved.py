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
    several = [one for one in rows if one.seeds > 1 and first.seed_std is not None]
    spread = ", ".join(f"{_points(one.paired)} with {one.seeds} seeds" for one in several)
    return (
        f"{known.title if known else first.protocol}: on the same {first.n:,} images two fixed checkpoints are told "
        f"apart that differ by {_points(first.paired)}"
        f"{f'; two ways to train, whose runs differ as well, by {spread}' if spread else ''}; "
        f"from a number on other images, by {_points(first.unpaired)}."
    )


def _points(difference: float) -> str:
    text = f"{100 * difference:.2g}"
    return "nothing" if difference >= 1 else f"{text} point{'' if text == '1' else 's'}"
