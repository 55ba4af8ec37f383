"""A board as a file: CSV, Parquet, LaTeX and BibTeX of the same rows in the same order as the page."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .answers import board_row
from .board import Board, Row
from .catalogue import Catalogue
from .facts import Fact
from .headline import headline
from .schemas import BoardRow, SideValue

_ARXIV = re.compile(r"(?:arXiv[: ]|arxiv\.org/abs/)(\d{4}\.\d{4,5})")
_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "±": r"$\pm$", "–": "--", "Δ": r"$\Delta$",
    "\u2009": r"\,", "\u00a0": "~",
}  # fmt: skip


def board_csv(board: Board) -> bytes:
    """One line per row, the dense yardsticks last."""
    lines = _lines(board)
    text = io.StringIO()
    if lines:
        writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return text.getvalue().encode()


def board_parquet(catalogue: Catalogue, board: Board, address: str) -> bytes:
    """The lines of the CSV as Parquet (zstd); where they come from is in the schema's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    lines = _lines(board)
    columns = {name: _typed([line[name] for line in lines]) for name in (lines[0] if lines else {})}
    origin = {"suite": board.suite_ref, "catalogue": catalogue.version, "address": address}
    table = pa.table(columns).replace_schema_metadata(origin)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    written: bytes = sink.getvalue().to_pybytes()
    return written


def board_latex(catalogue: Catalogue, board: Board, address: str) -> bytes:
    """A ``tabular`` for the booktabs package, with intervals; its head says which view it is and how to cite it."""
    heads = ["Checkpoint", "Sparsity"]
    for side in board.sides:
        heads += [f"{side.short} Δ {side.unit}", "Rank"]
    heads += [f"{column.short} {column.unit}".strip() for column in board.columns]
    lines = [
        f"% {address}",
        f"% {headline(board).title} Suite {board.suite_ref}, catalogue {catalogue.version}.",
        r"% \usepackage{booktabs}",
        rf"\begin{{tabular}}{{ll{'r' * (len(heads) - 2)}}}",
        r"\toprule",
        " & ".join(latex(head) for head in heads) + r" \\",
        r"\midrule",
        *(" & ".join(latex(cell) for cell in _cells(board, row)) + r" \\" for row in board.shown),
        r"\midrule",
        *(" & ".join(latex(cell) for cell in _cells(board, row)) + r" \\" for row in board.yardsticks),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return ("\n".join(line for line in lines if not line.isspace()) + "\n").encode()


def board_bibtex(catalogue: Catalogue, board: Board, address: str) -> bytes:
    """The board itself, the paper of every method in it, and where reported numbers come from."""
    entries = [
        _entry(
            "prunarium",
            title=f"Prunarium, suite {board.suite_ref or 'none'}",
            howpublished=rf"\url{{{address}}}",
            note=f"{headline(board).title} Catalogue {catalogue.version}",
        )
    ]
    rows = (*board.shown, *board.yardsticks)
    methods = {method.name: method for row in rows if (method := catalogue.method_of(row.entry.model)) is not None}
    for method in methods.values():
        if method.paper:
            found = _ARXIV.search(method.paper)
            eprint = {"eprint": found[1], "archiveprefix": "arXiv"} if found else {"note": method.paper}
            title = _ARXIV.sub("", method.paper).replace("()", "").strip(" ()") if found else ""
            entries.append(_entry(f"method-{method.name}", title=title or method.title, **eprint))
    models = {model.name for row in rows for model in row.entry.models}
    sources = {result.source for name in models for result in catalogue.results_of(name) if result.source}
    entries += [
        _entry(f"source-{number}", title="Published numbers", note=source)
        for number, source in enumerate(sorted(sources), start=1)
    ]
    return "\n".join(entries).encode()


def latex(text: str) -> str:
    r"""Text that LaTeX prints as it stands.

    >>> latex("−2.0 ± 0.2 % of a_b")
    '$-$2.0 $\\pm$ 0.2 \\% of a\\_b'
    """
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


def _lines(board: Board) -> list[dict[str, Any]]:
    return [_flat(board_row(board, row)) for row in (*board.shown, *board.yardsticks)]


def _flat(row: BoardRow) -> dict[str, Any]:
    plain = row.model_dump(exclude={"linear", "full", "facts", "models", "trust"})
    plain["trust"] = " ".join(row.trust)
    plain["models"] = " ".join(row.models)
    for kind, side in (("linear", row.linear), ("full", row.full)):
        values = (
            side.model_dump(exclude={"tasks"}) if side else dict.fromkeys(SideValue.model_fields.keys() - {"tasks"})
        )
        for name in SideValue.model_fields:
            if name != "tasks":
                plain[f"{kind}_{name}"] = values[name]
    for key, fact in row.facts.items():
        plain[key] = fact.value
    return plain


def _typed(values: Sequence[Any]) -> Any:
    """One column: numbers of either kind are floating-point."""
    import pyarrow as pa

    known = [value for value in values if value is not None]
    if known and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known):
        return pa.array(values, type=pa.float64())
    return pa.array(values)


def _cells(board: Board, row: Row) -> Iterable[str]:
    yield row.title
    yield f"{row.entry.model.sparsity_target:.4g}"
    for side in board.sides:
        cell = row.cells[side.kind]
        yield "0" if cell.is_yardstick else f"{cell.text} {cell.spread}" if cell.change else "–"
        rank = row.ranks.get(side.kind)
        yield str(rank) if rank is not None else ""
    for column in board.columns:
        yield _fact(row.facts[column.key])


def _fact(fact: Fact) -> str:
    return "–" if fact.missing else f"{fact.text} {fact.small}".strip()


def _entry(key: str, **values: str) -> str:
    written = ",\n".join(f"  {name} = {{{_braced(value)}}}" for name, value in values.items())
    return f"@misc{{{key},\n{written}\n}}\n"


def _braced(text: str) -> str:
    """Commands of ours stand; everything else is text in which braces are in balance."""
    return text if text.startswith(r"\url{") else latex(text)


FORMATS: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "tex": "application/x-tex; charset=utf-8",
    "bib": "application/x-bibtex; charset=utf-8",
}
"""Endings and media types of the files."""


def board_file(catalogue: Catalogue, board: Board, ending: str, address: str) -> bytes:
    """The board in one of :data:`FORMATS`; ``address`` is that of the page."""
    if ending == "csv":
        return board_csv(board)
    made = {"parquet": board_parquet, "tex": board_latex, "bib": board_bibtex}[ending]
    return made(catalogue, board, address)
