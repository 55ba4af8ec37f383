"""Which board is asked for. The query string is the whole state: a view is its address."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import urlencode

from registry.errors import QueryError
from registry.query import parse

from .errors import BadTermsError, BadViewError

TRUST_LEVELS = {"all": None, "measured": ("measured", "rescored"), "reported": ("reported", "derived")}
ALL = "all"
NO_COLUMNS = "none"
DENSITIES = ("comfortable", "compact")
PAGE_ROWS, MOST_ROWS = 100, 1000
_BANDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)


@dataclass(frozen=True, kw_only=True)
class BoardQuery:
    """What the address says; None stands for the board's own choice.

    ``sparsity`` is a band such as ``0.90`` or ``all``, ``architecture`` may be ``all``, too; ``budget`` is a number of
    training epochs; ``q`` are terms of :mod:`registry.query`. ``sort`` is a column's key, with ``-`` in front for
    descending; ``columns`` are keys with commas between, or ``none``. ``page`` counts from 1, by ``rows``.
    """

    suite: str | None = None
    architecture: str | None = None
    sparsity: str | None = None
    budget: str | None = None
    trust: str | None = None
    q: str | None = None
    sort: str | None = None
    columns: str | None = None
    density: str | None = None
    rows: str | None = None
    page: str | None = None

    @classmethod
    def parse(cls, parameters: Iterable[tuple[str, str]]) -> "BoardQuery":
        """From the pairs of a query string. Raises :class:`BadViewError` for an unknown name or malformed value."""
        values: dict[str, str] = {}
        for name, value in parameters:
            if name not in cls.__dataclass_fields__:
                raise BadViewError(
                    f"A board has no setting {name!r}.", f"It has {', '.join(cls.__dataclass_fields__)}."
                )
            if value:
                # A form sends a column at a time.
                values[name] = f"{values[name]},{value}" if name == "columns" and name in values else value
        if "columns" in values:
            keys = dict.fromkeys(key.strip() for key in values["columns"].split(","))
            values["columns"] = ",".join(key for key in keys if key and key != NO_COLUMNS) or NO_COLUMNS
        query = cls(**values)
        if query.trust is not None and query.trust not in TRUST_LEVELS:
            raise BadViewError(f"There is no trust level {query.trust!r}.", f"Known: {', '.join(TRUST_LEVELS)}.")
        if query.density is not None and query.density not in DENSITIES:
            raise BadViewError(f"There is no density {query.density!r}.", f"Known: {', '.join(DENSITIES)}.")
        query.check_numbers()
        query.check_terms()
        return query

    def check_numbers(self) -> None:
        """Raises :class:`BadViewError` for what is not a number of its kind."""
        self.band()
        self.epochs()
        self.window()

    def check_terms(self) -> None:
        """Raises :class:`BadTermsError` for terms that cannot be understood; the order is the board's own."""
        try:
            terms = parse(self.q or "")
        except QueryError as error:
            raise BadTermsError(error.message, error.hint) from error
        if terms.sort:
            raise BadTermsError(
                "A board is sorted by its own columns.", "Leave sort= out of q, and give sort by itself."
            )

    def epochs(self) -> float | None:
        """The wanted training budget; None for every one."""
        if self.budget in (None, ALL):
            return None
        value = _number(self.budget or "")
        if value is None or not value > 0:
            raise BadViewError(f"A budget is a number of training epochs or 'all', not {self.budget!r}.", "budget=100")
        return value

    def window(self) -> slice:
        """The rows of the page: the first hundred unless the address says more."""
        rows, page = (
            _number(text) if text is not None else default for text, default in ((self.rows, PAGE_ROWS), (self.page, 1))
        )
        if rows is None or rows != int(rows) or not 1 <= rows <= MOST_ROWS:
            raise BadViewError(f"A page has 1 to {MOST_ROWS} rows, not {self.rows!r}.", f"rows={PAGE_ROWS}")
        if page is None or page != int(page) or not 1 <= page <= 1_000_000:
            raise BadViewError(f"Pages are counted from 1; there is none {self.page!r}.", "page=1")
        return slice(int((page - 1) * rows), int(page * rows))

    def band(self) -> float | None:
        """The wanted sparsity as a fraction; None for the board's own choice and for ``all``."""
        if self.sparsity in (None, ALL):
            return None
        value = _number(self.sparsity or "")
        if value is None or not 0 <= value < 1:
            raise BadViewError(
                f"A sparsity is a fraction from 0 to below 1 or 'all', not {self.sparsity!r}.",
                "For example sparsity=0.90",
            )
        return band_of(value)

    def address(self, path: str = "/", **changes: str | None) -> str:
        """The same view with ``changes``, as a link; every change but that of the page leads to the first one."""
        changed = replace(self, **({"page": None} | changes))
        pairs = {name: value for name, value in vars(changed).items() if value is not None}
        return f"{path}?{urlencode(pairs)}" if pairs else path


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@lru_cache(4096)
def band_of(sparsity: float) -> float:
    """The band that a sparsity belongs to: published models of "90 %" were made at 0.89 to 0.9023.

    >>> band_of(0.89), band_of(0.9515), band_of(0.965)
    (0.9, 0.95, 0.965)
    """
    nearest = min(_BANDS, key=lambda band: abs(band - sparsity))
    return nearest if abs(nearest - sparsity) <= 0.0125 else round(sparsity, 3)


def band_key(band: float) -> str:
    """The band as the address writes it.

    >>> band_key(0.9), band_key(0.965)
    ('0.90', '0.965')
    """
    return f"{band:.2f}" if round(band, 2) == band else f"{band:.3g}"
