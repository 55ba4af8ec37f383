"""How the model came about, and under which terms it may be used."""

import json

from zoo.checkpoint.config import ForeignSource
from zoo.checkpoint.patterns import CHANNEL

from .facts import CardFacts
from .markdown import code, engineering, table, text


def making(facts: CardFacts) -> str:
    """Method, parent, data and code: what a rerun needs."""
    provenance = facts.provenance
    config = json.dumps(provenance.method_config, sort_keys=True, ensure_ascii=False)
    rows = [
        ("method", f"{code(provenance.method)} {code(config)}"),
        ("target sparsity", f"{provenance.sparsity_target:.2%} of the prunable weights{_cut(facts)}"),
        ("dense parent", _parent(facts)),
        ("data", _data(facts)),
        ("epochs", "not stated" if provenance.epochs is None else f"{provenance.epochs:g}"),
        ("label smoothing", f"{provenance.label_smoothing:g}"),
        ("replicate (seed)", str(provenance.replicate)),
        ("configuration hash", code(provenance.config_hash)),
        ("code", f"prunarium {text(provenance.code_version)}"),
        ("packages", ", ".join(text(" ".join(package)) for package in sorted(provenance.packages.items())) or "–"),
    ]
    if provenance.training_flops is not None:
        rows.insert(5, ("training FLOPs", engineering(provenance.training_flops)))
    if provenance.source is not None:
        rows.insert(0, ("imported from", _origin(provenance.source)))
    if provenance.upstream_top1 is not None:
        top1 = f"{provenance.upstream_top1:.2%}"
        rows.insert(0, ("top-1 on the upstream test split", top1))
    return table(("stated by its maker", "value"), rows)


def terms(facts: CardFacts) -> str:
    """The licence of the weights, of their parent and of the images that they were trained on."""
    rows = [("these weights", text(facts.provenance.licence or "none stated"))]
    if facts.parent is not None:
        rows.append((f"dense parent {code(facts.parent.hub_id)}", text(facts.parent.licence or "not recorded")))
    rows.append((f"training data {code(facts.provenance.data)}", _data_terms(facts)))
    lines = [table(("what", "licence or terms"), rows)]
    if facts.data is not None and facts.data.citation:
        lines.append(f"Cite the data as: {text(facts.data.citation)}")
    return "\n\n".join(lines)


def _cut(facts: CardFacts) -> str:
    """Zeros that are not in the file, because whole channels left it."""
    stated = facts.provenance
    cut = stated.pattern == CHANNEL and stated.sparsity_target > 0 and facts.passport.pattern != CHANNEL
    return " of the architecture, cut out with their channels" if cut else ""


def _data(facts: CardFacts) -> str:
    digest = facts.provenance.data_sha256
    return code(facts.provenance.data) + ("" if digest is None else f", SHA-256 {code(digest)}")


def _origin(source: ForeignSource) -> str:
    where = f" at {text(source.url)}" if source.url else ""
    return f"{code(source.file_name)}{where}, SHA-256 {code(source.sha256)}"


def _parent(facts: CardFacts) -> str:
    parent = facts.parent
    if parent is None:
        return "none"
    role = ", for comparison only: the weights did not start from it" if parent.is_start is False else ""
    return f"{code(parent.slug)} in {code(parent.hub_id)}{role}"


def _data_terms(facts: CardFacts) -> str:
    data = facts.data
    if data is None:
        return "not recorded"
    address = f"<{data.address}>" if data.address else None
    parts = [text(part) for part in (data.title, data.licence, data.note) if part]
    return ". ".join(part.rstrip(".") for part in [*parts, *filter(None, [address])])
