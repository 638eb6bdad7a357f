"""Metrics of log-odds of labels against scikit-learn and plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import expit

from equipoise.errors import UsageError
from equipoise.metrics import (
    calibration_error,
    compute_label_rankings,
    get_metric,
    label_average_precision,
    ranking,
)
from equipoise.metrics.label_ranking import label_roc_auc

SCORED = [
    "average_precision",
    "average_precision_micro",
    "roc_auc",
    "coverage_error",
    "ranking_loss",
    "log_loss",
    "brier",
    "calibration_error",
]


def compute(name: str, *args: Any) -> Any:
    return get_metric(name, "multilabel").compute_scores(*args)


@st.composite
def scored(draw: Any) -> tuple[Any, Any, Any]:
    """Return Y with both answers of every label, scores with ties, and weights of two draws."""
    n, labels = draw(st.integers(2, 15)), draw(st.integers(2, 5))
    Y = draw(hnp.arrays(np.int64, (n, labels), elements=st.integers(0, 1)))
    Y[0], Y[1] = 0, 1
    z = draw(hnp.arrays(np.int64, (n, labels), elements=st.integers(-2, 2))) / 2
    weights = draw(hnp.arrays(np.uint8, (2, n), elements=st.integers(0, 3)))
    weights[:, :2] += 1
    return Y, z, weights


def oracle(name: str, Y: Any, z: Any, w: Any) -> float:
    columns = range(Y.shape[1])
    if name == "log_loss":
        p = expit(z)
        each = [sk.log_loss(Y[:, j], p[:, j], sample_weight=w, labels=[0, 1]) for j in columns]
        return float(np.mean(each))
    if name == "brier":
        p = expit(z)
        return float(
            np.mean([sk.brier_score_loss(Y[:, j], p[:, j], sample_weight=w) for j in columns])
        )
    if name == "calibration_error":
        log_p = -np.logaddexp(0.0, np.stack([z, -z], axis=-1))
        each = [calibration_error(Y[:, j], log_p[:, j], w) for j in columns]
        return float(np.mean(each))
    function = {
        "average_precision": sk.average_precision_score,
        "average_precision_micro": lambda *a, **k: sk.average_precision_score(
            *a, average="micro", **k
        ),
        "roc_auc": sk.roc_auc_score,
        "coverage_error": sk.coverage_error,
        "ranking_loss": sk.label_ranking_loss,
    }[name]
    return float(function(Y, z, sample_weight=w))


@settings(max_examples=8)
@given(scored())
def test_equals_scikit_learn_on_every_draw(case: Any) -> None:
    Y, z, weights = case
    for name in SCORED:
        assert compute(name, Y, z) == pytest.approx(oracle(name, Y, z, None)), name
        expected = [oracle(name, Y, z, w) for w in weights]
        found = compute(name, Y, z, np.asfortranarray(weights))
        assert found.shape == (2,)
        assert found == pytest.approx(expected), name
        # Weights that are no counts, and those of one draw.
        assert compute(name, Y, z, weights[0] / 7) == pytest.approx(expected[0]), name
        assert isinstance(compute(name, Y, z, weights[0]), float)


@settings(max_examples=8)
@given(scored())
def test_rankings_together_are_those_one_by_one(case: Any) -> None:
    Y, z, weights = case
    metrics = [get_metric(name, "multilabel") for name in SCORED]
    together = compute_label_rankings(metrics, Y, z, weights)
    for metric, values in zip(metrics, together, strict=True):
        assert np.array_equal(values, metric.compute_scores(Y, z, weights))


def test_each_label_and_those_that_a_draw_lacks() -> None:
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 2, (30, 4))
    Y[:, 3] = 0
    z = rng.normal(size=Y.shape).round(1)
    weights = rng.integers(0, 3, (5, 30))
    weights[1, Y[:, 2] == 1] = 0
    found = label_average_precision(Y, z, weights)
    assert found.shape == (5, 4)
    assert np.isnan(found).tolist() == [
        [False, False, b == 1, True] for b in range(5)
    ]  # label 3 in all draws, label 2 in the second
    for b, j in np.argwhere(np.isfinite(found)):
        expected = sk.average_precision_score(Y[:, j], z[:, j], sample_weight=weights[b])
        assert found[b, j] == pytest.approx(expected)
    assert label_average_precision(Y, z)[:3] == pytest.approx(
        [sk.average_precision_score(Y[:, j], z[:, j]) for j in range(3)]
    )
    assert np.isnan(label_roc_auc(Y, z)).tolist() == [False, False, False, True]
    # The mean is over the labels that the draw has.
    assert compute("average_precision", Y, z, weights) == pytest.approx(np.nanmean(found, axis=1))
    nothing = np.zeros_like(Y)
    assert np.isnan(compute("average_precision", nothing, z))
    assert np.isnan(compute("average_precision", nothing, z, weights)).all()
    assert np.isnan(compute("average_precision_micro", nothing, z))


def test_chunks_of_draws_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    Y, z = rng.integers(0, 2, (40, 3)), rng.normal(size=(40, 3)).round(1)
    weights = rng.integers(0, 4, (7, 40)).astype(np.uint8)
    names = ("average_precision", "average_precision_micro", "roc_auc")
    whole = [compute(name, Y, z, weights) for name in names]
    monkeypatch.setattr(ranking, "_CHUNK", 300)
    for name, values in zip(names, whole, strict=True):
        assert compute(name, Y, z, weights) == pytest.approx(values, rel=1e-13)


def test_certain_answers_cost_a_finite_number() -> None:
    Y, z = np.array([[1, 0, 1]]), np.array([[np.inf, -np.inf, -np.inf]])
    assert compute("log_loss", Y, z) == pytest.approx(-np.log(np.finfo(float).eps) / 3)
    assert compute("brier", Y, z) == pytest.approx(1 / 3)
    assert compute("ranking_loss", Y, z) == pytest.approx(0.5)
    assert compute("coverage_error", Y, z) == 3
    far = np.array([[1e300, -1e300, 745.0]])
    assert compute("log_loss", Y, far) == 0


def test_rows_with_no_label_or_all_labels() -> None:
    Y, z = np.array([[0, 0], [1, 1]]), np.array([[np.inf, 0.0], [1.0, 2.0]])
    assert compute("ranking_loss", Y, z) == 0
    assert compute("coverage_error", Y, z) == 1  # 0 and 2 labels
    assert np.isnan(compute("coverage_error", Y, z, np.zeros(2)))


@pytest.mark.parametrize("name", SCORED)
def test_wrong_arguments(name: str) -> None:
    Y = np.array([[1, 0], [0, 1]])
    for z, weight, said in (
        (np.zeros((2, 3)), None, "shape"),
        (np.zeros(2), None, "shape"),
        (np.array([[0.0, np.nan], [0.0, 0.0]]), None, "1 of 2 rows have log-odds that are NaN"),
        (np.zeros((2, 2)), np.ones(3), "sample_weight"),
    ):
        with pytest.raises(UsageError, match=said):
            compute(name, Y, z, weight)
    with pytest.raises(UsageError, match="at least"):
        compute(name, np.zeros((0, 2)), np.zeros((0, 2)))
    with pytest.raises(UsageError, match="other than 0 and 1"):
        compute(name, Y + 1, np.zeros((2, 2)))


def test_many_draws_of_real_labels(shared_data: Any) -> None:
    import polars as pl

    frame = pl.read_parquet(shared_data / "goemotions.parquet")
    Y = frame.select(pl.col(pl.Int64, pl.Int32, pl.Int8, pl.UInt8, pl.Boolean)).to_numpy()
    Y = Y[:4000].astype(np.int64)
    rng = np.random.default_rng(0)
    z = rng.normal(size=Y.shape) + 2 * Y
    weights = np.asfortranarray(rng.poisson(1.0, (20, len(Y))).astype(np.uint8))
    found = label_average_precision(Y, z, weights)
    for b, j in ((0, 0), (7, 13), (19, Y.shape[1] - 1)):
        expected = sk.average_precision_score(Y[:, j], z[:, j], sample_weight=weights[b])
        assert found[b, j] == pytest.approx(expected)
