"""The card: what a person reads and copies from it, and nothing that changes by itself."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from model_folders import CONFIG
from toy_cards import toy_facts

from registry.cards import DataTerms, Parent, is_as_written, model_card
from registry.records import ResultRecord
from zoo.checkpoint.folder import SPARSE_WEIGHTS, WEIGHTS

# What a person may write into a description, and what each would do in Markdown or HTML.
HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](https://a.example/t.png)", "[a](javascript:b)",
    "**bold** _it_ ~~gone~~ $$x$$", "a | b | c", "# heading", "`code`", "https://a.example www.a.example", "&lt;b&gt;",
    "line\n\n# two", "---\nlicense: mit\n---", "\u202eevil\u2066", "a@example.org", "</details>", "\\", "<!-- x",
]  # fmt: skip


def card(path: Path, **changes: Any) -> str:
    return model_card(toy_facts(path / "toy", **changes))


def rendered(text: str) -> str:
    """The body as HTML, by another program than the hub's and at least as eager to act on markup."""
    body = text.split("\n---\n", 1)[1]
    return str(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(body))


@pytest.mark.parametrize(
    "line",
    [
        "prunarium pull org/gmp-toy-0.50-s0\n",
        'prunarium.load("org/gmp-toy-0.50-s0")',
        "prunarium.keep_sparse(model, optimizer)",
        "With accelerate, before or after `accelerator.prepare(model, optimizer)`.",
        "with `org/parent` as its dense parent: **28 of 56 prunable weights are left**",
        "| sparsity, prunable weights | 50.00% |",
        "| sparsity, all parameters | 47.54% |",
        "| non-zero parameters | 32 of 61 |",
        "| output channels without a weight | 2 |",
        "| bytes of `model.safetensors` | 1,000 |",
        "| bytes of `model.sparse.safetensors` | 125 (12.5%) |",
        "| FLOPs per image, dense | 4.65 k |",
        "| FLOPs per image, zeros skipped | 2.32 k |",
        "| `conv.weight` | 4×1×3×3 | 18 | 50.00% |",
        "| top-1 on the upstream test split | 87.50% |",
        "| dense parent | `dense/toy/0.00-s0` in `org/parent` |",
        "| dense parent `org/parent` | MIT |",
        "| these weights | Apache-2.0 |",
        "| training data `digits:0-4` | not recorded |",
        "| densified hash | `d1:",
        "Nothing has been measured yet.",
        "**Does timm build it?** No",
        "engines that are not faster, and why",
    ],
)
def test_measured_and_stated_facts_are_on_the_card(line: str, tmp_path: Path) -> None:
    assert line in card(tmp_path, sizes={WEIGHTS: 1000, SPARSE_WEIGHTS: 125})


def test_equal_models_have_equal_cards_without_times(tmp_path: Path) -> None:
    text = card(tmp_path / "a")
    assert text == card(tmp_path / "b")
    assert not re.search(r"\b20\d\d-\d\d|\d\d:\d\d", text)


def test_missing_facts_leave_their_line_out(tmp_path: Path) -> None:
    text = card(tmp_path, config=replace(CONFIG, positions={}), upstream_top1=None, dense=None)
    assert "FLOPs per image" not in text
    assert "top-1" not in text
    assert "| dense parent | none |" in text
    assert "bytes of `model" not in text


def test_a_dense_model_shows_no_layers_and_no_engines(tmp_path: Path) -> None:
    text = card(tmp_path, slug="dense/toy/0.00-s0", method="dense", sparsity_target=0.0, dense=None)
    assert "sparsity.svg" not in text
    assert "the dense model that pruned ones are compared with" in text


def test_a_parent_that_was_not_the_start_is_called_so(tmp_path: Path) -> None:
    scratch = Parent(slug="dense/toy/0.00-s0", hub_id="org/parent", is_start=False)
    assert "for comparison only: the weights did not start from it" in card(tmp_path, dense=scratch)


def test_terms_of_the_data_with_their_address(tmp_path: Path) -> None:
    terms = DataTerms(
        title="Pictures", licence="CC-BY-4.0", note="Ask first.", address="https://a.example", citation="C"
    )
    text = card(tmp_path, terms=terms)
    assert "| training data `digits:0-4` | Pictures. CC-BY-4.0. Ask first. <https://a.example> |" in text
    assert "Cite the data as: C" in text


@pytest.mark.parametrize("words", HOSTILE)
def test_free_text_shows_as_it_is_and_acts_as_nothing(words: str, tmp_path: Path) -> None:
    evil = {
        "title": words, "family": words, "data": words, "code_version": words, "packages": {words: words},
        "method_config": {words: words},
    }  # fmt: skip
    plain = {name: {"x": "x"} if isinstance(value, dict) else "x" for name, value in evil.items()}
    terms = DataTerms(title=words, licence=words, note=words, citation=words)
    html = rendered(card(tmp_path / "evil", terms=terms, **evil))
    calm = rendered(card(tmp_path / "calm", terms=DataTerms(title="x", licence="x", note="x", citation="x"), **plain))
    assert re.findall(r"<[/a-z0-9!-]+", html) == re.findall(r"<[/a-z0-9!-]+", calm), "the same elements, in this order"
    assert not set("\u202e\u2066") & set(html)


def test_an_edit_by_hand_breaks_the_seal(tmp_path: Path) -> None:
    text = card(tmp_path)
    assert is_as_written(text)
    assert is_as_written(text.replace("\n", "\r\n"))
    assert not is_as_written(text.replace("50.00%", "99.00%", 1))
    assert not is_as_written(text + "My notes.\n")
    assert not is_as_written("")


def test_results_with_intervals_reasons_and_trust(tmp_path: Path) -> None:
    from measured_results import TRANSFER, UPSTREAM

    from registry.headlines import Plugins
    from registry.records import MetricRecord, TaskRecord

    def row(task: str, **fields: Any) -> ResultRecord:
        return ResultRecord(model="m", task=task, protocol="linear@1", metric="top1@1", **fields)

    tasks = {
        reference: TaskRecord(name=reference[:-2], version="1", kind=kind, title=title, primary_metric="top1@1")  # type: ignore[arg-type]
        for reference, kind, title in ((UPSTREAM, "upstream", "Near | far"), (TRANSFER, "transfer", "Elsewhere"))
    }
    metric = MetricRecord(name="top1", version=1, title="top-1", unit="fraction", direction="higher", definition="")
    rows = (
        row(UPSTREAM, value=None, missing_reason="out of memory", seed=0),
        row(TRANSFER, value=0.75, ci_low=0.7, ci_high=0.8, interval_method="wilson", n=100, seed=0),
        row(TRANSFER, value=0.5, no_interval_reason="one run", trust="reported", source="arXiv 1"),
    )
    text = card(tmp_path, results=rows, plugins=Plugins(tasks=tasks, metrics={"top1@1": metric}))
    assert "| Near \\| far | linear@1 | top-1 | missing: out of memory | 1 | measured here |" in text
    assert "| 75.0% <sub>[70.0%, 80.0%]</sub> | 1 | measured here |" in text
    assert "| 50.0% <sub>no interval: one run</sub> | – | reported by others, not on these bytes (`arXiv 1`) |" in text
    assert "All 3 numbers, by condition and seed, are in [report.json](report.json)." in text
