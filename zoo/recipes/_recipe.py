"""What a run needs besides data, target and seed."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from ..checkpoint.strict import decode
from ..core.errors import UsageError
from ..methods import METHODS, Method
from ..train import TrainConfig

T = TypeVar("T")

_OWN = "config."
_ELSEWHERE = {"seed": "Seeds are given with --seeds.", "epochs": "Epochs are given with --epochs."}


@dataclass(frozen=True)
class Recipe:
    """How to train, and the method with its configuration.

    ``from_scratch``: train from scratch a method that elsewhere starts from a dense parent.
    """

    train: TrainConfig
    method: Method
    from_scratch: bool = False

    @property
    def starts_from_parent(self) -> bool:
        """Whether the dense parent's weights are where the run starts."""
        return self.method.facts.starts_from == "dense parent" and not self.from_scratch


def make_recipe(
    method: str,
    train: Mapping[str, Any],
    config: Mapping[str, Any],
    where: str,
    overrides: Mapping[str, Any],
    *,
    from_scratch: bool = False,
) -> Recipe:
    """A recipe from the tables of a file; raises :class:`UsageError` for unknown keys and impossible values.

    ``overrides`` that are not None replace fields of the training; those named ``config.FIELD`` are of the method's
    configuration. Another number of ``epochs`` stretches its schedule,
    as the authors of RigL do.
    """
    changes = {name: value for name, value in overrides.items() if value is not None}
    epochs = changes.pop("epochs", None)
    own = {name: changes.pop(name) for name in list(changes) if name.startswith(_OWN)}
    kind = METHODS[method]
    # The file by itself first: then what is wrong with it is not taken for what was asked on top, nor the other way.
    settings, made = _made(TrainConfig, train, where), kind(_made(kind.config_type, config, where))
    if changes:
        settings = _made(TrainConfig, {**train, **changes}, "--set")
    if own:
        config = {**config, **{name.removeprefix(_OWN): value for name, value in own.items()}}
        made = kind(_made(kind.config_type, config, f"--set, the configuration of {method}"))
    return Recipe(settings if epochs is None else settings.stretched(epochs), made, from_scratch)


def parse_settings(texts: Sequence[str]) -> dict[str, Any]:
    """Fields of the training, or ``config.name`` of the method, from texts ``name=value``; a value is TOML, or a word.

    >>> parse_settings(["distillation=0.5", "schedule=step", "milestones=[30, 60]"])
    {'distillation': 0.5, 'schedule': 'step', 'milestones': [30, 60]}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (equals and name and value) or name in _ELSEWHERE:
            hint = _ELSEWHERE.get(name, "For example --set distillation=0.5")
            raise UsageError(
                f"--set takes name=value of a field of the training, or config.name=value of the method, got {text!r}.",
                hint,
            )
        try:
            found[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            found[name] = value
    return found


def _made(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if surplus := sorted(set(values) - known):
        raise UsageError(
            f"{where}: there is no setting {', '.join(surplus)}.", f"There are: {', '.join(sorted(known))}."
        )
    return decode(kind, dict(values), where)
