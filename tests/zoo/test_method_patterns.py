"""Every method in every pattern: what its facts offer ends in the pattern, what they do not is refused in one line."""

from typing import Any

import pytest
from pruning_runs import STEPS, Run, start

from zoo.core.errors import UsageError
from zoo.masks import count_for
from zoo.methods import EVERY_PATTERN, METHODS, MaskBehaviour
from zoo.patterns import NByM, Pattern, parse_pattern

# Of the tiny network, 2:4 fits one tensor of three and blocks of 2x2 two of them.
ASKED: list[tuple[str, float]] = [("2:4", 0.5), ("block:2x2", 0.5), ("channel", 0.5)]
SLOWLY: list[tuple[str, float]] = [
    ("1:4", 0.75),
    ("1:2", 0.5),
    ("block:1x2", 0.8),
    ("block:2x1", 0.7),
    ("channel", 0.8),
]


def offered(asked: list[tuple[str, float]]) -> list[Any]:
    return [
        pytest.param(name, settings, parse_pattern(word), target, id=f"{name}-{label or 'default'}-{word}-{target}")
        for name, kind in METHODS.items()
        for label, settings in {"": {}, **kind.short_runs}.items()
        for word, target in asked
        if parse_pattern(word).kind in kind.facts.patterns
    ]


def quick() -> list[Any]:
    """One method of each family, as it comes, once in each kind of pattern."""
    first = {kind.facts.family: name for name, kind in reversed(METHODS.items())}
    return [
        case
        for case in offered(ASKED)
        if case.id is not None and "-default-" in case.id and case.values[0] in first.values()
    ]


def judge(run: Run, pattern: Pattern, target: float) -> None:
    pruner = run.pruner
    assert pruner.structure.misfit(pruner.masks, target) is None
    assert run.touched == []
    assert run.resurrected == []
    if pruner.method.facts.exact_target and not isinstance(pattern, NByM):
        assert sum(int(mask.sum()) for mask in pruner.masks.values()) >= count_for(target, 270)
    for before, after in zip(run.masks, run.masks[1:], strict=False):
        for key in before:
            if pruner.method.facts.mask_behaviour is MaskBehaviour.NESTED:
                assert not bool((after[key] & ~before[key]).any()), f"a pruned weight of {key} returned"
            elif pruner.method.facts.mask_behaviour is MaskBehaviour.CONSTANT_COUNT:
                assert int(after[key].sum()) == int(before[key].sum()), f"the count of {key} changed"


@pytest.mark.parametrize(("name", "settings", "pattern", "target"), quick())
def test_ends_in_the_pattern(name: str, settings: dict[str, Any], pattern: Pattern, target: float) -> None:
    method = METHODS[name](METHODS[name].config_type(**settings))
    judge(start(method, target, pattern=pattern).advance(STEPS).finish(), pattern, target)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "settings", "pattern", "target"), offered(ASKED + SLOWLY))
def test_ends_in_the_pattern_under_every_setting(
    name: str, settings: dict[str, Any], pattern: Pattern, target: float
) -> None:
    method = METHODS[name](METHODS[name].config_type(**settings))
    judge(start(method, target, pattern=pattern).advance(STEPS).finish(), pattern, target)


@pytest.mark.parametrize("name", METHODS)
def test_facts_name_known_patterns_and_others_are_refused(name: str) -> None:
    facts = METHODS[name].facts
    assert set(facts.patterns) <= set(EVERY_PATTERN)
    assert "unstructured" in facts.patterns
    for word, target in ASKED:
        pattern = parse_pattern(word)
        if pattern.kind not in facts.patterns:
            with pytest.raises(UsageError, match=f"offers the patterns .*, not {pattern}"):
                start(name, target, pattern=pattern)
