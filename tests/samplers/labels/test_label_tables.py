"""Tables of any kind in and out, what goes with the rows, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from imblearn.pipeline import make_pipeline
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from equipoise.errors import DataError, TargetError, UsageError
from equipoise.samplers import MLROS, MLRUS, MLSMOTE, MLTL, MLeNN, RepeatFactorOverSampler
from equipoise.samplers.engine.neighbours import Graph
from equipoise.samplers.labels.methods import LABEL_METHODS, label_method, resample_labels

NAMES = ["Freude", "Ärger", "grief 悲"]


def data(seed: int = 0, n: int = 60):
    random = np.random.default_rng(seed)
    Y = (random.random((n, 3)) < [0.7, 0.3, 0.12]).astype(np.int64)
    Y[:6, 2] = 1
    return random.normal(size=(n, 2)), Y


SAMPLERS = [
    MLROS(random_state=0),
    MLRUS(random_state=0),
    MLSMOTE(3, random_state=0),
    MLTL(0.2),
    MLeNN(threshold=0.4),
    RepeatFactorOverSampler(random_state=0),
]
EACH = pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda one: type(one).__name__)


def frame_of(kind, values, names):
    columns = {name: values[:, j] for j, name in enumerate(names)}
    return {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}[kind](columns)


def array_of(table):
    if isinstance(table, pa.Table):
        return np.column_stack([column.to_numpy() for column in table.columns])
    return table.toarray() if sp.issparse(table) else np.asarray(table)


def columns_of(table):
    return table.column_names if isinstance(table, pa.Table) else list(table.columns)


@EACH
@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_frames_come_back_as_they_were(sampler, kind):
    X, Y = data()
    X_out, Y_out = clone(sampler).fit_resample(X, Y)
    one = clone(sampler)
    tables = frame_of(kind, X, ["x", "empty "]), frame_of(kind, Y, NAMES)
    X_back, Y_back = one.fit_resample(*tables)
    assert type(X_back) is type(tables[0])
    assert type(Y_back) is type(tables[1])
    np.testing.assert_allclose(array_of(X_back), X_out, rtol=1e-15)
    np.testing.assert_array_equal(array_of(Y_back), Y_out)
    assert columns_of(X_back) == ["x", "empty "]
    assert columns_of(Y_back) == one.labels_ == NAMES
    assert array_of(Y_back).dtype == np.int64
    assert one.feature_names_in_.tolist() == ["x", "empty "]
    if kind == "pandas":
        assert X_back.index.tolist() == Y_back.index.tolist() == list(range(len(X_back)))


@EACH
def test_arrays_keep_their_types(sampler):
    X, Y = data()
    plain = clone(sampler).fit_resample(X, Y)
    for dtype in (np.bool_, np.int8, np.float32):
        X_out, Y_out = clone(sampler).fit_resample(X.astype(np.float32), Y.astype(dtype))
        assert X_out.dtype == np.float32
        assert Y_out.dtype == dtype
        np.testing.assert_array_equal(Y_out, plain[1])
    for form in ("csr", "csc", "coo"):
        X_out, Y_out = clone(sampler).fit_resample(
            sp.csr_matrix(X).asformat(form), sp.csr_matrix(Y).asformat(form)
        )
        assert X_out.format == Y_out.format == form
        np.testing.assert_allclose(X_out.toarray(), plain[0], atol=1e-12)
        np.testing.assert_array_equal(Y_out.toarray(), plain[1])
    lists = clone(sampler).fit_resample(X.tolist(), Y.tolist())
    np.testing.assert_allclose(lists[0], plain[0], rtol=1e-15)
    assert isinstance(lists[1], list)
    assert lists[1] == plain[1].tolist()


def test_new_rows_take_the_types_of_the_columns():
    X, Y = data()
    table = pd.DataFrame(
        {"x": X[:, 0].astype(np.float32), "n": (10 * X[:, 1]).astype(np.int64), "big": 2**60 + 1},
        index=range(100, 160),
    )
    table["maybe"] = pd.array(np.arange(60), dtype="Int64")
    labels = pd.DataFrame(Y.astype(bool), columns=["a", "a", "b"], index=table.index)
    X_out, Y_out = MLSMOTE(3, random_state=0).fit_resample(table, labels)
    assert X_out.dtypes.tolist() == table.dtypes.tolist()
    assert Y_out.dtypes.tolist() == labels.dtypes.tolist()
    assert list(Y_out.columns) == ["a", "a", "b"]
    assert_frame_equal(X_out.iloc[:60], table.reset_index(drop=True))
    assert len(X_out) == len(Y_out) > 60
    frame = pl.DataFrame({"x": X[:, 0], "n": (10 * X[:, 1]).astype(np.int16)})
    X_out, _ = MLSMOTE(3, random_state=0).fit_resample(frame, pl.DataFrame(Y.astype(bool)))
    assert X_out.schema == frame.schema


@pytest.mark.parametrize("kind", [MLROS, MLRUS, RepeatFactorOverSampler])
def test_columns_may_hold_anything_where_only_labels_are_read(kind):
    _, Y = data()
    texts = [f"text {i}" if i % 7 else "" for i in range(60)]
    sampler = kind(random_state=0)
    out, _ = sampler.fit_resample(texts, Y)
    assert out == [texts[i] for i in sampler.sample_indices_]
    again, _ = sampler.fit_resample(pl.Series("t", texts), Y)
    assert again.to_list() == out
    table = pd.DataFrame({"t": texts, "gap": [None, 1.5] * 30, "day": pd.Timestamp("2024-01-01")})
    out, _ = sampler.fit_resample(table, Y)
    assert_frame_equal(out, table.iloc[sampler.sample_indices_].reset_index(drop=True))


@EACH
def test_what_goes_with_the_rows(sampler):
    X, Y = data()
    one = clone(sampler)
    with pytest.raises(NotFittedError, match="has resampled nothing yet"):
        _ = one.prior_offset_
    weight, groups = np.linspace(0, 2, 60), [f"g{i % 5}" for i in range(60)]
    X_out, Y_out = one.fit_resample(X, Y, sample_weight=weight, groups=groups)
    shares = one.parents_
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares @ X, X_out, atol=1e-12)
    np.testing.assert_allclose(one.sample_weight_, shares @ weight)
    assert one.groups_ == [groups[i] for i in one.origins_.first]
    copied = one.sample_indices_ >= 0
    np.testing.assert_array_equal(Y_out[copied], Y[one.sample_indices_[copied]])

    def log_odds(table, w):
        share = w @ table / w.sum()
        return np.log(share / (1 - share))

    expected = log_odds(Y_out, one.sample_weight_) - log_odds(Y, weight)
    np.testing.assert_allclose(one.prior_offset_, expected)
    one.fit_resample(X, Y)
    assert not hasattr(one, "sample_weight_")
    expected = log_odds(Y_out, np.ones(len(Y_out))) - log_odds(Y, np.ones(60))
    np.testing.assert_allclose(one.prior_offset_, expected)


def test_the_offset_puts_probabilities_back_where_rows_are_repeated_at_random():
    """A model of the share alone, trained on the output, is at the prior again after the offset."""
    X, Y = data(1, 500)
    sampler = RepeatFactorOverSampler(0.9, random_state=0)
    _, Y_out = sampler.fit_resample(X, Y)
    trained = [
        LogisticRegression(C=1e6).fit(np.zeros((len(Y_out), 1)), Y_out[:, j]).intercept_[0]
        for j in range(3)
    ]
    shares = 1 / (1 + np.exp(-(np.array(trained) - sampler.prior_offset_)))
    np.testing.assert_allclose(shares, Y.mean(axis=0), atol=1e-4)
    assert np.abs(sampler.prior_offset_).max() > 0.2


def test_in_a_pipeline():
    X, Y = data(2, 200)
    model = make_pipeline(MLSMOTE(random_state=0), MultiOutputClassifier(LogisticRegression()))
    assert model.fit(X, Y).predict(X).shape == (200, 3)


@EACH
def test_label_sets_that_cannot_be_used(sampler):
    X, Y = data()
    one = clone(sampler)
    wrong = Y.astype(float)
    wrong[3, 1] = 2
    with pytest.raises(TargetError, match=r"label 'Ärger' is 2\.0 in row 3, neither 0 nor 1"):
        one.fit_resample(X, pd.DataFrame(wrong, columns=NAMES))
    wrong[3, 1] = np.nan
    with pytest.raises(TargetError, match="label 1 is nan in row 3"):
        one.fit_resample(X, wrong)
    with pytest.raises(TargetError, match="label 'b' is 'yes' in row 0"):
        one.fit_resample(X[:1], pl.DataFrame({"a": [1], "b": ["yes"]}))
    with pytest.raises(TargetError, match="label 'a' is None in row 1"):
        one.fit_resample(X[:2], pl.DataFrame({"a": [True, None], "b": [True, False]}))
    with pytest.raises(UsageError, match=r"Y has the shape \(60,\).*use SMOTE"):
        one.fit_resample(X, Y[:, 0])
    with pytest.raises(TargetError, match="no row of Y has any label"):
        one.fit_resample(X, 0 * Y)
    with pytest.raises(TargetError, match=r"Y has the shape \(0, 3\)"):
        one.fit_resample(X[:0], Y[:0])
    with pytest.raises(UsageError, match="Y has 60 entries, and the data 59 rows"):
        one.fit_resample(X[:59], Y)
    with pytest.raises(UsageError, match="rows of Y have different lengths"):
        one.fit_resample(X[:2], [[1, 0], [1]])
    for given in ((None, Y), (X, None)):
        with pytest.raises(UsageError, match="is None"):
            one.fit_resample(*given)
    with pytest.raises(UsageError, match="sample_weight has 3 entries"):
        one.fit_resample(X, Y, sample_weight=[1, 1, 1])


@pytest.mark.parametrize("kind", [MLSMOTE, MLTL, MLeNN])
def test_columns_that_cannot_be_used(kind):
    X, Y = data()
    for table in (pl.DataFrame({"x": X[:, 0], "t": ["a"] * 60}), pd.DataFrame({"t": ["a"] * 60})):
        with pytest.raises(
            DataError, match=f"column 't' is not numbers, which {kind.__name__} needs"
        ):
            kind().fit_resample(table, Y)
    for gap, word in ((np.nan, "NaN"), (np.inf, "infinity")):
        X[4, 1] = gap
        with pytest.raises(DataError, match=f"X holds {word}: 1 value, the first in column 'b'"):
            kind().fit_resample(pd.DataFrame(X, columns=["a", "b"]), Y)
        with pytest.raises(DataError, match=f"X holds {word}.*use MLROS"):
            kind().fit_resample(sp.csr_matrix(X), Y)


@pytest.mark.parametrize("name", sorted(LABEL_METHODS))
def test_methods_by_name_give_rows_of_their_classes(name):
    X, Y = data()
    rows, X_new, Y_new = resample_labels(name, X, Y, 3)
    kind = label_method(name)
    sampler = kind(random_state=3) if name != "ml-tomek" else kind()
    X_out, Y_out = sampler.fit_resample(X, Y)
    kept = np.arange(60) if rows is None else rows
    X_all, Y_all = X[kept], Y[kept]
    if X_new is not None:
        X_all, Y_all = np.vstack([X_all, X_new]), np.vstack([Y_all, Y_new])
    assert (X_new is not None) == (name == "ml-smote")
    assert kept.dtype == np.int64
    np.testing.assert_array_equal(X_all, X_out)
    np.testing.assert_array_equal(Y_all, Y_out)
    again = resample_labels(name, X, Y, 3, graph=Graph(X, k=4))[0]
    assert rows is again is None or rows.tolist() == again.tolist()


def test_by_name_few_rows_of_a_label_are_no_obstacle():
    X, Y = data()
    Y[:, 2] = np.arange(60) == 0
    _, X_new, Y_new = resample_labels("ml-smote", X, Y, 0)
    np.testing.assert_array_equal(X_new, X[:1])
    assert Y_new.tolist() == Y[:1].tolist()
    even = np.array([[1, 0], [0, 1]] * 3)
    assert resample_labels("ml-smote", X[:6], even, 0) == (None, None, None)


def test_an_unknown_name_is_refused():
    with pytest.raises(
        UsageError, match="no method 'smote' for label sets; the methods are ml-ros, "
    ):
        resample_labels("smote", *data(), 0)
