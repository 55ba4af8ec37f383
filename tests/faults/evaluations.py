"""An evaluation under faults, again and again until it ends: what a user does whose machine fails her."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import harness

# Where an evaluation can be hit, from the lease to the last row; each is called several times in a run.
PLACES = (
    "registry.jobs:claim",
    "registry.jobs:finish",
    "registry.queries.jobs:open_attempt",
    "registry.queries.jobs:close_attempt",
    "benchmark.run_job:run_job",
    "benchmark.run_job:read_folder",
    "benchmark.predictions:Predictions.to_parquet",
    "registry.blobs:BlobStore.put",
)
_CALLS = 2
_MOST_RUNS = 4


def drawn_point(seed: int, action: str) -> str:
    """A point of ``PLACES``, before or after one of its first calls; the same for one seed."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    return f"{draw.choice(PLACES)}@{draw.choice(('before', 'after'))}#{draw.randint(1, _CALLS)}={action}"


def run_until_done(arguments: Sequence[str], environ: Mapping[str, str], fault: str, once: Path) -> int:
    """Run ``python *arguments`` with ``fault`` armed for the first of its processes that meets it, until it ends well.

    Returns how many runs that took. Raises where it never does, or where the fault was not met.
    """
    for number in range(1, _MOST_RUNS + 1):
        outcome = harness.run(arguments, faults=[fault], once=once, environ=environ)
        if outcome.returncode == 0:
            if not once.exists():
                raise RuntimeError(f"{fault} was never met")
            return number
    raise RuntimeError(f"after {fault} the same command does not end well: {outcome.stderr}")
