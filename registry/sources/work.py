"""What a server answers to a worker without the database; :mod:`registry.work` says how the two speak."""

from dataclasses import dataclass
from typing import Literal

from ..work import Offer


@dataclass(frozen=True)
class Offered:
    """A job to do; None where there is none now."""

    offer: Offer | None


@dataclass(frozen=True)
class Ended:
    """The state of the job after the call."""

    state: Literal["leased", "queued", "failed"]


@dataclass(frozen=True)
class Missing:
    """Files that the server does not have yet."""

    sha256: tuple[str, ...]


@dataclass(frozen=True)
class Delivered:
    """Whether this call delivered; False where the attempt had delivered before."""

    new: bool
