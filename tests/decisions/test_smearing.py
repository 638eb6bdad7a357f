"""Smearing against closed forms and the mean over all errors."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from equipoise.decisions import Smearing
from equipoise.errors import UsageError


@pytest.mark.parametrize("size", [0.1, 0.5, 1.0])
def test_the_mean_of_a_lognormal(size: float) -> None:
    """Of log y ~ N(z, s^2) the mean is exp(z + s^2 / 2), and exp(z) would be the median."""
    rng = np.random.default_rng(0)
    errors = rng.normal(0, size, 100_000)
    found = Smearing(errors, np.exp).predict([0.0, 2.0])
    assert found == pytest.approx(np.exp(np.array([0.0, 2.0]) + size**2 / 2), rel=0.01)


@pytest.mark.parametrize("n", [1, 2, 199, 200, 201, 1000, 20_000])
def test_what_is_kept_stands_for_all_errors(n: int) -> None:
    rng = np.random.default_rng(n)
    z = np.linspace(-1, 3, 5)
    for errors in (rng.normal(size=n), rng.standard_t(3, size=n), rng.exponential(size=n).round(1)):
        fitted = Smearing(errors, lambda x: np.sinh(np.clip(x, -20, 20)))
        assert len(fitted.errors) <= 200
        assert fitted.weights.sum() == pytest.approx(1)
        assert fitted.weights @ fitted.errors == pytest.approx(errors.mean(), abs=1e-12)
        each = np.sinh(np.clip(z[:, None] + errors, -20, 20))
        exact = each.mean(axis=1)
        assert (np.abs(fitted.predict(z) - exact) <= 0.002 * np.abs(each).mean(axis=1)).all()
        if n <= 200:
            assert fitted.predict(z) == pytest.approx(exact, rel=1e-12)


def test_a_straight_line_needs_the_mean_error_alone() -> None:
    errors = np.random.default_rng(1).exponential(size=5000)
    z = np.arange(4.0)
    found = Smearing(errors, lambda x: 3 * x - 1).predict(z)
    assert found == pytest.approx(3 * (z + errors.mean()) - 1)


def test_many_rows_and_what_overflows(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = Smearing([0.0, 1.0, 2.0], np.exp)
    z = np.append(np.linspace(-5, 5, 50), 1e6)
    whole = fitted.predict(z)
    assert np.isinf(whole[-1])
    monkeypatch.setattr("equipoise.decisions.smearing._CELLS", 7)
    assert np.array_equal(fitted.predict(z), whole)
    assert fitted.predict([]).shape == (0,)


def test_survives_json() -> None:
    fitted = Smearing(np.random.default_rng(2).normal(size=1000), np.expm1)
    again: Any = Smearing.from_json(json.loads(json.dumps(fitted.to_json())), np.expm1)
    z = np.linspace(0, 3, 20)
    assert np.array_equal(again.predict(z), fitted.predict(z))


@pytest.mark.parametrize("errors", [[], [np.nan, 1.0], [np.inf]])
def test_wrong_residuals(errors: list[float]) -> None:
    with pytest.raises(UsageError, match="not finite"):
        Smearing(errors, np.exp)


def test_an_inverse_that_is_none() -> None:
    with pytest.raises(UsageError, match="'log'"):
        Smearing([0.0], "log")  # type: ignore[arg-type]
