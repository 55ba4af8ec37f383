"""Two plain pages for people with a browser: what is here, and what one repository holds."""

from itertools import islice
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from .access import MaybeCaller, Readable, TheHub
from .contents import card_of, small_text
from .errors import RevisionNotFoundError
from .names import KINDS
from .pages import RepositoriesPage, RepositoryPage, content_security_policy, render, repositories_page, repository_page
from .parsing import query_text
from .queries import history, repos
from .records import Repo
from .routes_info import cursor_key, cursor_text

router = APIRouter()
_ROWS = 100


@router.api_route("/", methods=["GET", "HEAD"])
def index(request: Request, caller: MaybeCaller, hub: TheHub) -> HTMLResponse:
    """Every repository that the caller may know of, the last changed first."""
    text = (query_text(request, "q") or "").strip()
    after, seen = cursor_key(request.query_params.get("cursor")), caller.namespaces if caller else ()
    with hub.reading() as session:
        found: list[Repo] = []
        for kind in KINDS:
            wanted = repos.Search(kind, seen=seen, text=text or None)
            found += islice(repos.search_repos(session, wanted, after, batch=_ROWS + 1), _ROWS + 1)
    found.sort(key=lambda repo: (repo.updated_us, repo.id), reverse=True)
    shown, more = found[:_ROWS], None
    if len(found) > _ROWS:
        query = {"q": text} if text else {}
        more = hub.url(f"?{urlencode(query | {'cursor': cursor_text(shown[-1].updated_us, shown[-1].id)})}")
    return _page(repositories_page(hub, text, shown, more))


@router.api_route("/datasets/{namespace}/{name}", methods=["GET", "HEAD"])
@router.api_route("/{namespace}/{name}", methods=["GET", "HEAD"])
def one(repo: Readable, request: Request, hub: TheHub) -> HTMLResponse:
    """A repository at ``?revision=`` (default: main). Of a gated one the card stays closed, the names are open."""
    revision = query_text(request, "revision") or "main"
    with hub.reading() as session:
        commit = history.resolve(session, repo.id, revision)
        if commit is None:
            raise RevisionNotFoundError(f"Invalid rev id: {revision[:100]!a}")
        entries, line = history.entries(session, commit.id), history.ancestry(session, repo.id, commit)
        references = history.list_refs(session, repo.id)
    readme = next((entry for entry in entries if entry.path == "README.md"), None)
    text = None if repo.gate else small_text(hub, readme)
    tags = card_of(hub, readme).tags()
    return _page(repository_page(hub, repo, revision, entries, line, references, tags, text))


def _page(page: RepositoriesPage | RepositoryPage) -> HTMLResponse:
    headers = {"Content-Security-Policy": content_security_policy(), "Vary": "Authorization"}
    return HTMLResponse(render(page), headers=headers)
