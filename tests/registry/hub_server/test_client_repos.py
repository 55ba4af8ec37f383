"""Repositories through the unmodified client: make, describe, list, change, forget."""

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError


def test_whoami(alice: HfApi) -> None:
    me = alice.whoami()
    assert (me["type"], me["name"], me["orgs"]) == ("user", "alice", [])


def test_a_bad_token_is_refused(alice: HfApi) -> None:
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        HfApi(endpoint=alice.endpoint, token="prn_" + "x" * 43).whoami()


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_create_describe_delete(alice: HfApi, kind: str) -> None:
    url = alice.create_repo(f"alice/life-{kind}", repo_type=kind)
    assert (url.repo_id, url.repo_type, url.endpoint) == (f"alice/life-{kind}", kind, alice.endpoint)
    assert alice.repo_exists(url.repo_id, repo_type=kind)
    assert alice.repo_info(url.repo_id, repo_type=kind).sha
    alice.delete_repo(url.repo_id, repo_type=kind)
    assert not alice.repo_exists(url.repo_id, repo_type=kind)


def test_a_name_without_namespace_is_the_callers(alice: HfApi) -> None:
    assert alice.create_repo("bare").repo_id == "alice/bare"
    alice.delete_repo("bare")


def test_create_twice(alice: HfApi, repo: str) -> None:
    with pytest.raises(HfHubHTTPError, match="409"):
        alice.create_repo(repo)
    assert alice.create_repo(repo, exist_ok=True).repo_id == repo


def test_kinds_have_names_of_their_own(alice: HfApi, repo: str) -> None:
    alice.create_repo(repo, repo_type="dataset")
    alice.delete_repo(repo, repo_type="dataset")
    assert alice.repo_exists(repo)


def test_foreign_namespace(bob: HfApi) -> None:
    with pytest.raises(HfHubHTTPError, match="403"):
        bob.create_repo("alice/by-bob")


def test_delete_missing(alice: HfApi) -> None:
    with pytest.raises(RepositoryNotFoundError):
        alice.delete_repo("alice/never-made")
    alice.delete_repo("alice/never-made", missing_ok=True)


def test_move(alice: HfApi) -> None:
    alice.create_repo("alice/old-name")
    oid = alice.upload_file(path_or_fileobj=b"x", path_in_repo="a.txt", repo_id="alice/old-name").oid
    alice.move_repo("alice/old-name", "alice/new-name")
    assert alice.model_info("alice/new-name").sha == oid
    assert not alice.repo_exists("alice/old-name")
    alice.delete_repo("alice/new-name")


def test_private(alice: HfApi, bob: HfApi, anonymous: HfApi, repo: str) -> None:
    alice.update_repo_settings(repo, private=True)
    assert alice.model_info(repo).private
    for stranger in (bob, anonymous):
        with pytest.raises(RepositoryNotFoundError):
            stranger.model_info(repo)
        assert repo not in [model.id for model in stranger.list_models(author="alice")]
    assert repo in [model.id for model in alice.list_models(author="alice")]
    alice.update_repo_settings(repo, private=False)
    assert anonymous.model_info(repo).id == repo


def test_gated_content(alice: HfApi, bob: HfApi, anonymous: HfApi, repo: str) -> None:
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="a.txt", repo_id=repo)
    alice.update_repo_settings(repo, gated="manual")
    assert anonymous.model_info(repo).gated == "manual"
    for stranger in (bob, anonymous):
        with pytest.raises(GatedRepoError):
            stranger.auth_check(repo)
        with pytest.raises(GatedRepoError):
            stranger.get_hf_file_metadata(url=f"{alice.endpoint}/{repo}/resolve/main/a.txt")
    alice.auth_check(repo)


def test_auth_check(alice: HfApi, anonymous: HfApi, repo: str) -> None:
    anonymous.auth_check(repo)
    alice.auth_check(repo, write=True)
    with pytest.raises(RepositoryNotFoundError):
        anonymous.auth_check("alice/never-made")


CARD = """---
license: mit
library_name: timm
pipeline_tag: image-classification
tags: [pruned, "90 %"]
datasets: [imagenet-1k]
---
# A card
"""


def test_card_data_and_tags(alice: HfApi, repo: str) -> None:
    alice.upload_file(path_or_fileobj=CARD.encode(), path_in_repo="README.md", repo_id=repo)
    alice.upload_file(path_or_fileobj=b'{"architecture": "resnet50"}', path_in_repo="config.json", repo_id=repo)
    info = alice.model_info(repo)
    assert info.card_data is not None
    assert (info.card_data.license, info.library_name, info.pipeline_tag) == ("mit", "timm", "image-classification")
    assert info.tags is not None
    assert {"pruned", "90 %", "timm", "license:mit", "dataset:imagenet-1k"} <= set(info.tags)
    assert info.config == {"architecture": "resnet50"}


def test_file_metadata(alice: HfApi, repo: str) -> None:
    alice.upload_file(path_or_fileobj=b"\0" * 70_000, path_in_repo="w.bin", repo_id=repo)
    siblings = {file.rfilename: file for file in alice.model_info(repo, files_metadata=True).siblings or []}
    assert siblings["w.bin"].size == 70_000
    assert siblings["w.bin"].lfs is not None
    assert siblings[".gitattributes"].lfs is None


def test_list_pages_and_filters(alice: HfApi) -> None:
    names = [f"alice/paged-{index}" for index in range(8)]  # the page size is 3
    for name in names:
        alice.create_repo(name)
    alice.upload_file(path_or_fileobj=CARD.encode(), path_in_repo="README.md", repo_id=names[2])
    found = [model.id for model in alice.list_models(author="alice", search="PAGED")]
    assert found[0] == names[2]  # changed last
    assert sorted(found) == names
    assert [model.id for model in alice.list_models(search="paged-", limit=5)] == found[:5]
    assert [model.id for model in alice.list_models(filter=["pruned", "license:mit"], search="paged")] == [names[2]]
    by_age = [model.id for model in alice.list_models(search="paged", sort="created_at")]
    assert by_age == names[::-1]
    (full,) = alice.list_models(filter="pruned", search="paged", full=True, cardData=True)
    assert full.card_data is not None
    assert {file.rfilename for file in full.siblings or []} == {".gitattributes", "README.md"}
    for name in names:
        alice.delete_repo(name)


def test_search_takes_wildcards_literally(alice: HfApi, repo: str) -> None:
    assert list(alice.list_models(search="%")) == []
    assert repo in [model.id for model in alice.list_models(search=repo)]


def test_list_datasets(alice: HfApi) -> None:
    alice.create_repo("alice/set", repo_type="dataset")
    assert [dataset.id for dataset in alice.list_datasets(author="alice")] == ["alice/set"]
    alice.delete_repo("alice/set", repo_type="dataset")


EVALUATION = b"- dataset: {id: org/digits, task_id: default}\n  value: 0.91\n  date: 2026-01-02\n"


def test_evaluation_results(alice: HfApi, repo: str) -> None:
    alice.upload_file(path_or_fileobj=EVALUATION, path_in_repo=".eval_results/digits.yaml", repo_id=repo)
    alice.upload_file(path_or_fileobj=b"- {value: 1}", path_in_repo=".eval_results/broken.yaml", repo_id=repo)
    (result,) = alice.model_info(repo, expand=["evalResults"]).eval_results or []
    assert (result.dataset_id, result.value, result.date) == ("org/digits", 0.91, "2026-01-02")
