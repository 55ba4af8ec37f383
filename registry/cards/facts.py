"""Everything that a card says, gathered before a word of it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from zoo.checkpoint.config import ModelConfig, Provenance
from zoo.checkpoint.passport import Passport

from ..report import Report


@dataclass(frozen=True, kw_only=True)
class Parent:
    """The dense model beside a pruned one.

    ``is_start`` says whether the weights began as the parent's (None: not recorded); a network that was sparse from the
    start is only compared with it.
    """

    slug: str
    hub_id: str
    licence: str | None = None
    is_start: bool | None = None


@dataclass(frozen=True, kw_only=True)
class DataTerms:
    """Under which terms the training data stand; ``hub_id`` is their name among the Hub's datasets."""

    title: str
    licence: str | None = None
    note: str | None = None
    address: str | None = None
    citation: str | None = None
    hub_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """What the card, its picture and its evaluation results are written from.

    ``sizes`` maps weight files to bytes; ``report`` is what is known of the weights.
    """

    repo_id: str
    config: ModelConfig
    provenance: Provenance
    passport: Passport
    report: Report
    parent: Parent | None = None
    data: DataTerms | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def pruned(self) -> bool:
        """Whether the model claims any sparsity."""
        return self.provenance.sparsity_target > 0
