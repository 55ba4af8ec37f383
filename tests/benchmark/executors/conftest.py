"""One Ray cluster for all tests of a module, to which drivers of this process find by themselves."""

from collections.abc import Iterator

import pytest
from ray_clusters import Cluster, ray_cluster


@pytest.fixture(scope="module")
def ray_nodes() -> Iterator[Cluster]:
    """A head and two nodes of one CPU each."""
    with ray_cluster() as cluster, pytest.MonkeyPatch.context() as patch:
        for name, value in {**cluster.environ, "RAY_ADDRESS": cluster.address}.items():
            patch.setenv(name, value)
        yield cluster
