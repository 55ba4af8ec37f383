"""The query language of the catalogue: one text, the same answer in the shell, in Python, in the API and on the site.

Pure: a text becomes a :class:`Query` and back. What it means in SQL is in :mod:`registry.queries.find`. For people:
docs/queries.md.
"""

from .fields import FIELDS, SAME_TARGET, Field, Kind, kind_of
from .metric_name import MetricName
from .parser import parse
from .syntax import Comparison, Has, Query, Range, Sort, Term, Word

__all__ = [
    "FIELDS",
    "SAME_TARGET",
    "Comparison",
    "Field",
    "Has",
    "Kind",
    "MetricName",
    "Query",
    "Range",
    "Sort",
    "Term",
    "Word",
    "kind_of",
    "parse",
]
