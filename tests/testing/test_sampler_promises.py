"""What others' samplers are told: which promises are optional, what to derive from, whether classes moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from imblearn.under_sampling.base import BaseCleaningSampler
from sklearn.base import BaseEstimator

from equipoise.errors import UsageError
from equipoise.samplers.base import Sampler
from equipoise.testing import OPTIONAL, check_sampler, sampler_checks


class Idle(Sampler, BaseCleaningSampler):
    """Returns what it is given."""

    def _fit_resample(self, X: Any, y: Any) -> Any:
        self.sample_indices_ = np.arange(len(y))
        return X, y


class Plain(BaseEstimator):
    """Knows of none of our promises: it repeats the last row, whatever is asked for."""

    def fit_resample(self, X: Any, y: Any) -> Any:
        return np.concatenate([X, X[-1:]]), np.concatenate([y, y[-1:]])


class Halfway(RandomOverSampler):
    """Makes no rows of class 2."""

    def fit_resample(self, X: Any, y: Any) -> Any:
        X_out, y_out = super().fit_resample(X, y)
        keep = ~((np.arange(len(y_out)) >= len(y)) & (y_out == 2))
        return X_out[keep], y_out[keep]


class Losing(RandomOverSampler):
    """Loses a class that it is not asked about."""

    def fit_resample(self, X: Any, y: Any) -> Any:
        X_out, y_out = super().fit_resample(X, y)
        return X_out[y_out != 0], y_out[y_out != 0]


class Emptying(RandomUnderSampler):
    """Leaves nothing of a class."""

    def fit_resample(self, X: Any, y: Any) -> Any:
        X_out, y_out = super().fit_resample(X, y)
        return X_out[y_out != 0], y_out[y_out != 0]


@pytest.mark.parametrize(
    ("sampler", "said"),
    [
        (Idle(), r"every class has the rows that it had, \{0: 60, 1: 24, 2: 12\}"),
        (Halfway(), "48 rows more of class 2 are asked for, and none is made"),
        (Losing(), "class 0 has 0 rows, not 60, and is not asked for"),
        (Emptying(), "12 of 60 rows of class 0 are asked for: 0 are left"),
    ],
)
def test_classes_move_as_declared(sampler: Any, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        dict(sampler_checks(sampler))["check_classes_move"]()


def test_optional_promises_can_be_left_out() -> None:
    theirs = RandomUnderSampler()
    with pytest.raises(AssertionError) as caught:
        check_sampler(theirs)
    assert "  check_polars_stays (optional): " in str(caught.value)
    assert "Leave what is optional out by optional=False, or excuse" in str(caught.value)
    check_sampler(theirs, optional=False)
    excuse = dict.fromkeys(OPTIONAL - {"check_lone_row", "check_missing_values"}, "it is theirs")
    check_sampler(theirs, expected_failures=excuse)
    with_them, without = (set(dict(sampler_checks(theirs, optional=o))) for o in (True, False))
    assert with_them - without == OPTIONAL
    with pytest.raises(AssertionError) as caught:
        check_sampler(Idle())
    assert "optional" not in str(caught.value)


def test_what_cannot_be_cloned_is_told_what_to_derive_from() -> None:
    class Bare:
        def fit_resample(self, X: Any, y: Any) -> Any:
            return X, y

    with pytest.raises(UsageError, match=r"Bare has no get_params and no __sklearn_tags__.*derive"):
        check_sampler(Bare())
    with pytest.raises(AssertionError, match=r"Plain breaks \d+ promises"):
        check_sampler(Plain())  # and no other error
