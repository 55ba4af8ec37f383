"""The head of a card: what the Hub files the repository under. Only values that the Hub knows."""

from typing import Any

import yaml

from ..eval_results import model_index
from .facts import CardFacts
from .licences import hub_licence


def front_matter(facts: CardFacts) -> str:
    """The YAML between two ``---`` lines, in a fixed order and without aliases (hubs refuse them)."""
    fields: dict[str, Any] = {
        "library_name": "timm" if facts.config.timm_name else "prunarium",
        "pipeline_tag": "image-classification",
        **hub_licence(facts.provenance.licence),
        "tags": _tags(facts),
        **_base_model(facts),
    }
    if facts.data is not None and facts.data.hub_id:
        fields["datasets"] = [facts.data.hub_id]
    if index := model_index(facts.report, name=facts.repo_id.rpartition("/")[2]):
        fields["model-index"] = index
    return f"---\n{yaml.dump(fields, Dumper=_NoAliases, sort_keys=False, allow_unicode=True)}---"


def _tags(facts: CardFacts) -> list[str]:
    provenance = facts.provenance
    tags = ["image-classification", *(["pruned", "sparse"] if facts.pruned else [])]
    return list(dict.fromkeys([*tags, provenance.method, provenance.architecture, "prunarium"]))


def _base_model(facts: CardFacts) -> dict[str, str]:
    """The parent, where the weights began as the parent's.

    The Hub knows the relations adapter, merge, quantized and finetune. Pruning that trains on is the last of them;
    without training none fits, and the field is left to the Hub.
    """
    parent = facts.parent
    if parent is None or parent.is_start is False:
        return {}
    trained_on = parent.is_start and (facts.provenance.epochs or 0) > 0
    return {"base_model": parent.hub_id, **({"base_model_relation": "finetune"} if trained_on else {})}


class _NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True
