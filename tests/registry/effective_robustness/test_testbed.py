"""The stored table gives the fits that were made outside of this project, and is the table that it says it is."""

import hashlib
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import linregress

from registry.effective_robustness import SHIFTS, Line, effective_robustness, standard_models, stored_fit
from registry.effective_robustness.testbed import TABLE_SHA256
from registry.errors import UndefinedRobustnessError

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics.json"
FITS = json.loads(GOLDEN.read_text(encoding="utf-8"))["inputs"]["E"]["fits"]
NAMES = {
    "imagenet-v2-mf": "imagenet-v2-matched-frequency",
    "imagenet-v2-thr0.7": "imagenet-v2-threshold-0.7",
    "imagenet-v2-top": "imagenet-v2-top-images",
    "imagenet-sketch": "imagenet-sketch",
    "imagenet-r": "imagenet-r",
    "objectnet": "objectnet",
}


def line_of(key: str) -> Line:
    if key.startswith("imagenet-a_"):
        fit = stored_fit("imagenet-a", "logit")
        line = fit.below if "below" in key else fit.above
        assert line is not None
        return line
    return stored_fit(NAMES[key.removesuffix("_probit")], "probit" if key.endswith("_probit") else "logit").below


@pytest.mark.parametrize("key", FITS)
def test_the_fit_is_the_golden_one(key: str) -> None:
    """Made once, outside, by scipy.stats.linregress from the testbed's own table."""
    line, stated = line_of(key), FITS[key]
    assert line.n == stated["n"]
    assert (line.slope, line.intercept) == pytest.approx((stated["slope"], stated["intercept"]), rel=1e-9)
    assert line.scatter / line.squares**0.5 == pytest.approx(stated["slope_se"], rel=1e-9)


def test_the_line_of_imagenet_c_is_that_of_images_resized_once_more() -> None:
    line = stored_fit("imagenet-c", "logit").below
    assert line.n == 78
    assert (line.slope, line.intercept) == pytest.approx((1.24862, -1.85782), abs=5e-6)


def test_the_table_is_the_one_it_says_it_is() -> None:
    data = (files("registry.effective_robustness") / "standard_models.csv").read_bytes()
    assert hashlib.sha256(data).hexdigest() == TABLE_SHA256


def test_the_filter_model_is_in_no_line_of_its_set() -> None:
    """With it the line would be minus infinity, and its fit not a number."""
    names = {model.name for model in standard_models("imagenet-a")}
    assert "resnet50" not in names
    assert "resnet101" in names
    with_it = [(m.accuracy, m.shifted) for m in standard_models("imagenet-a")] + [(0.9186, 0.0)]
    with np.errstate(all="ignore"):
        assert np.isnan(linregress(*logit(np.array(with_it)).T).slope)


def test_on_each_side_of_the_filter_model_another_line_holds() -> None:
    fit = stored_fit("imagenet-a", "logit")
    assert fit.break_at == pytest.approx(0.9186, abs=5e-5)
    assert fit.line_at(0.85) is fit.below
    assert fit.line_at(0.95) is fit.above
    with pytest.raises(UndefinedRobustnessError, match="filtered with"):
        fit.line_at(fit.break_at or 0.0)


def test_a_set_with_restricted_classes_has_another_line() -> None:
    """ImageNet-R against the accuracy on all 1,000 classes: another slope, and another verdict."""
    by_name = {model.name: model for model in standard_models("imagenet-sketch")}
    points = [(by_name[m.name].accuracy, m.shifted) for m in standard_models("imagenet-r") if m.name in by_name]
    wrong = linregress(*logit(np.array(points)).T)
    assert wrong.slope == pytest.approx(0.912, abs=5e-3)
    assert stored_fit("imagenet-r", "logit").below.slope == pytest.approx(0.637, abs=5e-4)


def test_an_unknown_shift_has_no_line() -> None:
    with pytest.raises(UndefinedRobustnessError, match="no line for digits-c-like"):
        stored_fit("digits-c-like", "logit")


@pytest.mark.parametrize("shift", SHIFTS)
def test_most_standard_models_are_within_their_own_scatter(shift: str) -> None:
    fit = stored_fit(shift, "probit")
    models = standard_models(shift)
    found = [effective_robustness(m.accuracy, m.shifted, fit.line_at(m.accuracy)).beyond_scatter for m in models]
    assert np.mean(found) <= 0.1
