"""Probabilities behind a focal loss, against its minimiser found by search."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from equipoise.decisions import correct_focal
from equipoise.errors import UsageError


@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("true", [[0.9, 0.1], [0.98, 0.02], [0.7, 0.2, 0.1], [0.25] * 4])
def test_the_minimiser_of_the_expected_loss_comes_back_to_the_classes(true, gamma):
    true = np.array(true)

    def risk(z):
        log_q = z - np.logaddexp.reduce(z)
        return -(true * (-np.expm1(log_q)) ** gamma * log_q).sum()

    z = minimize(
        risk,
        np.log(true) * 0.5,
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-14, "maxiter": 20_000, "maxfev": 20_000},
    ).x
    log_q = (z - np.logaddexp.reduce(z))[None]
    if true.max() > 0.5:
        assert np.abs(np.exp(log_q[0]) - true).max() > 0.01  # else there was nothing to put back
    np.testing.assert_allclose(np.exp(correct_focal(log_q, gamma))[0], true, atol=1e-4)


def test_order_and_extremes_are_kept():
    log_q = np.log([[0.6, 0.3, 0.1], [1 / 3, 1 / 3, 1 / 3]])
    out = correct_focal(log_q, 2.0)
    assert (out.argsort(axis=1)[0] == log_q.argsort(axis=1)[0]).all()
    np.testing.assert_allclose(out[1], log_q[1])
    far = correct_focal(np.array([[0.0, -np.inf], [-1e-18, -41.4]]), 2.0)
    assert far[0, 0] == 0
    assert np.isneginf(far[0, 1])
    assert np.isfinite(far[1]).all()


def test_gamma_of_zero_changes_nothing():
    log_q = np.log([[0.6, 0.4]])
    np.testing.assert_array_equal(correct_focal(log_q, 0.0), log_q)


@pytest.mark.parametrize("gamma", [-1, np.nan, "2"])
def test_other_gammas_are_refused(gamma):
    with pytest.raises(UsageError, match="gamma"):
        correct_focal(np.log([[0.6, 0.4]]), gamma)
