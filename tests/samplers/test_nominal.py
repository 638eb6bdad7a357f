"""SMOTENC and SMOTEN against imbalanced-learn's, and tables that hold categories."""

from __future__ import annotations

import imblearn.over_sampling as theirs
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.metrics.pairwise import ValueDifferenceMetric
from pandas.testing import assert_frame_equal
from sklearn.exceptions import DataConversionWarning
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import OneHotEncoder

import equipoise.samplers.engine.categories as room
from equipoise.errors import ColumnNotFound, DataError, UsageError
from equipoise.samplers import SMOTEN, SMOTENC


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


def test_more_neighbours_than_rows_are_refused():
    X, y = mixed(3, np.float64)
    few = np.append(np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:3])
    with pytest.raises(DataError, match=r"class 1 has 3 rows, SMOTENC\(k_neighbors=5\) needs"):
        SMOTENC([0, 4], k_neighbors=5).fit_resample(X[few], y[few])
    with pytest.raises(DataError, match=r"class 1 has 3 rows, SMOTEN\(k_neighbors=5\) needs"):
        SMOTEN().fit_resample(X[few][:, [0, 4]], y[few])


def table(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = 300
    frame = pd.DataFrame(
        {
            "word": rng.choice(["p", "q"], n),
            "size": rng.normal(size=n),
            "narrow": rng.normal(size=n).astype(np.float32),
            "kind": pd.Categorical(rng.choice(["x", "y", "z"], n)),
            "flag": rng.random(n) < 0.4,
        }
    )
    frame.loc[rng.random(n) < 0.1, "word"] = None
    return frame, rng.choice([0, 1, 2], n, p=[0.7, 0.2, 0.1])


@pytest.mark.parametrize("seed", range(3))
def test_pandas_and_object_arrays_are_imbalanced_learns(seed):
    frame, y = table(seed)
    for columns in (["word", "kind", "flag"], [0, 3, 4], [True, False, False, True, True], "auto"):
        X = frame[["size", "kind", "narrow"]] if isinstance(columns, str) else frame
        our = SMOTENC(columns, random_state=seed)
        X_our, y_our = our.fit_resample(X, y)
        X_their, y_their = theirs.SMOTENC(columns, random_state=seed).fit_resample(X, y)
        assert_frame_equal(X_our, X_their)
        np.testing.assert_array_equal(y_our, y_their)
        numbers = X[["size", "narrow"]].to_numpy()
        made = X_our[["size", "narrow"]].to_numpy()
        np.testing.assert_allclose(our.parents_ @ numbers, made, atol=1e-6)
    X = frame.to_numpy(dtype=object)
    our, their = (one([0, 3, 4], random_state=seed) for one in (SMOTENC, theirs.SMOTENC))
    X_our, X_their = our.fit_resample(X, y)[0], their.fit_resample(X, y)[0]
    assert X_our.dtype == X_their.dtype
    assert_frame_equal(pd.DataFrame(X_our), pd.DataFrame(X_their))


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_sparse_rows_are_imbalanced_learns(form):
    X, y = mixed(4, np.float64)
    our = SMOTENC([0, 4], random_state=1).fit_resample(sp.csr_matrix(X).asformat(form), y)[0]
    their = theirs.SMOTENC([0, 4], random_state=1).fit_resample(sp.csr_matrix(X).asformat(form), y)
    assert our.format == form
    np.testing.assert_allclose(our.toarray(), their[0].toarray(), atol=1e-12)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_other_searches_and_encoders_are_taken(metric):
    X, y = mixed(5, np.float64)
    kinds = {
        "random_state": 2,
        "k_neighbors": NearestNeighbors(n_neighbors=4, metric=metric),
        "categorical_encoder": OneHotEncoder(sparse_output=False),
    }
    our, their = (one([0, 4], **kinds).fit_resample(X, y)[0] for one in (SMOTENC, theirs.SMOTENC))
    np.testing.assert_array_equal(our, their)
    with pytest.raises(ValueError, match="one column per category"):
        SMOTENC([0, 4], categorical_encoder=OneHotEncoder(drop="first")).fit_resample(X, y)


def test_whole_numbers_do_not_make_categories_count_for_nothing():
    rng = np.random.default_rng(0)
    # The numbers say nothing, and the category is one in the rare class.
    X = np.column_stack([rng.integers(0, 2, 60), rng.integers(0, 4, 60)])
    y = np.repeat([0, 1], [45, 15])
    X[y == 1, 1] = 2
    made, _ = SMOTENC([1], random_state=0).fit_resample(X, y)
    assert made.dtype == X.dtype
    assert (made[60:, 1] == 2).all()


def vote_by_loops(values: list) -> set:
    return {one for one in values if values.count(one) == max(map(values.count, values))}


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from([2, 3, 6]))
def test_rows_are_made_as_two_loops_make_them_with_ties_and_copies(seed, k, levels):
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1], [20, 8])
    X = np.column_stack([rng.integers(0, 4, 28), rng.integers(0, levels, (28, 2))]).astype(float)
    our = SMOTENC([1, 2], k_neighbors=k, random_state=seed)
    X_out, y_out = our.fit_resample(X, y)
    apart = our.median_std_[1]
    assert apart == X[20:, 0].std()
    for row in range(28, 40):
        a, b = our.origins_.first[row], our.origins_.other[row]
        length = [
            round((X[a, 0] - X[i, 0]) ** 2 + apart**2 * (X[a, 1:] != X[i, 1:]).sum(), 9)
            for i in range(20, 28)
        ]
        length[a - 20] = np.inf
        limit = sorted(length)[k - 1]
        assert length[b - 20] <= limit
        tied = length.count(limit) > 1
        near = 20 + np.argsort(length, kind="stable")[:k]
        # Of those at one distance rounding may choose, so only clear votes are held against.
        if not tied:
            for column in (1, 2):
                assert X_out[row, column] in vote_by_loops(X[near, column].tolist())
    np.testing.assert_allclose((our.parents_ @ X)[:, 0], X_out[:, 0], atol=1e-12)
    assert y_out[28:].tolist() == [1] * 12


def coded(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.integers(0, levels, n) for levels in (2, 3, 5, 9, 30)])
    return X, rng.choice([0, 1, 2], n, p=[0.7, 0.2, 0.1])


def kinds_of(X: np.ndarray) -> list:
    letters = np.array([chr(97 + i) for i in range(30)])
    frame = pd.DataFrame(X, columns=list("abcde")).astype({"a": "bool", "b": "category"})
    return [X, X.astype(float), X.astype(object), letters[X], letters.astype(object)[X], frame]


@pytest.mark.parametrize("seed", range(3))
def test_nominal_rows_are_imbalanced_learns(seed):
    X, y = coded(seed)
    for given_rows in kinds_of(X):
        for drawn in (lambda: seed, lambda: np.random.RandomState(seed)):
            our = SMOTEN(random_state=drawn(), k_neighbors=3 + seed)
            their = theirs.SMOTEN(random_state=drawn(), k_neighbors=3 + seed)
            X_our, y_our = our.fit_resample(given_rows, y)
            X_their, y_their = their.fit_resample(given_rows, y)
            if isinstance(given_rows, pd.DataFrame):
                assert_frame_equal(X_our, X_their)
            else:
                assert X_our.dtype == X_their.dtype
                np.testing.assert_array_equal(X_our, X_their)
            np.testing.assert_array_equal(y_our, y_their)
            np.testing.assert_allclose(our.parents_.sum(axis=1), 1)


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_nominal_rows_may_be_sparse(form):
    X, y = coded(4)
    given_rows = sp.csr_matrix(X).asformat(form)
    with pytest.warns(DataConversionWarning):
        our = SMOTEN(random_state=0).fit_resample(given_rows, y)[0]
    assert our.format == form
    expected = theirs.SMOTEN(random_state=0).fit_resample(X, y)[0]
    np.testing.assert_array_equal(our.toarray(), expected)


@pytest.mark.parametrize("held", [room._HELD, 3000])
@pytest.mark.parametrize("classes", [2, 3, 9, 20])
def test_value_differences_are_imbalanced_learns_to_the_last_bit(classes, held, monkeypatch):
    monkeypatch.setattr(room, "_HELD", held)
    monkeypatch.setattr(room, "_BLOCK", 700)
    X, _ = coded(5)
    y = np.random.default_rng(0).integers(0, classes, len(X))
    metric = ValueDifferenceMetric(n_categories=X.max(axis=0) + 1).fit(X, y)
    own = X[:150]
    found = room.ValueDifferences(metric.proba_per_class_, own).distances(np.arange(150))
    np.testing.assert_array_equal(found, metric.pairwise(own))


def test_votes_of_nominal_rows_are_those_of_loops():
    X, y = coded(6)
    our = SMOTEN(random_state=0, k_neighbors=4)
    X_out, _ = our.fit_resample(X, y)
    for row in range(len(y), len(X_out), 7):
        voters = our.parents_[row].indices
        assert len(voters) == 5
        for column in range(X.shape[1]):
            assert X_out[row, column] == min(vote_by_loops(X[voters, column].tolist()))


def test_an_own_search_of_nominal_rows_is_taken():
    X, y = coded(7)
    kinds = {"k_neighbors": NearestNeighbors(n_neighbors=4, metric="manhattan"), "random_state": 0}
    our, their = (one(**kinds).fit_resample(X, y)[0] for one in (SMOTEN, theirs.SMOTEN))
    np.testing.assert_array_equal(our, their)


@pytest.mark.parametrize("dtype", [pl.Enum(["z", "y", "x"]), pl.Categorical, pl.String])
def test_tables_keep_their_types_and_missing_categories(dtype):
    frame, y = table(8)
    given_rows = pl.from_pandas(frame).with_columns(pl.col("kind").cast(pl.String).cast(dtype))
    expected = pl.from_pandas(
        theirs.SMOTENC(["word", "kind", "flag"], random_state=0).fit_resample(frame, y)[0]
    ).with_columns(pl.col("kind").cast(pl.String))
    nominal = ["word", "kind", "flag"]
    for columns in (given_rows, given_rows.to_arrow()):
        for sampler, X in (
            (SMOTENC("auto", random_state=0), columns),
            (SMOTENC([0, 3, -1], random_state=0), columns),
            (SMOTEN(random_state=0), columns.select(nominal)),
        ):
            out, labels = sampler.fit_resample(X, pl.Series("t", y), groups=np.arange(len(y)))
            assert type(out) is type(X)
            assert out.schema == X.schema
            assert len(labels) == len(out) == len(sampler.groups_)
            plain = out if isinstance(out, pl.DataFrame) else pl.from_arrow(out)
            plain = plain.with_columns(pl.col("kind").cast(pl.String))
            assert plain["word"].null_count() > 0
            if isinstance(sampler, SMOTENC):
                assert plain.rows() == expected.rows()


def test_columns_that_cannot_be_are_named():
    frame, y = table(9)
    given_rows = pl.from_pandas(frame)
    with pytest.raises(ColumnNotFound, match="names 'colour', which is no column"):
        SMOTENC(["colour"]).fit_resample(given_rows, y)
    with pytest.raises(DataError, match="columns 'word', 'kind' are neither numbers nor among"):
        SMOTENC(["flag"]).fit_resample(given_rows, y)
    with pytest.raises(UsageError, match="use SMOTEN"):
        SMOTENC("auto").fit_resample(given_rows.select("word", "kind"), y)
    with pytest.raises(UsageError, match="or use SMOTE"):
        SMOTENC("auto").fit_resample(given_rows.select("size", "narrow"), y)
    with pytest.raises(UsageError, match="a mask of 2"):
        SMOTENC([True, False]).fit_resample(given_rows, y)
    with pytest.raises(UsageError, match="beyond the 5 columns"):
        SMOTENC([7]).fit_resample(given_rows, y)
    X, y = mixed(9, np.float64)
    X[3, 1] = np.nan
    with pytest.raises(DataError, match="Input X contains NaN: 1 value"):
        SMOTENC([0, 4]).fit_resample(X, y)


def test_auto_takes_what_a_class_has():
    X, y = mixed(10, np.float64)
    rows = np.concatenate([np.flatnonzero(y == 0)[:50], np.flatnonzero(y == 1)[:4], [0]])
    labels = np.repeat([0, 1, 2], [50, 4, 1])
    X_out, y_out = SMOTENC([0, 4], k_neighbors="auto", random_state=0).fit_resample(X[rows], labels)
    assert np.bincount(y_out).tolist() == [50, 50, 50]
    assert (X_out[y_out == 2] == X[0]).all()
    codes = X[rows][:, [0, 4]]
    X_out, y_out = SMOTEN(k_neighbors="auto", random_state=0).fit_resample(codes, labels)
    assert np.bincount(y_out).tolist() == [50, 50, 50]
    assert (X_out[y_out == 2] == X[0, [0, 4]]).all()
