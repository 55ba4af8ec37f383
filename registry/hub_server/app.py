"""The embedded hub: the Hugging Face Hub protocol for models and data sets, for unmodified clients.

Source of the protocol: measured with ``huggingface_hub`` 0.36 to 2.4 and ``hf-xet`` 1.8; the public texts are the
Git LFS batch API (git-lfs ``docs/api/batch.md``) and xet-core's ``openapi/cas.openapi.yaml`` (Apache-2.0).
"""

from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import Engine

from . import (
    answers,
    middleware,
    routes_account,
    routes_commit,
    routes_discussions,
    routes_gates,
    routes_info,
    routes_lfs,
    routes_pages,
    routes_parts,
    routes_people,
    routes_refs,
    routes_repo,
    routes_resolve,
    routes_tree,
    routes_upload,
    routes_xet,
)
from .hub import open_hub
from .records import Limits

# resolve and the pages have the widest patterns, so they come last.
_ROUTERS = (
    routes_account.router,
    routes_repo.router,
    routes_tree.router,
    routes_refs.router,
    routes_discussions.router,
    routes_gates.router,
    routes_people.router,
    routes_upload.router,
    routes_commit.router,
    routes_info.router,
    routes_lfs.router,
    routes_parts.router,
    routes_xet.router,
    routes_resolve.router,
    routes_pages.router,
)


def create_hub_app(engine: Engine, store: Path, base_url: str, limits: Limits | None = None) -> FastAPI:
    """The hub over a database whose schema is current and a folder of bytes.

    ``base_url`` is how clients reach it, prefix included (``https://hub.example/hf``): every address in an answer
    starts with it, because clients send their token to those addresses. The app may be mounted under that prefix.
    """
    app = FastAPI(
        title="Prunarium hub", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, debug=False
    )
    app.state.hub = open_hub(engine, store, base_url, limits or Limits())
    for router in _ROUTERS:
        app.include_router(router)
    answers.install_error_handlers(app)
    app.add_middleware(middleware.SecurityHeaders)
    app.add_middleware(middleware.RawPath)
    return app
