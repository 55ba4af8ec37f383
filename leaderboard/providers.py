"""Which OpenID Connect providers people may sign in with: read from the environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from registry.server_address import ServerAddress

from .errors import SiteSettingError

_PREFIX: Final = "PRUNARIUM_SIGN_IN_"
_NAME: Final = re.compile(r"PRUNARIUM_SIGN_IN_([A-Z0-9_]+)_CLIENT_ID\Z")
_KNOWN: Final = {"huggingface": ("https://huggingface.co", "Hugging Face")}


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One provider: ``name`` stands in addresses, ``title`` on the button; without a secret the client is public."""

    name: str
    title: str
    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)


def providers_of(environ: Mapping[str, str]) -> dict[str, Provider]:
    """The providers of ``PRUNARIUM_SIGN_IN_<NAME>_CLIENT_ID``, ``…_CLIENT_SECRET``, ``…_ISSUER`` and ``…_TITLE``.

    The issuer of ``HUGGINGFACE`` is known. Raises :class:`~leaderboard.errors.SiteSettingError` for another one without
    an issuer, and for an issuer that is not reached by https (or on this machine).

    >>> providers_of({"PRUNARIUM_SIGN_IN_HUGGINGFACE_CLIENT_ID": "abc"})["huggingface"].issuer
    'https://huggingface.co'
    """
    names = sorted(found[1] for name, value in environ.items() if value and (found := _NAME.match(name)))
    made = (_provider(name, environ) for name in names)
    return {provider.name: provider for provider in made}


def _provider(upper: str, environ: Mapping[str, str]) -> Provider:
    name = upper.lower().replace("_", "-")
    issuer, title = _KNOWN.get(name, ("", name.replace("-", " ").capitalize()))
    issuer = environ.get(f"{_PREFIX}{upper}_ISSUER") or issuer
    if not issuer:
        raise SiteSettingError(
            f"{_PREFIX}{upper}_ISSUER is not set.", "Set it to the provider's address, such as https://id.example.org"
        )
    if not ServerAddress.parse(issuer).keeps_secrets:
        raise SiteSettingError(f"{_PREFIX}{upper}_ISSUER is {issuer!r}: not reached by https.", "Use https://…")
    return Provider(
        name=name,
        title=environ.get(f"{_PREFIX}{upper}_TITLE") or title,
        issuer=issuer,
        client_id=environ[f"{_PREFIX}{upper}_CLIENT_ID"],
        client_secret=environ.get(f"{_PREFIX}{upper}_CLIENT_SECRET") or None,
    )
