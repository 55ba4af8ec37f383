"""Environments with other versions of the clients, made by pip when it can and kept in ``build/clients``."""

import shutil
import site
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parents[2] / "build" / "clients"


@dataclass(frozen=True)
class Client:
    """A generation of ``huggingface_hub``, what pip is asked for, and which checks cannot pass, with the reason."""

    name: str
    requirements: tuple[str, ...] = ()  # none: the environment of the tests themselves
    exceptions: dict[str, str] = field(default_factory=dict)


_ASKS_ELSEWHERE = "before 2.0 the client asks https://huggingface.co itself to validate a card, whatever its endpoint"
_CARDS = {"model_card_push": _ASKS_ELSEWHERE, "model_card_validate": _ASKS_ELSEWHERE}
_CAME_LATER = "0.36 has no such call"

NEWEST = Client("2.x")
OLDER = (
    Client("1.x", ("huggingface_hub>=1.31,<2", "datasets", "timm"), _CARDS),
    Client(
        "0.36",
        ("huggingface_hub==0.36.*", "datasets", "timm"),
        _CARDS
        | dict.fromkeys(("verify_repo_checksums", "resolve_revision", "dry_run", "eval_results"), _CAME_LATER)
        | {"cli_list": "the command line of 0.36 lists no models"},
    ),
)


def python_of(client: Client) -> Path:
    """The interpreter of a client's environment; skips, with the command, where pip cannot make it.

    The environment has the client and the datasets and timm that fit it; torch and the rest, which do not depend on
    it, are borrowed from the environment of the tests.
    """
    if not client.requirements:
        return Path(sys.executable)
    folder = _FOLDER / client.name
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, "-m", "venv", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
        (own,) = folder.glob("lib/python*/site-packages")
        # Behind the environment's own packages on the path: what pip installs there comes first.
        (own / "borrowed.pth").write_text(f"{site.getsitepackages()[0]}\n", encoding="utf-8")
        install = [str(python), "-m", "pip", "install", "--quiet", *client.requirements]
        done = subprocess.run(install, check=False, capture_output=True, text=True, timeout=250)
        if done.returncode != 0:
            pytest.skip(f"needs a package index: {' '.join(install)}")
        (folder / "ready").touch()
    return python
