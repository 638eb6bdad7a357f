"""The paired difference against closed forms, and the errors it must not make."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from equipoise.errors import UsageError
from equipoise.stats import paired_difference


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_without_draws_it_is_the_scaled_one_sample_t_test(rng: np.random.Generator) -> None:
    a, b = rng.normal(0.8, 0.1, 10), rng.normal(0.75, 0.1, 10)
    ours = paired_difference(a, b, test_fraction=0.25)
    plain = stats.ttest_1samp(a - b, 0.0)
    t = plain.statistic / np.sqrt(1 + 10 * 0.25)  # the correction multiplies the variance S^2 / J
    assert ours.p == pytest.approx(2 * stats.t.sf(abs(t), 9))
    assert ours.df == 9
    assert ours.mean / ours.standard_error == pytest.approx(t)
    low, high = stats.t.interval(0.95, 9, loc=ours.mean, scale=ours.standard_error)
    assert (ours.low, ours.high) == pytest.approx((low, high))


def test_with_draws_the_variance_is_the_moderated_one(rng: np.random.Generator) -> None:
    a, b = rng.normal(0.8, 0.1, 5), rng.normal(0.75, 0.1, 5)
    boot_a, boot_b = rng.normal(0.8, 0.03, 100), rng.normal(0.75, 0.03, 100)
    ours = paired_difference(a, b, 0.25, boot_a, boot_b, estimate=0.06, rare_rows=90)
    v, s2 = np.var(boot_a - boot_b, ddof=1), np.var(a - b, ddof=1)
    error = np.sqrt(1.5 * (30 * v + 4 * s2 / 5) / 34)
    assert ours.df == 34
    assert ours.mean == 0.06
    assert ours.standard_error == pytest.approx(error)
    assert ours.p == pytest.approx(2 * stats.t.sf(0.06 / error, 34))


def test_repeats_are_found_from_the_share_of_test_rows(rng: np.random.Generator) -> None:
    a, b, boot = rng.normal(size=20), rng.normal(size=20), rng.normal(size=(2, 50))
    found = paired_difference(a, b, 0.25, *boot)
    assert found == paired_difference(a, b, 0.25, *boot, repeats=4)
    assert found.df == 20  # sixteen of the draws, four of five folds
    assert (
        paired_difference(a[:4], b[:4], 0.4, *boot).df == 19
    )  # forward in time: one repeat of four


def test_interval_and_p_agree(rng: np.random.Generator) -> None:
    for _ in range(50):
        a, b, boot = rng.normal(0.4, 1, 5), rng.normal(size=5), rng.normal(size=(2, 40)) * 0.3
        d = paired_difference(a, b, 0.25, *boot)
        assert (d.low > 0 or d.high < 0) == (d.p < 0.05)


def test_swapping_the_two_mirrors_the_result(rng: np.random.Generator) -> None:
    a, b, boot = rng.normal(size=5), rng.normal(size=5), rng.normal(size=(2, 40))
    one, other = paired_difference(a, b, 0.25, *boot), paired_difference(b, a, 0.25, *boot[::-1])
    assert one.p == pytest.approx(other.p)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_identical_candidates_have_no_difference() -> None:
    values, boot = [0.5, 0.6, 0.7], np.linspace(0.4, 0.8, 20)
    for d in (
        paired_difference(values, values, 0.5),
        paired_difference(values, values, 0.5, boot, boot),
        paired_difference(values, np.add(values, 1e-16), 0.5, boot, boot + 1e-16),
    ):
        assert (d.mean, d.low, d.high, d.p, d.standard_error) == (0, 0, 0, 1, 0)


def test_a_constant_difference_that_is_not_rounding_is_certain() -> None:
    assert paired_difference([2.0, 3.0], [1.0, 2.0], 0.5).p == 0


def test_folds_and_draws_without_a_value_are_left_out(rng: np.random.Generator) -> None:
    a, b, boot = rng.normal(size=5), rng.normal(size=5), rng.normal(size=(2, 40))
    gap_a, gap_boot = np.append(a[:4], np.nan), boot.copy()
    gap_boot[0, 3] = np.nan
    d = paired_difference(gap_a, b, 0.25, *gap_boot, repeats=1)
    assert d.folds == 4
    same = paired_difference(a[:4], b[:4], 0.25, *np.delete(boot, 3, axis=1), repeats=1)
    assert d == same


@pytest.mark.parametrize(
    ("a", "boot"), [([np.nan] * 3, None), ([1.0, np.nan, np.nan], None), ([np.nan] * 3, [1, 2.0])]
)
def test_nothing_to_test_gives_nan(a: list[float], boot: list[float] | None) -> None:
    d = paired_difference(a, [0.0] * 3, 0.5, boot, None if boot is None else [0.0, 0.0])
    assert np.isnan([d.p, d.low, d.high, d.standard_error, d.df]).all()


def test_infinite_losses_are_left_out() -> None:
    d = paired_difference([np.inf, 1.0, 2.0], [np.inf, 0.5, 1.0], 0.5)
    assert d.folds == 2


def test_one_fold_with_draws_is_tested_by_the_draws(rng: np.random.Generator) -> None:
    boot = rng.normal(size=(2, 40))
    d = paired_difference([0.9], [0.1], 0.25, *boot)
    assert d.df == 16
    assert d.standard_error == pytest.approx(np.std(boot[0] - boot[1], ddof=1) * np.sqrt(1.5))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fold_values_b": [1.0]}, r"fold_values_a has the shape \(3,\) and fold_values_b \(1,\)"),
        ({"boot_a": [1.0, 2.0], "boot_b": [1.0]}, "boot_a"),
        ({"boot_a": [1.0, 2.0]}, "boot_b"),
        ({"test_fraction": 0.0}, "test_fraction=0.0"),
        ({"level": 95}, "level=95"),
        ({"repeats": 2}, "repeats=2"),
    ],
)
def test_wrong_arguments_are_named(change: dict[str, object], says: str) -> None:
    given: dict[str, object] = {
        "fold_values_a": [1.0, 2, 3],
        "fold_values_b": [1.0, 2, 4],
        "test_fraction": 0.5,
    }
    with pytest.raises(UsageError, match=says):
        paired_difference(**(given | change))  # type: ignore[arg-type]


def test_error_rate_on_means_of_rows_with_no_difference() -> None:
    """Rows of pure noise in five folds: the simplest case, where the truth is known to be 0."""
    rng = np.random.default_rng(0)
    n, trials, rejected = 60, 400, 0
    for _ in range(trials):
        rows = rng.normal(size=n)
        counts = rng.multinomial(n, np.full(n, 1 / n), size=100)
        folds, boot = rows.reshape(5, -1).mean(axis=1), counts @ rows / n
        rejected += paired_difference(folds, np.zeros(5), 0.25, boot, np.zeros(100)).p < 0.05
    assert rejected / trials <= 0.05
