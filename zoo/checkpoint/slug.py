"""The readable name of a curated model: ``method/architecture/sparsity[-variant]``."""

import re
from dataclasses import dataclass

from ..core.errors import UsageError

_SLUG = re.compile(
    r"(?P<method>[a-z0-9]+(?:[.-][a-z0-9]+)*)"
    r"/(?P<architecture>[a-z0-9]+(?:[._-][a-z0-9]+)*)"
    r"/(?P<sparsity>0\.[0-9]{2}|[0-9]+of[0-9]+)"
    r"(?:-(?P<variant>[a-z0-9]+(?:[.-][a-z0-9]+)*))?\Z"
)


@dataclass(frozen=True)
class Slug:
    """The parts of a slug; ``sparsity`` is the target of the prunable denominator (``0.90``) or N:M (``2of4``)."""

    method: str
    architecture: str
    sparsity: str
    variant: str | None = None

    def __str__(self) -> str:
        return f"{self.method}/{self.architecture}/{self.sparsity}" + (f"-{self.variant}" if self.variant else "")

    @property
    def repo_name(self) -> str:
        """The name of the Hub repository, without its namespace; also the name of the model's folder."""
        return str(self).replace("/", "-")


def is_slug(text: str) -> bool:
    """Whether ``text`` has the form of a slug (a Hub id has one slash only, so the two never meet)."""
    return _SLUG.match(text) is not None


def parse_slug(text: str) -> Slug:
    """The parts of a slug; raises :class:`UsageError` with an example.

    >>> parse_slug("gmp/resnet8-digits/0.90-s0").variant
    's0'
    """
    match = _SLUG.match(text)
    if match is None:
        raise UsageError(f"{text!r} is no slug.", "Expected method/architecture/sparsity[-variant]: gmp/resnet50/0.90")
    return Slug(**match.groupdict())
