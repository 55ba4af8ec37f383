"""Explore: the points are the board's rows, and the specification holds exactly them."""

import json
from collections.abc import Mapping

import pytest
from starlette.testclient import TestClient

from leaderboard.board import make_board
from leaderboard.catalogue import Catalogue
from leaderboard.errors import BadViewError
from leaderboard.exploring import Axes, address, axes_of, parse, points_of
from leaderboard.vega import specification
from leaderboard.view import BoardQuery

DIGITS = BoardQuery(suite="digits-demo", sparsity="all")


def test_every_pair_of_axes_gives_the_rows_that_have_both(full: Catalogue) -> None:
    for query in (BoardQuery(sparsity="all"), DIGITS):
        board = make_board(full, query)
        for x in axes_of(board):
            for y in axes_of(board):
                axes = Axes(x=x.key, y=y.key)
                _, _, points = points_of(board, axes)
                values = specification(board, axes)["data"]["values"]
                assert [value["checkpoint"] for value in values] == [point.row.entry.key for point in points]
                assert {(value["x"], value["y"]) for value in values} == {(point.x, point.y) for point in points}
                assert len(points) <= len(board.rows)


def test_a_point_is_the_change_of_its_row_with_its_interval(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery(sparsity="all"))
    _, _, points = points_of(board, Axes())
    for point in points:
        change = point.row.cells["linear"].change
        assert change is not None
        assert (point.x, point.y) == (point.row.entry.model.sparsity_target, change.value)
        assert point.y_ends == (change.low, change.high)
        assert point.x_ends is None


def test_a_logarithmic_axis_is_symmetric_where_values_are_below_zero(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery(sparsity="all"))
    layer = specification(board, Axes(x_scale="log", y_scale="log"))["layer"][-1]
    assert layer["encoding"]["x"]["scale"]["type"] == "log"
    assert layer["encoding"]["y"]["scale"]["type"] == "symlog"


def test_lines_are_drawn_only_where_there_are_intervals(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery(sparsity="all"))
    for x, y, whiskers, zeros in (("epochs", "top1", 0, 0), ("epochs", "full", 1, 1), ("linear", "full", 2, 2)):
        layers = specification(board, Axes(x=x, y=y))["layer"]
        assert sum("transform" in layer for layer in layers) == whiskers
        assert sum("strokeDash" in layer["mark"] for layer in layers) == zeros
        assert len(layers) == whiskers + zeros + 1


def test_the_address_holds_the_whole_state() -> None:
    query, axes = parse([("x", "full"), ("colour", "method"), ("architecture", "all"), ("y_scale", "log")])
    assert query.sparsity == "all"
    again = parse(pair.split("=") for pair in address(query, axes).partition("?")[2].split("&"))  # type: ignore[misc]
    assert again == (query, axes)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [([("x_scale", "cubic")], "no scale"), ([("colour", "taste")], "not coloured"), ([("z", "1")], "no setting 'z'")],
)
def test_a_mistake_is_named(pairs: list[tuple[str, str]], words: str) -> None:
    with pytest.raises(BadViewError, match=words):
        parse(pairs)


def test_page_and_file_hold_the_same_points(clients: Mapping[str, TestClient]) -> None:
    for name, client in clients.items():
        page = client.get("/explore?x=linear&y=full" if name != "empty" else "/explore")
        assert page.status_code == 200
        if name == "empty":
            assert "No checkpoint has both numbers" in page.text
            continue
        text = page.text.partition('id="specification">')[2].partition("</script>")[0]
        file = client.get("/api/v1/explore.vl.json?x=linear&y=full")
        ours, theirs = json.loads(text)["data"]["values"], file.json()["data"]["values"]
        assert [one["checkpoint"] for one in ours] == [one["checkpoint"] for one in theirs]
        assert theirs[0]["page"] == f"http://testserver{ours[0]['page']}"
        assert all(one["checkpoint"] in page.text for one in ours)
    assert clients["full"].get("/explore?x=taste").status_code == 400


def test_axes_are_marked_in_the_unit_that_their_label_says(full: Catalogue) -> None:
    board = make_board(full, BoardQuery(suite="digits-demo@1", sparsity="all"))
    axes = {axis.key: axis for axis in axes_of(board)}
    assert {key for key, axis in axes.items() if axis.share} >= {"sparsity", "digits-0-4-top1", "digits-0-4-ece15"}
    for key in ("digits-0-4-top1", "digits-0-4-nll"):
        drawn = specification(board, Axes(x="cost-nonzeros", y=key, x_scale="log"))["layer"][-1]["encoding"]
        assert drawn["y"]["axis"].get("format") == (".3~%" if axes[key].share else None)
        assert ("%" in drawn["y"]["title"]) is False
        assert drawn["x"]["axis"]["values"] == [500.0, 1000.0]


def test_a_scale_that_cannot_be_is_said_beside_the_chart(clients: dict[str, TestClient]) -> None:
    page = clients["reported"].get("/explore?x_scale=log&y_scale=log").text
    assert "Frozen: error Δ has values of zero and below, which have no logarithm" in page
    assert "Sparsity has values" not in page
    assert '<option value="symlog" selected>' in page
    assert "which have no logarithm" not in clients["reported"].get("/explore").text


def test_points_say_in_words_which_model_they_are_and_menus_what_is_known(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery(sparsity="0.90"))
    values = specification(board, Axes(x="top1", y="full"))["data"]["values"]
    assert [value["words"] for value in values] == ["AC/DC 90 %; ImageNet: 75.03 %; Fine-tuned: error Δ, %: 12.01"]
    assert {axis.key for axis in axes_of(board)} == {"sparsity", "linear", "full", "top1", "epochs", "runs"}
