"""Judging given labels and numbers: scikit-learn's values, every kind of table, and what is refused."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from sklearn import metrics as sk

import equipoise as eq
from equipoise.errors import DataError, UsageError
from equipoise.metrics import metric_names

RNG = np.random.default_rng(0)
Y = (RNG.uniform(size=(200, 3)) < [0.5, 0.2, 0.06]).astype(int)
P = np.clip(0.4 * Y + 0.6 * RNG.uniform(size=Y.shape), 0.0, 1.0)
NUMBERS = np.exp(RNG.normal(size=300))
GUESSES = NUMBERS * np.exp(0.3 * RNG.normal(size=300))


def means(*arguments: Any, **options: Any) -> dict[str, Any]:
    result = eq.evaluate(*arguments, **{"draws": 20, **options})
    json.loads(result.to_json())
    assert len(repr(result).splitlines()) == len(result.summary["metrics"]) + 2
    return {name: value["mean"] for name, value in result.summary["metrics"].items()}


def test_metrics_of_labels_are_scikit_learns() -> None:
    said = (P > 0.5).astype(int)
    got = means(Y, P)
    options: dict[str, Any] = {"zero_division": 0}
    expected = {
        "f1_macro": sk.f1_score(Y, said, average="macro", **options),
        "f1_micro": sk.f1_score(Y, said, average="micro", **options),
        "f1_samples": sk.f1_score(Y, said, average="samples", **options),
        "fbeta": sk.fbeta_score(Y, said, beta=2, average="macro", **options),
        "precision_macro": sk.precision_score(Y, said, average="macro", **options),
        "recall_micro": sk.recall_score(Y, said, average="micro", **options),
        "hamming_loss": sk.hamming_loss(Y, said),
        "exact_match": sk.accuracy_score(Y, said),
        "average_precision": sk.average_precision_score(Y, P, average="macro"),
        "average_precision_micro": sk.average_precision_score(Y, P, average="micro"),
        "roc_auc": sk.roc_auc_score(Y, P, average="macro"),
        "ranking_loss": sk.label_ranking_loss(Y, P),
        "brier": float(((Y - P) ** 2).mean()),
    }
    for name, value in expected.items():
        assert got[name] == pytest.approx(value, abs=1e-12), name
    assert set(got) == set(metric_names("multilabel")) - {"expected_cost"}
    summary = eq.evaluate(Y, P, draws=5).summary
    assert summary["confusion"] == sk.multilabel_confusion_matrix(Y, said).tolist()
    assert [one["count"] for one in summary["classes"]] == Y.sum(axis=0).tolist()


def test_answers_alone_have_no_metrics_of_scores() -> None:
    said = (P > 0.3).astype(int)
    alone, both = means(Y, labels=said), means(Y, P, labels=said)
    assert "average_precision" not in alone
    assert alone == {name: both[name] for name in alone}
    assert both["f1_macro"] == pytest.approx(sk.f1_score(Y, said, average="macro"))


@pytest.mark.parametrize(
    "table",
    [
        lambda t, names: pd.DataFrame(t, columns=names),
        lambda t, names: pl.DataFrame(dict(zip(names, t.T.tolist(), strict=True))),
        lambda t, names: {name: t[:, j] for j, name in reversed(list(enumerate(names)))},
    ],
)
def test_columns_with_names_may_stand_in_any_order(table: Any) -> None:
    names = ["red", "größe", "c"]
    result = eq.evaluate(Y, table(P, names), classes=names, draws=5)
    again = eq.evaluate(table(Y, names), {n: P[:, j] for j, n in enumerate(names)}, draws=5)
    plain = means(Y, P, draws=5)
    for one in (result, again):
        assert {k: v["mean"] for k, v in one.summary["metrics"].items()} == pytest.approx(plain)
    assert [one["label"] for one in result.summary["classes"]] == names


def test_a_sparse_table_and_one_label() -> None:
    assert means(csr_matrix(Y), P) == means(Y, P)
    one = means(Y[:, :1], P[:, :1], task="multilabel")
    assert one["f1_macro"] == pytest.approx(sk.f1_score(Y[:, 0], P[:, 0] > 0.5))


def test_a_label_without_rows_has_no_recall() -> None:
    truth = np.column_stack([Y[:, 0], np.zeros(len(Y), dtype=int)])
    summary = eq.evaluate(truth, P[:, :2], draws=5).summary
    row = summary["per_class"][1]
    assert row["support"] == 0
    assert row["recall"] is None
    assert row["f1"] is None
    nothing = eq.evaluate(np.zeros((4, 2), dtype=int), P[:4, :2], draws=5).summary["metrics"]
    assert nothing["average_precision"]["mean"] is None
    assert nothing["average_precision"]["why"]


def test_costs_are_of_every_label() -> None:
    said = (P > 0.5).astype(int)
    got = means(Y, labels=said, cost="fn=3,fp=1")["expected_cost"]
    assert got == pytest.approx(
        (3 * ((Y == 1) & (said == 0)) + ((Y == 0) & (said == 1))).sum() / len(Y)
    )


def test_metrics_of_numbers_are_scikit_learns() -> None:
    got = means(NUMBERS, GUESSES, task="regression", upper=2 * GUESSES)
    expected = {
        "rmse": sk.root_mean_squared_error(NUMBERS, GUESSES),
        "mae": sk.mean_absolute_error(NUMBERS, GUESSES),
        "r2": sk.r2_score(NUMBERS, GUESSES),
        "median_ae": sk.median_absolute_error(NUMBERS, GUESSES),
        "pinball": sk.mean_pinball_loss(NUMBERS, 2 * GUESSES, alpha=0.95),
        "coverage": float((NUMBERS <= 2 * GUESSES).mean()),
        "bias": float((GUESSES - NUMBERS).mean()),
    }
    for name, value in expected.items():
        assert got[name] == pytest.approx(value, abs=1e-12), name
    both = np.column_stack([GUESSES, 2 * GUESSES])
    assert means(pl.Series(NUMBERS), both, task="regression") == got
    alone = means(pd.Series(NUMBERS), GUESSES.tolist(), task="regression")
    assert set(got) - set(alone) == {"pinball", "coverage", "coverage_gap"}


def test_intervals_hold_the_value_and_groups_widen_them() -> None:
    rows = np.repeat(NUMBERS[:40], 5), np.repeat(GUESSES[:40], 5)
    single = eq.evaluate(*rows, task="regression").summary["metrics"]["mae"]
    grouped = eq.evaluate(*rows, task="regression", groups=np.repeat(np.arange(40), 5))
    whole = grouped.summary["metrics"]["mae"]
    for one in (single, whole):
        assert one["low"] < one["mean"] < one["high"]
    assert whole["high"] - whole["low"] > 1.6 * (single["high"] - single["low"])


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_numbers_of_any_size(scale: float) -> None:
    got = means(NUMBERS * scale, GUESSES * scale, task="regression")
    assert got["mae"] == pytest.approx(scale * sk.mean_absolute_error(NUMBERS, GUESSES))
    assert means([5.0], [5.0], task="regression")["mae"] == 0.0
    assert means([5.0, 5.0, 5.0], [4.0, 5.0, 6.0], task="regression")["spearman"] is None


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((Y, P[:, :2]), {}, r"shape \(200, 2\) for 200 rows and 3 labels"),
        ((Y, P[:5]), {}, r"shape \(5, 3\)"),
        ((Y, P + 1), {}, "is no probability"),
        ((Y + 1, P), {}, "y_true holds"),
        ((Y, None), {"labels": P}, "labels holds 0"),
        ((Y, np.where(P > 0.9, np.nan, P)), {}, "scores is missing in"),
        (({"a": [1, 0], "b": [0, 1]}, {"a": [0.5, 0.5]}), {}, "lacks the label 'b'"),
        (({"a": [1, 0]}, {"a": [0.5, 0.5], "c": [0.1, 0.2]}), {}, "also of 'c'"),
        ((Y, P), {"classes": ["a", "a", "b"]}, "distinct"),
        ((Y, P), {"positive": "a"}, "a positive class"),
        ((Y, P), {"upper": P}, "95th percentile"),
        (({"a": ["x", "y"]}, {"a": [0.5, 0.5]}), {}, "not all values of y_true are numbers"),
        ((NUMBERS, GUESSES[:5]), {"task": "regression"}, r"shape \(5,\)"),
        ((NUMBERS, ["a"] * 300), {"task": "regression"}, "not all values of scores are numbers"),
        (([1.0, np.nan], [1.0, 2.0]), {"task": "regression"}, "y_true is missing or infinite in 1"),
        (([], []), {"task": "regression"}, r"shape \(0,\)"),
        ((NUMBERS, GUESSES), {"task": "regresion"}, "regresion"),
        ((NUMBERS, GUESSES), {"task": "regression", "cost": "fn=1"}, "cost was given"),
        ((["a", "b", "c"], None), {"labels": ["a", "b", "c"], "task": "binary"}, "3 classes"),
    ],
)
def test_what_cannot_be_judged_is_said(arguments: Any, options: Any, words: str) -> None:
    with pytest.raises((UsageError, DataError)) as caught:
        eq.evaluate(*arguments, **options)
    assert re.search(words, f"{caught.value.problem}; {caught.value.remedy}")
