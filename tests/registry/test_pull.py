"""Pulling with the unmodified client from a real hub: damage, lost connections, lies, and loading what came."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hub_fixture import RunningHub
from huggingface_hub import HfApi, constants
from model_folders import write_toy
from network_folders import write_network
from shops import Shop, damage
from sqlalchemy import Engine

from registry import fetch, queries
from registry.catalogue_entries import checkpoint_record, model_record
from registry.db.session import session_scope
from registry.errors import CorruptDownloadError, HubError, HubUnavailableError, NotOnHubError
from registry.hub_client import digests_of
from registry.hub_server.embedded import EmbeddedHub
from registry.publish import publish
from registry.pull import load, pull
from registry.records import RevisionRecord
from registry.resolve import resolve
from registry.sources import LocalSource
from zoo.checkpoint.folder import CARD, CONFIG, PASSPORT, PROVENANCE, REPORT, WEIGHTS, read_folder
from zoo.checkpoint.passport import measure
from zoo.checkpoint.strict import dump_json
from zoo.core.errors import UsageError
from zoo.models import load_model

FILES = [WEIGHTS, CONFIG, PROVENANCE, PASSPORT, CARD, REPORT]


def test_a_slug_gives_the_published_bytes_verified_by_the_catalogue(shop: Shop) -> None:
    got = shop.pull()
    assert (got.commit, got.repo_id, got.densified_hash) == (
        shop.published.commit, shop.published.repo_id, shop.published.densified_hash)  # fmt: skip
    assert (got.verified_by, got.from_cache) == ("catalogue", False)
    assert (got.path / WEIGHTS).read_bytes() == shop.source.weights.read_bytes()
    assert read_folder(got.path).provenance == shop.source.provenance
    assert shop.pull().from_cache


def test_a_hub_id_without_a_catalogue_is_verified_by_its_passport(shop: Shop, empty_catalogue: Engine) -> None:
    for target in (
        shop.published.repo_id,
        f"{shop.published.repo_id}@main",
        f"{shop.published.repo_id}@{shop.published.commit}",
        f"{shop.hub.endpoint}/{shop.published.repo_id}",
    ):
        got = shop.pull(target, engine=empty_catalogue)
        assert (got.commit, got.verified_by) == (shop.published.commit, "passport")


def test_a_hub_id_at_a_branch_is_verified_by_the_catalogue_that_knows_the_commit(shop: Shop) -> None:
    assert shop.pull(f"{shop.published.repo_id}@main").verified_by == "catalogue"


@pytest.mark.usefixtures("own_shop")
def test_an_older_commit_stays_what_it_was(shop: Shop, tmp_path: Path) -> None:
    newer = write_network(tmp_path / "newer", seed=shop.source.provenance.replicate, title="New card")
    second = publish(
        newer.path,
        engine=shop.engine,
        endpoint=shop.hub.endpoint,
        namespace=shop.hub.namespace,
        token=shop.hub.token,
    )
    assert shop.pull().commit == second.commit
    old = shop.pull(f"{shop.slug}@{shop.published.commit}")
    assert read_folder(old.path).provenance.title == shop.source.provenance.title
    assert old.densified_hash == second.densified_hash


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_of_the_same_size_is_found_and_fetched_again(name: str, shop: Shop) -> None:
    intact = (shop.pull().path / name).read_bytes()
    damage(shop.blob(name))
    got = shop.pull()
    assert (got.path / name).read_bytes() == intact
    assert not got.from_cache
    assert got.repaired == (name,)
    again = shop.pull()
    assert again.from_cache
    assert again.repaired == ()


def test_the_beginning_of_a_commit_names_it_where_it_names_one(shop: Shop, empty_catalogue: Engine) -> None:
    repo_id, commit = shop.published.repo_id, shop.published.commit
    assert shop.pull(f"{repo_id}@{commit[:10]}", engine=empty_catalogue).commit == commit
    for start in (commit[:6], f"{commit[:9]}x", "f" * 12):
        with pytest.raises(NotOnHubError, match="no such revision"):
            shop.pull(f"{repo_id}@{start}", engine=empty_catalogue)


def test_after_the_first_time_no_connection_is_needed(sqlite_catalogue: Engine, tmp_path: Path) -> None:
    first, second = write_network(tmp_path / "first", seed=11), write_network(tmp_path / "second", seed=12)
    with EmbeddedHub(tmp_path / "hub") as running:
        options = {"engine": sqlite_catalogue, "endpoint": running.endpoint}
        done = publish(first.path, namespace="mine", token=running.token_for("mine"), **options)  # type: ignore[arg-type]
        publish(second.path, namespace="mine", token=running.token_for("mine"), **options)  # type: ignore[arg-type]
        place = {**options, "cache": tmp_path / "cache"}
        pull(first.provenance.slug, **place)  # type: ignore[arg-type]
    assert pull(first.provenance.slug, **place).from_cache  # type: ignore[arg-type]
    assert pull(f"{done.repo_id}@{done.commit}", **place).verified_by == "catalogue"  # type: ignore[arg-type]
    with pytest.raises(HubUnavailableError, match="cannot be reached"):
        pull(second.provenance.slug, **place)  # type: ignore[arg-type]
    with pytest.raises(HubUnavailableError) as caught:
        pull(f"{done.repo_id}@main", **place)  # type: ignore[arg-type]
    assert caught.value.hint is not None
    assert f"{done.commit} is the last one in the catalogue" in caught.value.hint
    damage(next((tmp_path / "cache").glob("models--mine--*/snapshots/*/model.safetensors")).resolve())
    with pytest.raises(HubUnavailableError):
        pull(first.provenance.slug, **place)  # type: ignore[arg-type]
    assert not list((tmp_path / "cache").glob("models--mine--*/snapshots/*/model.safetensors"))


def test_offline_mode_reads_the_cache_and_nothing_else(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.pull()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert shop.pull().from_cache
    with pytest.raises(HubUnavailableError):
        shop.pull(f"{shop.published.repo_id}@main")
    damage(shop.blob(WEIGHTS))
    with pytest.raises(HubUnavailableError, match="HF_HUB_OFFLINE is set.* or is damaged there"):
        shop.pull()
    shutil.rmtree(shop.cache)
    with pytest.raises(HubUnavailableError, match="HF_HUB_OFFLINE is set"):
        shop.pull()


def test_out_is_a_plain_folder_that_appears_whole(shop: Shop, tmp_path: Path) -> None:
    out = tmp_path / "out"
    got = shop.pull(out=out)
    assert got.path == out
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)
    assert not any(path.is_symlink() for path in out.iterdir())
    (out / CARD).write_text("an older card")
    shop.pull(out=out)
    assert (out / CARD).read_text() != "an older card"
    (out / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds more than a model"):
        shop.pull(out=out)
    assert (out / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.glob(".out*")] == []


def test_a_folder_of_somebody_elses_is_not_replaced(shop: Shop, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").touch()
    with pytest.raises(UsageError, match="holds more than a model"):
        shop.pull(out=home)
    with pytest.raises(UsageError, match="is a file"):
        shop.pull(out=home / "thesis.tex")
    assert (home / "thesis.tex").exists()


def test_a_catalogue_and_weights_that_disagree_are_told_apart(shop: Shop, tmp_path: Path) -> None:
    """Somebody moved a commit, or a hub serves other bytes under it: nobody gets them as the model."""
    other = write_network(tmp_path / "other", seed=5)
    config = (other.path / CONFIG).read_bytes()
    repo_id, commit = shop.upload("swapped", {WEIGHTS: other.weights, CONFIG: config})
    promised = replace(shop.source.provenance, slug="dense/resnet8-digits/0.00-swapped")
    passport = replace(measure(shop.source.weights, shop.source.config), densified_hash="d1:" + "0" * 64)
    digests = digests_of(other.weights)
    with session_scope(shop.engine, write=True) as session:
        number = queries.upsert_model(session, model_record(promised, repo_id))
        checkpoint = queries.register_checkpoint(session, number, checkpoint_record(shop.source.config, passport))
        queries.register_revision(
            session,
            checkpoint,
            RevisionRecord(
                hub_endpoint=shop.hub.endpoint, hub_repo=repo_id, commit_oid=commit, file_name=WEIGHTS,
                file_sha256=digests.sha256, size_bytes=digests.size_bytes),
        )  # fmt: skip
    with pytest.raises(CorruptDownloadError, match="not the model that the catalogue promises: densified hash d1:0000"):
        shop.pull("dense/resnet8-digits/0.00-swapped")


def test_a_link_stays_and_what_it_leads_to_is_replaced(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "disk")
    for _ in range(2):
        assert shop.pull(out=link).path == tmp_path / "disk"
    assert link.is_symlink()
    assert sorted(path.name for path in link.iterdir()) == sorted(FILES)


def test_no_folder_is_replaced_while_somebody_is_in_it(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "empty" / "below")
    for out in (Path(), tmp_path / "empty"):
        with pytest.raises(UsageError, match="is where you are"):
            shop.pull(out=out)
    assert shop.pull(out=Path("model")).path == tmp_path / "empty" / "below" / "model"


def test_a_file_is_not_taken_for_a_folder_of_its_name(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_bytes(b"mine")
    with pytest.raises(UsageError, match=f"{WEIGHTS} is a file"):
        shop.pull(out=tmp_path / WEIGHTS)
    assert (tmp_path / WEIGHTS).read_bytes() == b"mine"


@pytest.mark.parametrize("lie", ["weights", "preprocessing", "no config"])
def test_a_passport_of_another_model_is_no_proof(lie: str, shop: Shop, tmp_path: Path) -> None:
    other = write_network(tmp_path / "other", seed=6)
    passport = dump_json(measure(shop.source.weights, shop.source.config).to_json())
    config = shop.source.config
    if lie == "preprocessing":
        config = replace(config, preprocessing=replace(config.preprocessing, mean=(0.5,)))
    weights = other.weights if lie == "weights" else shop.source.weights
    files: dict[str, Path | bytes] = {WEIGHTS: weights, PASSPORT: passport, CONFIG: dump_json(config.to_dict())}
    if lie == "no config":
        del files[CONFIG]
    repo_id, _ = shop.upload(f"lie-{lie.replace(' ', '-')}", files)
    with pytest.raises(CorruptDownloadError, match="is not the model"):
        shop.pull(repo_id)


def test_a_repository_of_anybody_is_pulled_with_what_is_known(shop: Shop, tmp_path: Path) -> None:
    toy = write_toy(tmp_path / "toy")
    repo_id, commit = shop.upload("foreign", {WEIGHTS: toy.weights})
    got = shop.pull(repo_id)
    assert (got.commit, got.verified_by) == (commit, "hub")
    assert got.densified_hash == measure(toy.weights).densified_hash
    assert shop.pull(f"{repo_id}@{commit}").from_cache, "files that are not there are remembered, too"


def test_what_is_not_there_is_said(shop: Shop) -> None:
    with pytest.raises(NotOnHubError, match="no such repository, revision or file"):
        shop.pull(f"{shop.hub.namespace}/absent")
    for revision in ("no-such-branch", "0" * 40):
        with pytest.raises(NotOnHubError, match="has no such revision") as caught:
            shop.pull(f"{shop.published.repo_id}@{revision}")
        assert "Leave @revision out" in (caught.value.hint or "")
    repo_id, commit = shop.upload("no-weights", {CONFIG: b"{}"})
    with pytest.raises(NotOnHubError, match=f"{repo_id}@{commit} on {shop.hub.endpoint} has no model.safetensors"):
        shop.pull(repo_id)


def test_sizes_are_capped_before_anything_is_fetched(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_FILE_BYTES", 1000)
    with pytest.raises(HubError, match=r"model\.safetensors of .* at most 1,000 are fetched"):
        shop.pull()
    assert not shop.blob(WEIGHTS).exists()


@pytest.mark.usefixtures("own_shop")
def test_a_private_model_needs_the_token_of_its_own_hub(shop: Shop) -> None:
    api = HfApi(endpoint=shop.hub.endpoint, token=shop.hub.token)
    api.update_repo_settings(shop.published.repo_id, private=True)
    with pytest.raises(HubError):
        shop.pull()
    assert shop.pull(token=shop.hub.token).verified_by == "catalogue"
    source = LocalSource(shop.engine)
    elsewhere = resolve(shop.slug, source=source, endpoint="https://elsewhere.example", token="secret")
    assert (elsewhere.endpoint, elsewhere.token) == (shop.hub.endpoint, None)


@pytest.fixture
def configured(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The environment of a user who has set the hub and the catalogue."""
    monkeypatch.setenv("PRUNARIUM_HUB", shop.hub.endpoint)
    monkeypatch.setenv("PRUNARIUM_DATABASE_URL", shop.engine.url.render_as_string())
    return shop


def test_load_gives_the_same_network(configured: Shop) -> None:
    images = torch.rand(2, 1, 8, 8)
    expected = load_model(configured.source.path)(images)
    assert torch.equal(load(configured.slug)(images), expected)
    assert torch.equal(load(configured.published.repo_id, revision=configured.published.commit)(images), expected)
    assert load(configured.slug, num_classes=10)(images).shape == (2, 10)


def test_load_takes_a_folder_that_is_here_and_says_what_a_file_is(configured: Shop) -> None:
    images = torch.rand(2, 1, 8, 8)
    folder = configured.source.path
    assert torch.equal(load(str(folder))(images), load_model(folder)(images))
    with pytest.raises(UsageError, match="is a file; a model is a folder"):
        load(str(folder / WEIGHTS))


TIMM = """
import sys, timm, torch
torch.manual_seed(0)
images = torch.rand(2, 3, 64, 64)
theirs = timm.create_model("hf-hub:" + sys.argv[1], pretrained=True).eval()
from pathlib import Path
from zoo.models import load_model
ours = load_model(Path(sys.argv[2]))
with torch.no_grad():
    assert torch.equal(theirs(images), ours(images))
config = theirs.pretrained_cfg
assert (config["num_classes"], config["crop_pct"], tuple(config["mean"])) == (7, 0.875, (0.485, 0.456, 0.406)), config
print("equal")
"""


def test_timm_loads_what_we_publish_with_equal_logits(
    hub: RunningHub, sqlite_catalogue: Engine, tmp_path: Path
) -> None:
    """In a process of its own: the client reads its endpoint once, when it is imported."""
    source = write_network(tmp_path / "source", architecture="mobilenetv1_100", classes=7)
    done = publish(
        source.path, engine=sqlite_catalogue, endpoint=hub.endpoint, namespace=hub.namespace, token=hub.token
    )
    environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "hf")}
    result = subprocess.run(
        [sys.executable, "-c", TIMM, done.repo_id, str(source.path)],
        env=environment, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])  # fmt: skip
    assert (result.returncode, result.stdout) == (0, "equal\n"), result.stderr
