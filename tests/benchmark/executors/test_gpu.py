"""On a GPU every executor gives the values that the in-process one gives there."""

import pytest
import torch
from benchmark_catalogues import LINEAR, UPSTREAM, DigitCatalogue, digit_catalogue, table_of

from benchmark.executors import EXECUTORS
from benchmark.placement import Placement
from zoo.checkpoint.folder import ModelFolder

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device: run the tests marked gpu on one"),
]


@pytest.mark.parametrize("name", ["local-processes", "ray"])
def test_the_same_results_on_a_gpu(
    name: str,
    catalogue: DigitCatalogue,
    digit_models: tuple[ModelFolder, ModelFolder],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setenv("PRUNARIUM_DEVICE", "cuda")
    monkeypatch.setenv("PRUNARIUM_PRECISION", "fp32")
    cells = [UPSTREAM, LINEAR]
    reference = digit_catalogue(tmp_path_factory.mktemp("reference"), digit_models)
    EXECUTORS["in-process"].drain(reference.order(reference.enqueue(cells)).to_json(), Placement(), lambda _: None)
    placement = Placement(workers=2)
    if name == "ray":
        request.getfixturevalue("ray_nodes")
        placement = Placement(workers=2, gpus=0.5)
    EXECUTORS[name].drain(catalogue.order(catalogue.enqueue(cells)).to_json(), placement, lambda _: None)
    assert table_of(catalogue.results()) == table_of(reference.results())
