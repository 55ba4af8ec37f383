"""Which board is asked for. The query string is the whole state: a view is its address."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

from .errors import BadViewError

TRUST_LEVELS = {"all": None, "measured": ("measured", "rescored"), "reported": ("reported", "derived")}
ALL = "all"
_BANDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)


@dataclass(frozen=True, kw_only=True)
class BoardQuery:
    """What the address says; None stands for the board's own choice.

    ``sparsity`` is a band such as ``0.90`` or ``all``; ``sort`` is a column's key, with ``-`` in front for descending.
    """

    suite: str | None = None
    architecture: str | None = None
    sparsity: str | None = None
    trust: str | None = None
    sort: str | None = None

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
                values[name] = value
        query = cls(**values)
        if query.trust is not None and query.trust not in TRUST_LEVELS:
            raise BadViewError(f"There is no trust level {query.trust!r}.", f"Known: {', '.join(TRUST_LEVELS)}.")
        query.band()
        return query

    def band(self) -> float | None:
        """The wanted sparsity as a fraction; None for the board's own choice and for ``all``."""
        if self.sparsity in (None, ALL):
            return None
        try:
            value = float(self.sparsity or "")
        except ValueError:
            value = -1.0
        if not 0 <= value < 1:
            raise BadViewError(
                f"A sparsity is a fraction from 0 to below 1 or 'all', not {self.sparsity!r}.",
                "For example sparsity=0.90",
            )
        return band_of(value)

    def address(self, path: str = "/", **changes: str | None) -> str:
        """The same view with ``changes``, as a link."""
        changed = replace(self, **changes)
        pairs = {name: value for name, value in asdict(changed).items() if value is not None}
        return f"{path}?{urlencode(pairs)}" if pairs else path


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
