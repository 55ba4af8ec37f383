"""The one list of reasons."""

import re
from pathlib import Path

import pytest

from registry.reasons import REASONS, Reason


@pytest.mark.parametrize("code", REASONS)
def test_every_code_is_stable_and_explained(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
    assert REASONS[code].sentence.endswith(".")
    assert REASONS[code].remedy
    document = Reason(code, "found this").to_json()
    assert list(document) == ["code", "detail", "sentence", "remedy"]


def test_the_codes_are_a_contract() -> None:
    """Stored in submissions and printed to scripts: a code may be added, never renamed."""
    assert set(REASONS) >= {
        "bad_description", "bad_safetensors", "dtype", "files_differ", "licence_missing", "name_mismatch", "non_finite",
        "parent_missing", "passport_claim", "pickle_present", "preprocessing_missing", "shape_mismatch",
        "sparsity_claim", "unknown_architecture",
    }  # fmt: skip


def test_an_unknown_code_cannot_be_given() -> None:
    with pytest.raises(ValueError, match="'typo' is no reason code"):
        Reason("typo", "")


def test_the_documentation_says_what_to_do_about_each_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "submitting.md").read_text("utf-8")
    for code, explanation in REASONS.items():
        assert f"| `{code}` | {explanation.sentence} | {explanation.remedy} |" in text
