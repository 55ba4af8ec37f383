"""From a model folder to a hub repository and a row of the catalogue.

The order is what makes a failure harmless: check and measure; look at the hub; make what is missing; one commit with
all files, in a repository that is hidden until then; tag; show it; write the catalogue in one transaction. Whatever
ends early leaves nothing half-visible, and the same call again completes it. Publishing the same again changes nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from huggingface_hub import HfApi
from sqlalchemy import Engine

from zoo.checkpoint.config import Provenance
from zoo.checkpoint.folder import CONFIG, PASSPORT, PROVENANCE, SPARSE_WEIGHTS, WEIGHTS, ModelFolder, read_folder
from zoo.checkpoint.passport import Passport
from zoo.checkpoint.slug import parse_slug
from zoo.checkpoint.strict import dump_json
from zoo.core.errors import UsageError
from zoo.core.files import disk_errors

from . import queries
from .card_facts import FromCatalogue, from_catalogue
from .cards import CardFacts
from .catalogue_entries import checkpoint_record, model_record
from .check import check
from .db.session import session_scope
from .errors import DuplicateCheckpointError, HubAccessError, RejectedError
from .hub_client import client, digests_of, hub_errors
from .page import Page, write_page
from .records import RevisionRecord
from .repository import Repository, Upload, Written, look, pickles, require_tag, write
from .weight_files import WeightFiles, local_digests


@dataclass(frozen=True)
class Published:
    """Where a model now is; ``created`` is false where the hub had exactly these files already.

    ``notes`` say what took place beside that: a card edited by hand that was replaced, a pickle that was deleted.
    """

    slug: str
    repo_id: str
    commit: str
    created: bool
    densified_hash: str
    tag: str | None = None
    notes: tuple[str, ...] = ()


def publish(
    folder: Path,
    *,
    engine: Engine,
    endpoint: str | None,
    namespace: str,
    token: str | None,
    private: bool = False,
    tag: str | None = None,
) -> Published:
    """Publish a model folder as ``{namespace}/{method}-{architecture}-{sparsity}``, with ``tag`` as a release.

    The repository is then visible to everybody, or with ``private`` to its owner only. Raises
    :class:`~registry.errors.RejectedError` with every reason of :func:`registry.check.check`,
    :class:`~registry.errors.DuplicateCheckpointError` when the catalogue has these weights as another model,
    :class:`~registry.errors.HubConflictError` for a taken tag or a commit by somebody else, and
    :class:`~registry.errors.HubError` where the hub refuses or fails.
    """
    require_tag(tag)
    local = local_digests(folder)
    passport = _accepted(folder, engine)
    source = read_folder(folder)
    _refuse_other_owner(engine, source.provenance, passport)
    repo_id = f"{namespace}/{parse_slug(source.provenance.slug).repo_name}"
    with session_scope(engine) as session:
        known = from_catalogue(session, source.provenance, passport, namespace)
    api = client(endpoint, token)
    with scratch_folder() as scratch, hub_errors(api.endpoint, repo_id):
        found = look(api, repo_id)
        weights = WeightFiles(api, found, source, passport, known.files, local, scratch).uploads()
        page = write_page(api, found, _facts(source, passport, repo_id, known, weights), scratch)
        files = {**weights, **_descriptions(source, passport), **page.uploads}
        message = f"Publish {source.provenance.slug}"
        stale = {WEIGHTS, SPARSE_WEIGHTS, *page.stale} - files.keys()  # weights of another model mislead whoever pulls
        done = write(api, found, files, stale=sorted(stale), message=message, private=private, tag=tag)
    write_catalogue(engine, source, passport, revisions(api, repo_id, done.commit, weights))
    notes = _notes(found, page, done, known)
    if source.provenance.sparsity_target > 0 and SPARSE_WEIGHTS not in weights:
        notes.append(f"{source.provenance.slug} is so empty that nobody would unpack it: no {SPARSE_WEIGHTS}.")
    if found.head is not None and found.private and not private:
        notes.append(f"{repo_id} was private; now everybody can see it.")
    return Published(
        source.provenance.slug, repo_id, done.commit, done.created, passport.densified_hash, tag, tuple(notes)
    )


def find_folders(path: Path) -> list[Path]:
    """The model folder at ``path``, or those directly in it, dense parents first; a missing one is a usage error."""
    if path.is_file():
        raise UsageError(
            f"{path} is a file.", "A model folder is made of one by: prunarium import FILE --architecture NAME"
        )
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


def revisions(api: HfApi, repo_id: str, commit: str, weights: Mapping[str, Upload]) -> list[RevisionRecord]:
    """One record for each weight file of a commit."""
    return [
        RevisionRecord(
            hub_endpoint=api.endpoint,
            hub_repo=repo_id,
            commit_oid=commit,
            file_name=name,
            file_sha256=file.digests.sha256,
            size_bytes=file.digests.size_bytes,
        )
        for name, file in weights.items()
    ]


def write_catalogue(engine: Engine, source: ModelFolder, passport: Passport, where: list[RevisionRecord]) -> None:
    """Model, checkpoint and revisions in one transaction; what is there already stays as it is."""
    with session_scope(engine, write=True) as session:
        model = queries.upsert_model(session, model_record(source.provenance, where[0].hub_repo))
        checkpoint = queries.register_checkpoint(session, model, checkpoint_record(source.config, passport))
        queries.set_listed(session, checkpoint, True)
        for revision in where:
            queries.register_revision(session, checkpoint, revision)


def _accepted(folder: Path, engine: Engine) -> Passport:
    report = check(folder, engine=engine)
    if report.ok and report.passport is not None:
        return report.passport
    lines = [f"{reason.code}: {reason.detail}" for reason in report.reasons]
    hint = "\n".join(dict.fromkeys(reason.explanation.remedy for reason in report.reasons))
    raise RejectedError(f"{folder} cannot be published.\n  " + "\n  ".join(lines), hint)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for the files that have to be made; gone afterwards."""
    with TemporaryDirectory(prefix="prunarium-publish-") as name, disk_errors(Path(name)):
        yield Path(name)


def _facts(
    source: ModelFolder, passport: Passport, repo_id: str, known: FromCatalogue, weights: Mapping[str, Upload]
) -> CardFacts:
    return CardFacts(
        repo_id=repo_id,
        config=source.config,
        provenance=source.provenance,
        passport=passport,
        report=known.report,
        parent=known.parent,
        data=known.data,
        sizes={name: file.digests.size_bytes for name, file in weights.items()},
    )


def _descriptions(source: ModelFolder, passport: Passport) -> dict[str, Upload]:
    contents = {
        CONFIG: dump_json(source.config.to_dict()),
        PROVENANCE: dump_json(source.provenance.to_dict()),
        PASSPORT: dump_json(passport.to_json()),
    }
    return {name: Upload(content, digests_of(content)) for name, content in contents.items()}


def _notes(found: Repository, page: Page, done: Written, known: FromCatalogue) -> list[str]:
    notes = list(page.notes)
    if done.created:
        notes += [f"Deleted {name} from {found.repo_id}: a pickle can run code." for name in pickles(found)]
    if found.head is None and known.files:
        notes.append(
            f"{found.repo_id} was gone from the hub and is published anew; its former commits cannot be pulled."
        )
    return notes


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
