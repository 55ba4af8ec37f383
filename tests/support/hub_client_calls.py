"""Every call of ``huggingface_hub`` that the hub answers, by name."""

import io
import tempfile
from pathlib import Path

from hub_client_checks import (
    CARD,
    ENDPOINT,
    ME,
    REPO,
    RUN,
    WEIGHTS,
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    api,
    check,
    errors,
    expect,
    fetched,
    folder,
    hub,
    raises,
)


@check("hub")
def whoami() -> None:
    expect(api.whoami()["auth"]["accessToken"]["role"] == "write")
    # Older clients turn their own error into one of their HTTP library, which is an OSError.
    raises((errors.HfHubHTTPError, OSError), lambda: HfApi(token="prn_" + "x" * 43).whoami())


@check("hub")
def create_repo() -> None:
    expect(api.create_repo(REPO).repo_id == REPO)
    raises(errors.HfHubHTTPError, lambda: api.create_repo(REPO))
    expect(api.create_repo(REPO, exist_ok=True).repo_id == REPO)
    expect(api.create_repo(f"{RUN}-set", repo_type="dataset", private=True).repo_type == "dataset")


@check("hub")
def upload_regular_and_large() -> None:
    api.upload_file(path_or_fileobj=b"text\n", path_in_repo="a.txt", repo_id=REPO)
    api.upload_file(path_or_fileobj=WEIGHTS, path_in_repo="w.safetensors", repo_id=REPO)
    api.upload_file(path_or_fileobj=io.BytesIO(b"\0open"), path_in_repo="open.bin", repo_id=REPO)
    expect((fetched("a.txt"), fetched("w.safetensors"), fetched("open.bin")) == (b"text\n", WEIGHTS, b"\0open"))


@check("hub")
def upload_empty_and_unicode() -> None:
    api.create_commit(
        REPO, [CommitOperationAdd("empty", b""), CommitOperationAdd("数据/é.txt", b"x")], commit_message="n"
    )
    expect((fetched("empty"), fetched("数据/é.txt")) == (b"", b"x"))


@check("hub")
def upload_folder() -> None:
    with folder(a__bin=b"\0a", b__log=b"b") as path:
        api.upload_folder(folder_path=path, path_in_repo="f", repo_id=REPO, ignore_patterns="*.log")
    expect({"f/a.bin"} == {file for file in api.list_repo_files(REPO) if file.startswith("f/")})


@check("hub")
def upload_folder_and_delete() -> None:
    with folder(c__bin=b"\0c") as path:
        api.upload_folder(folder_path=path, path_in_repo="f", repo_id=REPO, delete_patterns="*")
    expect({"f/c.bin"} == {file for file in api.list_repo_files(REPO) if file.startswith("f/")})


@check("hub")
def upload_unchanged_makes_no_commit() -> None:
    head = api.model_info(REPO).sha
    api.upload_file(path_or_fileobj=WEIGHTS, path_in_repo="w.safetensors", repo_id=REPO)
    expect(api.model_info(REPO).sha == head)


@check("hub")
def commit_with_everything() -> None:
    operations = [
        CommitOperationAdd("b.txt", b"b"),
        CommitOperationCopy("w.safetensors", "copy.safetensors"),
        CommitOperationDelete("open.bin"),
        CommitOperationDelete("f/", is_folder=True),
    ]
    done = api.create_commit(REPO, operations, commit_message="title", commit_description="why")
    expect(done.oid == api.model_info(REPO).sha and done.commit_url.startswith(ENDPOINT), done)
    expect(not {"open.bin", "f/c.bin"} & set(api.list_repo_files(REPO)))
    expect(fetched("copy.safetensors") == WEIGHTS)


@check("hub")
def commit_from_an_old_parent() -> None:
    old = api.list_repo_commits(REPO)[-1].commit_id
    added = [CommitOperationAdd("x", b"x")]
    raises(
        errors.HfHubHTTPError,
        lambda: api.create_commit(REPO, added, commit_message="x", parent_commit=old),
    )


@check("hub")
def delete_file_and_folder() -> None:
    api.create_commit(REPO, [CommitOperationAdd(p, b"x") for p in ("d/1", "d/2", "one")], commit_message="add")
    api.delete_file("one", REPO)
    api.delete_folder("d", REPO)
    expect(not {"one", "d/1"} & set(api.list_repo_files(REPO)))


@check("hub")
def delete_files() -> None:
    api.create_commit(REPO, [CommitOperationAdd(p, b"x") for p in ("e/1.log", "e/2.txt")], commit_message="add")
    api.delete_files(REPO, delete_patterns=["*.log"])
    expect("e/2.txt" in api.list_repo_files(REPO) and "e/1.log" not in api.list_repo_files(REPO))


@check("hub")
def gitignore() -> None:
    added = [CommitOperationAdd(".gitignore", b"*.tmp\n"), CommitOperationAdd("i.tmp", b"x")]
    api.create_commit(REPO, added, commit_message="ignore")
    expect("i.tmp" not in api.list_repo_files(REPO))


@check("hub")
def model_info() -> None:
    info = api.model_info(REPO, files_metadata=True)
    sizes = {file.rfilename: file.size for file in info.siblings or []}
    expect(info.id == REPO and sizes["w.safetensors"] == len(WEIGHTS), info)
    expect(api.dataset_info(f"{ME}/{RUN}-set").private)


@check("hub")
def repo_exists() -> None:
    expect(api.repo_exists(REPO) and not api.repo_exists(f"{ME}/never"))
    expect(api.revision_exists(REPO, "main") and not api.revision_exists(REPO, "never"))
    expect(api.file_exists(REPO, "a.txt") and not api.file_exists(REPO, "never"))


@check("hub")
def list_models() -> None:
    expect(REPO in [model.id for model in api.list_models(author=ME)])
    expect([model.id for model in api.list_models(search=RUN, limit=1)] == [REPO])
    expect([found.id for found in api.list_datasets(author=ME, search=RUN)] == [f"{ME}/{RUN}-set"])


@check("hub")
def list_repo_tree() -> None:
    items = {item.path: item for item in api.list_repo_tree(REPO, recursive=True, expand=True)}
    expect(items["w.safetensors"].lfs.size == len(WEIGHTS))
    expect(items["a.txt"].last_commit is not None)
    raises(errors.EntryNotFoundError, lambda: list(api.list_repo_tree(REPO, "never")))


@check("hub")
def get_paths_info() -> None:
    found = api.get_paths_info(REPO, ["a.txt", "e", "never"], expand=True)
    expect(sorted(item.path for item in found) == ["a.txt", "e"], found)


@check("hub")
def branches_and_tags() -> None:
    head = api.model_info(REPO).sha
    api.create_branch(REPO, branch="dev/x")
    api.create_branch(REPO, branch="dev/x", exist_ok=True)
    api.create_tag(REPO, tag="v1", tag_message="first")
    refs = api.list_repo_refs(REPO)
    expect({ref.name for ref in refs.branches} == {"main", "dev/x"} and refs.tags[0].target_commit == head, refs)
    api.upload_file(path_or_fileobj=b"dev", path_in_repo="dev.txt", repo_id=REPO, revision="dev/x")
    expect(fetched("dev.txt", revision="dev/x") == b"dev" and not api.file_exists(REPO, "dev.txt"))
    api.delete_branch(REPO, branch="dev/x")
    raises(errors.HfHubHTTPError, lambda: api.create_tag(REPO, tag="v1"))
    api.delete_tag(REPO, tag="v1")


@check("hub")
def list_repo_commits() -> None:
    commits = api.list_repo_commits(REPO)
    expect(commits[0].commit_id == api.model_info(REPO).sha and commits[-1].title == "initial commit")


@check("hub")
def pull_request() -> None:
    done = api.create_commit(REPO, [CommitOperationAdd("pr.txt", b"1")], commit_message="propose", create_pr=True)
    expect(done.pr_num == 1 and done.pr_revision == "refs/pr/1", done)
    expect(fetched("pr.txt", revision="refs/pr/1") == b"1")
    api.comment_discussion(REPO, 1, "fine")
    expect(api.get_discussion_details(REPO, 1).status == "open")
    api.merge_pull_request(REPO, 1)
    expect(api.file_exists(REPO, "pr.txt"))


@check("hub")
def pull_request_of_a_folder() -> None:
    with folder(g__bin=WEIGHTS[:5000]) as path:
        done = api.upload_folder(folder_path=path, repo_id=REPO, create_pr=True)
    expect(fetched("g.bin", revision=f"refs/pr/{done.pr_num or str(done.pr_url).rpartition('/')[2]}") == WEIGHTS[:5000])


@check("hub")
def discussion() -> None:
    made = api.create_discussion(REPO, "Why?", description="text")
    api.rename_discussion(REPO, made.num, "How?")
    api.change_discussion_status(REPO, made.num, "closed")
    expect({one.title: one.status for one in api.get_repo_discussions(REPO)}["How?"] == "closed")


@check("hub")
def resolve_metadata() -> None:
    meta = hub.get_hf_file_metadata(hub.hf_hub_url(REPO, "w.safetensors"))
    expect(meta.size == len(WEIGHTS) and meta.commit_hash == api.model_info(REPO).sha, meta)
    raises(errors.EntryNotFoundError, lambda: fetched("never"))
    raises(errors.RevisionNotFoundError, lambda: fetched("a.txt", revision="never"))
    raises(errors.RepositoryNotFoundError, lambda: fetched("a", repo_id=f"{ME}/never"))


@check("hub")
def snapshot_download() -> None:
    with tempfile.TemporaryDirectory() as cache:
        found = Path(api.snapshot_download(REPO, cache_dir=cache, allow_patterns=["*.txt"]))
        expect((found / "a.txt").read_bytes() == b"text\n" and not (found / "w.safetensors").exists())
    with tempfile.TemporaryDirectory() as local:
        api.snapshot_download(REPO, local_dir=local)
        expect((Path(local) / "w.safetensors").read_bytes() == WEIGHTS)


@check("hub")
def verify_repo_checksums() -> None:
    with tempfile.TemporaryDirectory() as local:
        api.snapshot_download(REPO, local_dir=local)
        expect(not api.verify_repo_checksums(REPO, local_dir=local).mismatches)


@check("hub")
def resolve_revision() -> None:
    expect(api.resolve_revision(REPO).resolved == api.model_info(REPO).sha)


@check("hub")
def dry_run() -> None:
    expect(any(file.filename == "a.txt" for file in api.snapshot_download(REPO, dry_run=True)))


@check("hub")
def private_repo() -> None:
    api.update_repo_settings(REPO, private=True)
    raises(errors.RepositoryNotFoundError, lambda: HfApi(token=False).model_info(REPO))
    api.update_repo_settings(REPO, private=False)
    expect(HfApi(token=False).model_info(REPO).id == REPO)


@check("hub")
def gated_repo() -> None:
    api.update_repo_settings(REPO, gated="manual")
    raises(errors.GatedRepoError, lambda: HfApi(token=False).auth_check(REPO))
    expect(list(api.list_pending_access_requests(REPO)) == [])
    api.grant_access(REPO, "visitor")
    expect([request.username for request in api.list_accepted_access_requests(REPO)] == ["visitor"])
    api.update_repo_settings(REPO, gated=False)
    HfApi(token=False).auth_check(REPO)


@check("hub")
def lfs_files_and_squash() -> None:
    expect({file.filename for file in api.list_lfs_files(REPO)} >= {"w.safetensors"})
    api.super_squash_history(REPO)
    expect(len(api.list_repo_commits(REPO)) == 1 and fetched("w.safetensors") == WEIGHTS)


@check("hub")
def move_repo() -> None:
    api.move_repo(REPO, f"{REPO}-moved")
    expect(api.repo_exists(f"{REPO}-moved") and not api.repo_exists(REPO))
    api.move_repo(f"{REPO}-moved", REPO)


@check("hub")
def overviews() -> None:
    expect(api.get_user_overview(ME).username == ME)


@check("hub")
def eval_results() -> None:
    text = b"- dataset: {id: org/digits, task_id: default}\n  value: 0.91\n"
    api.upload_file(path_or_fileobj=text, path_in_repo=".eval_results/digits.yaml", repo_id=REPO)
    (result,) = api.model_info(REPO, expand=["evalResults"]).eval_results
    expect((result.dataset_id, result.value) == ("org/digits", 0.91))


@check("hub")
def delete_repo() -> None:
    name = api.create_repo(f"{RUN}-gone").repo_id
    api.delete_repo(name)
    raises(errors.RepositoryNotFoundError, lambda: api.delete_repo(name))
    api.delete_repo(name, missing_ok=True)


@check("hub")
def safetensors_metadata() -> None:
    header = b'{"fc.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}'
    data = len(header).to_bytes(8, "little") + header + bytes(24)
    api.upload_file(path_or_fileobj=data, path_in_repo="model.safetensors", repo_id=REPO)
    expect(hub.get_safetensors_metadata(REPO).parameter_count == {"F32": 6})


@check("hub")
def file_system() -> None:
    fs = hub.HfFileSystem(skip_instance_cache=True)
    with fs.open(f"{REPO}/data/t.csv", "w") as file:
        file.write("a,b\n1,2\n")
    expect(fs.glob(f"{REPO}/**/*.csv") == [f"{REPO}/data/t.csv"])
    with fs.open(f"{REPO}/data/t.csv", "rb") as file:
        file.seek(4)
        expect(file.read() == b"1,2\n")
    fs.rm(f"{REPO}/data/t.csv")
    expect(not fs.exists(f"{REPO}/data/t.csv"))


@check("hub")
def model_card_load() -> None:
    api.upload_file(path_or_fileobj=CARD.encode(), path_in_repo="README.md", repo_id=REPO)
    expect(hub.ModelCard.load(REPO).data.license == "mit")
    expect("pruned" in (api.model_info(REPO).tags or []))


@check("hub")
def model_card_push() -> None:
    hub.ModelCard(CARD + "More.\n").push_to_hub(REPO)
    expect(fetched("README.md").endswith(b"More.\n"))


@check("hub")
def model_card_validate() -> None:
    hub.ModelCard(CARD).validate()
    raises(ValueError, lambda: hub.ModelCard("---\na: &x [1]\nb: *x\n---\n").validate())
