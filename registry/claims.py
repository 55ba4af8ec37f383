"""What a model folder claims about its zeros, against what its bytes hold."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from zoo.checkpoint.config import Provenance
from zoo.checkpoint.dtypes import to_numpy
from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.folder import PASSPORT
from zoo.checkpoint.passport import Passport, is_prunable
from zoo.checkpoint.patterns import UNSTRUCTURED, follows
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
    folder: Path, tensors: Sequence[RawTensor], passport: Passport, provenance: Provenance
) -> Iterator[Reason]:
    """A reason for each claim about sparsity, pattern and passport that ``tensors`` do not bear out."""
    yield from _sparsity(passport, provenance)
    yield from _pattern(tensors, passport, provenance)
    if (folder / PASSPORT).is_file():
        yield from _passport(folder / PASSPORT, passport)


def _sparsity(passport: Passport, provenance: Provenance) -> Iterator[Reason]:
    claimed = provenance.sparsity_target * passport.prunable_elements
    zeros = passport.prunable_elements - passport.prunable_nonzeros
    understated = UNDERSTATED_FRACTION * passport.prunable_elements
    if claimed - zeros > OVERSTATED_WEIGHTS or zeros - claimed > max(understated, OVERSTATED_WEIGHTS):
        measured = f"measured {passport.sparsity():.4%} ({zeros:,} of {passport.prunable_elements:,} prunable weights)"
        yield Reason("sparsity_claim", f"stated {provenance.sparsity_target:.2%}, {measured}")
    named = parse_slug(provenance.slug).sparsity
    if "of" not in named and abs(float(named) - provenance.sparsity_target) > UNDERSTATED_FRACTION:
        yield Reason("sparsity_claim", f"the slug says {named}, sparsity_target {provenance.sparsity_target}")


def _pattern(tensors: Sequence[RawTensor], passport: Passport, provenance: Provenance) -> Iterator[Reason]:
    """The pattern of the slug and the stated one; what follows a narrower pattern follows the wider one too."""
    named = parse_slug(provenance.slug).sparsity
    claims = {provenance.pattern, named.replace("of", ":")} if "of" in named else {provenance.pattern}
    for claim in sorted(claims - {UNSTRUCTURED, passport.pattern}):
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
