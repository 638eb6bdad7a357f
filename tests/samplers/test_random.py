"""Rows drawn at random, against imbalanced-learn's."""

from __future__ import annotations

from datetime import date, timedelta

import imblearn.over_sampling
import imblearn.under_sampling
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from pandas.testing import assert_frame_equal
from sklearn.exceptions import NotFittedError

from equipoise.errors import DataError, UsageError
from equipoise.samplers import SMOTE, RandomOverSampler, RandomUnderSampler
from equipoise.samplers.engine.neighbours import Graph

OVER = (RandomOverSampler, imblearn.over_sampling.RandomOverSampler)
UNDER = (RandomUnderSampler, imblearn.under_sampling.RandomUnderSampler)
PAIRS = [
    (OVER, {}),
    (OVER, {"sampling_strategy": "all"}),
    (OVER, {"shrinkage": 0.5}),
    (OVER, {"shrinkage": {1: 0.0, 2: 2.0}}),
    (UNDER, {}),
    (UNDER, {"sampling_strategy": {0: 50}, "replacement": True}),
]


def cloud(seed: int) -> tuple:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat([0, 1, 2], [120, 40, 15]))
    return rng.normal(size=(175, 3)) + y[:, None], y


@pytest.mark.parametrize("kind", ["float64", "float32", "csr", "csc", "pandas", "generator"])
@pytest.mark.parametrize(("pair", "kinds"), PAIRS)
def test_a_seed_gives_imbalanced_learns_rows(pair, kinds, kind):
    X, y = cloud(0)
    if kind in ("csr", "csc"):
        X = sp.csr_matrix(X).asformat(kind)
    elif kind == "pandas":
        X = pd.DataFrame(X, columns=list("abc"))
    elif kind != "generator":
        X = X.astype(kind)
    seeds = [np.random.RandomState(4) if kind == "generator" else 4 for _ in pair]
    (our, their) = (one(**kinds, random_state=seed) for one, seed in zip(pair, seeds, strict=True))
    X_our, y_our = our.fit_resample(X, y)
    X_their, y_their = their.fit_resample(X, y)
    if kind == "pandas":
        assert_frame_equal(X_our, X_their)
    else:
        dense = [one.toarray() if sp.issparse(one) else one for one in (X_our, X_their)]
        # Where noise makes theirs double, ours stays what it was.
        np.testing.assert_array_equal(dense[0], dense[1].astype(X.dtype))
        assert X_our.dtype == X.dtype
    np.testing.assert_array_equal(y_our, y_their)
    np.testing.assert_array_equal(our.sample_indices_, their.sample_indices_)
    rows = our.sample_indices_
    np.testing.assert_array_equal(our.parents_.indices, rows)
    np.testing.assert_array_equal(our.carry(np.arange(175)), rows)


@pytest.mark.parametrize("sampler", [OVER[0], UNDER[0]])
def test_tables_may_hold_anything(sampler):
    _, y = cloud(1)
    start = date(2024, 1, 1)
    frame = pl.DataFrame(
        {
            "text": [f"row {i}" for i in range(175)],
            "day": [start + timedelta(days=i) for i in range(175)],
            "gap": [None if i % 3 else i for i in range(175)],
        }
    )
    for table in (frame, frame.to_arrow()):
        one = sampler(random_state=0)
        out, labels = one.fit_resample(table, pl.Series("kind", y), sample_weight=np.ones(175))
        assert out.schema == table.schema
        rows = one.sample_indices_.tolist()
        assert (pl.from_arrow(out) if table is not frame else out).rows() == frame[rows].rows()
        assert labels.to_list() == y[rows].tolist()
        assert (one.sample_weight_ == 1).all()


def test_perturbed_rows_of_tables_are_perturbed():
    X, y = cloud(2)
    frame = pl.DataFrame(X, schema=list("abc"))
    one = RandomOverSampler(shrinkage=0.5, random_state=0)
    out, _ = one.fit_resample(frame, y)
    expected = RandomOverSampler(shrinkage=0.5, random_state=0).fit_resample(X, y)[0]
    np.testing.assert_array_equal(out.to_numpy(), expected)
    assert not np.array_equal(out.to_numpy()[175:], X[one.sample_indices_[175:]])
    with pytest.raises(DataError, match="column 'word' is not numbers"):
        one.fit_resample(frame.with_columns(pl.lit("x").alias("word")), y)


def test_the_prior_moves_as_the_counts_do():
    X, y = cloud(3)
    one = RandomUnderSampler(random_state=0)
    one.fit_resample(X, y)
    moved = np.log(np.array([15, 15, 15]) / [120, 40, 15])
    np.testing.assert_allclose(one.prior_offset_, moved - moved.mean())


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (np.ones((175, 1)), "2 dimensions"),
        (np.ones(3), "3 entries"),
        (np.array([-1.0, *np.ones(174)]), "-1 in row 0"),
        (np.array([1.0, np.nan, np.inf, *np.ones(172)]), "2 of 175 .* nan in row 1"),
        (["heavy"] * 175, "no number"),
        (1.0, "0 dimensions"),
    ],
    ids=str,
)
def test_weights_that_are_none(weight, words):
    X, y = cloud(0)
    for sampler in (RandomUnderSampler(random_state=0), SMOTE(random_state=0)):
        with pytest.raises(UsageError, match=words) as caught:
            sampler.fit_resample(X, y, sample_weight=weight)
        assert "0 or more" in caught.value.remedy or "per row" in caught.value.remedy


def test_what_follows_from_rows_is_absent_before_there_are_any():
    one = RandomUnderSampler(random_state=0)
    for name in ("parents_", "prior_offset_", "sample_weight_", "groups_"):
        assert not hasattr(one, name)
    for kind in (UsageError, NotFittedError):
        with pytest.raises(kind, match="call fit_resample first"):
            one.carry([1, 2])
        with pytest.raises(kind, match="call fit_resample first"):
            _ = one.prior_offset_
    one.fit_resample(*cloud(0))
    assert hasattr(one, "parents_")
    assert hasattr(one, "prior_offset_")


def test_rows_made_by_a_shared_search_have_no_weights_of_earlier_ones():
    X, y = cloud(0)
    one = SMOTE(random_state=0)
    one.fit_resample(X, y, sample_weight=np.ones(175), groups=np.arange(175))
    assert hasattr(one, "sample_weight_")
    one.generate(Graph(X), y)
    assert not hasattr(one, "sample_weight_")
    assert not hasattr(one, "groups_")
    assert one.parents_.shape == (360, 175)
