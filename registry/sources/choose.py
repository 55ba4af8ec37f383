"""Which source answers: the first of those that this machine has."""

from ..db.schema import open_catalogue
from ..settings import Settings
from .local import LocalSource
from .source import Source


def choose_source(settings: Settings) -> Source:
    """The source that the settings mean; nothing is asked yet."""
    return LocalSource(open_catalogue(settings))
