"""What a worker is told, wherever it runs: the one thing that an executor carries across a border, as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from registry.jobs import DEFAULT_LEASE_SECONDS
from registry.settings import Settings
from zoo.core.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class WorkOrder:
    """Drain the queue of ``database_url``.

    With ``job_ids`` the worker returns once all of these have ended (it may do other queued jobs before that), with
    ``until_idle`` once nothing is queued or leased; without, it works until it is told to stop. ``folders`` holds model
    folders that are used instead of a hub. Idle workers look every
    ``poll_seconds``. Without ``evaluate`` it only scores what workers without the database delivered.
    """

    home: str
    database_url: str
    blobs: str
    hub_endpoint: str | None = None
    hub_token: str | None = field(default=None, repr=False)
    folders: str | None = None
    job_ids: tuple[int, ...] | None = None
    until_idle: bool = False
    evaluate: bool = True
    lease_seconds: float = DEFAULT_LEASE_SECONDS
    poll_seconds: float = 0.2

    @classmethod
    def from_settings(cls, settings: Settings, **given: Any) -> "WorkOrder":
        """An order for the catalogue, hub and blobs of ``settings``; ``given`` are the other fields."""
        return cls(
            home=str(settings.home),
            database_url=settings.database_url,
            blobs=settings.blobs,
            hub_endpoint=settings.hub_endpoint,
            hub_token=settings.hub_token,
            **given,
        )

    def settings(self) -> Settings:
        """The registry's settings on the worker's side."""
        return Settings(
            home=Path(self.home),
            database_url=self.database_url,
            hub_endpoint=self.hub_endpoint,
            hub_token=self.hub_token,
            blobs=self.blobs,
        )

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return {**asdict(self), "job_ids": None if self.job_ids is None else list(self.job_ids)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "WorkOrder":
        """The inverse of :meth:`to_json`; raises :class:`UsageError` for unknown or missing fields."""
        ids = value.get("job_ids")
        try:
            return cls(**{**value, "job_ids": None if ids is None else tuple(ids)})
        except TypeError as error:
            raise UsageError(f"This is no work order: {error}.") from error
