"""From a model folder to a hub repository and a row of the catalogue.

The order is what makes a failure harmless: check and measure; make the repository, hidden; one commit with all files;
show the repository; write the catalogue in one transaction. Whatever ends early leaves nothing half-visible, and the
same call again completes it. Equal folders give equal bytes, so publishing again changes nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from sqlalchemy import Engine

from zoo.checkpoint.config import Provenance
from zoo.checkpoint.folder import CARD, CONFIG, PASSPORT, PROVENANCE, WEIGHTS, ModelFolder, read_folder
from zoo.checkpoint.passport import Passport
from zoo.checkpoint.slug import parse_slug
from zoo.checkpoint.strict import dump_json
from zoo.core.errors import UsageError

from . import queries
from .cards import model_card
from .catalogue_entries import checkpoint_record, model_record
from .check import PICKLE_SUFFIXES, check
from .db.session import session_scope
from .errors import CorruptDownloadError, DuplicateCheckpointError, HubAccessError, RejectedError
from .hub_client import Digests, client, digests_of, hub_errors, remote_digests
from .records import RevisionRecord


@dataclass(frozen=True)
class Published:
    """Where a model now is; ``created`` is false where the hub had exactly these files already."""

    slug: str
    repo_id: str
    commit: str
    created: bool
    densified_hash: str


def publish(
    folder: Path,
    *,
    engine: Engine,
    endpoint: str | None,
    namespace: str,
    token: str | None,
    private: bool = False,
) -> Published:
    """Publish a model folder as ``{namespace}/{method}-{architecture}-{sparsity}``.

    The repository is then visible to everybody, or with ``private`` to its owner only. Raises
    :class:`~registry.errors.RejectedError` with every reason of :func:`registry.check.check`,
    :class:`~registry.errors.DuplicateCheckpointError` when the catalogue has these weights as another model, and
    :class:`~registry.errors.HubError` where the hub refuses or fails.
    """
    report = check(folder, engine=engine)
    if not report.ok or report.passport is None:
        lines = [f"{reason.code}: {reason.detail}" for reason in report.reasons]
        hint = "\n".join(dict.fromkeys(reason.explanation.remedy for reason in report.reasons))
        raise RejectedError(f"{folder} cannot be published.\n  " + "\n  ".join(lines), hint)
    source, passport = read_folder(folder), report.passport
    _refuse_other_owner(engine, source.provenance, passport)
    repo_id = f"{namespace}/{parse_slug(source.provenance.slug).repo_name}"
    files = _files(source, passport, repo_id, _base_model(engine, source.provenance, namespace))
    api = client(endpoint, token)
    with hub_errors(api.endpoint, repo_id):
        commit, created = _commit(api, repo_id, files, source.provenance.slug, private)
    weights = files[WEIGHTS].digests
    _verify(api, repo_id, commit, weights)
    where = RevisionRecord(
        hub_endpoint=api.endpoint,
        hub_repo=repo_id,
        commit_oid=commit,
        file_name=WEIGHTS,
        file_sha256=weights.sha256,
        size_bytes=weights.size_bytes,
    )
    _catalogue(engine, source, passport, where)
    return Published(source.provenance.slug, repo_id, commit, created, passport.densified_hash)


def find_folders(path: Path) -> list[Path]:
    """The model folder at ``path``, or those directly in it, dense parents first; a missing one is a usage error."""
    if not path.is_dir():
        raise UsageError(f"There is no folder {path}.", "Name a model folder, or a folder of model folders.")
    if (path / PROVENANCE).is_file():
        return [path]
    found = sorted(child.parent for child in path.glob(f"*/{PROVENANCE}") if not child.parent.name.startswith("."))
    return sorted(found, key=lambda folder: read_folder(folder).provenance.sparsity_target > 0)


def own_namespace(endpoint: str | None, token: str | None) -> str:
    """The account of a token; raises :class:`~registry.errors.HubAccessError` where there is none."""
    api = client(endpoint, token)
    if not token:
        raise HubAccessError(
            f"Publishing on {api.endpoint} needs a token.", "Set PRUNARIUM_HUB_TOKEN to one with the right to write."
        )
    with hub_errors(api.endpoint, "your account"):
        return str(api.whoami()["name"])


class _Upload(NamedTuple):
    content: Path | bytes
    digests: Digests


def _files(source: ModelFolder, passport: Passport, repo_id: str, base_model: str | None) -> dict[str, _Upload]:
    card = model_card(source.config, source.provenance, passport, repo_id=repo_id, base_model=base_model)
    contents: dict[str, Path | bytes] = {
        WEIGHTS: source.weights,
        CONFIG: dump_json(source.config.to_dict()),
        PROVENANCE: dump_json(source.provenance.to_dict()),
        PASSPORT: dump_json(passport.to_json()),
        CARD: card.encode(),
    }
    return {name: _Upload(content, digests_of(content)) for name, content in contents.items()}


def _commit(api: HfApi, repo_id: str, files: dict[str, _Upload], slug: str, private: bool) -> tuple[str, bool]:
    """The commit that holds exactly these files, and whether it had to be made."""
    if not api.repo_exists(repo_id):
        api.create_repo(repo_id, private=True, exist_ok=True)
    info = api.repo_info(repo_id)
    head = info.sha
    changes = _changes(api, repo_id, files, head)
    if changes:
        # The parent pins what was compared: a commit by somebody else in between is refused, not overwritten.
        head = api.create_commit(repo_id, changes, commit_message=f"Publish {slug}", parent_commit=head).oid
    if bool(info.private) != private:
        api.update_repo_settings(repo_id, private=private)
    return str(head), bool(changes)


def _changes(
    api: HfApi, repo_id: str, files: dict[str, _Upload], head: str | None
) -> list[CommitOperationAdd | CommitOperationDelete]:
    present = remote_digests(api, repo_id, head, list(files)) if head else {}
    others = api.list_repo_files(repo_id, revision=head) if head else []
    changed = (name for name, file in files.items() if present.get(name) not in file.digests[:2])
    return [
        *(CommitOperationAdd(name, files[name].content) for name in changed),
        *(CommitOperationDelete(name) for name in others if Path(name).suffix.lower() in PICKLE_SUFFIXES),
    ]


def _verify(api: HfApi, repo_id: str, commit: str, weights: Digests) -> None:
    """The folder may have changed while it was uploaded; then the passport beside it is not its own."""
    stored = remote_digests(api, repo_id, commit, [WEIGHTS]).get(WEIGHTS)
    if stored not in weights[:2]:
        raise CorruptDownloadError(
            f"{repo_id} holds other weights than the folder: expected SHA-256 {weights.sha256}, found {stored}.",
            "Leave the folder alone while it is published, then run the same command again.",
        )


def _refuse_other_owner(engine: Engine, provenance: Provenance, passport: Passport) -> None:
    with session_scope(engine) as session:
        for record in queries.find_checkpoint(session, passport.densified_hash):
            same = (record.architecture, record.preprocessing_hash) == (
                passport.architecture,
                passport.preprocessing_hash,
            )
            owner = queries.get_model_by_id(session, record.model_id) if same and record.model_id is not None else None
            if owner is not None and owner.slug != provenance.slug:
                raise DuplicateCheckpointError(
                    f"The weights of {provenance.slug} are in the catalogue already, as {owner.name}.",
                    f"Look at them: prunarium inspect {owner.name}",
                )


def _base_model(engine: Engine, provenance: Provenance, namespace: str) -> str | None:
    if provenance.parent is None:
        return None
    with session_scope(engine) as session:
        parent = queries.get_model(session, provenance.parent)
    if parent is not None and parent.hub_id:
        return parent.hub_id
    return f"{namespace}/{parse_slug(provenance.parent).repo_name}"


def _catalogue(engine: Engine, source: ModelFolder, passport: Passport, where: RevisionRecord) -> None:
    with session_scope(engine, write=True) as session:
        model = queries.upsert_model(session, model_record(source.provenance, where.hub_repo))
        checkpoint = queries.register_checkpoint(session, model, checkpoint_record(source.config, passport))
        queries.register_revision(session, checkpoint, where)
