"""Models: one row per slug or hub id, filtered and searched."""

from dataclasses import replace

import pytest
from queue_rows import CHECKPOINT, MODEL
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import queries
from registry.db.session import session_scope
from registry.errors import DuplicateCheckpointError, ImmutableRowError, InvalidRecordError, UnknownRecordError
from registry.records import RevisionRecord
from zoo.checkpoint.folder import SPARSE_WEIGHTS, WEIGHTS

REVISION = RevisionRecord(
    hub_endpoint="https://hub", hub_repo="org/net", commit_oid="a" * 40, file_name="model.safetensors",
    file_sha256="b" * 64, size_bytes=10,
)  # fmt: skip


def test_none_keeps_what_is_known_and_values_replace(catalogue: Engine) -> None:
    with session_scope(catalogue, write=True) as session:
        first = queries.upsert_model(session, replace(MODEL, caveat="beware", licence="MIT"))
        again = queries.upsert_model(session, replace(MODEL, licence="Apache-2.0", hub_id="me/net"))
        found = queries.get_model(session, "me/net")
    assert first == again
    assert found is not None
    assert (found.caveat, found.licence, found.slug) == ("beware", "Apache-2.0", MODEL.slug)


def test_a_parent_is_given_and_read_by_name(catalogue: Engine) -> None:
    with session_scope(catalogue, write=True) as session:
        queries.upsert_model(session, replace(MODEL, slug=None, hub_id="me/dense"))
        queries.upsert_model(session, replace(MODEL, parent="me/dense"))
        found = queries.get_model(session, str(MODEL.slug))
        with pytest.raises(UnknownRecordError, match="Did you mean 'me/dense'"):
            queries.upsert_model(session, replace(MODEL, parent="me/dens"))
    assert found is not None
    assert found.parent == "me/dense"


def test_slug_and_hub_id_of_two_models_cannot_be_one(catalogue: Engine) -> None:
    with session_scope(catalogue, write=True) as session:
        queries.upsert_model(session, MODEL)
        queries.upsert_model(session, replace(MODEL, slug=None, hub_id="me/net"))
        with pytest.raises(InvalidRecordError, match="different models"):
            queries.upsert_model(session, replace(MODEL, hub_id="me/net"))
        with pytest.raises(InvalidRecordError, match="a slug or a hub id"):
            queries.upsert_model(session, replace(MODEL, slug=None))


def test_the_database_refuses_an_impossible_sparsity(catalogue: Engine) -> None:
    with pytest.raises(InvalidRecordError, match=r"(?i)constraint"), session_scope(catalogue, write=True) as session:
        queries.upsert_model(session, replace(MODEL, sparsity_target=1.0))


def test_a_checkpoint_is_known_by_its_identity(catalogue: Engine) -> None:
    with session_scope(catalogue, write=True) as session:
        model = queries.upsert_model(session, MODEL)
        first = queries.register_checkpoint(session, model, CHECKPOINT)
        assert queries.register_checkpoint(session, model, CHECKPOINT) == first
        found = queries.checkpoint_of(session, model)
        assert found is not None
        assert found.densified_hash == CHECKPOINT.densified_hash
        assert (found.sparsity_prunable, found.sparsity_total) == pytest.approx((0.9, 0.9))
        other = queries.upsert_model(session, replace(MODEL, slug=None, hub_id="thief/net"))
        with pytest.raises(DuplicateCheckpointError, match="as gmp/net"):
            queries.register_checkpoint(session, other, CHECKPOINT)


def test_the_current_checkpoint_is_the_one_published_last(catalogue: Engine) -> None:
    with session_scope(catalogue, write=True) as session:
        model = queries.upsert_model(session, MODEL)
        old = queries.register_checkpoint(session, model, CHECKPOINT)
        new = queries.register_checkpoint(session, model, replace(CHECKPOINT, densified_hash="d1:" + "9" * 64))
        assert _current(session, model) == new
        queries.register_revision(session, old, REVISION)
        assert _current(session, model) == old
        queries.register_revision(session, new, replace(REVISION, commit_oid="c" * 40))
        assert _current(session, model) == new


def test_a_commit_holds_one_content(catalogue: Engine) -> None:
    with session_scope(catalogue, write=True) as session:
        model = queries.upsert_model(session, MODEL)
        checkpoint = queries.register_checkpoint(session, model, CHECKPOINT)
        first = queries.register_revision(session, checkpoint, REVISION)
        assert queries.register_revision(session, checkpoint, REVISION) == first
        assert [held.commit_oid for held in queries.revisions_of(session, checkpoint)] == ["a" * 40]
        found = queries.find_revision(session, "org/net", "a" * 7)
        assert found is not None
        assert found.checkpoint_id == checkpoint
        assert queries.find_revision(session, "org/net", "a" * 6) is None
        with pytest.raises(ImmutableRowError, match="other bytes"):
            queries.register_revision(session, checkpoint, replace(REVISION, file_sha256="f" * 64))


def test_files_of_a_commit_and_the_sparse_one_first(catalogue: Engine) -> None:
    sparse = replace(REVISION, file_name=SPARSE_WEIGHTS, file_sha256="c" * 64)
    elsewhere = replace(REVISION, hub_endpoint="https://mirror", file_name="a.safetensors")
    with session_scope(catalogue, write=True) as session:
        checkpoint = queries.register_checkpoint(session, queries.upsert_model(session, MODEL), CHECKPOINT)
        for revision in (elsewhere, sparse, REVISION, replace(sparse, commit_oid="a" * 39 + "b")):
            queries.register_revision(session, checkpoint, revision)
        files = queries.files_of(session, "org/net", "a" * 40)
        assert [file.file_name for file in files] == ["a.safetensors", WEIGHTS, SPARSE_WEIGHTS]
        here = queries.files_of(session, "org/net", "a" * 40, hub_endpoint="https://hub")
        assert [file.file_name for file in here] == [WEIGHTS, SPARSE_WEIGHTS]
        assert queries.files_of(session, "org/other", "a" * 40) == []
        found = queries.find_revision(session, "org/net", "a" * 40)
        assert found is not None
        assert (found.file_name, found.commit_oid) == (SPARSE_WEIGHTS, "a" * 40)


def test_what_an_older_version_did_not_count_is_added_once(catalogue: Engine) -> None:
    counted = replace(CHECKPOINT, stored_elements=1100, stored_nonzeros=200, dead_channels=0, encodings={"csr": 10})
    with session_scope(catalogue, write=True) as session:
        model = queries.upsert_model(session, MODEL)
        number = queries.register_checkpoint(session, model, CHECKPOINT)
        assert queries.register_checkpoint(session, model, counted) == number
        queries.register_checkpoint(session, model, replace(counted, dead_channels=7, dtypes=("F32",)))
        found = queries.get_checkpoint(session, number)
    assert found is not None
    assert (found.stored_elements, found.dead_channels, found.encodings) == (1100, 0, {"csr": 10})
    assert found.dtypes == ("F32",)
    assert found.sparsity_stored == pytest.approx(9 / 11)
    assert CHECKPOINT.sparsity_stored is None


def _current(session: Session, model: int) -> int | None:
    found = queries.checkpoint_of(session, model)
    return None if found is None else found.id
