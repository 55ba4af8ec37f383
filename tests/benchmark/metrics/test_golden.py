"""Every golden value is met by a metric, met by a convention that we name, or must be missed, because it is a trap."""

from collections.abc import Callable
from functools import cache
from math import sqrt

import numpy as np
import pytest
from metric_inputs import Floats, evaluate, exact_samples, golden, set_a, set_c

from benchmark.logits import Logits
from benchmark.metrics import METRICS
from benchmark.metrics._metric import Statistic
from benchmark.metrics.calibration_error import binned_error, l1, l2, largest
from benchmark.metrics.detection import average_precision, of_curve
from benchmark.metrics.equal_mass import adaptive_error, debiased_squares
from benchmark.samples import Samples
from benchmark.temperature import fit_temperature
from registry.statistics import wilson

DOUBLE, SINGLE = 1e-6, 3e-6  # references in float64; references that round to float32 on the way


def value_of(statistic: Statistic, n: int) -> float:
    return float(statistic(np.ones((1, n)))[0])


@cache
def a() -> Samples:
    return exact_samples(*set_a())


@cache
def b() -> tuple[Floats, Floats]:
    confidence = [0.2, 0.4, 0.4, 0.6, 0.6, 0.8, 0.8, 1.0, 1.0, 1.0, 0.5, 0.7, 0.9, 0.3]
    correct = [0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    return np.array(confidence), np.array(correct)


@cache
def b2() -> Samples:
    logits, labels = set_a()
    return exact_samples((logits * 8).astype(np.float32).astype(np.float64), labels)


def metric(name: str, samples: Callable[[], Samples] = a) -> Callable[[], float]:
    return lambda: evaluate(name, samples())


def detection(name: str) -> Callable[[], float]:
    return lambda: METRICS[name].compute(set_c())


def binned(bins: int, norm: Callable[[Floats, Floats], Floats]) -> Callable[[], float]:
    columns = a().columns
    return lambda: value_of(binned_error(columns.confidence(), columns.correct(), bins, norm), 2000)


def edges() -> float:
    return value_of(binned_error(*b(), bins=5), 14)


def one_against_rest(statistic: Callable[[Floats, Floats], float]) -> list[float]:
    probabilities, labels = a().probabilities().values, a().columns.labels
    return [statistic(probabilities[:, k], (labels == k).astype(np.float64)) for k in range(10)]


def adaptive_by_class() -> float:
    return float(np.mean(one_against_rest(lambda p, y: value_of(adaptive_error(p, y), 2000))))


def plug_in() -> float:
    columns = a().columns
    return sqrt(value_of(debiased_squares(columns.confidence(), columns.correct(), debias=False), 2000))


def debiased_marginal() -> float:
    # The reference clips each class at 0 before it averages the squares.
    return sqrt(np.mean(one_against_rest(lambda p, y: max(0.0, value_of(debiased_squares(p, y), 2000)))))


def temperature() -> float:
    logits, labels = set_a()
    return fit_temperature(Logits(logits[:1000]), labels[:1000]).temperature


@cache
def after_scaling(name: str, scaled: bool) -> float:
    logits, labels = set_a()
    samples = exact_samples(logits[1000:], labels[1000:])
    return evaluate(name, samples.at_temperature(temperature()) if scaled else samples)


MET: dict[str, tuple[Callable[[], float], float]] = {
    "A.accuracy": (metric("top1"), DOUBLE),
    "A.mean_per_class_accuracy": (metric("mean-per-class"), DOUBLE),
    "A.nll": (metric("nll"), DOUBLE),
    "A.nll_torch": (metric("nll"), DOUBLE),
    "A.brier_sum": (metric("brier"), DOUBLE),
    "A.brier_sum_sklearn": (metric("brier"), DOUBLE),
    "A.brier_torch_uncertainty": (metric("brier"), DOUBLE),
    "A.ece_15_torchmetrics": (metric("ece15"), SINGLE),
    "A.ece_15_gpleiss": (metric("ece15"), DOUBLE),
    "A.ece_15_laves": (metric("ece15"), DOUBLE),
    "A.ece_15_netcal": (metric("ece15"), DOUBLE),
    "A.ece_15_kumar": (metric("ece15"), DOUBLE),
    "A.ece_15_gce": (metric("ece15"), DOUBLE),
    "A.rmsce_15_torchmetrics": (metric("rmsce15"), DOUBLE),
    "A.ece_rms_15_gce": (metric("rmsce15"), DOUBLE),
    "A.mce_15_torchmetrics": (metric("mce15"), DOUBLE),
    "A.mce_15_netcal": (metric("mce15"), DOUBLE),
    "A.adaptive_ece_toplabel_15_tu": (metric("adaptive-ece15"), DOUBLE),
    "A.adaptive_ece_toplabel_15_kumar": (metric("adaptive-ece15"), DOUBLE),
    "A.rmsce_toplabel_debiased_15_em": (metric("debiased-rmsce15"), DOUBLE),
    "A.classwise_ece_15_kumar": (metric("classwise-ece15"), DOUBLE),
    "A.sce_15_gce": (metric("classwise-ece15"), DOUBLE),
    "A.ks_error_top1": (metric("ks-error"), DOUBLE),
    "A.uce_15_laves": (metric("uce15"), DOUBLE),
    "A.uce_15_laves_formula_numpy": (metric("uce15"), DOUBLE),
    "A.msp_mean": (lambda: float(a().columns.confidence().mean()), DOUBLE),
    "A.energy_mean": (lambda: float((a().columns.max_logit + a().columns.log_normaliser).mean()), DOUBLE),
    "A.maxlogit_mean": (lambda: float(a().columns.max_logit.mean()), DOUBLE),
    "A.ts.T_star": (temperature, DOUBLE),
    "A.ts.T_lbfgs lr=1,max_iter=100,strong_wolfe": (temperature, DOUBLE),
    "A.ts.nll_test_before": (lambda: after_scaling("nll", False), DOUBLE),
    "A.ts.nll_test_after": (lambda: after_scaling("nll", True), DOUBLE),
    "A.ts.ece15_test_before": (lambda: after_scaling("ece15", False), SINGLE),
    "A.ts.ece15_test_after": (lambda: after_scaling("ece15", True), SINGLE),
    "B.ece5_right_closed": (edges, 1e-15),
    "B2.nll_logits": (metric("nll", b2), DOUBLE),
    "B2.ece15_torchmetrics_fp32": (metric("ece15", b2), SINGLE),
    "B2.ece15_torchmetrics_fp64": (metric("ece15", b2), SINGLE),
    "B2.ece15_gpleiss_fp32": (metric("ece15", b2), SINGLE),
    "B2.uce15_laves_fp32": (metric("uce15", b2), SINGLE),
    "B2.uce15_laves_fp64": (metric("uce15", b2), SINGLE),
    "C.auroc": (detection("auroc"), DOUBLE),
    "C.aupr_in_trapz": (detection("aupr-in"), DOUBLE),
    "C.aupr_out_trapz": (detection("aupr-out"), DOUBLE),
    "C.fpr95_OOD_positive": (detection("fpr95-ood-pos"), 0.0),
    "C.fpr95_ID_positive": (detection("fpr95-id-pos"), 0.0),
}
"""Golden values that a metric of ours gives."""

NAMED: dict[str, tuple[Callable[[], float], float]] = {
    "A.brier_half_sklearn": (lambda: evaluate("brier", a()) / 2, DOUBLE),
    "A.brier_mean_over_classes": (lambda: evaluate("brier", a()) / 10, DOUBLE),
    "A.ece_10_torchmetrics": (lambda: binned(10, l1)(), SINGLE),
    "A.rmsce_10_torchmetrics": (lambda: binned(10, l2)(), SINGLE),
    "A.mce_10_torchmetrics": (lambda: binned(10, largest)(), SINGLE),
    "A.ace_nixon_15_kumar": (adaptive_by_class, DOUBLE),
    "A.rmsce_toplabel_plugin_15_em": (plug_in, DOUBLE),
    "A.rmsce_marginal_debiased_15_em": (debiased_marginal, DOUBLE),
    "C.aupr_in_AP": (lambda: value_of(of_curve(average_precision, "in")(set_c()), 1800), DOUBLE),
    "C.aupr_out_AP": (lambda: value_of(of_curve(average_precision, "out")(set_c()), 1800), DOUBLE),
}
"""Golden values of another convention, which our formulas give when asked for it."""

TRAPS: dict[str, Callable[[], float]] = {
    "A.ace_15_netcal_AVERAGE_not_adaptive": metric("adaptive-ece15"),  # an unweighted mean over equal-width bins
    "A.ece_equalmass_15_netcal": metric("adaptive-ece15"),  # another way of cutting
    "A.ace_15_gce": adaptive_by_class,  # another way of cutting
    "A.rms_calib_hendrycks_beta100_AS_PUBLISHED": metric("rmsce15"),  # bins of 100, the last one dropped
    "A.uce_8_mohan_percent": metric("uce15"),  # percent, and twice the error rate
    "A.ts.T_lbfgs guo2017: lr=.01,max_iter=50,init=1.5": temperature,  # not converged
    "A.ts.T_lbfgs gpleiss HEAD: lr=.01,max_iter=200,init=1.5": temperature,  # not converged
    "A.ts.T_lbfgs torch-uncertainty: lr=.1,max_iter=100,init=1.0": temperature,  # not quite converged
    "B.ece5_torchmetrics_float64": edges,  # [a, b) and a bin of its own for confidence 1
    "B.ece5_torchmetrics_float32": edges,
    "B.ece5_left_closed_last_inclusive": edges,
    "B.ece5_netcal": edges,
    "B2.nll_fp32_prob_log_clip1e-7": metric("nll", b2),  # clipped probabilities
    "C.fpr95_OOD_positive_torch_uncertainty": detection("fpr95-ood-pos"),  # nearest recall, not at least 95 %
}
"""Golden values of known mistakes and of conventions that we do not follow: ours must differ."""

OUTSIDE = {
    "A.aurra_hendrycks": "selective classification is no metric here",
    "A.ece_toplabel_debiased_L1_15_ew": "the reference raises: no value",
    "A.ece_em_toplabel_debiased_L1_15": "Monte-Carlo debiasing of the l1 error; the closed l2 form is used instead",
    "D.": "corruption error against AlexNet belongs to the published ImageNet-C files",
    "E.": "effective robustness needs the test bed's fit",
    "F.": "Fourier interpolation of RobustNets",
    "G.": "aggregation over tasks: registry.statistics",
    "H.clopper_pearson": "Wilson's interval is used",
    "H.bootstrap_percentile95_B2000": "another generator's resamples",
}
"""Golden values, or beginnings of their keys, that nothing in this package computes, and why."""


@pytest.mark.parametrize("key", MET)
def test_a_metric_gives_the_golden_value(key: str) -> None:
    ours, tolerance = MET[key]
    assert ours() == pytest.approx(golden()[key], rel=tolerance, abs=0)


@pytest.mark.parametrize("key", NAMED)
def test_a_named_convention_gives_the_golden_value(key: str) -> None:
    ours, tolerance = NAMED[key]
    assert ours() == pytest.approx(golden()[key], rel=tolerance, abs=0)


@pytest.mark.parametrize("key", TRAPS)
def test_a_trap_is_not_fallen_into(key: str) -> None:
    assert TRAPS[key]() != pytest.approx(golden()[key], rel=5e-5)


def test_the_interval_of_accuracy_is_wilsons() -> None:
    assert list(wilson(1336, 2000)) == pytest.approx(golden()["H.wilson95"], rel=1e-6)


def test_every_golden_value_has_its_place() -> None:
    placed = [*MET, *NAMED, *TRAPS, "H.wilson95"]
    assert len(placed) == len(set(placed))
    assert set(placed) <= set(golden())
    left = {key for key in golden() if key not in placed and not key.startswith(tuple(OUTSIDE))}
    assert not left
    assert not {prefix for prefix in OUTSIDE if any(key.startswith(prefix) for key in placed)}
    assert {prefix for prefix in OUTSIDE if any(key.startswith(prefix) for key in golden())} == set(OUTSIDE)
