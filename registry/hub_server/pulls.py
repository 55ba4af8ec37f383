"""Pull requests of one repository: their commits, their difference, their merge."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from ..db.session import now_us
from .errors import BadRequestError, ConflictError, RevisionNotFoundError
from .history import make_commit
from .hub import Hub
from .merging import Merged, git_diff, merge, merge_base
from .queries import discussions, history, repos
from .queries.history import PULLS
from .records import Caller, Commit, Discussion, Entry, Repo

_DIFF_FILE_BYTES = 2**20
_DIFF_CHARACTERS = 4 * 2**20


@dataclass(frozen=True)
class Proposal:
    """A pull request's side and the branch's, from where they parted."""

    own: list[Commit]  # newest first
    target: Commit
    base: dict[str, Entry]
    ours: dict[str, Entry]
    theirs: dict[str, Entry]

    def merged(self) -> Merged:
        """What merging would make."""
        return merge(self.base, self.ours, self.theirs)


def proposal(session: Session, repo: Repo, discussion: Discussion) -> Proposal:
    """Both sides of a pull request as they are now, or as they were when it was merged."""
    head = history.resolve(session, repo.id, f"{PULLS}{discussion.number}")
    target = _target(session, repo, discussion)
    if head is None or target is None:
        raise RevisionNotFoundError("The branch of this pull request is gone.")
    line = history.ancestry(session, repo.id, head)
    shared = merge_base(line, history.ancestry(session, repo.id, target))
    own = line if shared is None else line[: line.index(shared)]
    return Proposal(own, target, _tree(session, shared), _tree(session, target), _tree(session, head))


def diff_text(hub: Hub, found: Proposal) -> str:
    """What the pull request changes, as git prints it; cut (and it says so) when it is very long."""

    def read(entry: Entry) -> bytes | None:
        if entry.size > _DIFF_FILE_BYTES or hub.blobs.size(entry.sha256) is None:
            return None
        return hub.blobs.read(entry.sha256, _DIFF_FILE_BYTES)

    pieces, length = [], 0
    for piece in git_diff(found.base, found.theirs, read):
        length += len(piece)
        if length > _DIFF_CHARACTERS:
            pieces.append("(the rest of this difference is left out)\n")
            break
        pieces.append(piece)
    return "".join(pieces)


def merge_pull(session: Session, repo: Repo, discussion: Discussion, caller: Caller, comment: str) -> str:
    """Bring the changes into the base branch as one commit; returns its id.

    Raises :class:`BadRequestError` unless the pull request is open and :class:`ConflictError` with the files.
    """
    if discussion.base is None:
        raise BadRequestError("This is a discussion, not a pull request.")
    if discussion.status == "merged" and discussion.merge_oid is not None:
        return discussion.merge_oid  # a request sent again after a lost answer
    if discussion.status != "open":
        raise BadRequestError(f"The pull request is {discussion.status}.", "Change its status to open first.")
    found = proposal(session, repo, discussion)
    merged = found.merged()
    if merged.conflicts:
        raise ConflictError(f"Both sides changed {', '.join(merged.conflicts[:5])}.", "Commit onto the pull request.")
    title = f"{discussion.title} (#{discussion.number})"
    made = make_commit(merged.tree, found.target.oid, caller.name, now_us(session), title, comment, None)
    stored = history.add_commit(session, repo.id, made, merged.tree.values())
    history.set_ref(session, repo.id, discussion.base, stored.oid)
    discussions.set_status(session, discussion, "merged", stored.oid)
    repos.touch_repo(session, repo.id, stored.at_us)
    return stored.oid


def _target(session: Session, repo: Repo, discussion: Discussion) -> Commit | None:
    if discussion.merge_oid is None:
        return history.resolve(session, repo.id, str(discussion.base))
    merged = history.commit_by_oid(session, repo.id, discussion.merge_oid)
    return None if merged is None else history.commit_by_oid(session, repo.id, str(merged.parent_oid))


def _tree(session: Session, commit: Commit | None) -> dict[str, Entry]:
    return {entry.path: entry for entry in history.entries(session, commit.id)} if commit else {}
