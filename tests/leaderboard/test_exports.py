"""Files of a board: the same rows as the page, readable by the programs that they are for."""

import csv
import io
import re

import pyarrow.parquet as pq
import pytest

from leaderboard.board import Board, make_board
from leaderboard.catalogue import Catalogue
from leaderboard.exports import board_bibtex, board_csv, board_latex, board_parquet
from leaderboard.table_files import latex
from leaderboard.view import BoardQuery

ADDRESS = "http://127.0.0.1:8000/?suite=transfer-12"
QUERIES = (BoardQuery(), BoardQuery(suite="digits-demo", sparsity="all"), BoardQuery(trust="measured"))


def boards(catalogue: Catalogue) -> list[Board]:
    return [make_board(catalogue, query) for query in QUERIES]


def test_parquet_holds_the_lines_of_the_csv_with_types(full: Catalogue) -> None:
    for board in boards(full):
        lines = list(csv.DictReader(io.StringIO(board_csv(board).decode())))
        table = pq.read_table(io.BytesIO(board_parquet(full, board, ADDRESS)))
        assert table.column_names == list(lines[0])
        for line, row in zip(lines, table.to_pylist(), strict=True):
            for name, text in line.items():
                value = row[name]
                assert text == ("" if value is None else str(value)) or float(text) == value
        assert table.schema.metadata[b"address"] == ADDRESS.encode()
        assert table.schema.field("sparsity").type == "double"


def test_latex_has_a_row_per_checkpoint_and_cells_per_column(full: Catalogue) -> None:
    for board in boards(full):
        text = board_latex(full, board, ADDRESS).decode()
        rows = [line for line in text.splitlines() if line.endswith(r"\\")]
        assert len(rows) == 1 + len(board.rows) + len(board.yardsticks)
        cells = 2 + 2 * len(board.sides) + len(board.columns)
        assert {len(re.split(r"(?<!\\) & ", row)) for row in rows} == {cells}
        assert rf"\begin{{tabular}}{{ll{'r' * (cells - 2)}}}" in text
    first = board_latex(full, make_board(full, BoardQuery()), ADDRESS).decode()
    assert r"AC/DC & 0.9 & $-$2.0 $\pm$0.2 & 1 & +12.0 $\pm$0.9 & 2 & 75.0 & 100 \\" in first


@pytest.mark.parametrize("text", ["\\input{/etc/passwd}", "a & b % c $ d # e _ f { g } h ~ i ^ j", "−1 ± 2 – Δ"])
def test_nothing_in_a_name_is_a_command_of_latex(text: str) -> None:
    plain = re.sub(
        r"\\(textbackslash|textasciitilde|textasciicircum)\{\}|\\[&%$#_{}]|\$(-|\\pm|\\Delta)\$|--", "", latex(text)
    )
    assert not re.search(r"[\\&%$#_{}~^−±–Δ]", plain)


def test_bibtex_names_the_board_the_methods_and_the_sources(full: Catalogue) -> None:
    text = board_bibtex(full, make_board(full, BoardQuery()), ADDRESS).decode()
    keys = re.findall(r"^@misc\{([^,]+),$", text, re.MULTILINE)
    assert len(keys) == len(set(keys))
    assert keys[0] == "prunarium"
    assert {"method-ac-dc", "method-rigl", "method-woodfisher"} <= set(keys)
    assert "  eprint = {2106.12379}" in text
    assert rf"\url{{{ADDRESS}}}" in text
    assert text.count("{") == text.count("}")
    assert any(key.startswith("source-") for key in keys)
