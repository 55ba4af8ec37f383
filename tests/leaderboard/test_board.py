import pytest
from scipy.special import logit
from site_catalogues import SEEDS, error_of

from leaderboard.board import Board, Row, make_board
from leaderboard.catalogue import Catalogue
from leaderboard.changes import Change
from leaderboard.drawing import board_charts, named_rows
from leaderboard.errors import BadViewError
from leaderboard.headline import headline
from leaderboard.pages.board import board_context
from leaderboard.view import BoardQuery

# Worked out from the study's raw results by an independent script when the board was drawn first (mock of the design):
# mean over 12 tasks of (E - E_dense) / E_dense in per cent, and 1.96 standard errors by the delta method.
GOLDEN = {
    ("ac-dc", "linear"): (-2.0, 0.2),
    ("rigl-5x", "linear"): (0.2, 0.5),
    ("str", "linear"): (3.5, 0.3),
    ("rigl", "linear"): (7.1, 0.4),
    ("woodfisher", "linear"): (14.0, 0.3),
    ("lth-t", "linear"): (220.6, 1.1),
    ("ac-dc", "full"): (12.0, 0.9),
    ("rigl-5x", "full"): (20.9, 1.4),
    ("str", "full"): (26.6, 1.3),
    ("rigl", "full"): (32.3, 1.2),
    ("woodfisher", "full"): (4.0, 1.1),
    ("lth-t", "full"): (36.8, 1.2),
}
# The medians of the same tasks, from the table of aggregates that came with the raw results.
GOLDEN_MEDIAN = {("ac-dc", "linear"): -1.34, ("woodfisher", "full"): 4.26, ("rigl-5x", "full"): 24.36}


def row_of(board: Board, method: str) -> Row:
    return next(row for row in board.rows if row.entry.model.method == method)


@pytest.mark.parametrize(("method", "kind"), GOLDEN)
def test_published_rows_at_90_percent_have_the_known_changes(reported: Catalogue, method: str, kind: str) -> None:
    change = row_of(make_board(reported, BoardQuery()), method).cells[kind].change
    assert change is not None
    assert change.half is not None
    assert (round(change.value, 1), round(change.half, 1)) == GOLDEN[method, kind]


@pytest.mark.parametrize(("method", "kind"), GOLDEN_MEDIAN)
def test_medians_stand_beside_the_means(reported: Catalogue, method: str, kind: str) -> None:
    median = row_of(make_board(reported, BoardQuery()), method).cells[kind].median
    assert median == pytest.approx(GOLDEN_MEDIAN[method, kind], abs=0.006)


def test_the_default_view_is_resnet50_at_90_percent_of_the_published_suite(full: Catalogue) -> None:
    board = make_board(full, BoardQuery())
    assert (board.suite_ref, board.filters.architecture, board.band) == ("transfer-12@ist2022", "resnet50", 0.9)
    assert [row.entry.model.method for row in board.rows] == [
        "ac-dc", "woodfisher", "rigl-5x", "str", "rigl", "lth-t",
    ]  # fmt: skip
    assert [row.entry.model.method for row in board.yardsticks] == ["dense"]


def test_frozen_and_fine_tuned_rank_differently(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery())
    first = {
        kind: [row.entry.model.method for row in board.rows if (rank := row.ranks[kind]) and rank.may_be_first]
        for kind in ("linear", "full")
    }
    assert first == {"linear": ["ac-dc"], "full": ["woodfisher"]}
    assert headline(board).title == (
        "Freeze the backbone or fine-tune it all? At 90 % sparsity the best checkpoint differs."
    )


@pytest.mark.parametrize("sparsity", ["0.80", "0.90", "0.95", "0.98", "all"])
@pytest.mark.parametrize("architecture", ["resnet50", "mobilenetv1"])
def test_the_headline_is_true_of_the_rows_in_view(reported: Catalogue, architecture: str, sparsity: str) -> None:
    board = make_board(reported, BoardQuery(architecture=architecture, sparsity=sparsity))
    title = headline(board).title
    best = {
        kind: {row.name for row in board.rows if (rank := row.ranks[kind]) and rank.may_be_first}
        for kind in ("linear", "full")
    }
    if "differ" in title:
        assert best["linear"]
        assert best["full"]
        assert not best["linear"] & best["full"]
    if "is best, frozen and fine-tuned" in title:
        assert best["linear"] == best["full"]
        assert len(best["full"]) == 1
    if "as a frozen backbone" in title:
        assert not best["full"]
    if "there is one checkpoint" in title:
        assert len(board.rows) == 1
    if not board.rows:
        assert title == "No checkpoint in this view."


def test_a_row_without_spread_has_no_interval_and_no_rank(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery(architecture="mobilenetv1", sparsity="0.90"))
    row = row_of(board, "ac-dc")
    change = row.cells["full"].change
    assert change is not None
    assert change.half is None
    assert row.ranks["full"] is None
    assert row.cells["full"].spread == "no interval"


def test_ranks_change_with_the_filter(reported: Catalogue) -> None:
    narrow = row_of(make_board(reported, BoardQuery(sparsity="0.95")), "ac-dc").ranks["linear"]
    wide = {
        row.name: row.ranks["linear"] for row in make_board(reported, BoardQuery(sparsity="all")).rows
    }["ac-dc/resnet50/0.95"]  # fmt: skip
    assert str(narrow) == "1"
    assert str(wide) == "6"


def test_counts_say_what_a_link_would_show(full: Catalogue) -> None:
    board = make_board(full, BoardQuery())
    for name, choices in board.filters.choices.items():
        for choice in choices:
            query = BoardQuery(suite=choice.value, sparsity="all") if name == "suite" else BoardQuery()
            if name == "architecture":
                query = BoardQuery(architecture=choice.value, sparsity="all")
            elif name in ("sparsity", "budget", "trust"):
                query = BoardQuery(**{name: choice.value})
            shown = make_board(full, query)
            if name == "suite":
                architectures = shown.filters.choices["architecture"]
                assert sum(one.count for one in architectures if one.value != "all") == choice.count
            else:
                assert len(shown.rows) == choice.count, (name, choice)


def test_the_front_comes_first_and_a_sort_of_ones_own_is_obeyed(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery())
    assert [row.entry.model.method for row in board.rows if row.front] == ["ac-dc", "woodfisher"]
    by_hand = make_board(reported, BoardQuery(sort="linear"))
    assert [row.entry.model.method for row in by_hand.rows] == [
        "ac-dc", "rigl-5x", "str", "rigl", "woodfisher", "lth-t",
    ]  # fmt: skip


def test_only_rows_with_an_interval_are_judged(reported: Catalogue) -> None:
    for architecture in ("resnet50", "mobilenetv1"):
        for row in make_board(reported, BoardQuery(architecture=architecture, sparsity="all")).rows:
            measured = [change for change in _changes(row) if change is not None and change.own is not None]
            assert (row.front is None) == (not measured)


def _changes(row: Row) -> list[Change | None]:
    return [cell.change for cell in row.cells.values()]


def test_checkpoints_of_one_budget_are_a_view(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery(budget="100", sparsity="all"))
    assert {row.entry.model.training_epochs for row in board.rows} == {100}
    assert board.filters.label("budget") == "100 epochs"


def test_all_architectures_share_a_view_with_the_dense_rows_they_are_compared_with(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery(architecture="all"))
    assert {row.entry.model.architecture for row in board.rows} == {"resnet50", "mobilenetv1"}
    assert {row.name for row in board.yardsticks} == {"dense/resnet50/0.00", "dense/mobilenetv1/0.00"}


def test_terms_keep_the_models_that_the_database_found(reported: Catalogue) -> None:
    found = frozenset({"rigl/resnet50/0.90", "gmp/resnet18/0.80"})
    board = make_board(reported, BoardQuery(q="rigl"), found)
    assert [row.name for row in board.rows] == ["rigl/resnet50/0.90"]
    assert board.filters.choices["trust"][0].count == 1
    assert str(board.rows[0].ranks["linear"]) == "1"


def test_columns_are_those_of_the_address_in_its_order(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery(columns="runs,epochs"))
    assert [column.key for column in board.columns] == ["runs", "epochs"]
    assert make_board(reported, BoardQuery(columns="none")).columns == ()
    assert [column.key for column in make_board(reported, BoardQuery()).columns] == ["top1", "epochs"]
    with pytest.raises(BadViewError, match="no column 'speed'"):
        make_board(reported, BoardQuery(columns="epochs,speed"))


def test_a_page_is_a_part_of_the_rows_and_ranks_are_of_all(reported: Catalogue) -> None:
    whole = make_board(reported, BoardQuery(sparsity="all"))
    pages = [make_board(reported, BoardQuery(sparsity="all", rows="7", page=str(page))) for page in (1, 2, 3, 4)]
    assert [row for board in pages for row in board.page] == list(whole.rows)
    assert whole.shown == whole.rows
    assert pages[1].shown == pages[1].page


def test_a_filter_that_leaves_nothing_keeps_the_other_links(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery(trust="measured"))
    assert board.rows == ()
    assert [choice.value for choice in board.filters.choices["architecture"]] == ["resnet50", "mobilenetv1", "all"]
    assert headline(board).title == "No checkpoint in this view."


def test_sorting_puts_missing_values_last_both_ways(full: Catalogue) -> None:
    for sort in ("full", "-full"):
        rows = make_board(full, BoardQuery(suite="digits-demo", sparsity="0.98", sort=sort)).rows
        assert rows[-1].entry.model.method == "rigl"
        values = [change.value for row in rows[:-1] if (change := row.cells["full"].change)]
        assert values == sorted(values, reverse=sort == "-full")


def test_an_unknown_sort_or_suite_says_what_there_is(reported: Catalogue) -> None:
    with pytest.raises(BadViewError, match="cannot be sorted by 'speed'") as sort:
        make_board(reported, BoardQuery(sort="speed"))
    assert sort.value.hint is not None
    assert "linear" in sort.value.hint
    with pytest.raises(BadViewError, match="no suite 'nope'"):
        make_board(reported, BoardQuery(suite="nope"))


def test_replicates_are_one_row_with_the_t_interval_over_runs(full: Catalogue) -> None:
    board = make_board(full, BoardQuery(suite="digits-demo", sparsity="0.90"))
    row = row_of(board, "gmp")
    assert [model.replicate for model in row.entry.models] == [0, 1, 2]
    assert row.entry.key == "gmp/resnet8-digits/0.90"
    differences = [
        100 * (error_of("gmp", 0.9, seed, "linear") - error_of("dense", 0.0, seed, "linear")) for seed in SEEDS
    ]
    mean = sum(differences) / 3
    spread = (sum((value - mean) ** 2 for value in differences) / 2) ** 0.5
    change = row.cells["linear"].change
    assert change is not None
    assert change.value == pytest.approx(mean)
    # 4.302653 is Student's 97.5 % point with two degrees of freedom, from printed tables.
    assert change.half == pytest.approx(4.302653 * spread / 3**0.5, rel=1e-6)
    assert board.sides[0].unit == "points"


def test_digits_never_stand_beside_imagenet(full: Catalogue) -> None:
    for suite in full.suites:
        board = make_board(full, BoardQuery(suite=suite, sparsity="all"))
        architectures = {row.entry.model.architecture for row in (*board.rows, *board.yardsticks)}
        assert architectures in ({"resnet50"}, {"resnet8-digits"})


def test_no_mean_over_an_incomplete_set(full: Catalogue) -> None:
    cell = row_of(make_board(full, BoardQuery(suite="digits-demo", sparsity="0.98")), "rigl").cells["full"]
    assert cell.change is None
    assert cell.missing == "sparsity was lost"


def test_mean_log_odds_are_over_the_same_complete_set(full: Catalogue, reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery(sparsity="0.90"))
    for row in (row_of(board, "ac-dc"), board.yardsticks[0]):
        results = [one for one in reported.results_of(row.name) if one.protocol == "linear@ist2022"]
        assert len(results) == 12
        assert row.cells["linear"].log_odds == pytest.approx(logit([one.value for one in results]).mean())
    incomplete = row_of(make_board(full, BoardQuery(suite="digits-demo", sparsity="0.98")), "rigl").cells["full"]
    assert incomplete.log_odds is None


def test_measured_suites_bring_their_own_columns(full: Catalogue) -> None:
    board = make_board(full, BoardQuery(suite="digits-demo"))
    assert [column.key for column in board.columns] == [
        "digits-0-4-top1", "digits-0-4-nll", "digits-0-4-ece15", "digits-c-like-top1", "digits-ood-auroc",
        "cost-nonzeros", "cost-latency-ms",
    ]  # fmt: skip
    shifted = row_of(board, "gmp").facts["digits-c-like-top1"].value
    error = sum(error_of("gmp", 0.9, seed, "as-published") for seed in SEEDS) / 3
    assert shifted == pytest.approx(0.95 - error - 0.06 * 3)


def test_caveats_are_numbered_once_each(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery())
    marked = {row.entry.model.method: row.caveat for row in board.rows}
    assert marked["rigl"] == marked["rigl-5x"] == 0
    assert marked["ac-dc"] is None
    assert len(board.caveats) == len(set(board.caveats))


def test_an_empty_catalogue_gives_an_empty_board() -> None:
    nothing = Catalogue("0", {}, {}, {}, {}, {}, {}, {}, {}, {}, (), frozenset(), {})
    board = make_board(nothing, BoardQuery())
    assert board.rows == ()
    assert headline(board).title == "The catalogue is empty."


def test_published_rows_keep_their_title_beside_the_zoos_own_method(full: Catalogue) -> None:
    """The zoo's RigL is another variant than the published one, which has the same method name."""
    published = row_of(make_board(full, BoardQuery(suite="transfer-12")), "rigl")
    measured = row_of(make_board(full, BoardQuery(suite="digits-demo")), "rigl")
    assert (published.title, measured.title) == ("RigL ERK 1x", "RigL")


def test_a_line_of_a_chart_is_a_method_on_one_architecture(reported: Catalogue) -> None:
    board = make_board(reported, BoardQuery(architecture="all", sparsity="all"))
    charts = board_charts(board, named_rows(board))
    assert all(" resnet50</text>" in chart and " mobilenetv1</text>" in chart for chart in charts)
    lines = {(row.entry.model.method, row.entry.model.architecture) for row in board.curves}
    assert charts[0].count("<polyline") == len(lines) > len(board.methods)
    assert "mobilenetv1" not in board_charts(only := make_board(reported, BoardQuery()), named_rows(only))[0]


def test_more_lines_than_names_fit_are_dots_but_never_those_asked_for(
    reported: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leaderboard.drawing.MOST_LINES", 2)
    board = make_board(reported, BoardQuery())
    first = [row.entry.model.method for row in board.rows]
    assert {row.entry.model.method for row in named_rows(board)} == set(first[:2])
    named = named_rows(board, first[-1])
    assert {row.entry.model.method for row in named} == {first[0], first[-1]}
    chart = board_charts(board, named)[0]
    assert chart.count("<circle") == len(named) < len(board.curves)
    assert f"{len(board.curves) - len(named)} pale dots" in chart
    page = board_context(reported, board)
    assert page.curves == named_rows(board)
