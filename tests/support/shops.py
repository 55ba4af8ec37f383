"""A published model, and what is needed to pull it into a cache of the test's own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub_fixture import RunningHub
from huggingface_hub import HfApi
from network_folders import write_network
from sqlalchemy import Engine

from registry.publish import Published, publish
from registry.pull import Pulled, pull
from zoo.checkpoint.folder import ModelFolder


@dataclass(frozen=True)
class Shop:
    """One model on the hub, known to the catalogue ``engine``."""

    hub: RunningHub
    engine: Engine
    cache: Path
    source: ModelFolder
    published: Published

    @property
    def slug(self) -> str:
        """What the model is called."""
        return self.source.provenance.slug

    @property
    def owner(self) -> HfApi:
        """The hub as the publisher uses it."""
        return HfApi(endpoint=self.hub.endpoint, token=self.hub.token)

    def address(self, endpoint: str) -> str:
        """The published commit as a hub at ``endpoint`` has it."""
        return f"{endpoint}/{self.published.repo_id}@{self.published.commit}"

    def pull(self, target: str | None = None, **options: Any) -> Pulled:
        """Pull the model, or another target, anonymously; keyword arguments as of :func:`registry.pull.pull`."""
        arguments = {"endpoint": self.hub.endpoint, "token": None, "cache": self.cache, "engine": self.engine} | options
        return pull(target or self.slug, **arguments)

    @property
    def cached(self) -> Path:
        """The repository's folder in the cache."""
        return self.cache / f"models--{self.published.repo_id.replace('/', '--')}"

    def blob(self, name: str) -> Path:
        """The cached file of the published commit."""
        return (self.cached / "snapshots" / self.published.commit / name).resolve()

    def leftovers(self) -> list[str]:
        """What lies among the blobs and bears no digest's name: transfers that were not finished."""
        return sorted(path.name for path in self.cached.glob("blobs/*") if len(path.name) not in (40, 64))

    def upload(self, name: str, files: dict[str, Path | bytes]) -> tuple[str, str]:
        """A repository that was not made by us: its id and commit."""
        repo_id = f"{self.hub.namespace}/{name}"
        self.owner.create_repo(repo_id)
        for path, content in files.items():
            commit = self.owner.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=repo_id).oid
        return repo_id, str(commit)


def open_shop(hub: RunningHub, engine: Engine, folder: Path, seed: int, sparsity: float = 0.0) -> Shop:
    """Publish a model of random weights, after its dense parent if it has one; everything lies in ``folder``."""
    where: dict[str, Any] = {"engine": engine, "endpoint": hub.endpoint, "namespace": hub.namespace, "token": hub.token}
    if sparsity:
        publish(write_network(folder / "parent", seed=seed).path, **where)
    source = write_network(folder / "source", seed=seed, sparsity=sparsity)
    return Shop(hub, engine, folder / "cache", source, publish(source.path, **where))


def damage(path: Path) -> None:
    """Another bit, the same size: what the hub's own client does not notice."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
