"""Which models stand side by side. The query string is the whole state: a comparison is its address."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from .errors import BadViewError

FEWEST, MOST = 2, 5


@dataclass(frozen=True, kw_only=True)
class CompareQuery:
    """The models of an address, each once, and the one that the others are held against (else the first dense one)."""

    models: tuple[str, ...] = ()
    against: str | None = None

    @classmethod
    def parse(cls, parameters: Iterable[tuple[str, str]]) -> "CompareQuery":
        """From the pairs of a query string. Raises :class:`BadViewError` for other settings."""
        models: dict[str, None] = {}
        against = None
        for name, value in parameters:
            if name == "models":
                models.update(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
            elif name == "against":
                against = value or None
            else:
                raise BadViewError(f"A comparison has no setting {name!r}.", "It has models and against.")
        if against is not None and against not in models:
            raise BadViewError(f"{against!r} is none of the models that are compared.", "Name it in models, too.")
        return cls(models=tuple(models), against=against)

    def check(self) -> None:
        """Raises :class:`BadViewError` for too many models."""
        if len(self.models) > MOST:
            raise BadViewError(f"At most {MOST} models stand side by side, not {len(self.models)}.", "Leave some out.")

    def address(self, path: str = "/compare", *, without: str | None = None, against: str | None = None) -> str:
        """The same comparison as a link, without one model, or against another."""
        models = [name for name in self.models if name != without]
        reference = against or self.against
        pairs = [("models", name) for name in models]
        if reference in models and reference is not None:
            pairs.append(("against", reference))
        return f"{path}?{urlencode(pairs, safe='/@')}" if pairs else path
