"""Environments with other versions of the clients, made by pip when it can and kept in ``build/clients``."""

import shutil
import site
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from optional import need

_FOLDER = Path(__file__).parents[2] / "build" / "clients"
_LIBRARIES = ("datasets", "timm")


@dataclass(frozen=True)
class Client:
    """A generation of ``huggingface_hub``, as pip is asked for it, and which checks cannot pass, with the reason.

    ``needs`` are what the client needs and the environment of the tests does not hold.
    """

    name: str
    requirement: str | None = None  # None: the environment of the tests themselves
    needs: tuple[str, ...] = ()
    exceptions: dict[str, str] = field(default_factory=dict)


_ASKS_ELSEWHERE = "before 2.0 the client asks https://huggingface.co itself to validate a card, whatever its endpoint"
_CARDS = {"model_card_push": _ASKS_ELSEWHERE, "model_card_validate": _ASKS_ELSEWHERE}
_CAME_LATER = "0.36 has no such call"

NEWEST = Client("2.x")
OLDER = (
    Client("1.x", "huggingface_hub>=1.31,<2", exceptions=_CARDS),
    Client(
        "0.36",
        "huggingface_hub==0.36.*",
        ("requests", "urllib3", "charset-normalizer"),
        _CARDS
        | dict.fromkeys(("verify_repo_checksums", "resolve_revision", "dry_run", "eval_results"), _CAME_LATER)
        | {"cli_list": "the command line of 0.36 lists no models"},
    ),
)


def python_of(client: Client, *, libraries: bool) -> Path:
    """The interpreter of a client's environment; skips, with the command, where pip cannot make it.

    The environment has the client alone or, with ``libraries``, the datasets and timm that fit it as well; torch and
    the rest, which do not depend on it, are borrowed from the environment of the tests.
    """
    if client.requirement is None:
        return Path(sys.executable)
    folder = _FOLDER / (f"{client.name} with libraries" if libraries else client.name)
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, capture_output=True)
        (own,) = folder.glob("lib/python*/site-packages")
        # Behind the environment's own packages on the path: what pip installs there comes first.
        (own / "borrowed.pth").write_text(f"{site.getsitepackages()[0]}\n", encoding="utf-8")
        # The other requirements are among what is borrowed; to look for them takes longer than to install the client.
        wanted = [client.requirement, *_LIBRARIES] if libraries else ["--no-deps", client.requirement, *client.needs]
        install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *wanted]
        done = subprocess.run(install, check=False, capture_output=True, text=True, timeout=250)
        need("index", done.returncode == 0, f"a package index for {' '.join(wanted)}")
        (folder / "ready").touch()
    return python
