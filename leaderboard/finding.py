"""From the name in an address to the model that is meant."""

from difflib import get_close_matches

from registry.records import ModelRecord

from .catalogue import Catalogue
from .errors import NotFoundError


def find_model(catalogue: Catalogue, name: str) -> ModelRecord:
    """The model of a slug or hub id. Raises :class:`NotFoundError` with the nearest names."""
    found = catalogue.models.get(name) or next((one for one in catalogue.models.values() if one.hub_id == name), None)
    if found is None:
        near = get_close_matches(name, catalogue.models, n=3, cutoff=0.5)
        raise NotFoundError(
            f"There is no model {name!r}.",
            f"Perhaps {', '.join(near)}?" if near else "All models are listed at /models.",
        )
    return found
