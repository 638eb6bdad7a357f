from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.stats import percentile_interval, trial_interval


@given(
    st.floats(-1, 1),
    st.lists(st.floats(-1, 1), min_size=2, max_size=50),
)
def test_holds_the_estimate_and_the_percentiles_within_the_bounds(estimate, draws):
    low, high = trial_interval(estimate, draws, (-1.0, 1.0))
    assert -1 <= low <= estimate <= high <= 1
    inner = percentile_interval(draws)
    assert low <= max(inner[0], -1) + 1e-12 or inner[0] > estimate
    assert high >= min(inner[1], 1) - 1e-12 or inner[1] < estimate


def test_raises_the_variance_by_half():
    draws = np.random.default_rng(0).normal(size=200_000)
    low, high = trial_interval(0.0, draws)
    assert (high - low) / (2 * 1.95996) == pytest.approx(np.sqrt(1.5), rel=0.01)


def test_nothing_known_is_nan():
    assert np.isnan(trial_interval(0.5, [np.nan, np.nan])).all()
    assert np.isnan(trial_interval(np.nan, [0.1, 0.2])).all()
