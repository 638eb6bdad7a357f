"""Metrics of probabilities against scikit-learn and plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk

from equipoise.errors import UsageError
from equipoise.metrics import brier, calibration_error, log_loss


def loop_brier(y: Any, p: Any) -> float:
    total = 0.0
    for code, row in zip(y, p, strict=True):
        total += sum((value - (code == c)) ** 2 for c, value in enumerate(row))
    return total / len(y) / (2 if p.shape[1] == 2 else 1)


def loop_calibration(y: Any, p: Any, weight: Any) -> float:
    """Cut the sorted rows into 15 parts, move each cut down to the start of its tie, and compare means."""
    n = len(y)
    of_class = []
    for c in [1] if p.shape[1] == 2 else range(p.shape[1]):
        ranked = sorted(p[:, c])
        cuts = sorted({ranked[int(k * n / 15)] for k in range(15)})
        total = 0.0
        for i, low in enumerate(cuts):
            high = cuts[i + 1] if i + 1 < len(cuts) else np.inf
            part = [r for r in range(n) if low <= p[r, c] < high and weight[r] > 0]
            w = sum(weight[r] for r in part)
            if w:
                mean = sum(weight[r] * p[r, c] for r in part) / w
                share = sum(weight[r] * (y[r] == c) for r in part) / w
                total += w * abs(mean - share)
        of_class.append(total / sum(weight))
    return float(np.mean(of_class))


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
def test_equal_their_oracles(problem: Any, draw: Any, n_classes: int, kind: Any) -> None:
    # Single-precision weights are calculated with in single precision.
    close = 1e-5 if kind == np.float32 else 1e-9
    for seed in range(3):
        y, log_p = problem(seed, n_classes, ties=seed == 2)
        p, every = np.exp(log_p), list(range(n_classes))
        weights = draw(seed, len(y)).astype(kind)
        counts = weights.astype(int)
        ones = np.ones(len(y))
        assert log_loss(y, log_p) == pytest.approx(sk.log_loss(y, p, labels=every))
        assert log_loss(y, log_p, weights) == pytest.approx(
            [sk.log_loss(np.repeat(y, w), np.repeat(p, w, 0), labels=every) for w in counts], close
        )
        assert brier(y, log_p) == pytest.approx(loop_brier(y, p))
        assert brier(y, log_p, weights) == pytest.approx(
            [loop_brier(np.repeat(y, w), np.repeat(p, w, 0)) for w in counts], close
        )
        assert calibration_error(y, log_p) == pytest.approx(loop_calibration(y, p, ones))
        assert calibration_error(y, log_p, weights) == pytest.approx(
            [loop_calibration(y, p, w) for w in counts], close
        )
        for function in (log_loss, brier, calibration_error):
            one = function(y, log_p, weights[0])
            assert isinstance(one, float)
            assert one == pytest.approx(function(y, log_p, weights)[0], close)


def test_binary_brier_is_scikit_learns(problem: Any) -> None:
    y, log_p = problem(7)
    expected = sk.brier_score_loss(y, np.exp(log_p[:, 1]))
    assert brier(y, log_p) == pytest.approx(expected)


@pytest.mark.parametrize("lowest", [-700.0, -1e300, -np.inf])
def test_a_certain_mistake_costs_much_but_not_infinity(lowest: float) -> None:
    log_p = np.array([[0.0, lowest], [lowest, 0.0]])
    right, wrong = np.array([0, 1]), np.array([1, 0])
    assert log_loss(right, log_p) == 0.0
    assert log_loss(wrong, log_p) == pytest.approx(-np.log(np.finfo(float).eps))
    assert (brier(right, log_p), brier(wrong, log_p)) == (0.0, 1.0)
    assert calibration_error(right, log_p) == pytest.approx(0.0, abs=1e-300)
    assert calibration_error(wrong, log_p) == 1.0


def test_calibration_does_not_depend_on_the_order_of_tied_rows() -> None:
    rng = np.random.default_rng(0)
    y = (np.arange(400) < 100).astype(np.int64)
    log_p = np.log(np.tile([0.75, 0.25], (400, 1)))
    assert calibration_error(y, log_p) == pytest.approx(0.0)
    log_p[:200] = np.log([0.5, 0.5])
    order = rng.permutation(400)
    assert calibration_error(y[order], log_p[order]) == pytest.approx(calibration_error(y, log_p))
    assert calibration_error(y, log_p) == pytest.approx(0.125)


@pytest.mark.parametrize("function", [log_loss, brier, calibration_error])
def test_a_draw_without_rows_has_no_value(function: Any) -> None:
    y, log_p = np.array([0, 1]), np.log([[0.5, 0.5], [0.5, 0.5]])
    out = function(y, log_p, np.array([[0, 0], [1, 1]], dtype=np.uint8))
    assert np.isnan(out[0])
    assert np.isfinite(out[1])


@pytest.mark.parametrize("function", [log_loss, brier, calibration_error])
def test_one_row_will_do_and_none_will_not(function: Any) -> None:
    assert function(np.array([1]), np.array([[-np.inf, 0.0]])) == 0.0
    with pytest.raises(UsageError, match="a row at least"):
        function(np.array([], dtype=np.int64), np.empty((0, 2)))
    with pytest.raises(UsageError, match=r"sample_weight \(3,\)"):
        function(np.array([1]), np.array([[-1.0, -1.0]]), np.ones(3))
    with pytest.raises(UsageError, match=r"log_p the shape \(2,\)"):
        function(np.array([1, 0]), np.array([-1.0, -1.0]))
