"""Where workers run and what one of them may use: the half of an order that stays with the executor."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from zoo.core.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Placement:
    """``workers`` jobs at a time, each with ``cpus``, ``gpus`` (may be fractions) and ``memory_bytes`` of one machine.

    ``address`` is that of a cluster, for executors that have one. None leaves a choice to the executor.
    """

    workers: int = 1
    cpus: float | None = None
    gpus: float | None = None
    memory_bytes: int | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        if self.workers < 1 or any((given or 0) < 0 for given in (self.cpus, self.gpus, self.memory_bytes)):
            raise UsageError("A placement has at least one worker, and no negative resources.")

    def require_local(self, executor: str) -> None:
        """Raise :class:`UsageError` where something is asked for that only a cluster can promise."""
        given = [name for name, value in self._given().items() if name != "workers"]
        if given:
            raise UsageError(
                f"The executor {executor} cannot promise {', '.join(given)}.", "Add --executor ray, or leave it out."
            )

    def _given(self) -> Mapping[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}
