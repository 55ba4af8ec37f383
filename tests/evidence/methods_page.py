"""The page ``docs/methods.md``: facts of every registered method, what the digits show, the cost at ImageNet size."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tests.evidence.published import reported
from tests.evidence.run_key import (
    ARCHITECTURES,
    DIGITS,
    EQUAL_BUDGET,
    IMAGENET_SIZE,
    IN_PATTERNS,
    PATTERNS,
    SEEDS,
    TARGETS,
    compared,
    left_out,
)
from tests.evidence.seeds import Mean, over_seeds, verdict
from zoo.architectures import ARCHITECTURES as NETWORKS
from zoo.core.plugins import Plugins
from zoo.methods import EVERY_PATTERN, METHODS, Method

_HEAD = """\
# The methods, and what they do on small data

Written by `make methods-report`; not by hand. Each run is a line of `docs/methods_runs.jsonl`; the settings are
`tests/evidence/digits.toml` and `tests/evidence/imagenet_size.toml`. A new method appears in every table by itself.
"""

_DIGITS = """\
## Digits

Top-1 on the 630 test images of the ten digits in per cent, mean of three seeds ± half of the 95 % interval (Student's
t on two degrees of freedom, so wide); processor seconds of a run on one core; the largest resident memory of its
process, of which about 430 MiB are Python and torch. **Nobody should rank methods by these tables**: networks this
small, on data this easy, say whether a method works, not which is best. Beside them stands what a paper reports for
ResNet-50 on ImageNet (its dense network in brackets), where there is a row made in the way of our defaults. No setting
was chosen on these images: those of IVON and the defaults of Bayes by Backprop and SWAG are the best of a grid on the
validation images ([bayesian.md](bayesian.md)).

Ten per cent is chance. Where a row falls to it, a layer has lost its weights: AC/DC ranks all layers together while
they are still near their initial values, and of this ResNet-8's classifier nothing is left at 95 % (0 of 320 weights,
and 0 of 1,152 of the first block, with the first seed). Wide intervals (SNFS, Early-CroP, MEST) are seeds of which one
fails.
"""

_PATTERNS = """\
## Patterns

Which patterns each method offers, from its facts ([patterns.md](patterns.md) says what they are), and the digits for
some of them at half of the weights, in the form of the tables above. 2:4 keeps two of each four inputs wherever four
divides them, so that ResNet-8's stem stays dense; channels leave as a whole, coupled ones together.
"""

_IMAGENET = """\
## ImageNet size

Twenty steps of a full ResNet-50 on one synthetic image of 224×224 pixels each, on one core, every method in a process
of its own: processor seconds to prepare, of the median and of the longest step (the one that changes masks), and the
largest resident memory. The losses mean nothing; the sparsity is what the weights show at the end, asked for 90 %: a
weight that was grown in the last steps and has not moved yet is one zero more. Some runs had other work beside them on
the second core, which makes processor seconds a quarter or more longer: compare orders of magnitude.
"""


_EQUAL_BUDGET = """\
## Equal budget

Magnitude, signal-to-noise under a diagonal Laplace posterior, Optimal Brain Damage and block Fisher from the same dense
parents, in the same ten epochs, with masks that change at the same steps (`tests/evidence/equal_budget.toml`). Top-1 as
above; the time of a run says what a score costs.
"""


def page(found: Sequence[Mapping[str, Any]], planned: int) -> str:
    """The whole page, of the answers that are there of so many ``planned``."""
    left = planned - len(found)
    missing = [f"{left} of {planned} runs are still to be made; what is missing is an en dash.", ""] if left else []
    failed = [
        f"* {answer['method']}, {answer['architecture']}: {answer['error']}" for answer in found if "error" in answer
    ]
    parts = [
        _HEAD,
        *missing,
        *facts_table(METHODS),
        "",
        _DIGITS,
        *_left_out(DIGITS),
        *_digits(found),
        _EQUAL_BUDGET,
        *_equal_budget(found),
        _PATTERNS,
        *patterns_table(METHODS),
        "",
        *_in_patterns(found),
        "",
        _IMAGENET,
        *_left_out(IMAGENET_SIZE),
        *_imagenet_table(found),
        "",
        *(["Failed runs:", "", *failed, ""] if failed else []),
    ]
    return "\n".join(parts)


def facts_table(methods: Plugins[type[Method]]) -> list[str]:
    """One row a method: what it is, and its configuration."""
    rows = [
        (
            f"`{name}`",
            method.facts.title,
            method.facts.family,
            method.facts.starts_from,
            method.facts.mask_behaviour.value.replace("_", " "),
            "exact" if method.facts.exact_target else "outcome",
            "<br>".join(f"{key} = {_value(value)}" for key, value in asdict(method().config).items()) or "–",
            method.facts.paper,
        )
        for name, method in methods.items()
    ]
    return _table(("Name", "Title", "Family", "Starts from", "Masks", "Target", "Defaults", "Paper"), rows)


def _left_out(kind: str) -> list[str]:
    lines = [f"* `{name}`: {reason}" for name, reason in left_out(kind).items()]
    return ["Not run here:", "", *lines, ""] if lines else []


def patterns_table(methods: Plugins[type[Method]]) -> list[str]:
    """One row a method: whether it offers each kind of pattern."""
    rows = [
        (f"`{name}`", *("yes" if kind in method.facts.patterns else "–" for kind in EVERY_PATTERN))
        for name, method in methods.items()
        if name != "dense"
    ]
    return _table(("Method", *EVERY_PATTERN), rows)


def _in_patterns(found: Sequence[Mapping[str, Any]]) -> list[str]:
    wanted = [(architecture, pattern) for architecture in ARCHITECTURES for pattern in PATTERNS]
    rows = []
    for name in IN_PATTERNS:
        cells = []
        for architecture, pattern in wanted:
            answers = _of(found, DIGITS, architecture, name, PATTERNS[pattern], pattern)
            cells.append(_top1(over_seeds([answer["top1"] for answer in answers])))
        rows.append((f"`{name}`", *cells))
    return _table(("Method", *(f"{NETWORKS[architecture].title}, {pattern}" for architecture, pattern in wanted)), rows)


def _digits(found: Sequence[Mapping[str, Any]]) -> list[str]:
    lines: list[str] = []
    for target in TARGETS:
        lines += [f"### {target:.0%} sparse", "", *_digits_table(found, target), "", *_shown(found, target), ""]
    return lines


def _digits_table(found: Sequence[Mapping[str, Any]], target: float) -> list[str]:
    columns = ["Method"]
    for architecture in ARCHITECTURES:
        columns += [NETWORKS[architecture].title, "CPU s", "MiB"]
    rows = []
    for name in METHODS:
        wanted = 0.0 if name == "dense" else target
        cells = [f"`{name}`"]
        for architecture in ARCHITECTURES:
            answers = _of(found, DIGITS, architecture, name, wanted)
            cells += [_top1(over_seeds([answer["top1"] for answer in answers]))]
            cells += [_mean(answers, "cpu_seconds", 1), _mean(answers, "peak_mib", 0)]
        known = reported(name, target)
        rows.append(
            (
                *cells,
                "–" if known is None else f"[{known.top1:.2f}]({known.source.split(' ')[0]}) ({known.dense})",
            )
        )
    return _table((*columns, "ResNet-50 reported"), rows)


def _shown(found: Sequence[Mapping[str, Any]], target: float) -> Iterable[str]:
    """What the numbers say about the baseline that every method should beat, worked out and not written by hand."""
    for architecture in ARCHITECTURES:
        by_method = {
            name: {answer["seed"]: answer["top1"] for answer in _of(found, DIGITS, architecture, name, target)}
            for name in METHODS
            if name != "dense"
        }
        whole = {name: values for name, values in by_method.items() if len(values) == len(SEEDS)}
        if "random" not in whole or len(whole) < 2:
            continue
        verdicts: dict[str, list[str]] = {"above": [], "same": [], "below": []}
        for name, values in whole.items():
            if name != "random" and (said := verdict(values, whole["random"])) is not None:
                verdicts[said].append(f"`{name}`")
        said_in_words = {"above": "better than", "same": "not told apart from", "below": "worse than"}
        parts = [
            f"{words} static random: {', '.join(verdicts[key])}"
            for key, words in said_in_words.items()
            if verdicts[key]
        ]
        best = max(whole, key=lambda name: sum(whole[name].values()))
        yield f"* {NETWORKS[architecture].title}: highest mean `{best}`. Paired over the seeds, {'; '.join(parts)}."


def _equal_budget(found: Sequence[Mapping[str, Any]]) -> list[str]:
    lines: list[str] = []
    for architecture in ARCHITECTURES:
        columns = ["Method", *(f"{target:.0%}" for target in TARGETS), "CPU s"]
        rows = []
        for name in compared():
            by_target = [_of(found, EQUAL_BUDGET, architecture, name, target) for target in TARGETS]
            cells = [_top1(over_seeds([answer["top1"] for answer in answers])) for answers in by_target]
            every = [answer for answers in by_target for answer in answers]
            rows.append((f"`{name}`", *cells, _mean(every, "cpu_seconds", 1)))
        said = [_beside_the_baseline(found, architecture, target) for target in TARGETS]
        lines += [f"### {NETWORKS[architecture].title}", "", *_table(columns, rows), "", *filter(None, said), ""]
    return lines


def _beside_the_baseline(found: Sequence[Mapping[str, Any]], architecture: str, target: float) -> str:
    """Which scores differ from magnitude's, seed by seed; nothing where runs are missing."""
    by_method = {
        name: {answer["seed"]: answer["top1"] for answer in _of(found, EQUAL_BUDGET, architecture, name, target)}
        for name in compared()
    }
    if any(len(values) < len(SEEDS) for values in by_method.values()):
        return ""
    baseline, *others = compared()
    words = {"above": "better than", "same": "not told apart from", "below": "worse than", None: "not compared with"}
    parts = [f"`{name}` is {words[verdict(by_method[name], by_method[baseline])]}" for name in others]
    return f"* {target:.0%}, paired over the seeds: {', '.join(parts)} `{baseline}`."


def _imagenet_table(found: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = []
    for name in METHODS:
        answers = _of(found, IMAGENET_SIZE, "resnet50", name, 0.0 if name == "dense" else 0.90)
        if not answers:
            rows.append((f"`{name}`", *"–––––"))
            continue
        (answer,) = answers
        rows.append(
            (
                f"`{name}`",
                f"{answer['prepare_seconds']:.1f}",
                f"{answer['step_seconds']:.2f}",
                f"{answer['longest_step_seconds']:.2f}",
                f"{answer['peak_mib'] / 1024:.1f}",
                f"{answer['sparsity']:.2%}",
            )
        )
    return _table(("Method", "Prepare, s", "Step, s", "Longest step, s", "Peak, GiB", "Sparsity"), rows)


def _of(
    found: Iterable[Mapping[str, Any]],
    kind: str,
    architecture: str,
    method: str,
    target: float,
    pattern: str = "unstructured",
) -> list[Mapping[str, Any]]:
    wanted = (kind, architecture, method, target)
    return [
        answer
        for answer in found
        if "error" not in answer
        and answer.get("pattern", "unstructured") == pattern
        and tuple(answer[name] for name in ("kind", "architecture", "method", "target")) == wanted
    ]


def _top1(found: Mean | None) -> str:
    if found is None:
        return "–"
    if found.half_width is None or found.seeds < len(SEEDS):  # of two seeds an interval says nothing
        return f"{100 * found.value:.1f} (seeds so far: {found.seeds})"
    return f"{100 * found.value:.1f} ± {100 * found.half_width:.1f}"


def _mean(answers: Sequence[Mapping[str, Any]], name: str, digits: int) -> str:
    values = [answer[name] for answer in answers if name in answer]
    return f"{sum(values) / len(values):.{digits}f}" if values else "–"


def _value(value: Any) -> str:
    return "not set" if value is None else str(value)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    numeric = {"CPU s", "MiB", "Prepare, s", "Step, s", "Longest step, s", "Peak, GiB", "Sparsity"}
    rule = ["---:" if column in numeric else "---" for column in columns]
    return [f"| {' | '.join(map(_cell, row))} |" for row in (columns, rule, *rows)]


def _cell(text: str) -> str:
    """A bar would end the cell."""
    return text.replace("|", "\\|")
