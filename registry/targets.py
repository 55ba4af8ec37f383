"""What a user means by ``org/name@rev``, a slug, or a suite without its version."""

from typing import NamedTuple

from sqlalchemy.orm import Session

from . import queries
from .errors import UnknownRecordError

_HUGGING_FACE = "https://huggingface.co"


class Target(NamedTuple):
    """A repository on a hub at a revision (a commit, a tag or a branch; the check pins it to a commit)."""

    hub_endpoint: str
    hub_repo: str
    revision: str


def resolve_target(session: Session, target: str, hub_endpoint: str | None) -> Target:
    """The repository of a Hub id or slug; without ``@revision`` the commit recorded last, else ``main``.

    Raises :class:`~registry.errors.UnknownRecordError` for a slug that is unknown or not on a hub.
    """
    name, _, revision = target.partition("@")
    endpoint = hub_endpoint or _HUGGING_FACE
    model = queries.get_model(session, name)
    checkpoint = None if model is None or model.id is None else queries.checkpoint_of(session, model.id)
    if checkpoint is not None and checkpoint.id is not None:
        for held in queries.revisions_of(session, checkpoint.id):
            if not revision or held.commit_oid.startswith(revision):
                return Target(held.hub_endpoint, held.hub_repo, held.commit_oid)
    repository = name if model is None else model.hub_id
    if repository is None or repository.count("/") != 1:
        raise UnknownRecordError(
            f"{name} is not on a hub, as far as this catalogue knows.", "Publish it first: prunarium publish DIR"
        )
    return Target(endpoint, repository, revision or "main")


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
    known = f"Suites: {', '.join(named)}" if named else "Write them into the catalogue: prunarium benchmark sync"
    raise UnknownRecordError("Say which suite." if wanted is None else f"There is no suite {wanted!r} to run.", known)
