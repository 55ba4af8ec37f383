"""Which checkpoint to take: a few questions, and the group of best ones that the noise cannot tell apart. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from registry.query import SAME_TARGET
from registry.records import ModelRecord

from .board import Board, Row, make_board
from .catalogue import Catalogue
from .cells import Side
from .errors import BadViewError
from .formats import percent_of
from .ranking import Rank, ranks
from .view import ALL, BoardQuery

USES = {"frozen": "linear", "fine-tuned": "full"}
LICENCES = ("any", "stated", "commercial")
_COMMERCIAL = ("mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "isc", "cc0-1.0", "cc-by-4.0")
ANY = "any"
_TO_HAVE = "can be had"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """The answers to the questions; None stands for the page's own.

    ``sparsity`` is the least that will do; ``licence`` is ``any``, ``stated`` or ``commercial``; ``engine`` names what
    the network shall run on and be faster there for its zeros.
    """

    use: str = "fine-tuned"
    sparsity: str = "0.90"
    architecture: str | None = None
    licence: str = ANY
    engine: str = ANY
    suite: str | None = None

    @classmethod
    def parse(cls, parameters: Iterable[tuple[str, str]]) -> "Wish":
        """From the pairs of a query string. Raises :class:`BadViewError` for what is no question or no answer to it."""
        known = {field.name for field in fields(cls)}
        values: dict[str, str] = {}
        for name, value in parameters:
            if name not in known:
                raise BadViewError(f"There is no question {name!r}.", f"There are {', '.join(sorted(known))}.")
            if value:
                values[name] = value
        wish = cls(**values)
        for name, allowed in (("use", tuple(USES)), ("licence", LICENCES)):
            if getattr(wish, name) not in allowed:
                raise BadViewError(f"{getattr(wish, name)!r} is no {name}.", f"One of {', '.join(allowed)}.")
        if wish.sparsity == ALL:
            raise BadViewError("How sparse must it be?", "For example sparsity=0.90")
        BoardQuery(sparsity=wish.sparsity).band()
        return wish

    @property
    def address(self) -> str:
        """The page with these answers."""
        pairs = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        return f"/choose?{urlencode(pairs)}"


@dataclass(frozen=True)
class Candidate:
    """A checkpoint that fits, and its rank among all that do; None without an interval."""

    row: Row
    rank: Rank | None


@dataclass(frozen=True)
class Advice:
    """``best`` cannot be told apart from the best; the sparsest of them stands first. ``others`` fit and are worse, or
    have no interval. ``why`` says how they were found, or what stood in the way; ``board`` holds all of them."""

    board: Board
    side: Side | None
    best: tuple[Candidate, ...]
    others: tuple[Candidate, ...]
    why: str


def advise(catalogue: Catalogue, wish: Wish, is_faster: Callable[[ModelRecord], bool]) -> Advice:
    """``is_faster`` says of a model whether the wished engine skips work at its zeros; asked only where one is wished.

    Raises :class:`BadViewError` for an unknown suite.
    """
    board = make_board(
        catalogue, BoardQuery(suite=wish.suite, architecture=wish.architecture, sparsity=ALL, sort="name")
    )
    side = next((side for side in board.sides if side.kind == USES[wish.use]), None)
    if side is None:
        return Advice(board, None, (), (), "No suite here measures that use yet.")
    steps = (
        (f"at {percent_of(_least(wish))} sparsity or more", lambda row: _sparsity(row) >= _least(wish) - SAME_TARGET),
        (_TO_HAVE, lambda row: row.access.tone == "ok"),
        (f"with a {wish.licence} licence", lambda row: _licensed(row, wish.licence)),
        (f"faster on {wish.engine}", lambda row: wish.engine == ANY or is_faster(row.entry.model)),
        ("measured on every task", lambda row: row.cells[side.kind].change is not None),
    )
    left: list[Row] = list(board.rows)
    gone = ""
    for words, fits in steps:
        kept = [row for row in left if fits(row)]
        if words == _TO_HAVE and len(kept) < len(left):
            names = dict.fromkeys(f"{row.title} ({row.access.label})" for row in left if row not in kept)
            gone = f" Left out, because they cannot be had: {', '.join(names)}."
        if not kept:
            return Advice(board, side, (), (), f"Of {len(left)} checkpoints that fit so far, none {_verb(words)}.")
        left = kept
    advice = _ranked(board, side, left)
    return replace(advice, why=advice.why + gone)


def _ranked(board: Board, side: Side, rows: Sequence[Row]) -> Advice:
    found = ranks([row.cells[side.kind].change for row in rows])
    candidates = [Candidate(row, rank) for row, rank in zip(rows, found, strict=True)]
    best = sorted((one for one in candidates if one.rank is not None and one.rank.may_be_first), key=_preference)
    others = sorted((one for one in candidates if one not in best), key=lambda one: _value(one, side))
    unranked = sum(one.rank is None for one in candidates)
    if not best:
        fit = "One fits, and it has no" if len(rows) == 1 else f"{len(rows)} fit, and none has an"
        why = f"{fit} interval that would rank it."
    elif len(rows) == 1:
        why = "It is the only one that fits."
    elif len(best) == 1:
        why = f"Of {len(rows)} that fit, it is resolvably the best."
    else:
        why = (
            f"{len(best)} of {len(rows)} that fit cannot be told apart: take the sparsest, or the one that you can get."
        )
    if best and unranked:
        why += f" {unranked} without an interval {'is' if unranked == 1 else 'are'} not ranked."
    return Advice(board, side, tuple(best), tuple(others), why)


def _preference(candidate: Candidate) -> tuple[float, str]:
    return -candidate.row.entry.model.sparsity_target, candidate.row.name


def _value(candidate: Candidate, side: Side) -> float:
    change = candidate.row.cells[side.kind].change
    return change.value if change is not None else float("inf")


def _sparsity(row: Row) -> float:
    return row.entry.model.sparsity_target


def _least(wish: Wish) -> float:
    return BoardQuery(sparsity=wish.sparsity).band() or 0.0


def _licensed(row: Row, wanted: str) -> bool:
    model = row.entry.model
    licence = (model.licence or model.source_licence or "").lower()
    return wanted == ANY or (bool(licence) and (wanted == "stated" or licence in _COMMERCIAL))


def _verb(words: str) -> str:
    return words if words.startswith("can") else f"is {words}"
