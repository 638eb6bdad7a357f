"""The set of candidates that cannot be told apart from the best."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import UsageError
from equipoise.stats import bootstrap_weights, holm, paired_difference, tied_with_best


@pytest.fixture
def trial() -> tuple[np.ndarray, np.ndarray]:
    """Fold values and draws of six candidates: row values with a strong common part, two of them far behind."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=200) + 0.2 * rng.normal(size=(6, 200))
    rows[4:] -= 0.5
    return rows.reshape(6, 5, 40).mean(axis=2), rows @ bootstrap_weights(200, 100, 0).T / 200


def test_it_is_the_paired_test_of_each_against_the_best(
    trial: tuple[np.ndarray, np.ndarray],
) -> None:
    values, boot = trial
    best, p, tied = tied_with_best(values, boot, 0.25, 1, rare_rows=60)
    assert best == values.mean(axis=1).argmax()
    others = [k for k in range(6) if k != best]
    pairs = [
        paired_difference(values[best], values[k], 0.25, boot[best], boot[k], rare_rows=60).p
        for k in others
    ]
    assert p[others] == pytest.approx(holm(pairs))
    assert p[best] == 1
    assert tied.tolist() == [True] * 4 + [False] * 2


def test_a_loss_is_the_mirror_of_a_gain(trial: tuple[np.ndarray, np.ndarray]) -> None:
    values, boot = trial
    gain, loss = tied_with_best(values, boot, 0.25, 1), tied_with_best(-values, -boot, 0.25, -1)
    assert gain[0] == loss[0]
    assert gain[1] == pytest.approx(loss[1])


def test_the_given_estimate_decides_who_is_best(trial: tuple[np.ndarray, np.ndarray]) -> None:
    values, boot = trial
    estimates = values.mean(axis=1)
    estimates[4] = 9.0
    best, _, tied = tied_with_best(values, boot, 0.25, 1, estimates=estimates)
    assert best == 4
    assert tied.tolist() == [False] * 4 + [True, False]


def test_exact_equals_are_tied(trial: tuple[np.ndarray, np.ndarray]) -> None:
    values, boot = (np.concatenate([part, part]) for part in trial)
    best, p, tied = tied_with_best(values, boot, 0.25, 1)
    assert p[best] == p[best + 6] == 1
    assert tied[best + 6]


def test_a_candidate_with_missing_folds_is_never_the_best() -> None:
    values = [[0.99, np.nan, 0.99], [0.7, 0.8, 0.75], [0.71, 0.79, 0.75], [np.nan] * 3]
    best, p, tied = tied_with_best(values, None, 0.5, 1)
    assert best in (1, 2)
    assert np.isnan(p[3])
    assert not tied[3]


def test_a_fold_that_no_candidate_has_does_not_matter() -> None:
    values = np.array([[0.7, 0.8, np.nan], [0.9, 0.95, np.nan]])
    assert tied_with_best(values, None, 0.5, 1)[0] == 1


def test_a_single_candidate_is_the_best() -> None:
    best, p, tied = tied_with_best([[0.5, 0.6]], None, 1.0, 1)
    assert (best, p.tolist(), tied.tolist()) == (0, [1.0], [True])


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(UsageError, match="no candidate has a value"):
        tied_with_best([[np.nan, np.nan]], None, 0.5, 1)
    with pytest.raises(UsageError, match="sign=2"):
        tied_with_best([[1.0, 2.0]], None, 0.5, 2)
    with pytest.raises(UsageError, match="boot"):
        tied_with_best([[1.0, 2.0]], np.ones((2, 5)), 0.5, 1)


def test_equally_good_candidates_are_seldom_left_out() -> None:
    rng = np.random.default_rng(0)
    left_out, trials = 0.0, 60
    for seed in range(trials):
        rows = rng.normal(size=150) + 0.5 * rng.normal(size=(12, 150))
        values, boot = (
            rows.reshape(12, 5, 30).mean(axis=2),
            rows @ bootstrap_weights(150, 100, seed).T / 150,
        )
        left_out += float(np.mean(~tied_with_best(values, boot, 0.25, 1)[2])) / trials
    assert left_out <= 0.05
