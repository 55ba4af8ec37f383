"""The model card: written from provenance and passport alone, so that equal models have equal cards (no times)."""

import json
from collections.abc import Iterable
from typing import Any

import yaml

from zoo.checkpoint.config import ModelConfig, Provenance
from zoo.checkpoint.passport import Passport

_IDENTITY = (
    "The densified hash is over names, dtypes, shapes and bytes of all tensors: whatever file, commit or card holds "
    "them, equal hashes are equal models. `prunarium pull` verifies it."
)

_UNITS = (("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12))


def model_card(
    config: ModelConfig, provenance: Provenance, passport: Passport, *, repo_id: str, base_model: str | None
) -> str:
    """The README.md of a repository: front matter for the hub, then what it is, how to use it, what was measured.

    ``base_model`` is the Hub id of the dense parent. The line for timm stands only where timm can build the network.
    """
    blocks = [
        _front_matter(config, provenance, base_model),
        f"# {_text(provenance.title)}",
        _summary(provenance, passport, base_model),
        "## Use it",
        _usage(config, provenance, repo_id),
        "## Measured in the bytes",
        _measured(passport),
        "## Sparsity of each layer",
        _layers(passport),
        "## How it was made",
        _making(provenance, base_model),
        "## Identity",
        _table([("densified hash", f"`{passport.densified_hash}`"), ("mask hash", f"`{passport.mask_hash}`")]),
        _IDENTITY,
    ]
    return "\n\n".join(blocks) + "\n"


def _front_matter(config: ModelConfig, provenance: Provenance, base_model: str | None) -> str:
    tags = ["image-classification", "pruned", "sparse", provenance.method, provenance.architecture, "prunarium"]
    if provenance.sparsity_target == 0:
        tags = [tag for tag in tags if tag not in ("pruned", "sparse")]
    fields: dict[str, Any] = {
        "library_name": "timm" if config.timm_name else "prunarium",
        "pipeline_tag": "image-classification",
        "license": (provenance.licence or "unknown").lower(),
        "tags": list(dict.fromkeys(tags)),
    }
    if base_model:
        fields["base_model"] = base_model
    return f"---\n{yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)}---"


def _summary(provenance: Provenance, passport: Passport, base_model: str | None) -> str:
    origin = f", with `{base_model}` as its dense parent" if base_model else ""
    kept = f"{passport.prunable_nonzeros:,} of {passport.prunable_elements:,} prunable weights are left"
    what = f"{_text(provenance.architecture)} trained on `{provenance.data}`"
    return f"{what} with `{provenance.method}` ({_text(provenance.family)}){origin}: {kept}."


def _usage(config: ModelConfig, provenance: Provenance, repo_id: str) -> str:
    lines = [
        "```python",
        "import prunarium",
        "",
        f'model = prunarium.load("{repo_id}")',
        f'model = prunarium.load("{repo_id}", num_classes=10)  # a new classifier on the sparse features',
        "prunarium.keep_sparse(model, optimizer)  # fine-tuning then keeps every zero",
    ]
    if config.timm_name:
        lines += ["", "import timm", "", f'model = timm.create_model("hf-hub:{repo_id}", pretrained=True)']
    command = f"```sh\nprunarium pull {provenance.slug}   # or: prunarium pull {repo_id}\n```"
    return command + "\n\n" + "\n".join([*lines, "```"])


def _measured(passport: Passport) -> str:
    rows = [
        ("sparsity, prunable weights", f"{passport.sparsity('prunable'):.2%}"),
        ("sparsity, all parameters", f"{passport.sparsity('total'):.2%}"),
        ("non-zero parameters", f"{passport.nonzeros:,} of {passport.elements:,}"),
        ("pattern", passport.pattern),
        ("dtype", ", ".join(passport.dtypes)),
        ("bytes, dense", f"{passport.bytes_dense:,}"),
    ]
    if passport.flops_dense is not None and passport.flops_sparse is not None:
        rows.append(("FLOPs per image, dense", _engineering(passport.flops_dense)))
        rows.append(("FLOPs per image, zeros skipped", _engineering(passport.flops_sparse)))
    return _table(rows)


def _layers(passport: Passport) -> str:
    header = "| layer | shape | kept | sparsity |\n|---|---|--:|--:|"
    rows = (
        f"| `{layer.name}` | {'×'.join(map(str, layer.shape))} | {layer.nonzeros:,} | {layer.sparsity:.2%} |"
        for layer in passport.layers
        if layer.prunable
    )
    return "\n".join([header, *rows])


def _making(provenance: Provenance, base_model: str | None) -> str:
    config = json.dumps(provenance.method_config, sort_keys=True, ensure_ascii=False)
    rows = [
        ("method", f"`{provenance.method}` `{config}`"),
        ("target sparsity", f"{provenance.sparsity_target:.2%} of the prunable weights"),
        ("dense parent", f"`{provenance.parent}`" if provenance.parent else "none"),
        ("parent repository", f"`{base_model}`" if base_model else "none"),
        ("data", f"`{provenance.data}`, SHA-256 `{provenance.data_sha256}`"),
        ("epochs", f"{provenance.epochs:g}"),
        ("label smoothing", f"{provenance.label_smoothing:g}"),
        ("replicate (seed)", str(provenance.replicate)),
        ("configuration hash", f"`{provenance.config_hash}`"),
        ("code", f"prunarium {provenance.code_version}"),
        ("packages", ", ".join(f"{name} {version}" for name, version in sorted(provenance.packages.items())) or "–"),
    ]
    if provenance.training_flops is not None:
        rows.insert(6, ("training FLOPs", _engineering(provenance.training_flops)))
    if provenance.upstream_top1 is not None:
        rows.insert(
            0, ("top-1 on the upstream test split", f"{provenance.upstream_top1:.2%} (its maker's measurement)")
        )
    return _table(rows)


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value.replace('|', '&#124;')} |" for name, value in rows)])


def _engineering(count: float) -> str:
    """Three significant digits with a unit prefix: 8179000000 is ``8.18 G``."""
    prefix, exponent = next(
        ((prefix, exponent) for prefix, exponent in reversed(_UNITS) if abs(count) >= 10**exponent), _UNITS[0]
    )
    return f"{count / 10**exponent:.3g} {prefix}".strip()


def _text(value: str) -> str:
    """Free text on one line, without the characters that Markdown or HTML would act on."""
    line = " ".join(value.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in line)
