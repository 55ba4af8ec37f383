"""What the site raises.

LeaderboardError
├── BadViewError        an address asks for something that no board has (HTTP 400, exit code 2)
├── NotFoundError       no such model, task, method or page (HTTP 404, exit code 2)
├── SiteSettingError    a host or port that cannot be served on (exit code 2)
└── PortTakenError      another program answers on the wanted port
"""

from zoo.core.errors import PrunariumError, UsageError


class LeaderboardError(PrunariumError):
    """Base of this package's errors."""


class BadViewError(LeaderboardError, UsageError):
    """The query string, or the options of ``prunarium board``, name something that does not exist."""


class NotFoundError(LeaderboardError, UsageError):
    """There is nothing at this address."""


class SiteSettingError(LeaderboardError, UsageError):
    """A host or port that cannot be served on."""


class PortTakenError(LeaderboardError):
    """Another program answers on the wanted port."""
