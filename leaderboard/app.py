"""The application: a list of decisions."""

from importlib.resources import files

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine
from starlette.middleware.gzip import GZipMiddleware

from registry.db.schema import check_schema, open_catalogue
from registry.rate_limits import TOKEN_USES, Meter
from registry.settings import Settings

from . import api, api_compare, api_models, api_receipts, api_robustness, api_submissions, api_work
from .body_limit import BodyLimit
from .catalogue import CatalogueCache
from .failures import install_error_pages
from .known_parameters import only_known_parameters
from .oidc import OpenIdClient
from .pages import PAGES
from .settings import SiteSettings
from .web import HeadAsGet, SecurityHeaders

_API = tuple(
    module.router for module in (api_compare, api_robustness, api, api_models, api_submissions, api_receipts, api_work)
)


def create_app(source: Engine | Settings, settings: SiteSettings | None = None) -> FastAPI:
    """The site over a catalogue.

    Never migrates: raises :class:`registry.errors.CatalogueError` with the command to type when the schema differs.
    FastAPI's own documentation pages load a CDN, so ``/api`` is a page of ours.
    """
    engine = open_catalogue(source, create=False) if isinstance(source, Settings) else source
    check_schema(engine)
    app = FastAPI(
        title="Prunarium",
        summary="Pruned ImageNet models, measured: the same data as the site, as JSON and CSV; and submissions.",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.engine = engine
    hub = source.hub_endpoint if isinstance(source, Settings) else None
    app.state.settings = settings or SiteSettings(hub_endpoint=hub)
    app.state.catalogue = CatalogueCache(engine)
    app.state.token_uses = Meter(TOKEN_USES)
    app.state.providers = {
        name: OpenIdClient(provider, f"{app.state.settings.site_address}/sign-in/done/{name}")
        for name, provider in app.state.settings.providers.items()
    }
    app.mount("/static", StaticFiles(directory=str(files("leaderboard").joinpath("static"))), name="static")
    for router in _API:
        app.include_router(router, dependencies=[Depends(only_known_parameters)])
    for page in PAGES:
        app.include_router(page, include_in_schema=False)
    install_error_pages(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(HeadAsGet)
    return app


def first_words() -> frozenset[str]:
    """What stands first in the addresses of the site: nothing else may be served there.

    >>> {"", "api", "models", "sign-in", "static"} <= first_words()
    True
    """
    paths = (getattr(route, "path", "") for router in (*_API, *PAGES) for route in router.routes)
    return frozenset({"static", *(path.split("/")[1] for path in paths if path)})
