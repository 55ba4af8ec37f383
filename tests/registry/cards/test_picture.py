"""The picture of a card, and the words for those who cannot see it."""

from pathlib import Path
from xml.etree import ElementTree

from toy_cards import toy_facts

from registry.cards.picture import picture, reference

SVG = "{http://www.w3.org/2000/svg}"


def test_one_bar_per_prunable_layer_on_a_ground_of_its_own_in_both_schemes(tmp_path: Path) -> None:
    drawn = picture(toy_facts(tmp_path / "toy"))
    assert drawn is not None
    root = ElementTree.fromstring(drawn)  # noqa: S314 - our own
    assert len(root.findall(f"{SVG}g")) == 2
    assert root[1].get("class") == "paper"
    box = [float(number) for number in str(root.get("viewBox")).split()]
    assert float(str(root[1].get("x"))) == box[0] < 0
    style = str(root[0].text)
    assert "prefers-color-scheme:dark" in style
    assert ".paper{fill:var(--bg)}" in style
    assert drawn == picture(toy_facts(tmp_path / "again"))


def test_the_alternative_text_says_what_the_bars_say(tmp_path: Path) -> None:
    assert reference(toy_facts(tmp_path / "toy")) == (
        "![Bars: the sparsity of each of 2 prunable layers, from 50.0% in conv.weight to 50.0% in conv.weight; "
        "50.0% overall.](sparsity.svg)"
    )


def test_a_dense_model_has_no_picture(tmp_path: Path) -> None:
    assert picture(toy_facts(tmp_path / "toy", sparsity_target=0.0, slug="dense/toy/0.00", method="dense")) is None
