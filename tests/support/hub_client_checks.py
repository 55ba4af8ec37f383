"""What the checks of clients share: the hub that the environment names, and groups of checks by name."""

import os
import tempfile
from collections.abc import Callable
from importlib import import_module
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
