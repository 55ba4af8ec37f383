"""Which suites a model has results in."""

from .catalogue import Catalogue
from .sides import suite_cells


def suites_of(catalogue: Catalogue, model: str) -> list[str]:
    """Suites by ``name@version``, those with results of ``model`` only."""
    seen = {(result.task, result.protocol) for result in catalogue.results_of(model)}
    return [
        ref
        for ref, suite in catalogue.suites.items()
        if any((task, protocol) in seen for task, protocol, _ in suite_cells(suite))
    ]
