"""What a user may type for a model."""

import pytest

from registry.addresses import HUGGING_FACE, Address, is_commit, parse_address
from zoo.core.errors import UsageError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MINE = "http://127.0.0.1:7/hub"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gmp/resnet50/0.90", Address("gmp/resnet50/0.90")),
        (f"gmp/resnet50/0.90@{COMMIT}", Address("gmp/resnet50/0.90", COMMIT)),
        ("org/name", Address("org/name")),
        (" org/name ", Address("org/name")),
        ("org/name@v1", Address("org/name", "v1")),
        ("org/name@refs/pr/1", Address("org/name", "refs/pr/1")),
        ("hf://org/name", Address("org/name", None, HUGGING_FACE)),
        ("hf://org/name@v1", Address("org/name", "v1", HUGGING_FACE)),
        ("hf://models/org/name/", Address("org/name", None, HUGGING_FACE)),
        ("https://huggingface.co/org/name", Address("org/name", None, HUGGING_FACE)),
        ("https://www.huggingface.co/org/name/", Address("org/name", None, HUGGING_FACE)),
        ("https://hf.co/org/name@v1", Address("org/name", "v1", HUGGING_FACE)),
        (f"https://huggingface.co/org/name/tree/{COMMIT}", Address("org/name", COMMIT, HUGGING_FACE)),
        ("https://huggingface.co/org/name/tree/refs%2Fpr%2F1/sub", Address("org/name", "refs/pr/1", HUGGING_FACE)),
        ("https://huggingface.co/org/name/commit/v1", Address("org/name", "v1", HUGGING_FACE)),
        (
            "https://huggingface.co/org/name/resolve/v1/model.safetensors?download=true",
            Address("org/name", "v1", HUGGING_FACE),
        ),
        ("https://huggingface.co/org/name/blob/main/README.md#usage", Address("org/name", "main", HUGGING_FACE)),
        ("https://other.example/org/name", Address("org/name", None, "https://other.example")),
        (f"{MINE}/org/name", Address("org/name", None, MINE)),
        (f"{MINE}/org/name@v1", Address("org/name", "v1", MINE)),
        (f"{MINE}/org/name/tree/v1", Address("org/name", "v1", MINE)),
        ("http://127.0.0.1:70/org/name", Address("org/name", None, "http://127.0.0.1:70")),
    ],
)
def test_addresses(text: str, expected: Address) -> None:
    assert parse_address(text, MINE) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "a/b/c/d",
        "a b/c",
        "../name",
        "org/..",
        "https://huggingface.co/org/../x",
        "org/name@",
        "@v1",
        "ftp://host/org/name",
        "https://huggingface.co/name",
        "https://huggingface.co/org/name/tree/v1@v2",
        "https://huggingface.co/datasets/org/name",
        "https://user:secret@huggingface.co/org/name",
        "https://huggingface.co/gmp/resnet50/0.90",
        "hf://gmp/resnet50/0.90",
    ],
)
def test_everything_else_names_no_model(text: str) -> None:
    with pytest.raises(UsageError, match="names no model") as caught:
        parse_address(text, MINE)
    assert caught.value.hint is not None
    assert "prunarium search" in caught.value.hint


@pytest.mark.parametrize(("text", "expected"), [(COMMIT, True), (COMMIT[:-1], False), (f"{COMMIT}\n", False)])
def test_a_commit_is_forty_hex_digits(text: str, expected: bool) -> None:
    assert is_commit(text) is expected
