"""What was counted in the bytes, where the zeros are, and what they are good for."""

from zoo.checkpoint.engines import Engine, engines, timm_support
from zoo.checkpoint.folder import SPARSE_WEIGHTS, WEIGHTS
from zoo.checkpoint.passport import Passport

from .facts import CardFacts
from .markdown import code, engineering, table, text
from .picture import reference


def measured(facts: CardFacts) -> str:
    """The passport in short."""
    passport = facts.passport
    rows = [
        ("sparsity, prunable weights", f"{passport.sparsity('prunable'):.2%}"),
        ("sparsity, all parameters", f"{passport.sparsity('total'):.2%}"),
        ("non-zero parameters", f"{passport.nonzeros:,} of {passport.elements:,}"),
        ("pattern", text(passport.pattern)),
        ("dtype", ", ".join(passport.dtypes)),
        *_files(facts),
    ]
    if passport.dead_channels is not None:
        rows.insert(4, ("output channels without a weight", f"{passport.dead_channels:,}"))
    if passport.encodings is not None and facts.pruned:
        sizes = ", ".join(f"{name} {size:,}" for name, size in passport.encodings.items())
        rows.append(("bytes by encoding, counted", sizes))
    if passport.flops_dense is not None and passport.flops_sparse is not None:
        rows.append(("FLOPs per image, dense", engineering(passport.flops_dense)))
        rows.append(("FLOPs per image, zeros skipped", engineering(passport.flops_sparse)))
    return table(("measured", "value"), rows)


def layers(facts: CardFacts) -> str:
    """The picture, and the same as a table that opens on a click."""
    rows = [
        (code(layer.name), "×".join(map(str, layer.shape)), f"{layer.nonzeros:,}", f"{layer.sparsity:.2%}")
        for layer in facts.passport.layers
        if layer.prunable
    ]
    shown = table(("layer", "shape", "kept", "sparsity"), rows, "llrr")
    folded = f"<details>\n<summary>The same as a table</summary>\n\n{shown}\n\n</details>"
    return f"{reference(facts)}\n\n{folded}"


def speed(facts: CardFacts) -> str:
    """Who reads the network, and which engines run it faster for its zeros; those that do not, on a click."""
    supported, why = timm_support(facts.config)
    lines = [f"**Does timm build it?** {'Yes' if supported else 'No'}: {text(why)}."]
    judged = engines(facts.passport)
    if not judged:
        return lines[0]
    faster = [engine for engine in judged if engine.faster]
    others = [engine for engine in judged if not engine.faster]
    if faster:
        lines.append(_engines("faster for these zeros", faster))
    else:
        lines.append("No engine that we know of skips these zeros: what they save is bytes, on disk and on the way.")
    summary = f"{len(others)} engines that are not faster, and why"
    lines.append(f"<details>\n<summary>{summary}</summary>\n\n{_engines('not faster', others)}\n\n</details>")
    return "\n\n".join(lines)


def _engines(heading: str, judged: list[Engine]) -> str:
    rows = [(text(engine.name), f"{text(engine.why)} ([source]({engine.source}))") for engine in judged]
    return table((heading, "because"), rows)


def identity(passport: Passport) -> str:
    """The two hashes, and what they prove."""
    rows = [("densified hash", code(passport.densified_hash)), ("mask hash", code(passport.mask_hash))]
    return f"{table(('hash', 'value'), rows)}\n\n{_IDENTITY}"


def _files(facts: CardFacts) -> list[tuple[str, str]]:
    sizes = facts.sizes
    rows = [(f"bytes of {code(WEIGHTS)}", f"{sizes[WEIGHTS]:,}")] if WEIGHTS in sizes else []
    if SPARSE_WEIGHTS in sizes:
        share = f" ({sizes[SPARSE_WEIGHTS] / sizes[WEIGHTS]:.1%})" if WEIGHTS in sizes else ""
        rows.append((f"bytes of {code(SPARSE_WEIGHTS)}", f"{sizes[SPARSE_WEIGHTS]:,}{share}"))
    return rows


_IDENTITY = (
    "The densified hash is over names, dtypes, shapes and bytes of all tensors: whatever file, commit or card holds "
    "them, equal hashes are equal models. `prunarium pull` verifies it."
)
