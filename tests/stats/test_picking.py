"""The winner among many is judged without the optimism of having been picked."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import UsageError
from equipoise.stats import bootstrap_weights, oob_weights, picking_corrected


def resampled(rows: np.ndarray, seed: int, draws: int = 150) -> tuple[np.ndarray, np.ndarray]:
    """Means of each candidate's rows (K, n) on the drawn rows and on those left out, (K, B) each."""
    inside = bootstrap_weights(rows.shape[1], draws, seed)
    outside = oob_weights(inside)
    return rows @ inside.T / inside.sum(axis=1), rows @ outside.T / outside.sum(axis=1)


@pytest.mark.parametrize("sign", [1, -1])
def test_no_optimism_on_pure_noise_where_the_naive_best_has_it(sign: int) -> None:
    rng = np.random.default_rng(0)
    naive, corrected, covered, trials = [], [], 0, 80
    for seed in range(trials):
        rows = rng.normal(size=(25, 60))
        naive.append(sign * (sign * rows.mean(axis=1)).max())
        value, low, high = picking_corrected(*resampled(rows, seed), sign)
        corrected.append(value)
        covered += low <= 0 <= high
    # The largest of 25 means of 60 rows lies about 2 / sqrt(60) = 0.25 above the truth, 0.
    assert sign * np.mean(naive) > 0.2
    assert abs(np.mean(corrected)) < 0.05
    assert covered / trials >= 0.95


def test_a_clear_winner_keeps_its_score() -> None:
    rows = np.random.default_rng(1).normal(size=(5, 400))
    rows[2] += 3
    value, low, high = picking_corrected(*resampled(rows, 0), 1)
    assert value == pytest.approx(rows[2].mean(), abs=0.03)
    assert low < rows[2].mean() < high


def test_equal_candidates_are_averaged_whatever_their_order() -> None:
    inbag, oob = np.ones((2, 3)), np.array([[0.0, 0.2, 0.4], [1.0, 1.2, 1.4]])
    assert picking_corrected(inbag, oob, 1)[0] == pytest.approx(0.7)
    assert picking_corrected(inbag, oob[::-1], 1) == pytest.approx(picking_corrected(inbag, oob, 1))


def test_missing_values_are_never_picked() -> None:
    inbag = np.array([[9.0, 9.0, np.nan, np.nan], [1.0, 1.0, 1.0, np.nan]])
    oob = np.array([[np.nan, 5.0, 5.0, 5.0], [2.0, 2.0, 2.0, 2.0]])
    assert picking_corrected(inbag, oob, 1)[0] == pytest.approx((2 + 5 + 2) / 3)
    assert np.isnan(picking_corrected(inbag[:, 3:], oob[:, 3:], 1)).all()
    assert np.isnan(picking_corrected(np.empty((0, 4)), np.empty((0, 4)), 1)).all()


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(UsageError, match=r"\(2, 3\)"):
        picking_corrected(np.ones((2, 3)), np.ones((3, 2)), 1)
    with pytest.raises(UsageError, match="sign=0"):
        picking_corrected(np.ones((2, 3)), np.ones((2, 3)), 0)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_metric_that_grows_on_fewer_rows_is_not_corrected_upwards(sign: int) -> None:
    rng = np.random.default_rng(0)
    values = []
    for seed in range(60):
        rows = rng.normal(size=(25, 60))
        inbag, oob = resampled(rows, seed)
        seen = rows.mean(axis=1)
        value, low, high = picking_corrected(inbag, oob + sign * 5, sign, estimates=seen)
        assert sign * value <= sign * seen[np.argmax(sign * seen)]
        assert low < value < high
        values.append(value)
    assert abs(np.mean(values)) < 0.05
