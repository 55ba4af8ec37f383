"""What a model folder claims about its zeros, against what its bytes hold."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from zoo.checkpoint.config import Provenance
from zoo.checkpoint.dtypes import to_numpy
from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.folder import PASSPORT
from zoo.checkpoint.passport import Passport, is_prunable
from zoo.checkpoint.patterns import CHANNEL, UNSTRUCTURED, block_of, follows
from zoo.checkpoint.slug import parse_slug
from zoo.checkpoint.strict import read_json
from zoo.core.hashing import RawTensor

from .reasons import Reason

# A claim may overstate the number of zeros by one weight (rounding of target · n), and understate it by half a
# percentage point: a weight that its mask keeps may still be zero.
OVERSTATED_WEIGHTS = 1
UNDERSTATED_FRACTION = 0.005

_FIELDS_SHOWN = 5


def check_claims(
    folder: Path, tensors: Sequence[RawTensor], passport: Passport, provenance: Provenance, cut: int = 0
) -> Iterator[Reason]:
    """A reason for each claim about sparsity, pattern and passport that ``tensors`` do not bear out.

    ``cut``: prunable weights that the architecture has more than the file, because channels were cut out; a claim may
    count them as zeros.
    """
    yield from _sparsity(passport, provenance, cut)
    yield from _pattern(tensors, passport, provenance, cut)
    if (folder / PASSPORT).is_file():
        yield from _passport(folder / PASSPORT, passport)


def _sparsity(passport: Passport, provenance: Provenance, cut: int) -> Iterator[Reason]:
    zeros, elements = passport.prunable_elements - passport.prunable_nonzeros, passport.prunable_elements
    if not any(_bears_out(provenance.sparsity_target, zeros + lost, elements + lost) for lost in {0, cut}):
        measured = f"measured {passport.sparsity():.4%} ({zeros:,} of {elements:,} prunable weights)"
        if cut:
            measured += f", {(zeros + cut) / (elements + cut):.4%} with the {cut:,} that were cut out"
        yield Reason("sparsity_claim", f"stated {provenance.sparsity_target:.2%}, {measured}")
    named = parse_slug(provenance.slug).sparsity
    if "of" not in named:
        below = float(named) - provenance.sparsity_target
        if not -UNDERSTATED_FRACTION <= below <= UNDERSTATED_FRACTION + _one_unit(passport, provenance.pattern):
            yield Reason("sparsity_claim", f"the slug says {named}, sparsity_target {provenance.sparsity_target}")


def _bears_out(claim: float, zeros: int, elements: int) -> bool:
    claimed = claim * elements
    understated = max(UNDERSTATED_FRACTION * elements, OVERSTATED_WEIGHTS)
    return claimed - zeros <= OVERSTATED_WEIGHTS and zeros - claimed <= understated


def _one_unit(passport: Passport, pattern: str) -> float:
    """The most that a target which is met in whole units may be missed by, as a fraction of the prunable weights."""
    prunable = [layer for layer in passport.layers if layer.prunable]
    if block := block_of(pattern):
        return block[0] * block[1] / max(passport.prunable_elements, 1)
    if pattern != CHANNEL:
        return 0.0
    # A channel may be coupled through all layers: an output of each, and an input.
    lines = sum(layer.elements // layer.shape[0] + layer.elements // layer.shape[1] for layer in prunable)
    return lines / max(passport.prunable_elements, 1)


def _pattern(tensors: Sequence[RawTensor], passport: Passport, provenance: Provenance, cut: int) -> Iterator[Reason]:
    """The pattern of the slug and the stated one; what follows a narrower pattern follows the wider one too."""
    named = parse_slug(provenance.slug).sparsity
    claims = {provenance.pattern, named.replace("of", ":")} if "of" in named else {provenance.pattern}
    borne_out = {UNSTRUCTURED, passport.pattern, *((CHANNEL,) if cut else ())}
    for claim in sorted(claims - borne_out):
        masks = (np.asarray(to_numpy(tensor) != 0) for tensor in tensors if is_prunable(tensor))
        if passport.prunable_nonzeros == passport.prunable_elements or not all(follows(mask, claim) for mask in masks):
            yield Reason("sparsity_claim", f"stated pattern {claim}, measured {passport.pattern}")


def _passport(path: Path, measured: Passport) -> Iterator[Reason]:
    try:
        wrong = Passport.from_json(read_json(path), path.name).contradictions(measured)
    except ConfigError as error:
        yield Reason("passport_claim", error.message.replace(str(path), path.name))
        return
    if wrong:
        more = f" and {len(wrong) - _FIELDS_SHOWN} more" if len(wrong) > _FIELDS_SHOWN else ""
        yield Reason("passport_claim", f"{path.name} differs in {', '.join(wrong[:_FIELDS_SHOWN])}{more}")
