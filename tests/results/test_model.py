"""A model on new rows: columns, kinds of frames, gaps, levels never seen."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import equipoise as eq
from equipoise.errors import ColumnNotFound, DataError

LEARNERS = ["linear", "forest", "boosting", "balanced-bagging"]


@pytest.fixture(scope="module", params=LEARNERS)
def model(request, train) -> eq.Model:
    if request.param == "balanced-bagging":
        return train(strategy=request.param, text=True)
    return train(learner=request.param, text=True)


def test_the_target_other_columns_and_their_order_do_not_matter(model, people):
    expected = model.predict_proba(people)
    bare = people.select("message", "colour", "age", "income")
    for frame in (bare, bare.with_columns(extra=1), people.drop("two"), people.drop("three")):
        np.testing.assert_array_equal(model.predict_proba(frame), expected)


def test_every_kind_of_frame_and_file_gives_the_same(model, people, tmp_path):
    expected = model.predict_proba(people)
    people.write_csv(tmp_path / "people.csv")
    people.write_parquet(tmp_path / "people.parquet")
    kinds = [
        people.lazy(),
        people.to_pandas(),
        people.to_arrow(),
        people.to_dict(as_series=False),
        tmp_path / "people.csv",
        str(tmp_path / "people.parquet"),
    ]
    for data in kinds:
        np.testing.assert_array_equal(model.predict_proba(data), expected)


def test_rows_do_not_depend_on_each_other(model, people):
    everyone = model.predict_proba(people)
    for row in (0, 1, 17):
        # A matrix product of one row may round its last digit otherwise.
        np.testing.assert_allclose(
            model.predict_proba(people[row]), everyone[[row]], rtol=1e-12, atol=1e-15
        )
        assert model.predict(people[row]).tolist() == model.predict(people)[[row]].tolist()
    assert model.predict(people[:0]).shape == (0,)
    assert model.predict_proba(people[:0]).shape == (0, 2)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"decision": "prior-corrected"}, 0.5),
        ({"cost": "fn=9,fp=1"}, 0.1),
        ({"decision": "tuned"}, None),
        ({"decision": "argmax", "strategy": "weights-balanced"}, None),
    ],
)
def test_the_threshold_is_where_the_positive_class_begins(train, people, options, expected):
    model = train(learner="linear", **options)
    threshold = model.threshold()
    if expected is not None:
        assert threshold == pytest.approx(expected)
    said = model.predict(people) == model.classes[1]
    np.testing.assert_array_equal(said, model.predict_proba(people)[:, 1] > threshold)
    assert said.any()
    assert train("three", learner="linear").threshold() is None


@pytest.mark.parametrize(
    "change",
    [
        {"colour": pl.lit("purple")},
        {"colour": pl.lit(None, dtype=pl.String)},
        {"message": pl.lit("")},
        {"message": pl.lit(None, dtype=pl.String)},
        {"message": pl.lit("words никогда 見た")},
        {"age": pl.lit(None, dtype=pl.Float64)},
        {"age": pl.lit(float("nan"))},
        {"income": pl.lit(None, dtype=pl.Float64)},
        {"income": pl.lit(1e300)},
        {"income": pl.lit(-1e300)},
        {"income": pl.lit(3)},
        {"income": pl.lit("1.5")},
        {"income": pl.lit(float("inf"))},
    ],
    ids=lambda change: "".join(f"{k}={str(v)[-12:]}" for k, v in change.items()),
)
def test_values_never_seen_still_give_probabilities(model, people, change):
    proba = model.predict_proba(people.head(5).with_columns(**change))
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert set(model.predict(people.head(5).with_columns(**change))) <= {"no", "yes"}


def test_a_level_never_seen_is_as_good_as_another_one(model, people):
    one, other = (
        model.predict_proba(people.head(8).with_columns(colour=pl.lit(level)))
        for level in ("purple", "mauve")
    )
    np.testing.assert_array_equal(one, other)


def test_a_missing_column_is_named_with_the_nearest(model, people):
    with pytest.raises(ColumnNotFound, match=r"'income'.*'incom'"):
        model.predict(people.rename({"income": "incom"}))
    with pytest.raises(ColumnNotFound, match="'message'"):
        model.predict(people.drop("message"))


def test_a_column_of_another_kind_is_named(model, people):
    with pytest.raises(DataError, match="income"):
        model.predict(people.with_columns(income=pl.lit("much")))


@pytest.mark.parametrize("learner", ["linear", "forest", "boosting"])
def test_numpy_columns_are_known_by_position(learner):
    X = np.random.default_rng(0).normal(size=(80, 3))
    model = eq.train(X, target=(X[:, 1] > 0.8).astype(int), learner=learner)
    proba = model.predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(X.astype(np.float32)).shape, proba.shape)
    np.testing.assert_array_equal(model.predict_proba(np.column_stack([X, X[:, 0]])), proba)
    with pytest.raises(ColumnNotFound, match="x2"):
        model.predict(X[:, :2])
    with pytest.raises(DataError, match="1 dimension"):
        model.predict(X[0])
