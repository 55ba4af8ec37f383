"""Tables as files: CSV, Parquet, LaTeX and BibTeX, whatever the table is about."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .catalogue import Catalogue

_ARXIV = re.compile(r"(?:arXiv[: ]|arxiv\.org/abs/)(\d{4}\.\d{4,5})")
_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "±": r"$\pm$", "–": "--", "Δ": r"$\Delta$",
    "†": r"\dag{}", "‡": r"\ddag{}", "§": r"\S{}", "¶": r"\P{}", "\u2009": r"\,", "\u00a0": "~",
}  # fmt: skip

FORMATS: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "tex": "application/x-tex; charset=utf-8",
    "bib": "application/x-bibtex; charset=utf-8",
}
"""Endings and media types of the files."""

LINKS: Mapping[str, str] = {"CSV": ".csv", "JSON": "", "Parquet": ".parquet", "LaTeX": ".tex", "BibTeX": ".bib"}
"""What a page calls the files of its table, and what their addresses end in."""


def csv_file(columns: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> bytes:
    """One line per mapping under a line of the columns, which are the keys of each."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def parquet_file(columns: Sequence[str], lines: Sequence[Mapping[str, Any]], origin: Mapping[str, str]) -> bytes:
    """The lines of the CSV as Parquet (zstd); where they come from is in the schema's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: _typed([line[name] for line in lines]) for name in columns})
    table = table.replace_schema_metadata(dict(origin))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    written: bytes = sink.getvalue().to_pybytes()
    return written


def latex_file(
    remarks: Iterable[str], heads: Sequence[str], blocks: Iterable[Iterable[Sequence[str]]], *, left: int
) -> bytes:
    """A ``tabular`` for the booktabs package under ``remarks``; a rule before each block, ``left`` columns of words."""
    lines = [
        *(f"% {' '.join(remark.split())}" for remark in remarks),
        r"% \usepackage{booktabs}",
        rf"\begin{{tabular}}{{{'l' * left}{'r' * (len(heads) - left)}}}",
        r"\toprule",
        " & ".join(latex(head) for head in heads) + r" \\",
    ]
    for rows in blocks:
        lines += [r"\midrule", *(" & ".join(latex(cell) for cell in row) + r" \\" for row in rows)]
    return ("\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n").encode()


def bibtex_file(catalogue: Catalogue, names: Iterable[str], title: str, note: str, address: str) -> bytes:
    """The view itself, the paper of every method in it, and where its models' reported numbers come from."""
    models = [catalogue.models[name] for name in dict.fromkeys(names)]
    note = f"{note} Catalogue {catalogue.version}"
    entries = [_entry("prunarium", title=title, howpublished=rf"\url{{{address}}}", note=note)]
    methods = {method.name: method for model in models if (method := catalogue.method_of(model)) is not None}
    for method in methods.values():
        if method.paper:
            found = _ARXIV.search(method.paper)
            eprint = {"eprint": found[1], "archiveprefix": "arXiv"} if found else {"note": method.paper}
            paper = _ARXIV.sub("", method.paper).replace("()", "").strip(" ()") if found else ""
            entries.append(_entry(f"method-{method.name}", title=paper or method.title, **eprint))
    sources = {result.source for model in models for result in catalogue.results_of(model.name) if result.source}
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


def _typed(values: Sequence[Any]) -> Any:
    """One column: numbers of either kind are floating-point."""
    import pyarrow as pa

    known = [value for value in values if value is not None]
    if known and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known):
        return pa.array(values, type=pa.float64())
    return pa.array(values)


def _entry(key: str, **values: str) -> str:
    written = ",\n".join(f"  {name} = {{{_braced(value)}}}" for name, value in values.items())
    return f"@misc{{{key},\n{written}\n}}\n"


def _braced(text: str) -> str:
    """Commands of ours stand; everything else is text in which braces are in balance."""
    return text if text.startswith(r"\url{") else latex(text)
