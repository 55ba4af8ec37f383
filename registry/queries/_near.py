"""Why a query found nothing: the values in it that no model has, and the nearest that one has."""

from difflib import get_close_matches

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..query import FIELDS, Comparison, Kind, Query, Word
from ._fields import COLUMNS, joined
from ._text import fold

_MOST_NAMES = 5


def near_misses(session: Session, query: Query) -> tuple[str, ...]:
    """One sentence for each value that is asked for by ``=`` and that no model has, such as a misspelt method, and for
    each word that would be a name with other signs in it.
    """
    notes = []
    for term in query.terms:
        if isinstance(term, Word) and not term.negated:
            notes += _respelt(session, term.text)
        if not isinstance(term, Comparison) or term.operator != "=" or term.negated or not _is_free_text(term.field):
            continue
        known = _values(session, term.field)
        for value in dict.fromkeys(value for value in term.values if isinstance(value, str)):
            if fold(value) not in known:
                notes.append(f"No model has {term.field}={value}{_instead(fold(value), known)}")
    return tuple(notes)


def _respelt(session: Session, word: str) -> list[str]:
    """A method or network that is this word but for signs between its letters: "acdc", "resnet-50"."""
    for name in ("method", "architecture"):
        for value in sorted(_values(session, name).values()):
            if _letters(value) == _letters(word) and fold(word) not in fold(value):
                return [f"No name has {word}; did you mean {value}?"]
    return []


def _letters(text: str) -> str:
    return "".join(letter for letter in fold(text) if letter.isalnum())


def _is_free_text(name: str) -> bool:
    return name in COLUMNS and FIELDS[name].kind is Kind.TEXT


def _values(session: Session, name: str) -> dict[str, str]:
    """Every value of a field, by the form in which values are compared."""
    found = [session.scalars(joined(select(column), [name]).distinct()) for column in COLUMNS[name]]
    return {fold(value): value for column in found for value in column if value is not None}


def _instead(value: str, known: dict[str, str]) -> str:
    near = get_close_matches(value, known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {known[near[0]]}?"
    return f"; there are: {', '.join(sorted(known.values()))}." if 0 < len(known) <= _MOST_NAMES else "."
