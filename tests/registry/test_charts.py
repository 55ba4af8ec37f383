import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.charts import (
    LayerBar,
    Line,
    LinePlace,
    LinePoint,
    ReliabilityBin,
    ScatterPoint,
    StripCell,
    Whisker,
    corruption_heat_map,
    layer_sparsity_bars,
    linear_scale,
    number,
    reliability_diagram,
    robustness_scatter,
    severity_boxes,
    shade,
    signed,
    sparsity_curves,
    sparsity_lines,
    spread,
    standalone,
    symlog_scale,
    task_strip,
    task_strip_header,
    tone_of,
    whisker,
    whisker_header,
    whisker_scale,
)
from registry.charts.scales import round_ticks, tick_text
from registry.charts.svg import element
from registry.statistics import Quartiles

EVIL = "</svg><script>alert('x')</script>\"&"
SCALE = whisker_scale(-12.0, 60.0, knee=5.0)
LINES = (
    Line("A", "m0", (LinePoint(0.8, -3.2, -3.4, -3.0), LinePoint(0.9, 2.0, 1.0, 3.0))),
    Line("B", "m1", (LinePoint(0.8, 79.4, 78.9, 79.9), LinePoint(0.95, 401.6, 400.0, 403.0))),
)

PLACES = [LinePlace(0.6, 0.4, 0.39, 0.41, 0.35, 0.45), LinePlace(0.8, 0.6, 0.59, 0.61, 0.55, 0.65)]


def parsed(svg: str) -> ET.Element:
    """The drawing as XML: it must be well formed by itself."""
    return ET.fromstring(svg)  # noqa: S314


def marks(svg: str, tag: str, class_: str | None = None) -> list[ET.Element]:
    return [one for one in parsed(svg).iter(tag) if class_ is None or class_ in one.get("class", "").split()]


DRAWINGS: dict[str, Callable[[str], str]] = {
    "whisker": lambda words: whisker(Whisker(-2.0, -2.2, -1.8, 1.0), SCALE, words),
    "whisker_header": lambda _: whisker_header(SCALE),
    "strip": lambda words: task_strip([StripCell(words, 3.0, True, words)], words),
    "strip_header": lambda words: task_strip_header([words, "pets"]),
    "lines": lambda words: sparsity_lines(words, [Line(words, "m0", LINES[0].points)], highlighted=0.9),
    "layers": lambda words: layer_sparsity_bars([LayerBar(words, 100, 10)], 0.9, words),
    "reliability": lambda words: reliability_diagram([ReliabilityBin(0.8, 0.9, 10, 0.85, 0.7)], words),
    "scatter": lambda words: robustness_scatter(
        words, [ScatterPoint(words, 0.7, 0.5, "pruned", 0.1)], PLACES, x_title=words, y_title=words
    ),
    "curves": lambda words: sparsity_curves(words, [Line(words, "m0", LINES[0].points)]),
    "boxes": lambda words: severity_boxes(words, {1: Quartiles(1.0, 2.0, 3.0, 4.0, 5.0, 15)}, clean=0.5, unit=words),
    "heat map": lambda words: corruption_heat_map({(words, 1): 0.5}, [words, "fog"], [1, 2], words),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_drawing_is_well_formed_repeatable_and_escapes_its_words(name: str) -> None:
    draw = DRAWINGS[name]
    svg = draw(EVIL)
    assert parsed(svg).tag == "svg"
    assert svg == draw(EVIL)
    assert "<script" not in svg
    assert " style=" not in svg
    assert parsed(standalone(svg)).tag.endswith("svg")


@pytest.mark.parametrize("name", sorted(DRAWINGS.keys() - {"whisker_header", "strip_header"}))
def test_every_picture_has_a_text(name: str) -> None:
    """One text for the whole, or one for each part of a group."""
    root = parsed(DRAWINGS[name]("words"))
    pictures = [root] if root.get("role") == "img" else [part for part in root if part.get("role") == "img"]
    assert root.get("role") in ("img", "group")
    assert pictures
    assert root.find("title") is not None
    assert all(picture.find("title") is not None for picture in pictures)


@given(st.floats(-300, 300), st.floats(-300, 300))
def test_a_scale_keeps_order_and_stays_in_its_frame(one: float, other: float) -> None:
    for scale in (linear_scale(-50.0, 100.0, 10.0, 90.0), symlog_scale(-50.0, 100.0, 10.0, 90.0)):
        assert 10.0 <= scale(one) <= 90.0
        if one < other:
            assert scale(one) <= scale(other) + 1e-9


def test_the_symlog_scale_is_symmetric_about_zero_and_starts_linear() -> None:
    scale = symlog_scale(-40.0, 40.0, -1.0, 1.0, knee=5.0)
    assert scale(0.0) == pytest.approx(0.0)
    assert scale(12.0) == pytest.approx(-scale(-12.0))
    # d/dv log(1 + v/5) at 0 is 1/5; the frame's half is log(9)
    assert scale(0.001) == pytest.approx(0.001 / 5 / math.log(9), rel=1e-3)


@given(st.lists(st.floats(0, 200), min_size=1, max_size=10))
def test_labels_are_moved_apart_in_order_and_inside_the_frame(positions: list[float]) -> None:
    placed = spread(positions, gap=12.0, low=0.0, high=200.0)
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    moved = [placed[index] for index in order]
    assert all(later - earlier >= 12.0 - 1e-9 for earlier, later in pairwise(moved))
    assert all(-1e-9 <= place <= 200.0 + 1e-9 for place in placed)


@pytest.mark.parametrize(
    ("low", "high", "tone"),
    [(-3.0, -1.0, "better"), (1.0, 3.0, "worse"), (-1.0, 1.0, "same"), (None, None, "same"), (0.0, 1.0, "same")],
)
def test_a_tone_needs_an_interval_that_excludes_zero(low: float | None, high: float | None, tone: str) -> None:
    assert tone_of(low, high) == tone


def test_a_whisker_stands_where_its_value_is() -> None:
    svg = whisker(Whisker(10.0, 8.0, 12.0, 11.0), SCALE, "x")
    (dot,) = marks(svg, "circle")
    assert float(dot.get("cx", "")) == pytest.approx(SCALE(10.0), abs=0.06)
    (interval,) = marks(svg, "line", "ci")
    assert float(interval.get("x1", "")) == pytest.approx(SCALE(8.0), abs=0.06)
    assert float(interval.get("x2", "")) == pytest.approx(SCALE(12.0), abs=0.06)
    assert len(marks(svg, "line", "median")) == 1


def test_a_value_beyond_the_axis_is_an_arrow_and_never_a_dot() -> None:
    svg = whisker(Whisker(220.6, 219.5, 221.7), SCALE, "x")
    assert marks(svg, "circle") == []
    assert len(marks(svg, "path", "off")) == 1


def test_axis_labels_have_room() -> None:
    places = [float(text.get("x", "")) for text in marks(whisker_header(SCALE), "text")]
    assert len(places) >= 3
    assert all(later - earlier >= 20 for earlier, later in pairwise(places))


@pytest.mark.parametrize(
    ("change", "resolved", "classes"),
    [
        (None, None, "none"), (1.0, False, "t0"), (1.0, True, "w1"), (5.0, True, "w2"), (15.0, True, "w3"),
        (30.0, True, "w4"), (-1.0, True, "b1"), (-30.0, True, "b4"), (30.0, None, "w4 open"),
    ],
)  # fmt: skip
def test_a_square_says_by_its_class_what_its_text_says(
    change: float | None, resolved: bool | None, classes: str
) -> None:
    assert shade(change, resolved) == classes


def test_a_strip_has_a_square_and_a_text_per_task() -> None:
    cells = [StripCell(name, 3.0, True, f"{name}: +3.0 % error") for name in ("pets", "cars", "dtd")]
    svg = task_strip(cells, "by task")
    assert [square.findtext("title") for square in marks(svg, "rect")] == [cell.text for cell in cells]
    places = [int(square.get("x", "")) for square in marks(svg, "rect")]
    assert places == sorted(set(places))


def test_lines_join_the_points_and_name_what_leaves_the_frame() -> None:
    svg = sparsity_lines("Frozen", LINES, highlighted=0.9)
    assert len(marks(svg, "circle")) == 4
    assert [label.text for label in marks(svg, "text", "label")] == ["A", "B"]
    assert [label.text for label in marks(svg, "text", "clip")] == ["+402 ↑"]
    assert len(marks(svg, "rect", "band")) == 1
    description = parsed(svg).findtext("desc")
    assert description is not None
    assert "A at 80 % sparsity: −3.2 % (−3.4 to −3.0)" in description


def test_checkpoints_without_a_name_are_dots_on_the_scales_of_the_lines() -> None:
    svg = sparsity_lines("x", LINES, sparsities=(0.8, 0.98), others=[(0.8, 0.0), (0.8, 0.001), (0.98, 500.0)])
    (path,) = marks(svg, "path", "others")
    zero = float(marks(svg, "line", "zero")[0].get("y1", ""))
    first, last = path.get("d", "").removesuffix("h0").split("h0")  # one place twice is one dot
    assert float(first.split()[1]) == pytest.approx(zero, abs=0.6)
    assert float(last.split()[1]) < 50
    assert (parsed(svg).findtext("desc") or "").endswith("and 3 pale dots without a name")


def test_lines_show_dense_as_the_zero_line() -> None:
    assert "dense" in [text.text for text in marks(sparsity_lines("x", LINES), "text", "tick")]


def test_one_point_is_drawn_without_a_line_and_none_is_no_chart() -> None:
    one = sparsity_lines("x", [Line("A", "m0", (LinePoint(0.9, 1.0),))])
    assert (len(marks(one, "circle")), len(marks(one, "polyline"))) == (1, 0)
    assert sparsity_lines("x", []) == ""


def test_layers_are_as_long_as_they_are_sparse() -> None:
    svg = layer_sparsity_bars([LayerBar("a.weight", 100, 50), LayerBar("b.weight", 400, 100)], 0.7)
    widths = [float(bar.get("width", "")) for bar in marks(svg, "rect", "fill")]
    tracks = [float(track.get("width", "")) for track in marks(svg, "rect", "track")]
    assert widths == [pytest.approx(0.5 * tracks[0]), pytest.approx(0.75 * tracks[1])]
    assert "b.weight: 75.0 % zeros, 100 of 400 weights kept" in svg
    assert LayerBar("empty", 0, 0).sparsity == 0.0


def test_a_reliability_diagram_leaves_out_empty_bins() -> None:
    bins = [ReliabilityBin(0.0, 0.5, 0, 0.0, 0.0), ReliabilityBin(0.5, 1.0, 20, 0.9, 0.6)]
    svg = reliability_diagram(bins, "Reliability")
    assert len(marks(svg, "rect", "fill")) == 1
    assert "20 samples, mean confidence 90.0 %, right 60.0 %" in svg


def test_a_heat_map_says_what_was_not_measured() -> None:
    svg = corruption_heat_map({("fog", 1): 0.95, ("fog", 2): 0.05}, ["fog", "snow"], [1, 2], "x")
    texts = [text.text for text in parsed(svg).iter("text")]
    assert texts.count("–") == 2
    assert "95.0" in texts
    assert "fog, severity 2: 5.0 %" in svg
    assert "snow, severity 1: not measured" in svg
    assert len(marks(svg, "g", "h4")) == len(marks(svg, "g", "h0")) == 1


@given(st.floats(-1e6, 1e6), st.integers(0, 3))
def test_numbers_have_a_real_minus_and_no_sign_on_zero(value: float, decimals: int) -> None:
    text = number(value, decimals)
    assert "-" not in text
    assert float(text.replace("−", "-")) == pytest.approx(value, abs=0.51 * 10**-decimals)
    assert not re.fullmatch(r"[−+]0\.?0*", signed(value, decimals))


def test_a_picture_that_leaves_the_page_brings_its_colours() -> None:
    svg = standalone(sparsity_lines("x", LINES))
    assert 'xmlns="http://www.w3.org/2000/svg"' in svg
    used = {name for one in re.findall(r"var\(--(\w+)", svg) for name in [one]} - {"c"}
    assert all(f"--{name}:" in svg for name in used)


def test_attributes_are_escaped() -> None:
    assert element("g", class_='"><script>') == '<g class="&quot;&gt;&lt;script&gt;"/>'


def test_in_the_scatter_a_straight_line_of_logits_is_straight() -> None:
    def expit(value: float) -> float:
        return 1 / (1 + math.exp(-value))

    points = [ScatterPoint(str(i), expit(0.5 + i), expit(0.9 * (0.5 + i) - 1), "standard") for i in range(5)]
    line = [LinePlace(p.accuracy, *[p.shifted] * 5) for p in points]
    svg = robustness_scatter("t", points, line, x_title="x", y_title="y")
    (fit,) = marks(svg, "polyline", "fit")
    places = [tuple(map(float, pair.split(","))) for pair in (fit.get("points") or "").split()]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(places)]
    assert slopes == pytest.approx([slopes[0]] * 4, abs=0.01)
    dots = [(float(dot.get("cx") or 0), float(dot.get("cy") or 0)) for dot in marks(svg, "circle", "standard")]
    assert set(places) <= set(dots)


def test_the_scatter_names_the_models_furthest_from_the_line() -> None:
    points = [ScatterPoint(f"m{i}", 0.5 + i / 20, 0.4 + i / 30, "pruned", (-1) ** i * i / 100) for i in range(8)]
    svg = robustness_scatter("t", points, [], x_title="x", y_title="y")
    assert {one.text for one in marks(svg, "text", "label")} == {"m7", "m6", "m5"}
    assert "7.0 points below the line" in svg


def test_a_model_without_a_hit_stands_at_the_frame() -> None:
    points = [ScatterPoint("a", 0.7, 0.0, "dense"), ScatterPoint("b", 0.8, 0.4, "dense")]
    svg = robustness_scatter("t", points, [], x_title="x", y_title="y")
    assert len([dot for dot in marks(svg, "circle", "dense") if dot.find("title") is not None]) == 2


def test_a_box_stands_where_its_quartiles_are() -> None:
    svg = severity_boxes("t", {1: Quartiles(0.0, 25.0, 50.0, 75.0, 100.0, 4)}, high=100.0)
    (box,) = marks(svg, "rect", "box")
    (median,) = marks(svg, "line", "median")
    top, height = float(box.get("y") or 0), float(box.get("height") or 0)
    assert float(median.get("y1") or 0) == pytest.approx(top + height / 2, abs=0.1)
    assert "quartiles 25.0 and 75.0" in svg


@pytest.mark.parametrize("draw", [lambda: severity_boxes("t", {}), lambda: sparsity_curves("t", []),
                                  lambda: robustness_scatter("t", [], [], x_title="x", y_title="y")])  # fmt: skip
def test_nothing_is_no_picture(draw: Callable[[], str]) -> None:
    assert draw() == ""


@given(st.floats(-1e4, 1e4), st.floats(1e-6, 1e4))
def test_round_ticks_hold_what_they_are_for(low: float, span: float) -> None:
    ticks = round_ticks(low, low + span)
    assert ticks[0] <= low + 1e-9 * abs(low) + 1e-9
    assert ticks[-1] >= low + span - 1e-9 * abs(low + span) - 1e-9
    assert 2 <= len(ticks) <= 9
    assert len({tick_text(tick, ticks) for tick in ticks}) == len(ticks)


def test_a_picture_that_stands_alone_says_whose_it_is() -> None:
    svg = standalone(severity_boxes("t", {1: Quartiles(0.0, 25.0, 50.0, 75.0, 100.0, 4)}), "gmp/net/0.90", EVIL)
    assert [one.text for one in parsed(svg).iter() if one.get("class") == "caption"] == ["gmp/net/0.90", EVIL]
