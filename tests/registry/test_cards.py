"""The card: what the hub reads in it, what a person copies from it, and nothing that changes by itself."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from model_folders import CONFIG, PROVENANCE, write_toy

from registry.cards import model_card
from zoo.checkpoint.config import ModelConfig, Provenance
from zoo.checkpoint.passport import measure


def card(path: Path, config: ModelConfig = CONFIG, base_model: str | None = "org/parent", **provenance: Any) -> str:
    passport = measure(write_toy(path / "toy").weights, config)
    description: Provenance = replace(PROVENANCE, **provenance)
    return model_card(config, description, passport, repo_id="org/gmp-toy-0.50-s0", base_model=base_model)


def front_matter(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text.split("---")[1])
    return found


def test_front_matter_says_what_the_hub_files_it_under(tmp_path: Path) -> None:
    text = card(tmp_path)
    assert front_matter(text) == {
        "library_name": "prunarium",
        "pipeline_tag": "image-classification",
        "license": "apache-2.0",
        "tags": ["image-classification", "pruned", "sparse", "gmp", "toy", "prunarium"],
        "base_model": "org/parent",
    }
    assert yaml.safe_load(ModelCard(text).data.to_yaml()) == front_matter(text)


def test_a_dense_model_is_not_called_pruned_and_has_no_parent(tmp_path: Path) -> None:
    text = card(tmp_path, base_model=None, slug="dense/toy/0.00-s0", method="dense", sparsity_target=0.0, parent=None)
    fields = front_matter(text)
    assert fields["tags"] == ["image-classification", "dense", "toy", "prunarium"]
    assert "base_model" not in fields


def test_the_line_for_timm_stands_only_where_timm_can_build_it(tmp_path: Path) -> None:
    assert "timm" not in card(tmp_path / "without")
    text = card(tmp_path / "with", replace(CONFIG, timm_name="resnet18"))
    assert 'timm.create_model("hf-hub:org/gmp-toy-0.50-s0", pretrained=True)' in text
    assert front_matter(text)["library_name"] == "timm"


@pytest.mark.parametrize(
    "line",
    [
        "prunarium pull gmp/toy/0.50-s0 ",
        'prunarium.load("org/gmp-toy-0.50-s0")',
        "prunarium.keep_sparse(model, optimizer)",
        "| sparsity, prunable weights | 50.00% |",
        "| sparsity, all parameters | 47.54% |",
        "| non-zero parameters | 32 of 61 |",
        "| FLOPs per image, dense | 4.65 k |",
        "| FLOPs per image, zeros skipped | 2.32 k |",
        "| `conv.weight` | 4×1×3×3 | 18 | 50.00% |",
        "| top-1 on the upstream test split | 87.50% (its maker's measurement) |",
        "| dense parent | `dense/toy/0.00-s0` |",
        "| densified hash | `d1:",
    ],
)
def test_measured_and_stated_facts_are_on_the_card(line: str, tmp_path: Path) -> None:
    assert line in card(tmp_path)


def test_equal_models_have_equal_cards_without_times(tmp_path: Path) -> None:
    text = card(tmp_path / "a")
    assert text == card(tmp_path / "b")
    assert not re.search(r"\b20\d\d-\d\d|\d\d:\d\d", text)


def test_missing_facts_leave_their_line_out(tmp_path: Path) -> None:
    text = card(tmp_path, replace(CONFIG, positions={}), upstream_top1=None)
    assert "FLOPs per image" not in text
    assert "top-1" not in text


def test_free_text_cannot_act_as_markup(tmp_path: Path) -> None:
    text = card(tmp_path, title="<script>x</script>\n---\n# [a](b) | c")
    assert r"\<script\>x\</script\> --- \# \[a\](b) \| c" in text
    assert front_matter(text)["library_name"] == "prunarium"
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1


def test_a_method_configuration_cannot_break_its_row(tmp_path: Path) -> None:
    text = card(tmp_path, method_config={"a": "x | y"})
    assert '`{"a": "x &#124; y"}`' in text
