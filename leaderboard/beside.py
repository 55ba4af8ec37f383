"""``prunarium serve --hub /hf``: the site and the embedded hub of this machine, under one address."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Engine
from starlette.types import ASGIApp

from registry.hub_server.base_address import told_address
from registry.hub_server.mounting import Beside, prefix_path
from registry.hub_server.serving import HubFolder, make_app

from .app import create_app, first_words
from .errors import SiteSettingError
from .settings import SiteSettings


def hub_address(settings: SiteSettings) -> str:
    """What clients of the hub below ``hub_prefix`` are told that its address is.

    Raises :class:`~zoo.core.errors.UsageError` for a prefix that is no path or hides pages of the site, a base address
    that is none, and a host that no client could be told.
    """
    base = told_address(settings.base_url, settings.host) or settings.address.rstrip("/")
    prefix = prefix_path(settings.hub_prefix or "")
    if (first := prefix.split("/")[1]) in first_words():
        raise SiteSettingError(f"/{first} is the site's own.", "Choose another path for the hub: --hub /hf")
    return base + prefix


@contextmanager
def site_with_hub(catalogue: Engine, settings: SiteSettings, folder: HubFolder) -> Iterator[ASGIApp]:
    """The site over a catalogue with the hub of a folder beside it, while the block lasts.

    Models of that hub may be submitted, also where another hub is set. Raises what :func:`hub_address` and opening the
    catalogue or the hub raise.
    """
    address = hub_address(settings)
    site = create_app(
        catalogue,
        replace(settings, hub_endpoint=settings.hub_endpoint or address, more_hubs=(*settings.more_hubs, address)),
    )
    engine = folder.open_engine()
    try:
        yield Beside(site, make_app(folder, engine, address), settings.hub_prefix or "")
    finally:
        engine.dispose()
