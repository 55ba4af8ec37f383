"""Put an author's predictions beside the weights that they are of: one commit, which the submission then names."""

from pathlib import Path

from zoo.checkpoint.slug import is_slug
from zoo.core.errors import UsageError

from .addresses import parse_address
from .errors import HubAccessError
from .hub_client import client, hub_errors

_MANIFEST = "manifest.json"


def upload_predictions(target: str, folder: Path, *, endpoint: str | None, token: str | None) -> str:
    """Upload ``folder`` as the folder ``predictions`` of a repository; returns ``org/name@commit``.

    What that folder held before is replaced; the rest of the repository stays. Raises
    :class:`~zoo.core.errors.UsageError` for a folder without manifest and a target that is no Hub id, and
    :class:`~registry.errors.HubError` where the hub refuses.
    """
    address = parse_address(target, endpoint)
    if is_slug(address.name) or address.revision is not None:
        raise UsageError(
            f"{target} cannot be given predictions.", "Name the repository that holds the weights: org/name, without @."
        )
    if not (folder / _MANIFEST).is_file():
        raise UsageError(
            f"{folder} holds no {_MANIFEST}.", "Write it with benchmark.author_predictions.write_predictions."
        )
    api = client(address.endpoint or endpoint, token)
    if not token:
        raise HubAccessError(f"Uploading to {api.endpoint} needs a token.", "Set PRUNARIUM_HUB_TOKEN.")
    with hub_errors(api.endpoint, address.name):
        commit = api.upload_folder(
            repo_id=address.name,
            folder_path=folder,
            path_in_repo="predictions",
            allow_patterns=[_MANIFEST, "*.parquet"],
            delete_patterns="*",
            commit_message="Predictions",
        )
    return f"{address.name}@{commit.oid}"
