"""What a predicted number is put through: the mean is put back, and percentiles start from the right column."""

from __future__ import annotations

import json

import numpy as np
import pytest

from equipoise.decisions import ConformalQuantile, NumberDecision
from equipoise.errors import UsageError


@pytest.fixture
def rows():
    rng = np.random.default_rng(2)
    y = np.exp(rng.normal(size=400))
    return np.column_stack([0.5 * y + rng.normal(size=400), 3.0 * y]), y


def test_the_corrected_mean_is_that_of_the_target(rows):
    predicted, y = rows
    plain = NumberDecision.fit("prediction", predicted, y, own=False).apply(predicted)
    corrected = NumberDecision.fit("mean-corrected", predicted, y, own=False).apply(predicted)
    np.testing.assert_array_equal(plain[:, 0], predicted[:, 0])
    assert abs(plain[:, 0].mean() - y.mean()) > 0.3
    assert corrected[:, 0].mean() == pytest.approx(y.mean(), rel=1e-12)
    np.testing.assert_allclose(np.ptp(corrected[:, 0] - predicted[:, 0]), 0, atol=1e-12)


@pytest.mark.parametrize("name", ["prediction", "mean-corrected"])
@pytest.mark.parametrize("own", [False, True])
def test_the_percentile_covers_and_starts_from_its_column(rows, name, own):
    predicted, y = rows
    decision = NumberDecision.fit(name, predicted, y, own=own)
    upper = decision.apply(predicted)[:, 1]
    assert 0.95 <= np.mean(y <= upper) <= 0.98
    moved = decision.apply(predicted + np.array([0.0, 1.0]))[:, 1]
    # Without a percentile of its own the second column is not looked at.
    np.testing.assert_allclose(moved, upper + (1.0 if own else 0.0), rtol=1e-12)


def test_it_is_stored_and_read(rows):
    predicted, y = rows
    decision = NumberDecision.fit("mean-corrected", predicted, y, own=False)
    again = NumberDecision.from_json(json.loads(json.dumps(decision.to_json())))
    np.testing.assert_array_equal(again.apply(predicted), decision.apply(predicted))


@pytest.mark.parametrize(("name", "shift"), [("argmax", 0.0), ("prediction", np.nan)])
def test_what_is_no_decision_is_refused(name, shift):
    upper = ConformalQuantile.fit([0.0], [1.0])
    with pytest.raises(UsageError, match="cannot be used"):
        NumberDecision(name, shift, upper)
