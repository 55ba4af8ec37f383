"""Two processes that train together keep one network: for a method of each family, found by itself."""

from pathlib import Path

import pytest
from two_processes import TARGET, run_together

from zoo.masks import count_for
from zoo.methods import METHODS
from zoo.pruner import OUTCOME_TOLERANCE

FIRST_OF_FAMILY = {kind.facts.family: name for name, kind in reversed(METHODS.items()) if name != "dense"}
OUTCOMES = [name for name, kind in METHODS.items() if not kind.facts.exact_target]
REWINDING = [name for name, kind in METHODS.items() if kind.facts.rewinds]
CHOSEN = sorted({*FIRST_OF_FAMILY.values(), *OUTCOMES[:1], *REWINDING[:1]})


@pytest.mark.slow
def test_both_processes_end_with_the_same_masks_and_weights(tmp_path: Path) -> None:
    first, second = run_together(CHOSEN, tmp_path)
    assert set(first) == set(CHOSEN)
    for name in CHOSEN:
        assert first[name] == second[name], name
        kept = sum(str(mask).count("True") for mask in first[name]["masks"].values())
        allowed = 0 if METHODS[name].facts.exact_target else OUTCOME_TOLERANCE * 270
        assert abs(kept - count_for(TARGET, 270)) <= allowed, (name, kept)
