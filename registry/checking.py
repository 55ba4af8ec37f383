"""What ``prunarium check`` judges: folders of this machine, and models on a hub, each as the server would."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.checkpoint.folder import CONFIG, PROVENANCE, SPARSE_WEIGHTS, WEIGHTS
from zoo.checkpoint.passport import Passport
from zoo.core.errors import UsageError
from zoo.core.progress import track

from .check import check
from .declarations import Declared
from .hub_check import check_on_hub
from .publish import find_folders
from .reasons import Reason
from .settings import Settings, load_settings
from .sources import Source, choose_source, chosen_source

_PARTS = (PROVENANCE, CONFIG, WEIGHTS, SPARSE_WEIGHTS)  # any of them makes a folder somebody's model


@dataclass(frozen=True)
class Judged:
    """A model by the name that was given for it, and what is against it."""

    model: str
    reasons: tuple[Reason, ...]
    passport: Passport | None

    @property
    def ok(self) -> bool:
        """Whether there is no reason against it."""
        return not self.reasons

    def to_json(self) -> dict[str, Any]:
        """Stable field names: model, ok, reasons, passport (null where the weights were not read)."""
        return {
            "model": self.model,
            "ok": self.ok,
            "reasons": [reason.to_json() for reason in self.reasons],
            "passport": None if self.passport is None else self.passport.to_json(),
        }


def judge(models: Sequence[str], *, catalogue: bool, declared: Declared) -> list[Judged]:
    """Judge each; without ``catalogue`` nobody is asked for the dense parent of a folder."""
    settings = load_settings()
    wanted = [found for model in models for found in _folders(model)]
    asked = catalogue or not all(isinstance(one, Path) for one in wanted)
    source = chosen_source(settings) if asked else choose_source(settings)
    return [
        _of_folder(one, source if catalogue else None, declared)
        if isinstance(one, Path)
        else _on_hub(one, source, settings, declared)
        for one in track(wanted, "Checking")
    ]


def _folders(model: str) -> Iterator[Path | str]:
    """What is here is a folder; whatever looks like one is not looked for on a hub."""
    path = Path(model)
    if path.exists() or path.is_absolute() or model.startswith(".") or "/" not in model:
        found = find_folders(path)
        if not found and path.is_dir() and not any((path / name).exists() for name in _PARTS):
            raise UsageError(f"There is no model folder in {path}.", f"One holds {PROVENANCE}.")
        yield from found or [path]
    else:
        yield model


def _of_folder(folder: Path, source: Source | None, declared: Declared) -> Judged:
    report = check(folder, source=source, declared=declared)
    return Judged(str(folder), report.reasons, report.passport)


def _on_hub(target: str, source: Source, settings: Settings, declared: Declared) -> Judged:
    endpoint, token = settings.hub_endpoint, settings.hub_token
    report = check_on_hub(target, source=source, endpoint=endpoint, token=token, declared=declared)
    return Judged(target, report.reasons, report.passport)
