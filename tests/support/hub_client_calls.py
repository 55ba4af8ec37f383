"""Every call that clients make to a hub, by name: run by the Python of each client's own environment.

Nothing of ours is imported here. ``HF_ENDPOINT`` and ``HF_TOKEN`` say where the hub is; the arguments are groups of
checks (``hub``, ``tools``, ``libraries``). It prints JSON: the client's versions, and for each check "ok" or its error.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

# Three generations with types of their own: none of them is checked here.
hub: Any = import_module("huggingface_hub")
errors: Any = import_module("huggingface_hub.errors")
CommitOperationAdd, CommitOperationCopy = hub.CommitOperationAdd, hub.CommitOperationCopy
CommitOperationDelete, HfApi = hub.CommitOperationDelete, hub.HfApi

Check = Callable[[], None]
CHECKS: dict[str, dict[str, Check]] = {"hub": {}, "tools": {}, "libraries": {}}
ENDPOINT = os.environ["HF_ENDPOINT"]
RUN = f"r{os.getpid()}"
api: Any = HfApi()
ME: str = api.whoami()["name"]
REPO = f"{ME}/{RUN}"
WEIGHTS = os.urandom(300_000) + bytes(300_000)
CARD = "---\nlicense: mit\nlibrary_name: timm\ntags: [pruned]\n---\n# Title\n"


def check(group: str) -> Callable[[Check], Check]:
    """Add a function to a group under its own name."""

    def add(function: Check) -> Check:
        CHECKS[group][function.__name__] = function
        return function

    return add


def expect(condition: bool, message: object = "") -> None:
    """An assertion that no interpreter leaves out."""
    if not condition:
        raise AssertionError(message)


def raises(error: type[BaseException] | tuple[type[BaseException], ...], act: Callable[[], object]) -> None:
    """``act`` must fail with ``error``."""
    try:
        act()
    except error:
        return
    raise AssertionError(f"no {error}")


def fetched(path: str, **options: Any) -> bytes:
    """A file's bytes through an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        return Path(api.hf_hub_download(options.pop("repo_id", REPO), path, cache_dir=cache, **options)).read_bytes()


def folder(**files: bytes) -> tempfile.TemporaryDirectory[str]:
    """A folder with these files (``__`` is a dot)."""
    made = tempfile.TemporaryDirectory()
    for name, data in files.items():
        (Path(made.name) / name.replace("__", ".")).write_bytes(data)
    return made


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


@check("tools")
def commit_scheduler() -> None:
    with tempfile.TemporaryDirectory() as path:
        scheduler = hub.CommitScheduler(repo_id=REPO, folder_path=path, path_in_repo="log", every=60)
        with scheduler.lock:
            (Path(path) / "log.jsonl").write_text('{"a": 1}\n')
        scheduler.trigger().result()
        scheduler.stop()
    expect(fetched("log/log.jsonl") == b'{"a": 1}\n')


def hf(*arguments: str) -> str:
    """The command line of this environment."""
    command = [sys.executable, "-c", "import sys; from huggingface_hub.cli.hf import main; sys.exit(main())"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=120)
    expect(done.returncode == 0, done.stderr[-800:] + done.stdout[-800:])
    return done.stdout + done.stderr


@check("tools")
def cli_whoami() -> None:
    expect(ME in hf("auth", "whoami"))


@check("tools")
def cli_upload_and_download() -> None:
    with folder(c__bin=WEIGHTS[:9000], d__txt=b"d") as path, tempfile.TemporaryDirectory() as target:
        hf("upload", f"{REPO}-cli", path, ".")
        hf("upload", f"{REPO}-cli", f"{path}/d.txt", "sub/d.txt", "--commit-message", "again")
        hf("download", f"{REPO}-cli", "--local-dir", target)
        expect((Path(target) / "c.bin").read_bytes() == WEIGHTS[:9000])
        expect((Path(target) / "sub/d.txt").read_bytes() == b"d")


@check("tools")
def cli_tag_and_delete() -> None:
    group = "repos" if hub.__version__.split(".")[0] != "0" else "repo"
    hf(group, "tag", "create", f"{REPO}-cli", "v1")
    expect([ref.name for ref in api.list_repo_refs(f"{REPO}-cli").tags] == ["v1"])
    if group == "repos":
        hf(group, "delete", f"{REPO}-cli", "--yes")
        expect(not api.repo_exists(f"{REPO}-cli"))


@check("tools")
def cli_list() -> None:
    expect(REPO in hf("models", "ls", "--author", ME, "--format", "json"))


@check("libraries")
def datasets_load() -> None:
    datasets: Any = import_module("datasets")

    name = api.create_repo(f"{RUN}-csv", repo_type="dataset").repo_id
    api.upload_file(path_or_fileobj=b"a,b\n1,2\n3,4\n", path_in_repo="train.csv", repo_id=name, repo_type="dataset")
    first = api.list_repo_commits(name, repo_type="dataset")[0].commit_id
    expect(datasets.load_dataset(name, split="train")["a"][:] == [1, 3])
    expect([row["b"] for row in datasets.load_dataset(name, split="train", streaming=True)] == [2, 4])
    api.upload_file(path_or_fileobj=b"a,b\n5,6\n", path_in_repo="train.csv", repo_id=name, repo_type="dataset")
    expect(datasets.load_dataset(name, split="train", revision=first)["a"][:] == [1, 3])


@check("libraries")
def datasets_push() -> None:
    datasets: Any = import_module("datasets")

    table = datasets.Dataset.from_dict({"x": list(range(100)), "label": [number % 2 for number in range(100)]})
    table.push_to_hub(f"{ME}/{RUN}-parquet", split="train", private=True)
    expect(datasets.load_dataset(f"{ME}/{RUN}-parquet", split="train[:3]")["x"][:] == [0, 1, 2])


@check("libraries")
def datasets_imagefolder() -> None:
    datasets: Any = import_module("datasets")
    from PIL import Image

    name = api.create_repo(f"{RUN}-images", repo_type="dataset").repo_id
    with tempfile.TemporaryDirectory() as path:
        for label in ("cat", "dog"):
            (Path(path) / "train" / label).mkdir(parents=True)
            Image.new("RGB", (4, 4), color="red" if label == "cat" else "blue").save(
                Path(path) / "train" / label / "0.png"
            )
        api.upload_folder(folder_path=path, repo_id=name, repo_type="dataset")
    rows = datasets.load_dataset(name, split="train")
    expect(rows.features["label"].names == ["cat", "dog"] and rows[0]["image"].size == (4, 4))


@check("libraries")
def timm_push_and_create() -> None:
    import timm
    import torch

    torch.manual_seed(0)
    model: Any = timm.create_model("test_resnet", num_classes=3).eval()
    timm.models.push_to_hf_hub(model, f"{ME}/{RUN}-timm", safe_serialization=True)
    api.create_tag(f"{ME}/{RUN}-timm", tag="v1")
    image = torch.rand(1, 3, 64, 64)
    for name in (f"hf-hub:{ME}/{RUN}-timm", f"hf-hub:{ME}/{RUN}-timm@v1"):
        loaded = timm.create_model(name, pretrained=True).eval()
        with torch.inference_mode():
            expect(torch.equal(loaded(image), model(image)), name)


@check("libraries")
def pytorch_model_hub_mixin() -> None:
    import torch

    class Net(torch.nn.Module, hub.PyTorchModelHubMixin):  # type: ignore[misc]
        def __init__(self, width: int = 3) -> None:
            super().__init__()
            self.fc = torch.nn.Linear(width, 2)

    model: Any = Net(width=5)
    model.push_to_hub(f"{ME}/{RUN}-mixin")
    loaded = Net.from_pretrained(f"{ME}/{RUN}-mixin")
    expect(loaded.fc.in_features == 5 and torch.equal(loaded.fc.weight, model.fc.weight))


@check("libraries")
def save_torch_model_sharded() -> None:
    import torch

    model: Any = torch.nn.Sequential(torch.nn.Linear(40, 40), torch.nn.Linear(40, 40))
    name = api.create_repo(f"{RUN}-shards").repo_id
    with tempfile.TemporaryDirectory() as path, tempfile.TemporaryDirectory() as target:
        hub.save_torch_model(model, path, max_shard_size=7000)
        api.upload_folder(folder_path=path, repo_id=name)
        api.snapshot_download(name, local_dir=target)
        again: Any = torch.nn.Sequential(torch.nn.Linear(40, 40), torch.nn.Linear(40, 40))
        hub.load_torch_model(again, target)
    expect(torch.equal(again[1].weight, model[1].weight))
    expect(hub.get_safetensors_metadata(name).sharded)


def _versions() -> dict[str, str]:
    found = {}
    for name in ("huggingface_hub", "hf_xet", "datasets", "timm", "torch"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def main(groups: list[str]) -> None:
    """Run the groups in order; one failure does not stop the others."""
    results, seconds = {}, {}
    for name, function in [pair for group in groups for pair in CHECKS[group].items()]:
        started = time.perf_counter()
        try:
            function()
            results[name] = "ok"
        except Exception:
            results[name] = traceback.format_exc()[-1500:]
        seconds[name] = round(time.perf_counter() - started, 2)
    print(json.dumps({"versions": _versions(), "results": results, "seconds": seconds}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:] or list(CHECKS))
