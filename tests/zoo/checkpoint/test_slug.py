"""The grammar of model names."""

import pytest

from zoo.checkpoint.slug import Slug, is_slug, parse_slug
from zoo.core.errors import UsageError

GOOD = {
    "ac-dc/resnet50/0.90": Slug("ac-dc", "resnet50", "0.90"),
    "dense/resnet50/0.00": Slug("dense", "resnet50", "0.00"),
    "gmp/resnet8-digits/0.98-s2": Slug("gmp", "resnet8-digits", "0.98", "s2"),
    "wanda/mobilenetv1_100.ra4/2of4": Slug("wanda", "mobilenetv1_100.ra4", "2of4"),
    "rigl-5x/resnet50/0.95-erk-long": Slug("rigl-5x", "resnet50", "0.95", "erk-long"),
}


@pytest.mark.parametrize("text", GOOD)
def test_parts_and_text_agree(text: str) -> None:
    assert parse_slug(text) == GOOD[text]
    assert str(GOOD[text]) == text


def test_repository_name() -> None:
    assert parse_slug("gmp/resnet8-digits/0.90-s0").repo_name == "gmp-resnet8-digits-0.90-s0"


@pytest.mark.parametrize(
    "text",
    ["", "gmp", "org/name", "gmp/resnet50/0.9", "gmp/resnet50/1.00", "gmp/resnet50/0.90-", "GMP/resnet50/0.90",
     "gmp/resnet50/0.90\n", "gmp/../0.90", "gmp//0.90", "a/b/0.90/c", "gmp/res--net/0.90", "gmp/resnet50/0.90-a b"],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    assert not is_slug(text)
    with pytest.raises(UsageError, match="is no slug"):
        parse_slug(text)
