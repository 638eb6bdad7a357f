from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.stats import centred_interval, trial_interval


@given(
    st.floats(-1, 1),
    st.lists(st.floats(-1, 1), min_size=2, max_size=50),
)
def test_holds_the_estimate_and_the_percentiles_within_the_bounds(estimate, draws):
    low, high = trial_interval(estimate, draws, (-1.0, 1.0))
    assert -1 <= low <= estimate <= high <= 1
    inner = centred_interval(estimate, draws, (-1.0, 1.0))
    assert low <= inner[0] + 1e-12
    assert high >= inner[1] - 1e-12


def test_a_score_that_every_draw_raises_stays_within_its_interval():
    draws = 0.03 + np.random.default_rng(0).normal(0, 0.004, size=2000)
    low, high = centred_interval(0.02, draws, (0.0, 1.0))
    assert low == pytest.approx(0.02 - 1.96 * 0.004, abs=5e-4)
    assert high == pytest.approx(0.02 + 1.96 * 0.004, abs=5e-4)


def test_raises_the_variance_by_half():
    draws = np.random.default_rng(0).normal(size=200_000)
    low, high = trial_interval(0.0, draws)
    assert (high - low) / (2 * 1.95996) == pytest.approx(np.sqrt(1.5), rel=0.01)


def test_nothing_known_is_nan():
    assert np.isnan(trial_interval(0.5, [np.nan, np.nan])).all()
    assert np.isnan(trial_interval(np.nan, [0.1, 0.2])).all()
