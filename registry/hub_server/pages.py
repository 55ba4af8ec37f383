"""The hub's two pages as values: what a template may show, and nothing it has to work out."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .answers import iso_time
from .hub import Hub
from .queries.history import HEADS, TAGS
from .records import Commit, Entry, Ref, Repo

_FILES, _COMMITS = 500, 20
_KIND = {"models": "model", "datasets": "data set"}


@dataclass(frozen=True)
class RepositoriesPage:
    """``repositories.html``: public repositories, the last changed first."""

    title: str
    home: str
    query: str
    rows: list[dict[str, str | None]]
    more: str | None


@dataclass(frozen=True)
class RepositoryPage:
    """``repository.html``: one repository at one revision."""

    title: str
    home: str
    name: str
    kind: str
    address: str
    revision: str
    changed: str
    gate: str | None
    tags: list[str]
    files: list[dict[str, str]]
    hidden_files: int
    readme: str | None
    commits: list[dict[str, str]]
    references: list[dict[str, str]]


def repositories_page(hub: Hub, query: str, found: Sequence[Repo], more: str | None) -> RepositoriesPage:
    """The page of these repositories."""
    rows: list[dict[str, str | None]] = [
        {
            "href": hub.url(repo.web_path),
            "name": repo.full_name,
            "kind": _KIND[repo.kind],
            "gate": repo.gate,
            "changed": _day(repo.updated_us),
        }
        for repo in found
    ]
    return RepositoriesPage("Models and data sets", hub.base_url, query, rows, more)


def repository_page(
    hub: Hub,
    repo: Repo,
    revision: str,
    entries: Sequence[Entry],
    line: Sequence[Commit],
    references: Sequence[Ref],
    tags: Sequence[str],
    readme: str | None,
) -> RepositoryPage:
    """The page of a repository; ``line`` is its history, newest first."""
    address = hub.url(repo.web_path)
    at = f"{address}/resolve/{quote(revision, safe='')}/"
    shown = [
        {"href": at + quote(entry.path), "path": entry.path, "size": size_text(entry.size)}
        for entry in entries[:_FILES]
    ]
    commits = [
        {
            "title": commit.title,
            "author": commit.author,
            "changed": _day(commit.at_us),
            "short": commit.oid[:8],
            "href": f"{address}?revision={commit.oid}",
        }
        for commit in line[:_COMMITS]
    ]
    return RepositoryPage(
        title=repo.full_name,
        home=hub.base_url,
        name=repo.full_name,
        kind=_KIND[repo.kind],
        address=address,
        revision=revision,
        changed=_day(line[0].at_us),
        gate=repo.gate,
        tags=list(tags),
        files=shown,
        hidden_files=max(0, len(entries) - _FILES),
        readme=readme,
        commits=commits,
        references=[_reference(address, ref) for ref in references if ref.name.startswith((HEADS, TAGS))],
    )


def render(page: RepositoriesPage | RepositoryPage) -> str:
    """HTML; every value is escaped, but for our own style sheet."""
    template = "repositories.html" if isinstance(page, RepositoriesPage) else "repository.html"
    return _environment().get_template(template).render(**asdict(page), style=Markup(style()))  # noqa: S704 - a file of ours


def content_security_policy() -> str:
    """Nothing but our one style sheet, and the search form; no script at all."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@lru_cache(maxsize=1)
def style() -> str:
    """The style sheet."""
    return files(__package__).joinpath("templates/style.css").read_text(encoding="utf-8")


def size_text(size: int) -> str:
    """Bytes for people.

    >>> size_text(999), size_text(102_400_000)
    ('999 B', '102.4 MB')
    """
    number, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 999.95 or unit == "TB":
            break
        number /= 1000
    return f"{size} B" if unit == "B" else f"{number:.1f} {unit}"


def _reference(address: str, ref: Ref) -> dict[str, str]:
    name = ref.name.removeprefix(HEADS).removeprefix(TAGS)
    kind = "tag" if ref.name.startswith(TAGS) else "branch"
    return {"name": name, "kind": kind, "href": f"{address}?revision={quote(name, safe='')}"}


def _day(at_us: int) -> str:
    return iso_time(at_us)[:10]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(str(__package__), "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
