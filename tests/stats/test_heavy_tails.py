"""Tests and intervals for errors of numbers, whose tails are heavy and whose level training moves."""

from __future__ import annotations

import numpy as np

from equipoise.stats import bootstrap_weights, paired_difference
from equipoise.stats.interval import log_mean_interval, trial_interval


def test_a_cautious_variance_is_never_below_that_of_the_folds():
    rng = np.random.default_rng(0)
    folds = rng.normal(size=5)
    draws = rng.normal(scale=0.01, size=200)
    options = {"test_fraction": 0.25, "boot_a": draws, "boot_b": np.zeros(200), "estimate": 0.1}
    plain = paired_difference(folds, np.zeros(5), **options)
    cautious = paired_difference(folds, np.zeros(5), **options, cautious=True)
    expected = np.sqrt(1.5 * folds.var(ddof=1) / 5)
    np.testing.assert_allclose(cautious.standard_error, expected)
    assert plain.standard_error < cautious.standard_error
    wide = paired_difference(
        folds * 1e-3, np.zeros(5), test_fraction=0.25, boot_a=draws * 100, boot_b=np.zeros(200)
    )
    same = paired_difference(
        folds * 1e-3,
        np.zeros(5),
        test_fraction=0.25,
        boot_a=draws * 100,
        boot_b=np.zeros(200),
        cautious=True,
    )
    assert wide == same


def test_twins_whose_folds_move_as_a_whole_are_rarely_called_different():
    rng = np.random.default_rng(1)
    found = {False: 0, True: 0}
    for _ in range(400):
        # The level of each fold is drawn anew by training; draws of rows know nothing of it.
        folds = rng.normal(size=5)
        draws = folds.mean() + rng.normal(scale=0.15, size=100)
        for cautious in found:
            one = paired_difference(
                folds,
                np.zeros(5),
                test_fraction=0.25,
                boot_a=draws,
                boot_b=np.zeros(100),
                estimate=folds.mean(),
                cautious=cautious,
            )
            found[cautious] += one.p < 0.05
    assert found[True] < 0.09 * 400 < 0.15 * 400 < found[False]


def test_the_interval_of_a_heavy_mean_covers_more_than_percentiles_of_draws():
    rng = np.random.default_rng(2)
    sigma, trials, n = 1.6, 120, 200
    truth = np.exp(sigma**2 / 2)
    hits = {"log": 0, "percentile": 0}
    for seed in range(trials):
        values = np.exp(sigma * rng.normal(size=n))
        counts = bootstrap_weights(n, 200, seed)
        low, high = log_mean_interval(values, counts)
        hits["log"] += low <= truth <= high
        low, high = trial_interval(values.mean(), counts @ values / n, (0.0, np.inf))
        hits["percentile"] += low <= truth <= high
    assert hits["log"] >= 0.9 * trials
    assert hits["log"] > hits["percentile"]


def test_the_interval_scales_with_the_values_and_holds_their_mean():
    values = np.random.default_rng(3).exponential(size=150)
    counts = bootstrap_weights(150, 200, 0)
    low, high = log_mean_interval(values, counts)
    assert 0 < low < values.mean() < high
    np.testing.assert_allclose(log_mean_interval(values * 1e6, counts), (low * 1e6, high * 1e6))


def test_what_does_not_vary_has_no_interval():
    counts = bootstrap_weights(5, 20, 0)
    for values in (np.zeros(5), np.ones(5)):
        assert np.isnan(log_mean_interval(values, counts)).all()
