"""What somebody who submits a model means: which repository at which revision, and which suite."""

import re
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy.orm import Session

from zoo.checkpoint.slug import is_slug
from zoo.core.errors import UsageError

from . import queries
from .addresses import HUGGING_FACE, Address, parse_address
from .errors import UnknownRecordError
from .records import ModelRecord

# What git allows in the name of a branch or tag, and no more than a hub takes.
_REVISION = re.compile(r"(?!.*\.\.)[^\s\x00-\x1f\x7f~^:?*\[\\@]{1,200}\Z")

_COMMIT = re.compile(r"[0-9a-f]{7,40}\Z")


class Place(NamedTuple):
    """A repository on a hub at a revision (a commit, a tag or a branch; the check pins it to a commit)."""

    hub_endpoint: str
    hub_repo: str
    revision: str


def resolve_target(
    session: Session, text: str, hub_endpoint: str | None, *, allowed: Collection[str] | None = None
) -> Place:
    """The repository of a Hub id, address or slug; without ``@revision`` of a slug the commit recorded last, else
    ``main``: whoever names a repository means what is in it now.

    ``hub_endpoint`` is where a Hub id is when nothing else says so. With ``allowed``, every other hub is refused: a
    server must not be talked into asking any host.
    Raises :class:`~zoo.core.errors.UsageError` for what names no model or such a hub, and
    :class:`~registry.errors.UnknownRecordError` for a slug that is unknown or not on a hub.
    """
    target = parse_address(text, hub_endpoint)
    if target.revision is not None:
        require_revision(target.revision)
    model = queries.get_model(session, target.name)
    recorded = _recorded(session, model, target)
    for place in recorded:
        if allowed is None or place.hub_endpoint in allowed:
            newest = target.revision is None and not is_slug(target.name)
            return place._replace(revision="main") if newest else place
    repository = target.name if model is None else model.hub_id
    if repository is None or is_slug(repository):
        raise UnknownRecordError(
            f"{target.name} is not on a hub, as far as this catalogue knows.", "Publish it first: prunarium publish DIR"
        )
    # Where it is recorded elsewhere, a repository of the same name on this hub would be somebody else's.
    hub = recorded[0].hub_endpoint if recorded else target.endpoint or hub_endpoint or HUGGING_FACE
    if allowed is not None and hub not in allowed:
        raise UsageError(
            f"This server takes no models from {hub}.", f"Publish it on one of these: {', '.join(sorted(allowed))}"
        )
    return Place(hub, repository, target.revision or "main")


def require_revision(text: str) -> None:
    """Raise :class:`~zoo.core.errors.UsageError` for what can name no revision."""
    if not _REVISION.match(text):
        raise UsageError(f"{text[:80]!r} is no revision.", "Expected a commit, a tag or a branch.")


def _recorded(session: Session, model: ModelRecord | None, target: Address) -> list[Place]:
    """The commits of a model's checkpoint that fit what was asked for, the newest first."""
    checkpoint = None if model is None or model.id is None else queries.checkpoint_of(session, model.id)
    if checkpoint is None or checkpoint.id is None:
        return []
    wanted = target.revision or ""
    return [
        Place(held.hub_endpoint, held.hub_repo, held.commit_oid)
        for held in queries.revisions_of(session, checkpoint.id)
        if (not wanted or (_COMMIT.match(wanted) and held.commit_oid.startswith(wanted)))
        and target.endpoint in (None, held.hub_endpoint)
    ]


def choose_suite(session: Session, wanted: str | None) -> str:
    """``name@version`` of a suite that can be run: the wanted one (its version may be left out), or the only one.

    Raises :class:`~registry.errors.UnknownRecordError` that lists the suites.
    """
    suites = [suite for suite in queries.list_suites(session) if suite.content.get("kind") != "reported"]
    named = {f"{suite.name}@{suite.version}": suite.name for suite in suites}
    if wanted is None and len(set(named.values())) == 1:
        return next(reversed(named))
    for reference in reversed(named):
        if wanted in (reference, named[reference]):
            return reference
    if not named:
        raise UnknownRecordError("The catalogue has no suites to run yet.", "Write them: prunarium benchmark sync")
    known = f"Suites: {', '.join(named)}"
    raise UnknownRecordError("Say which suite." if wanted is None else f"There is no suite {wanted!r} to run.", known)
