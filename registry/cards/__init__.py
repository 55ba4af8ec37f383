"""The model card: written from facts alone, so that equal models have equal cards (no times)."""

import hashlib
import re

from .facts import CardFacts, DataTerms, Parent
from .front_matter import front_matter
from .making import making, terms
from .markdown import code, text
from .measured import identity, layers, measured, speed
from .picture import picture
from .results import results
from .usage import usage

__all__ = ["CardFacts", "DataTerms", "Parent", "is_as_written", "model_card", "picture"]

_SEAL = re.compile(r"<!-- prunarium card ([0-9a-f]{64}) -->\n\Z")
_FOOTER = (
    "This card is written from the catalogue. `prunarium publish` writes it again, and says so where it replaces one "
    "that was edited by hand."
)


def model_card(facts: CardFacts) -> str:
    """The README.md of a repository: front matter for the hub, then what it is, how to use it, what was measured.

    The last line is a seal over all others, so that an edit by hand is known for one (:func:`is_as_written`).
    """
    blocks = [
        front_matter(facts),
        f"# {text(facts.provenance.title)}",
        _summary(facts),
        "## Use it",
        usage(facts),
        "## Results",
        results(facts),
        "## Measured in the bytes",
        measured(facts),
        *(["## Sparsity of each layer", layers(facts)] if facts.pruned else []),
        "## Who reads it, what is faster",
        speed(facts),
        "## How it was made",
        making(facts),
        "## Licence and terms",
        terms(facts),
        "## Identity",
        identity(facts.passport),
        _FOOTER,
    ]
    body = "\n\n".join(blocks) + "\n\n"
    return f"{body}<!-- prunarium card {_digest(body)} -->\n"


def is_as_written(card: str) -> bool:
    """Whether nobody has touched a card since a program of ours wrote it."""
    card = card.replace("\r\n", "\n")
    seal = _SEAL.search(card)
    return seal is not None and seal[1] == _digest(card[: seal.start()])


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _summary(facts: CardFacts) -> str:
    provenance, passport, parent = facts.provenance, facts.passport, facts.parent
    what = f"{text(provenance.architecture)} trained on {code(provenance.data)}"
    if not facts.pruned:
        return f"{what}: {passport.elements:,} parameters, the dense model that pruned ones are compared with."
    origin = f", with {code(parent.hub_id)} as its dense parent" if parent is not None else ""
    how = f"{code(provenance.method)} ({text(provenance.family)})"
    kept = f"{passport.prunable_nonzeros:,} of {passport.prunable_elements:,} prunable weights are left"
    return f"{what} with {how}{origin}: **{kept}**."
