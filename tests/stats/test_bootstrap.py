"""Draws, what they leave out, and intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import UsageError
from equipoise.stats import bootstrap_weights, oob_weights, percentile_interval


def test_every_draw_holds_n_rows() -> None:
    weights = bootstrap_weights(40, 30, seed=1)
    assert weights.dtype == np.uint8
    assert (weights.sum(axis=1) == 40).all()


def test_counts_are_binomial_and_a_third_is_left_out() -> None:
    weights = bootstrap_weights(200, 500, seed=1)
    assert weights.var() == pytest.approx(1 - 1 / 200, rel=0.02)
    assert oob_weights(weights).mean() == pytest.approx((1 - 1 / 200) ** 200, rel=0.01)


def test_drawn_and_left_out_rows_never_meet() -> None:
    weights = bootstrap_weights(30, 20, seed=3, groups=np.arange(30) // 3)
    assert not (weights * oob_weights(weights)).any()
    assert ((weights > 0) | (oob_weights(weights) > 0)).all()


def test_same_seed_same_draws_whatever_their_number() -> None:
    assert (bootstrap_weights(25, 4, seed=5) == bootstrap_weights(25, 9, seed=5)[:4]).all()
    assert (bootstrap_weights(25, 4, seed=5) != bootstrap_weights(25, 4, seed=6)).any()


def test_clusters_stay_together() -> None:
    groups = np.array([9, 4, 4, 9, 7, 4])
    weights = bootstrap_weights(6, 50, seed=0, groups=groups)
    for g in set(groups):
        members = weights[:, groups == g]
        assert (members == members[:, :1]).all()
    first = [list(groups).index(g) for g in (4, 7, 9)]
    assert (weights[:, first].sum(axis=1) == 3).all()


def test_single_rows_as_clusters_are_plain_rows() -> None:
    assert (
        bootstrap_weights(12, 5, seed=2, groups=range(12)) == bootstrap_weights(12, 5, seed=2)
    ).all()


def test_clusters_widen_the_interval_of_repeated_rows() -> None:
    values = np.repeat(np.random.default_rng(0).normal(size=50), 4)
    plain = bootstrap_weights(200, 400, seed=0) @ values / 200
    whole = bootstrap_weights(200, 400, seed=0, groups=np.arange(200) // 4) @ values / 200
    assert np.std(whole) / np.std(plain) == pytest.approx(2, rel=0.15)  # root of four equal rows


def test_a_byte_that_is_too_small_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck:
        def integers(self, low: int, high: int, size: int) -> np.ndarray:
            return np.zeros(size, dtype=np.int64)

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Stuck())
    weights = bootstrap_weights(300, 2, seed=0)
    assert weights.dtype == np.uint16
    assert weights[:, 0].tolist() == [300, 300]


def test_interval_of_a_mean_covers_it() -> None:
    rng = np.random.default_rng(4)
    n, trials, covered = 80, 300, 0
    for seed in range(trials):
        sample = rng.exponential(size=n)
        low, high = percentile_interval(bootstrap_weights(n, 200, seed) @ sample / n, level=0.9)
        covered += low <= 1 <= high
    # 0.90 less what skew and 200 draws cost, with three standard errors of 300 trials on either side.
    assert 0.82 <= covered / trials <= 0.95


def test_interval_leaves_out_what_is_not_finite() -> None:
    assert percentile_interval([np.nan, 1.0, 3.0, np.inf], level=0.5) == (1.5, 2.5)
    assert np.isnan(percentile_interval([np.nan])).all()


@pytest.mark.parametrize(("n", "draws", "groups"), [(0, 5, None), (5, 0, None), (5, 5, [1, 2])])
def test_wrong_shapes_are_refused(n: int, draws: int, groups: list[int] | None) -> None:
    with pytest.raises(UsageError):
        bootstrap_weights(n, draws, seed=0, groups=groups)


def test_wrong_level_is_refused() -> None:
    with pytest.raises(UsageError, match="level=95"):
        percentile_interval([1.0], level=95)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5])
def test_a_seed_that_cannot_be_used_is_refused(seed: int) -> None:
    with pytest.raises(UsageError, match=f"seed={seed}"):
        bootstrap_weights(5, 5, seed=seed)
