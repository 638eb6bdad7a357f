"""Judging given predictions: scikit-learn's numbers, and rows that leave a metric undefined."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import metrics as sk

import equipoise as eq
from equipoise.errors import DataError, UsageError

RNG = np.random.default_rng(0)
Y2 = (RNG.uniform(size=300) < 0.2).astype(int)
P2 = np.clip(0.25 + 0.3 * Y2 + 0.2 * RNG.normal(size=300), 0.01, 0.99).round(2)
Y3 = RNG.choice(["a", "b", "c"], 300, p=[0.6, 0.3, 0.1])
P3 = RNG.dirichlet([1, 1, 1], 300)
P3[np.arange(300), np.searchsorted(["a", "b", "c"], Y3)] += 0.5
P3 /= P3.sum(axis=1, keepdims=True)


def values(*arguments, **options) -> dict:
    result = eq.evaluate(*arguments, **{"draws": 20, **options})
    json.loads(result.to_json())
    assert len(repr(result).splitlines()) == len(result.summary["metrics"]) + 2
    assert result.frame().columns == ["metric", "mean", "low", "high"]
    return {name: value["mean"] for name, value in result.summary["metrics"].items()}


def test_binary_metrics_are_scikit_learns():
    said = (P2 > 0.5).astype(int)
    got = values(Y2, P2)
    expected = {
        "accuracy": sk.accuracy_score(Y2, said),
        "balanced_accuracy": sk.balanced_accuracy_score(Y2, said),
        "precision": sk.precision_score(Y2, said),
        "recall": sk.recall_score(Y2, said),
        "f1": sk.f1_score(Y2, said),
        "fbeta": sk.fbeta_score(Y2, said, beta=2),
        "precision_macro": sk.precision_score(Y2, said, average="macro"),
        "recall_macro": sk.recall_score(Y2, said, average="macro"),
        "f1_macro": sk.f1_score(Y2, said, average="macro"),
        "f1_weighted": sk.f1_score(Y2, said, average="weighted"),
        "f1_micro": sk.f1_score(Y2, said, average="micro"),
        "mcc": sk.matthews_corrcoef(Y2, said),
        "roc_auc": sk.roc_auc_score(Y2, P2),
        "average_precision": sk.average_precision_score(Y2, P2),
        "log_loss": sk.log_loss(Y2, P2),
        "brier": sk.brier_score_loss(Y2, P2),
    }
    for name, value in expected.items():
        assert got[name] == pytest.approx(value, abs=1e-12), name
    summary = eq.evaluate(Y2, P2, draws=5).summary
    assert summary["confusion"] == sk.confusion_matrix(Y2, said).tolist()
    table = sk.precision_recall_fscore_support(Y2, said)
    for key, column in zip(("precision", "recall", "f1", "support"), table, strict=True):
        np.testing.assert_allclose([row[key] for row in summary["per_class"]], column)


def test_metrics_of_several_classes_are_scikit_learns():
    said = np.array(["a", "b", "c"])[P3.argmax(axis=1)]
    got = values(Y3, P3)
    expected = {
        "accuracy": sk.accuracy_score(Y3, said),
        "balanced_accuracy": sk.balanced_accuracy_score(Y3, said),
        "precision_macro": sk.precision_score(Y3, said, average="macro"),
        "recall_macro": sk.recall_score(Y3, said, average="macro"),
        "f1_macro": sk.f1_score(Y3, said, average="macro"),
        "f1_weighted": sk.f1_score(Y3, said, average="weighted"),
        "fbeta": sk.fbeta_score(Y3, said, beta=2, average="macro"),
        "mcc": sk.matthews_corrcoef(Y3, said),
        "roc_auc": sk.roc_auc_score(Y3, P3, multi_class="ovr"),
        "log_loss": sk.log_loss(Y3, P3),
    }
    for name, value in expected.items():
        assert got[name] == pytest.approx(value, abs=1e-12), name
    summary = eq.evaluate(Y3, P3, draws=5).summary
    assert summary["confusion"] == sk.confusion_matrix(Y3, said).tolist()
    assert [one["label"] for one in summary["classes"]] == ["a", "b", "c"]
    assert summary["positive"] is None


def test_labels_alone_scores_alone_and_both():
    said = (P2 > 0.3).astype(int)
    both, alone = values(Y2, P2, labels=said), values(Y2, labels=said)
    assert "roc_auc" not in alone
    assert {name: both[name] for name in alone} == alone
    assert both["roc_auc"] == values(Y2, P2)["roc_auc"]
    assert both["recall"] > values(Y2, P2)["recall"]


def test_every_kind_of_column_gives_the_same():
    expected = values(Y2, P2)
    text = [str(v) for v in Y2]
    for y in (
        Y2.tolist(),
        pd.Series(Y2),
        pl.Series(Y2),
        pd.Series(text, dtype="category"),
        text,
        Y2 == 1,
        Y2 * 1.0,
    ):
        for p in (P2.tolist(), pd.Series(P2), pl.Series(P2), P2[:, None], np.c_[1 - P2, P2]):
            got = values(y, p)
            assert got == pytest.approx(expected)


@pytest.mark.parametrize(
    "said",
    [[0, 1, 1, 0], ["0", "1", "1", "0"], [0.0, 1.0, 1.0, 0.0], [False, True, True, False]],
    ids=str,
)
@pytest.mark.parametrize(
    "true",
    [[0, 1, 1, 0], ["0", "1", "1", "0"], [0.0, 1.0, 1.0, 0.0], [False, True, True, False]],
    ids=str,
)
def test_numbers_their_texts_and_truth_values_are_the_same_labels(true, said):
    assert values(true, labels=said)["accuracy"] == 1.0
    assert len(eq.evaluate(true, labels=said, draws=5).summary["classes"]) == 2


def test_labels_that_differ_only_as_numbers_are_kept_apart_where_both_are_there():
    result = eq.evaluate(["1", "1.0", "1", "1.0"], labels=["1", "1.0", "1.0", "1.0"], draws=5)
    assert result.summary["metrics"]["accuracy"]["mean"] == 0.75


def test_scores_by_label_are_scores_by_position():
    ways = [{1: P2}, {"1": P2}, {0: 1 - P2}, {1.0: P2, 0.0: 1 - P2}, {False: 1 - P2}]
    for scores in ways:
        assert values(Y2, scores) == pytest.approx(values(Y2, P2))
    columns = {label: P3[:, at] for at, label in enumerate("abc")}
    for order in ("abc", "cab"):
        assert values(Y3, {label: columns[label] for label in order}) == values(Y3, P3)
    said = Y3.tolist()
    assert values(Y3, columns, labels=said) == values(Y3, P3, labels=said)
    classes = ["c", "b", "a"]
    got = eq.evaluate(Y3, columns, classes=classes, draws=5).summary
    assert [one["label"] for one in got["classes"]] == classes
    assert got["metrics"]["log_loss"]["mean"] == values(Y3, P3)["log_loss"]


def test_scores_by_label_name_classes_without_rows():
    columns = {"ham": [0.9, 0.8], "spam": [0.1, 0.1], "ad": [0.0, 0.1]}
    got = eq.evaluate(["ham", "spam"], columns, draws=5).summary
    assert [one["label"] for one in got["classes"]] == ["ad", "ham", "spam"]
    got = eq.evaluate(["ham", "ham"], {"spam": [0.9, 0.1]}, draws=5).summary
    assert got["positive"] == "spam"
    assert got["metrics"]["accuracy"]["mean"] == 0.5
    got = eq.evaluate([0, 0], {"1": [0.9, 0.1]}, draws=5).summary
    assert [one["label"] for one in got["classes"]] == ["0", "1"]
    assert eq.evaluate([2, 2], [0.9, 0.1], positive="3", draws=5).summary["positive"] == "3"


def test_of_equal_classes_the_same_one_is_positive_however_it_is_asked():
    y, p = ["a", "b"] * 4, [0.3, 0.6] * 4
    ways = [
        eq.evaluate(y, labels=y, draws=5),
        eq.evaluate(y, p, draws=5),
        eq.evaluate(y, {"b": p}, draws=5),
        eq.evaluate(y, {"b": p, "a": [1 - v for v in p]}, draws=5),
    ]
    assert {one.summary["positive"] for one in ways} == {"b"}
    assert {one.summary["metrics"]["accuracy"]["mean"] for one in ways} == {1.0}


def test_the_positive_class_is_the_rarer_one_unless_said():
    assert eq.evaluate(["x"] * 3 + ["y"] * 5, labels=["x"] * 8, draws=5).summary["positive"] == "x"
    result = eq.evaluate(["x"] * 3 + ["y"] * 5, labels=["x"] * 8, positive="y", draws=5)
    assert result.summary["positive"] == "y"
    assert result.summary["metrics"]["recall"]["mean"] == 0.0
    assert eq.evaluate([0, 0, 1], [0.1, 0.2, 0.3], positive="0", draws=5).summary["positive"] == "0"


# -- rows that do not hold every class ------------------------------------------------------------


@pytest.mark.parametrize("y", [[0] * 4, ["0"] * 4, [False] * 4, [0.0] * 4], ids=str)
def test_a_file_without_a_positive_row(y):
    result = eq.evaluate(y, [0.1, 0.2, 0.6, 0.3], draws=20)
    metrics = result.summary["metrics"]
    assert str(result.summary["positive"]) in ("1", "True", "1.0")
    for name in ("average_precision", "roc_auc", "recall_at_precision"):
        assert metrics[name]["mean"] is None
        assert "all rows are of the class" in metrics[name]["why"]
    for name in ("recall", "f1", "fbeta"):
        assert metrics[name]["mean"] is None
        assert "no row is of the positive class" in metrics[name]["why"]
    assert metrics["accuracy"] == {**metrics["accuracy"], "mean": 0.75, "why": None}
    assert metrics["log_loss"]["mean"] == pytest.approx(
        sk.log_loss([0] * 4, [0.1, 0.2, 0.6, 0.3], labels=[0, 1])
    )
    assert "NaN" not in result.to_json()
    assert "not defined: " in repr(result)
    assert result.summary["per_class"][1]["recall"] is None
    assert result.summary["curves"]["roc"] == {}


def test_a_file_of_positive_rows_alone():
    metrics = eq.evaluate([1, 1], [0.9, 0.2], draws=20).summary["metrics"]
    assert metrics["recall"]["mean"] == 0.5
    assert metrics["roc_auc"]["mean"] is None


@pytest.mark.parametrize("y", [0, 1, True, "a"])
def test_one_row(y):
    assert values([y], labels=[y])["accuracy"] == 1.0
    if y != "a":
        got = values([y], [0.9])
        assert got["accuracy"] == float(bool(y))
        assert got["roc_auc"] is None


def test_one_class_of_unknown_name_needs_the_other_one():
    with pytest.raises(UsageError, match=r"scores are for 2 classes.*1 class: 'ham'.*positive="):
        eq.evaluate(["ham"] * 3, [0.1, 0.2, 0.3])
    for options in (
        {"positive": "spam"},
        {"classes": ["ham", "spam"]},
        {"labels": ["ham", "ham", "spam"]},
    ):
        result = eq.evaluate(["ham"] * 3, [0.1, 0.2, 0.9], draws=5, **options)
        assert result.summary["positive"] == "spam"
        assert result.summary["metrics"]["accuracy"]["mean"] == pytest.approx(2 / 3)


def test_one_class_by_labels_alone():
    assert values(["a", "a"], labels=["a", "a"])["accuracy"] == 1.0
    assert values(["a", "a"], labels=["a", "b"])["accuracy"] == 0.5


def test_a_class_that_was_only_predicted_has_no_rows():
    result = eq.evaluate(["a", "b", "a", "b"], labels=["a", "c", "a", "b"], draws=20)
    assert [(one["label"], one["count"]) for one in result.summary["classes"]] == [
        ("a", 2),
        ("b", 2),
        ("c", 0),
    ]
    assert result.summary["confusion"] == [[2, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert result.summary["per_class"][2]["recall"] is None
    expected = sk.f1_score(
        ["a", "b", "a", "b"], ["a", "c", "a", "b"], average="macro", zero_division=0
    )
    assert result.summary["metrics"]["f1_macro"]["mean"] == pytest.approx(expected)


def test_a_class_of_one_row_and_more_classes_than_a_trial_takes():
    assert values(["a"] * 5 + ["b"], labels=["a"] * 6)["recall"] == 0.0
    many = [f"kind {i % 150}" for i in range(300)]
    assert values(many, labels=many)["accuracy"] == 1.0


def test_an_absent_class_is_left_out_of_rankings():
    result = eq.evaluate(["a", "b"] * 10, P3[:20], classes=["a", "b", "c"], draws=20)
    assert result.summary["metrics"]["roc_auc"]["mean"] is not None
    assert set(result.summary["curves"]["roc"]) == {"a", "b"}


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        (([], []), {}, UsageError, "y_true has the shape"),
        (([[0], [1]], [0.1, 0.2]), {}, UsageError, "y_true has the shape"),
        ((["a", "b"],), {}, UsageError, "neither scores nor labels"),
        (
            (["a", None, "b"],),
            {"labels": ["a", "b", "b"]},
            DataError,
            "y_true is missing in 1 of 3 rows",
        ),
        (([0.0, np.nan, 1.0],), {"labels": [0, 0, 1]}, DataError, "y_true is missing in 1"),
        ((["a", "b"],), {"labels": ["a", ""]}, DataError, "labels is missing in 1"),
        (([["a"], ["b", "c"]],), {"labels": ["a", "b"]}, UsageError, "y_true"),
        (([1, True],), {"labels": [1, 1]}, DataError, "mixes kinds"),
        (([1, "a"],), {"labels": [1, "a"]}, DataError, "mixes kinds"),
        ((["a", "b"],), {"labels": [1, 2]}, DataError, "different kinds"),
        ((["a", "b"],), {"labels": ["a"]}, UsageError, "2 true labels and 1 predicted"),
        ((["a", "b"], [0.1]), {}, UsageError, r"scores has the shape \(1,\) for 2 rows"),
        (
            (["a", "b", "c"], [0.1] * 3),
            {},
            UsageError,
            "scores are for 2 classes, and the labels hold 3",
        ),
        ((["a", "b"], P3[:2]), {}, UsageError, "scores are for 3 classes, and the labels hold 2"),
        (
            (["a", "b"], P3[:2]),
            {"classes": ["a", "b"]},
            UsageError,
            r"shape \(2, 3\) for 2 rows and 2 classes",
        ),
        ((["a", "b"], [0.1, 1.2]), {}, DataError, "1.2 in scores is no probability"),
        ((["a", "b"], [0.1, np.nan]), {}, DataError, "nan in scores is no probability"),
        ((["a", "b"], ["x", "y"]), {}, DataError, "not all values of scores are numbers"),
        ((["a", "b"], [[0.1, 0.2], [0.5, 0.5]]), {}, DataError, "sum to 0.3"),
        (
            (["a", "b"],),
            {"labels": ["a", "c"], "classes": ["a", "b"]},
            DataError,
            r"labels holds 'c'.*\(1 row\)",
        ),
        (
            (["a", "d", "d"],),
            {"labels": ["a"] * 3, "classes": ["a", "b"]},
            DataError,
            r"y_true holds 'd'.*\(2 rows\)",
        ),
        ((["a", "b"], [0.1, 0.2]), {"labels": ["a", "c"]}, DataError, "labels holds 'c'"),
        ((["a", "b"],), {"labels": ["a", "b"], "classes": ["a", "a"]}, UsageError, "twice"),
        ((["a", "b"],), {"labels": ["a", "b"], "classes": []}, UsageError, "names none"),
        (
            (["a", "b"],),
            {"labels": ["a", "b"], "classes": ["a", "b"], "positive": "a"},
            UsageError,
            "put the positive",
        ),
        (
            (["ham", "spam"],),
            {"labels": ["ham", "ham"], "positive": "spma"},
            UsageError,
            "did you mean 'spam'",
        ),
        (
            (["a", "b", "c"],),
            {"labels": ["a"] * 3, "positive": "a"},
            UsageError,
            "leave the positive class out",
        ),
        (
            (RNG.normal(size=40),),
            {"labels": RNG.normal(size=40)},
            DataError,
            "measured rather than classes",
        ),
        ((["a", "b"], {}), {}, UsageError, "scores name no class"),
        ((["a", "b"], {"a": [0.1]}), {}, UsageError, r"scores\['a'\] has the shape \(1,\)"),
        ((["a", "b"], {"a": P3[:2]}), {}, UsageError, r"scores\['a'\] has the shape \(2, 3\)"),
        ((["a", "b"], {"a": [0.1, 2]}), {}, DataError, r"2 in scores\['a'\] is no probability"),
        (
            (["a", "b"], {"a": pd.Series([0.1, 2], name="p_a")}),
            {},
            DataError,
            "2 in the column 'p_a'",
        ),
        ((["a", "b", "c"], {"a": [0.1] * 3}), {}, UsageError, "no scores for the class 'b', only"),
        ((["a", "b"], {"c": [0.1] * 2}), {}, UsageError, "no scores for the class 'a', only"),
        (
            (["a", "b"], {"c": [0.1] * 2}),
            {"classes": ["a", "b"]},
            UsageError,
            "scores of 'c' are for none of the classes",
        ),
        (([0, 1], {1: [0.1] * 2, "1": [0.1] * 2}), {}, UsageError, "two columns of scores"),
        ((["a", "b"], {"a": [0.1, 0.2], "b": [0.1, 0.2]}), {}, DataError, "sum to 0.2"),
        ((["a", "a"], {"a": [0.1, 0.2]}), {}, UsageError, "scores are for 2 classes"),
        ((["a", "b"], {"a": [0.1] * 2}), {"labels": ["a", "c"]}, DataError, "labels holds 'c'"),
        (
            (pl.Series("kind", ["a", None, "b"]),),
            {"labels": ["a", "b", "b"]},
            DataError,
            "the column 'kind' is missing in 1 of 3 rows",
        ),
        ((["a", "b"],), {"labels": ["a", "b"], "groups": [1]}, UsageError, "groups has the shape"),
    ],
)
def test_what_cannot_be_judged_gives_one_error_with_a_remedy(arguments, options, error, words):
    with pytest.raises(error, match=words) as caught:
        eq.evaluate(*arguments, **options)
    assert caught.value.remedy
    assert "np." not in str(caught.value)


def test_rows_of_a_group_are_drawn_together_and_rows_without_one_alone():
    groups = np.repeat(np.arange(30), 10)
    y, p = np.repeat(Y2[:30], 10), np.repeat(P2[:30], 10)
    alone, together = (
        eq.evaluate(y, p, groups=g).summary["metrics"]["roc_auc"] for g in (None, groups)
    )
    assert together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])
    named = eq.evaluate(y, p, groups=[f"g{g}" for g in groups]).summary["metrics"]["roc_auc"]
    assert named == together
    assert values([0, 1, 0, 1], [0.1, 0.2, 0.6, 0.3], groups=[None, 1, 1, "x"])


def test_costs_add_their_metric():
    got = values(Y2, P2, cost="fn=10,fp=1")
    said = P2 > 0.5
    expected = (10 * ((Y2 == 1) & ~said).sum() + ((Y2 == 0) & said).sum()) / 300
    assert got["expected_cost"] == pytest.approx(expected)
    assert "expected_cost" not in values(Y2, P2)


def test_the_same_seed_gives_the_same_intervals():
    one, again, other = (eq.evaluate(Y2, P2, seed=seed).summary["metrics"] for seed in (1, 1, 2))
    assert one == again
    assert one != other
    for value in one.values():
        assert value["low"] <= value["mean"] <= value["high"]


def test_one_is_the_positive_class_even_where_it_is_the_more_frequent():
    found = eq.evaluate([0, 1, 1, 1, 1, 0, 1], [0.1, 0.9, 0.8, 0.7, 0.95, 0.2, 0.85]).summary
    assert found["metrics"]["roc_auc"]["mean"] == 1.0
    assert found["metrics"]["recall"]["mean"] == 1.0
