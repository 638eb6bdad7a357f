"""Samplers as scikit-learn estimators, in pipelines of imbalanced-learn, and what they cost."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from imblearn.pipeline import Pipeline
from imblearn.utils.estimator_checks import estimator_checks_generator
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from equipoise import samplers
from equipoise.samplers.cost import estimated_pairs

OWN = [
    samplers.TomekLinks(),
    samplers.EditedNearestNeighbours(),
    samplers.MildCombination(random_state=0),
    samplers.DownsampleUpweight(random_state=0),
    samplers.UpsampleDownweight(random_state=0),
]
CHECKS = [pair for sampler in OWN for pair in estimator_checks_generator(sampler)]


@pytest.mark.parametrize(
    ("estimator", "check"),
    CHECKS,
    ids=[f"{type(one).__name__}-{check.func.__name__}" for one, check in CHECKS],
)
def test_passes_the_checks_of_imbalanced_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("sampler", OWN, ids=lambda one: type(one).__name__)
def test_clones_with_its_parameters_and_works_in_a_pipeline(sampler):
    copy = clone(sampler)
    assert copy.get_params() == sampler.get_params()
    assert not hasattr(copy, "sample_indices_")
    assert repr(copy) == repr(sampler)
    X, y = make_classification(300, weights=[0.85], random_state=0)
    pipe = Pipeline([("rows", copy), ("model", LogisticRegression())])
    scores = cross_val_score(pipe, X, y, cv=3, scoring="roc_auc", error_score="raise")
    assert scores.min() > 0.7


@pytest.mark.parametrize("sampler", OWN, ids=lambda one: type(one).__name__)
def test_a_polars_frame_stays_one(sampler):
    X, y = make_classification(200, 4, weights=[0.8], random_state=0)
    frame = pl.DataFrame(X, schema=list("abcd")).with_columns(pl.col("d").cast(pl.Float32))
    out, labels = clone(sampler).fit_resample(frame, pl.Series("kind", y))
    expected, expected_labels = clone(sampler).fit_resample(frame.to_numpy(), y)
    assert isinstance(out, pl.DataFrame)
    assert out.schema == frame.schema
    np.testing.assert_array_equal(out.to_numpy(), expected)
    assert labels.to_list() == expected_labels.tolist()


def test_every_name_is_there_and_an_unknown_one_is_not():
    assert set(samplers.__all__) <= set(dir(samplers))
    for name in samplers.__all__:
        assert hasattr(getattr(samplers, name), "fit_resample")
    with pytest.raises(AttributeError, match="SMOTTE"):
        _ = samplers.SMOTTE


def test_the_room_alone_does_not_import_imbalanced_learn():
    code = "import sys, equipoise.samplers; sys.exit('imblearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


SEARCHING = [
    "smote",
    "borderline-smote",
    "adasyn",
    "tomek",
    "nearmiss-1",
    "enn",
    "smote-tomek",
    "smote-enn",
]


@pytest.mark.parametrize("method", SEARCHING)
def test_the_estimate_grows_with_the_rows_and_is_finite(method):
    small, large = (estimated_pairs(method, [90 * k, 10 * k]) for k in (10, 1000))
    assert 0 < small < large < np.inf
    # No method searches more than all pairs of the rows that there are after it.
    assert large <= 2 * (2 * 90_000.0) ** 2
    assert estimated_pairs(method, [0, 0]) == 0.0
    assert estimated_pairs(method, []) == 0.0
    assert estimated_pairs(method, [900, 0, 100]) == estimated_pairs(method, [900, 100])


@pytest.mark.parametrize("method", ["untreated", "random-over", "random-under", "mild-combination"])
def test_methods_that_compare_no_rows_cost_nothing(method):
    assert estimated_pairs(method, [900, 100]) == 0.0


def test_the_order_of_costs_is_sensible_where_a_class_is_rare():
    counts = [284_315, 492]
    cost = {method: estimated_pairs(method, counts) for method in SEARCHING}
    assert cost["smote"] < cost["tomek"] < cost["enn"] < cost["smote-tomek"]
    assert cost["enn"] < sum(counts) ** 2 / 10  # the short cut
    assert cost["smote-enn"] == pytest.approx((2 * 284_315) ** 2, rel=0.01)
