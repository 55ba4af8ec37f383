"""Which engine gains from which zeros, told from small models made for each pattern."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from model_folders import CONFIG
from patterned_masks import blocked, grouped

from zoo.checkpoint.dtypes import from_numpy
from zoo.checkpoint.engines import engines, timm_support
from zoo.checkpoint.passport import Passport, measure_tensors

CORES, SEMI, BLOCKS, CUT, XNNPACK = (
    "TensorRT, cuSPARSELt",
    "PyTorch to_sparse_semi_structured",
    "PyTorch block-sparse (Triton)",
    "any engine, after channels are cut out",
    "TensorFlow Lite with XNNPACK",
)


def passport(**masks: Any) -> Passport:
    return measure_tensors(
        from_numpy(f"{name}.weight", np.asarray(mask).astype(np.float32)) for name, mask in masks.items()
    )


def random(shape: tuple[int, ...], density: float) -> Any:
    return np.random.default_rng(0).random(shape) < density


def filters(shape: tuple[int, ...]) -> Any:
    mask = np.ones(shape, np.bool_)
    mask[np.random.default_rng(0).permutation(shape[0])[: shape[0] // 3]] = False
    return mask


MOBILE: dict[str, Any] = {
    "stem": np.ones((32, 3, 3, 3), np.bool_),
    "depthwise": np.ones((32, 1, 3, 3), np.bool_),
    "pointwise": random((64, 32, 1, 1), 0.2),
    "fc": random((10, 64), 0.2),
}

CASES: dict[str, tuple[Passport, set[str]]] = {
    "2:4 convolutions": (passport(a=grouped(2, 4, (32, 32, 3, 3)), stem=np.ones((8, 3, 7, 7))), {CORES}),
    "2:4 linear": (passport(a=grouped(2, 4, (64, 64))), {CORES, SEMI}),
    "1:4 and 2:8 fit into 2:4": (passport(a=grouped(1, 4, (64, 64)), b=grouped(2, 8, (64, 64))), {CORES, SEMI}),
    "4:8 does not": (passport(a=grouped(4, 8, (64, 64))), set()),
    "one layer is scattered": (passport(a=grouped(2, 4, (32, 32, 3, 3)), b=random((64, 64), 0.5)), set()),
    "large blocks": (passport(a=blocked(32, 16, (256, 256))), {BLOCKS}),
    "small blocks": (passport(a=blocked(4, 1, (256, 256))), set()),
    "large blocks of a convolution": (passport(a=blocked(16, 16, (64, 64, 3, 3))), set()),
    "filters": (passport(a=filters((32, 32, 3, 3)), b=filters((32, 32, 3, 3))), {CUT}),
    "scattered": (passport(a=random((64, 64, 3, 3), 0.05)), set()),
    "scattered, with dead filters": (passport(a=filters((32, 32)) & random((32, 32), 0.5)), set()),
    "mobile": (passport(**MOBILE), {XNNPACK}),
    "mobile with another stem": (passport(**MOBILE | {"stem": np.ones((32, 3, 7, 7))}), set()),
    "mobile, too dense": (passport(**MOBILE | {"pointwise": random((64, 32, 1, 1), 0.5)}), set()),
    "mobile with another convolution": (passport(**MOBILE | {"more": random((64, 64, 3, 3), 0.2)}), set()),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_engines_that_gain(case: str) -> None:
    measured, expected = CASES[case]
    judged = engines(measured)
    assert {engine.name for engine in judged if engine.faster} == expected
    assert [engine.faster for engine in judged] == sorted((engine.faster for engine in judged), reverse=True)


def test_every_statement_has_a_reason_and_a_source() -> None:
    for measured, _ in CASES.values():
        for name, faster, why in engines(measured):
            assert why
            assert why[0].islower() or why[0].isdigit()
            assert not why.endswith(".")
            assert isinstance(faster, bool)
            assert name
        assert all(engine.source.startswith("https://") for engine in engines(measured))


def test_counts_in_the_reasons_are_those_of_the_model() -> None:
    why = {engine.name: engine.why for engine in engines(CASES["filters"][0])}
    assert why[CUT].startswith("20 of 64 output channels are all zero")
    partly = engines(CASES["one layer is scattered"][0])
    assert next(engine.why for engine in partly if engine.name == CORES).startswith("1 of 2 pruned layers keep")


def test_a_dense_model_gains_nowhere_and_no_engine_is_listed() -> None:
    assert engines(passport(a=np.ones((8, 8)))) == ()


@pytest.mark.parametrize(
    ("architecture", "timm_name", "supported", "why"),
    [
        ("resnet50", "resnet50", True, "timm builds it as resnet50"),
        ("resnet8-digits", None, False, "timm has no network that computes what resnet8-digits does in these widths"),
        ("resnet50-tf", None, False, "RigL's TensorFlow graph, which pads the input of its max-pooling on one side"),
    ],
)
def test_timm_yes_or_why_not(architecture: str, timm_name: str | None, supported: bool, why: str) -> None:
    found = timm_support(replace(CONFIG, architecture=architecture, timm_name=timm_name))
    assert found[0] is supported
    assert why in found[1]
