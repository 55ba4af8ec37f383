"""What the site raises.

LeaderboardError
├── BadViewError        an address asks for something that no board has (HTTP 400, exit code 2)
│   └── BadTermsError   its terms cannot be understood, and everything else can
├── NotFoundError       no such model, task, method or page (HTTP 404, exit code 2)
├── SignInNeededError   nobody is signed in (a page leads to the sign-in, the API answers 401)
├── ForbiddenError      somebody is, who may not do that (HTTP 403)
├── StaleFormError      a form without the token of this browser (HTTP 403)
├── SignInFailedError   a provider did not vouch for the reader (HTTP 400)
├── SiteSettingError    a host or port that cannot be served on (exit code 2)
└── PortTakenError      another program answers on the wanted port
"""

from zoo.core.errors import PrunariumError, UsageError


class LeaderboardError(PrunariumError):
    """Base of this package's errors."""


class BadViewError(LeaderboardError, UsageError):
    """The query string, or the options of ``prunarium board``, name something that does not exist."""


class BadTermsError(BadViewError):
    """The terms of a view cannot be understood; without them it is one."""


class NotFoundError(LeaderboardError, UsageError):
    """There is nothing at this address."""


class SignInNeededError(LeaderboardError):
    """Nobody is signed in, and this needs somebody."""


class ForbiddenError(LeaderboardError):
    """Who is signed in may not do that."""


class StaleFormError(LeaderboardError):
    """A form was sent that this site did not give to this browser, or gave before it signed in or out."""


class SignInFailedError(LeaderboardError):
    """A provider did not vouch for the reader, or cannot be asked."""


class SiteSettingError(LeaderboardError, UsageError):
    """A host or port that cannot be served on."""


class PortTakenError(LeaderboardError):
    """Another program answers on the wanted port."""
