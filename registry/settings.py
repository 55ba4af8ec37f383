"""Where the registry keeps things: read once from the environment, passed down ever after."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from zoo.core.home import home_folder

from .addresses import allowed_hubs
from .errors import SettingsError
from .quota_rules import Allowance

_QUOTA_DAYS = 7.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """``home`` holds whatever is not placed elsewhere; ``blobs`` is an fsspec address; tokens are never printed.

    ``more_hubs`` are hubs that may be asked besides Hugging Face and ``hub_endpoint``. ``quota`` is what an account
    may spend of evaluation; None: as much as it likes. ``server_url`` and ``server_token`` are the Prunarium server of
    the environment; a login is stored in ``home``.
    """

    home: Path
    database_url: str
    hub_endpoint: str | None
    hub_token: str | None = field(repr=False)
    blobs: str
    server_url: str | None = None
    server_token: str | None = field(default=None, repr=False)
    quota: Allowance | None = None
    more_hubs: tuple[str, ...] = ()

    @property
    def hubs(self) -> frozenset[str]:
        """The hubs whose models strangers may have evaluated here."""
        return allowed_hubs(self.hub_endpoint, self.more_hubs)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that the environment asks for; an empty value counts as unset.

    Read: ``PRUNARIUM_HOME``, ``PRUNARIUM_DATABASE_URL``, ``PRUNARIUM_BLOBS``, ``PRUNARIUM_URL`` with
    ``PRUNARIUM_TOKEN`` (a server, and the token for that server alone), ``PRUNARIUM_HUB`` and
    ``PRUNARIUM_HUB_TOKEN`` (these two fall back to ``HF_ENDPOINT`` and ``HF_TOKEN``), ``PRUNARIUM_QUOTA_MINUTES`` (of
    device time that an account may spend in any ``PRUNARIUM_QUOTA_DAYS``, by default 7), ``PRUNARIUM_HUB_ENDPOINTS``
    (further hubs that a server may be asked to take models from, with commas between).

    Raises :class:`SettingsError` for an address without a scheme, and for a quota that is no number above 0.

    >>> load_settings({"PRUNARIUM_HOME": "/srv/prunarium"}).database_url
    'sqlite:////srv/prunarium/catalogue.sqlite'
    """
    environ = os.environ if environ is None else environ
    home = home_folder(environ)
    return Settings(
        home=home,
        database_url=_address(environ, "PRUNARIUM_DATABASE_URL", f"sqlite:///{home}/catalogue.sqlite"),
        hub_endpoint=_hub(environ),
        hub_token=environ.get("PRUNARIUM_HUB_TOKEN") or environ.get("HF_TOKEN") or None,
        blobs=_address(environ, "PRUNARIUM_BLOBS", f"file://{home}/blobs"),
        server_url=environ.get("PRUNARIUM_URL") or None,
        server_token=environ.get("PRUNARIUM_TOKEN") or None,
        quota=_quota(environ),
        more_hubs=_more_hubs(environ),
    )


def _quota(environ: Mapping[str, str]) -> Allowance | None:
    minutes = _number(environ, "PRUNARIUM_QUOTA_MINUTES")
    return None if minutes is None else Allowance(minutes, _number(environ, "PRUNARIUM_QUOTA_DAYS") or _QUOTA_DAYS)


def _number(environ: Mapping[str, str], name: str) -> float | None:
    text = environ.get(name)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < inf:
        raise SettingsError(f"{name} is {text!r}: expected a number above 0.", f"For example {name}=60")
    return value


def _hub(environ: Mapping[str, str]) -> str | None:
    for name in ("PRUNARIUM_HUB", "HF_ENDPOINT"):
        if value := environ.get(name):
            if not value.startswith(("http://", "https://")):
                raise SettingsError(f"{name} is {value!r}: expected an address.", f"Set {name}=https://… or unset it.")
            return value.rstrip("/")
    return None


def _more_hubs(environ: Mapping[str, str]) -> tuple[str, ...]:
    found = tuple(part.rstrip("/") for part in re.split(r"[,\s]+", environ.get("PRUNARIUM_HUB_ENDPOINTS", "")) if part)
    for value in found:
        if not value.startswith(("http://", "https://")):
            raise SettingsError(
                f"PRUNARIUM_HUB_ENDPOINTS names {value!r}: expected addresses, with commas between.",
                "For example PRUNARIUM_HUB_ENDPOINTS=https://hub.example.org",
            )
    return found


def _address(environ: Mapping[str, str], name: str, default: str) -> str:
    value = environ.get(name) or default
    if "://" not in value:
        raise SettingsError(f"{name} is {value!r}: expected an address with a scheme.", f"For example {name}={default}")
    return value
