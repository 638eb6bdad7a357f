"""Each check of the suite for samplers holds for a sound sampler, and fails for one that breaks it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import scipy.sparse as sp
from imblearn.over_sampling import SMOTENC
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.under_sampling import RandomUnderSampler
from imblearn.under_sampling.base import BaseCleaningSampler
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_random_state

from equipoise.errors import UsageError
from equipoise.samplers.base import Sampler
from equipoise.samplers.origins import Made, Origins
from equipoise.samplers.refusals import require_neighbours
from equipoise.samplers.text.augmentation import TextAugmentation
from equipoise.testing import (
    check_sampler,
    parametrize_with_sampler_checks,
    sampler_checks,
    sampler_kinds,
    sampler_labels,
    sampler_rows,
    sampler_use,
    sampler_values,
)


class Between(Sampler, BaseOverSampler):
    """Makes rows between two rows of a class."""

    _parameter_constraints: ClassVar = {
        **BaseOverSampler._parameter_constraints,
        "random_state": "no_validation",
    }

    def __init__(self, *, sampling_strategy="auto", random_state=None, model=None):
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state
        self.model = model

    def _fit_resample(self, X, y):
        random = check_random_state(self.random_state)
        made, labels = [], [y]
        for label, count in self.sampling_strategy_.items():
            own = np.flatnonzero(y == label)
            require_neighbours("Between", "k", 1, label, len(own))
            base = random.choice(own, count)
            other = random.choice(own, count)
            made.append(Made(base, other, random.uniform(size=count)))
            labels.append(np.full(count, label, dtype=y.dtype))
        self._origins = Origins(len(y), np.arange(len(y)), made)
        rows = self._origins.shares()
        new = rows[len(y) :] @ X
        if sp.issparse(X):
            X_out = sp.vstack([X, new], format=X.format)
        else:
            # Rounding puts a row between equal rows off by a bit.
            X_out = np.vstack([X, np.clip(new, X.min(axis=0), X.max(axis=0))]).astype(X.dtype)
        self.sample_indices_ = self._origins.copied
        return X_out, np.concatenate(labels)


class Trim(Sampler, BaseCleaningSampler):
    """Drops the rows of each class that are farthest from its mean."""

    def _fit_resample(self, X, y):
        kept = []
        for label in np.unique(y):
            own = np.flatnonzero(y == label)
            if label in self.sampling_strategy_:
                rows = X[own].toarray() if sp.issparse(X) else X[own]
                with np.errstate(over="ignore"):
                    far = ((rows - rows.mean(axis=0)) ** 2).sum(axis=1)
                own = own[np.argsort(far, kind="stable")[: -max(1, len(own) // 5)]]
            kept.append(own)
        self.sample_indices_ = np.sort(np.concatenate(kept)).astype(np.int64)
        return X[self.sample_indices_], y[self.sample_indices_]


class Spoils:
    """Changes what comes out, or what is remembered."""

    def fit_resample(self, X, y, *, sample_weight=None, groups=None):
        out = super().fit_resample(X, y, sample_weight=sample_weight, groups=groups)
        return self.spoil(X, y, *out)

    def spoil(self, X, y, X_out, y_out):
        return X_out, y_out


class Lossy(Spoils, Between):
    pass


def broken(spoil=None, *bases, **more):
    """Build a class whose one fault is ``spoil``, or the attributes given."""
    body = more if spoil is None else {"spoil": spoil, **more}
    return type("Broken", bases or (Lossy,), body)


def of_kind(*modules):
    """Turn what is of these libraries into an array."""

    def spoil(self, X, y, X_out, y_out):
        return (np.asarray(X_out) if type(X).__module__.startswith(modules) else X_out), y_out

    return spoil


def writes(self, X, y, X_out, y_out):
    if isinstance(X, np.ndarray):
        X[0] = 0
    return X_out, y_out


def sets_parameter(self, X, y, X_out, y_out):
    self.sampling_strategy = dict(self.sampling_strategy_)
    return X_out, y_out


def fewer_each_time(self, X, y, X_out, y_out):
    calls[0] += 1
    return X_out[calls[0] :], y_out[calls[0] :]


calls = [0]


class Forgetful(Lossy):
    def __getstate__(self):
        state = dict(super().__getstate__())
        state.pop("sampling_strategy_", None)
        return state


class AlwaysSeeded(Lossy):
    def _fit_resample(self, X, y):
        given, self.random_state = self.random_state, 0
        try:
            return super()._fit_resample(X, y)
        finally:
            self.random_state = given


def uses_global(self, X, y, X_out, y_out):
    np.random.random()
    return X_out, y_out


def attribute(name, change):
    """Change one attribute after the fit."""

    def spoil(self, X, y, X_out, y_out):
        if hasattr(self, name):
            setattr(self, name, change(getattr(self, name)))
        return X_out, y_out

    return spoil


def parents_changed(change):
    return property(lambda self: change(super(Lossy, self).parents_))


def shares_of_others(self):
    parents = super(Lossy, self).parents_.tolil()
    parents[-1] = 0
    parents[-1, 0] = 1.0
    return parents.tocsr()


def where_labels(are):
    """Lose a row where the labels are such."""

    def spoil(self, X, y, X_out, y_out):
        return (X_out[1:], y_out[1:]) if are(np.asarray(y)) else (X_out, y_out)

    return spoil


class TakesOneClass(Lossy):
    def fit_resample(self, X, y, *, sample_weight=None, groups=None):
        if len(np.unique(np.asarray(y))) == 1:
            return X, y
        return super().fit_resample(X, y, sample_weight=sample_weight, groups=groups)


class Speechless(Lossy):
    def fit_resample(self, X, y, *, sample_weight=None, groups=None):
        try:
            return super().fit_resample(X, y, sample_weight=sample_weight, groups=groups)
        except ValueError:
            raise ValueError("cannot") from None


class TakesAnyLength(Lossy):
    def fit_resample(self, X, y, *, sample_weight=None, groups=None):
        if groups is not None:
            groups = np.resize(groups, len(y))
        return super().fit_resample(X, y, sample_weight=sample_weight, groups=groups)


class Unrouted(Lossy):
    def fit_resample(self, X, y, **params):
        return super().fit_resample(X, y)


class Stale(Lossy):
    def fit_resample(self, X, y, *, sample_weight=None, groups=None):
        old = dict(vars(self))
        out = super().fit_resample(X, y, sample_weight=sample_weight, groups=groups)
        for name in ("groups_", "sample_weight_"):
            if name in old:
                setattr(self, name, old[name])
        return out


def loses_first(self, X, y, X_out, y_out):
    return X_out[1:], y_out[1:]


def at(condition, change):
    """Change the rows where the input is such."""

    def spoil(self, X, y, X_out, y_out):
        if isinstance(X, np.ndarray) and X.dtype.kind == "f" and condition(X):
            return change(X_out.copy()), y_out
        return X_out, y_out

    return spoil


def spread(X):
    X[-1] *= 1.5
    return X


def constant(X):
    return np.ptp(X, axis=0) == 0


class KeepsNaN(Between):
    def _check_X_y(self, X, y, accept_sparse=None):
        return np.asarray(X), np.asarray(y), False

    def _fit_resample(self, X, y):
        return super()._fit_resample(np.nan_to_num(X, posinf=np.nan), y)


def not_there(X):
    return (np.abs(X[np.isfinite(X)]) > 500).any() and not (np.abs(X) > 1e100).any()


BROKEN = {
    "check_numpy_stays": broken(lambda self, X, y, X_out, y_out: (X_out, y_out.astype(np.int64))),
    "check_float32_stays": broken(
        lambda self, X, y, X_out, y_out: (X_out.astype(np.float64), y_out)
    ),
    "check_lists_stay": broken(of_kind("builtins")),
    "check_pandas_stays": broken(of_kind("pandas")),
    "check_polars_stays": broken(of_kind("polars")),
    "check_pyarrow_stays": broken(of_kind("pyarrow")),
    "check_sparse_stays": broken(
        lambda self, X, y, X_out, y_out: (sp.csr_matrix(X_out) if sp.issparse(X) else X_out, y_out)
    ),
    "check_input_is_left_alone": broken(writes),
    "check_parameters_are_left_alone": broken(sets_parameter),
    "check_clones_with_its_parameters": broken(__sklearn_clone__=lambda self: self),
    "check_pickles": Forgetful,
    "check_classes_move": broken(lambda self, X, y, X_out, y_out: (X, y)),
    "check_same_seed_same_rows": broken(fewer_each_time),
    "check_no_seed_draws_anew": AlwaysSeeded,
    "check_row_order_does_not_matter": broken(loses_first, Spoils, Trim),
    "check_global_generator_is_left_alone": broken(uses_global),
    "check_copies_are_copies": broken(attribute("sample_indices_", lambda rows: rows[::-1])),
    "check_parents_are_shares": broken(parents_=parents_changed(lambda shares: 2 * shares)),
    "check_new_rows_lie_between_parents": broken(parents_=property(shares_of_others)),
    "check_labels_are_those_of_a_parent": broken(
        carry=lambda self, values: super(Lossy, self).carry(values)[::-1]
    ),
    "check_weights_are_those_of_the_parents": broken(
        attribute("sample_weight_", lambda weight: np.ones_like(weight))
    ),
    "check_groups_are_those_of_a_parent": broken(attribute("groups_", lambda groups: groups[::-1])),
    "check_carries_further_values": broken(
        carry=lambda self, values: np.asarray(super(Lossy, self).carry(values))
    ),
    "check_prior_offset": broken(
        prior_offset_=property(lambda self: -super(Lossy, self).prior_offset_)
    ),
    "check_untouched_classes_stay_whole": broken(loses_first),
    "check_nothing_is_stale": Stale,
    "check_text_labels": broken(where_labels(lambda y: y.dtype.kind in "UO")),
    "check_boolean_labels": broken(where_labels(lambda y: y.dtype.kind == "b")),
    "check_negative_labels": broken(where_labels(lambda y: y.min() == -7)),
    "check_labels_of_two_dimensions": broken(where_labels(lambda y: y.ndim > 1)),
    "check_one_class_is_refused": TakesOneClass,
    "check_lone_row": Speechless,
    "check_lengths_must_agree": TakesAnyLength,
    "check_duplicates": broken(at(lambda X: constant(X).all(), spread)),
    "check_constant_columns": broken(at(lambda X: constant(X).any(), spread)),
    "check_huge_values": broken(at(lambda X: (X > 1e100).any(), lambda X: X * np.inf)),
    "check_tiny_values": broken(at(lambda X: (abs(X) < 1e-100).any(), lambda X: X * 1e10)),
    "check_no_class_is_near_another": broken(at(not_there, lambda X: X * 10)),
    "check_missing_values": Speechless,
    "check_infinite_values": KeepsNaN,
    "check_works_in_a_pipeline": broken(fewer_each_time),
    "check_routes_weights": Unrouted,
}

MODULES = (sampler_kinds, sampler_labels, sampler_rows, sampler_use, sampler_values)


def checks_of(sampler):
    return dict(sampler_checks(sampler))


def test_every_check_has_a_sampler_that_breaks_it():
    assert set(BROKEN) == {name for module in MODULES for name in module.__all__}
    assert set(BROKEN) == set(checks_of(Between())) | set(checks_of(Trim()))


@parametrize_with_sampler_checks([Between(), Trim()])
def test_a_sound_sampler_keeps_every_promise(check):
    check()


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_sampler_is_found_out(name):
    with pytest.raises(AssertionError):
        checks_of(BROKEN[name]())[name]()


def test_all_faults_are_listed_at_once():
    class Worse(Speechless):
        def spoil(self, X, y, X_out, y_out):
            return list(X_out), y_out

    with pytest.raises(AssertionError, match=r"Worse breaks \d+ promises:\n  check_") as caught:
        check_sampler(Worse())
    lines = str(caught.value).splitlines()
    assert any(line.startswith("  check_numpy_stays: X is list, not an array") for line in lines)
    assert any(line.startswith("  check_missing_values (optional): ") for line in lines)


def test_an_excuse_has_to_be_needed():
    class Shifted(Lossy):
        parents_ = property(shares_of_others)

    excuse = {"check_new_rows_lie_between_parents": "it is shifted"}
    with pytest.raises(AssertionError) as caught:
        check_sampler(Trim(), expected_failures=excuse)
    assert "check_new_rows_lie_between_parents: holds" in str(caught.value)
    with pytest.raises(AssertionError) as caught:
        check_sampler(Shifted(), expected_failures=excuse)
    assert "check_new_rows" not in str(caught.value)


def test_checks_follow_from_the_sampler():
    assert "check_no_seed_draws_anew" not in checks_of(Trim())
    assert "check_row_order_does_not_matter" not in checks_of(Between())
    theirs = checks_of(RandomUnderSampler())
    assert "check_sparse_stays" in theirs
    assert "check_parents_are_shares" not in theirs  # it knows of none
    mixed = checks_of(SMOTENC([0]))
    assert "check_huge_values" in mixed
    assert "check_sparse_stays" not in mixed  # its tags say so
    assert "check_missing_values" not in checks_of(TextAugmentation())


@pytest.mark.parametrize(
    ("given", "table"), [(Between, None), (LogisticRegression(), None), (Trim(), "bytes")]
)
def test_what_is_no_sampler_is_refused(given, table):
    with pytest.raises(UsageError):
        list(sampler_checks(given, table=table))
