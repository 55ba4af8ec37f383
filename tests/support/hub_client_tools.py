"""The programs and libraries on top of ``huggingface_hub``: scheduler, command line, datasets, timm, torch."""

import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from hub_client_checks import ME, REPO, RUN, WEIGHTS, api, check, expect, fetched, folder, hub


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
