"""SMOTENC against imbalanced-learn's."""

from __future__ import annotations

import imblearn.over_sampling as theirs
import numpy as np
import pandas as pd
import pytest

from equipoise.samplers import SMOTENC


def mixed(seed: int, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(900) < 0.15).astype(int) + (rng.random(900) < 0.08)
    numbers = rng.normal(size=(900, 3)) * [1, 5, 0.1] + y[:, None]
    X = np.column_stack([rng.integers(0, 4, 900), numbers, 3.0 * rng.integers(0, 2, 900)])
    return X.astype(dtype), y


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("strategy", ["auto", "all", "minority"])
def test_a_seed_gives_imbalanced_learns_rows(dtype, strategy):
    for seed in range(4):
        X, y = mixed(seed, dtype)
        kinds = {"sampling_strategy": strategy, "random_state": seed, "k_neighbors": 3 + seed}
        our, their = SMOTENC([0, 4], **kinds), theirs.SMOTENC([0, 4], **kinds)
        X_our, y_our = our.fit_resample(X, y)
        X_their, y_their = their.fit_resample(X, y)
        np.testing.assert_array_equal(X_our, X_their)
        np.testing.assert_array_equal(y_our, y_their)
        assert X_our.dtype == dtype
        assert our.median_std_ == pytest.approx(their.median_std_, rel=1e-5)


def test_a_generator_of_numbers_goes_on_where_it_was():
    X, y = mixed(0, np.float64)
    our = SMOTENC([0, 4], random_state=np.random.RandomState(3)).fit_resample(X, y)[0]
    their = theirs.SMOTENC([0, 4], random_state=np.random.RandomState(3)).fit_resample(X, y)[0]
    np.testing.assert_array_equal(our, their)


def test_frames_and_text_codes_are_still_taken():
    X, y = mixed(1, np.float64)
    frame = pd.DataFrame(X[:, 1:4]).assign(colour=np.where(X[:, 0] > 1, "red", "blue"))
    frame.columns = [str(name) for name in frame.columns]
    made, _ = SMOTENC(["colour"], random_state=0).fit_resample(frame, y)
    assert set(made["colour"]) == {"red", "blue"}
    assert len(made) == 3 * np.bincount(y).max()


def test_constant_numbers_leave_only_the_votes():
    X, y = mixed(2, np.float64)
    X[:, 1:4] = 1.0
    made, _ = SMOTENC([0, 4], random_state=0).fit_resample(X, y)
    assert (made[:, 1:4] == 1.0).all()
    assert set(np.unique(made[:, 0])) == {0, 1, 2, 3}


def test_more_neighbours_than_rows_of_a_class_are_refused():
    X, y = mixed(3, np.float64)
    few = np.append(np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:3])
    with pytest.raises(ValueError, match="3 of class '1': use k_neighbors=2 or less"):
        SMOTENC([0, 4], k_neighbors=5).fit_resample(X[few], y[few])
