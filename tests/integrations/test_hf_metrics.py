"""The metrics of an evaluation against scikit-learn's."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn import metrics as reference
from transformers import EvalPrediction

from equipoise.errors import UsageError
from equipoise.integrations.hf import compute_metrics

NAMES = ["ham", "spam", "rare"]


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = rng.choice(3, size=200, p=[0.7, 0.2, 0.1])
    z = rng.normal(size=(200, 3)).astype(np.float32) + np.eye(3, dtype=np.float32)[y]
    return z, y


def test_classes_agree_with_sklearn(scored: Any) -> None:
    z, y = scored
    out = compute_metrics(EvalPrediction(z, y), classes=NAMES)
    said, log_p = z.argmax(1), log_softmax(z.astype(float), axis=1)
    p, r, f, _ = reference.precision_recall_fscore_support(y, said)
    ranked = [reference.average_precision_score(y == c, log_p[:, c]) for c in range(3)]
    expected = {
        "accuracy": reference.accuracy_score(y, said),
        "balanced_accuracy": reference.balanced_accuracy_score(y, said),
        "f1_macro": reference.f1_score(y, said, average="macro"),
        "f1_weighted": reference.f1_score(y, said, average="weighted"),
        "log_loss": reference.log_loss(y, np.exp(log_p)),
        "average_precision_macro": np.mean(ranked),
    }
    for c, name in enumerate(NAMES):
        expected |= {f"precision_{name}": p[c], f"recall_{name}": r[c], f"f1_{name}": f[c]}
        expected[f"average_precision_{name}"] = ranked[c]
    assert set(out) == set(expected)
    assert out == pytest.approx(expected, abs=1e-9)
    json.dumps(out)


def test_a_factory_and_a_function_are_one(scored: Any) -> None:
    batch = EvalPrediction(*scored)
    assert compute_metrics()(batch) == compute_metrics(batch)
    assert "f1_rare" in compute_metrics(classes=NAMES)(batch)


def test_skipped_rows_do_not_count(scored: Any) -> None:
    z, y = scored
    hidden = np.where(np.arange(200) % 3 == 0, -100, y)
    kept = hidden != -100
    assert compute_metrics(EvalPrediction(z, hidden)) == compute_metrics(
        EvalPrediction(z[kept], y[kept])
    )


def test_tokens_count_as_rows_and_further_outputs_are_left(scored: Any) -> None:
    z, y = scored
    tokens = EvalPrediction((z.reshape(20, 10, 3), np.zeros((20, 4))), y.reshape(20, 10))
    assert compute_metrics(tokens) == compute_metrics(EvalPrediction(z, y))


def test_a_class_absent_from_the_rows_is_no_fault(scored: Any) -> None:
    z, y = scored
    few = y < 2
    out = compute_metrics(EvalPrediction(z[few], y[few]))
    assert np.isnan(out["average_precision_2"])
    assert out["recall_2"] == 0
    ranked = [out["average_precision_0"], out["average_precision_1"]]
    assert out["average_precision_macro"] == pytest.approx(np.mean(ranked))
    # Its false alarms count against the macro F1, as in scikit-learn.
    said = z[few].argmax(1)
    assert out["f1_macro"] == pytest.approx(reference.f1_score(y[few], said, average="macro"))


def test_certain_rows_keep_their_order() -> None:
    # Probabilities that round to 1: the order of the rows is in the logits alone.
    z = np.array([[90.0, 0.0], [80.0, 0.0], [70.0, 0.0], [0.0, 60.0]])
    out = compute_metrics(EvalPrediction(z, np.array([0, 1, 0, 1])))
    assert out["average_precision_0"] == pytest.approx((1 + 2 / 3) / 2)


@pytest.mark.parametrize("threshold", [0.5, [0.2, 0.5, 0.8]])
def test_labels_agree_with_sklearn(threshold: Any) -> None:
    rng = np.random.default_rng(1)
    y = (rng.random((150, 3)) < [0.6, 0.2, 0.05]).astype(np.float32)
    z = rng.normal(size=(150, 3)) + 2 * y
    out = compute_metrics(EvalPrediction(z, y), classes=NAMES, threshold=threshold)
    q = 1 / (1 + np.exp(-z))
    said = q >= np.asarray(threshold)
    options = {"zero_division": 0.0}
    for key, beta, how in [
        ("f1_micro", 1, "micro"),
        ("f1_macro", 1, "macro"),
        ("f0.5_micro", 0.5, "micro"),
        ("f0.5_macro", 0.5, "macro"),
    ]:
        score = reference.fbeta_score(y, said, beta=beta, average=how, **options)
        assert out[key] == pytest.approx(score)
    ranked = [reference.average_precision_score(y[:, c], z[:, c]) for c in range(3)]
    assert [out[f"average_precision_{n}"] for n in NAMES] == pytest.approx(ranked)
    assert out["average_precision_macro"] == pytest.approx(np.mean(ranked))
    f = reference.f1_score(y, said, average=None, **options)
    assert [out[f"f1_{n}"] for n in NAMES] == pytest.approx(f)
    assert out["log_loss"] == pytest.approx(-np.mean(np.log(np.where(y == 1, q, 1 - q))))


def test_skipped_elements_and_labels_without_rows() -> None:
    y = np.array([[1.0, 0.0, -100.0], [0.0, 0.0, -100.0], [-100.0, 0.0, -100.0]])
    z = np.array([[2.0, -1.0, 5.0], [-2.0, -1.0, 5.0], [-9.0, -1.0, 5.0]])
    out = compute_metrics(EvalPrediction(z, y))
    assert out["f1_0"] == out["f1_micro"] == out["f1_macro"] == 1.0
    assert np.isnan(out["average_precision_1"])
    assert np.isnan(out["average_precision_2"])
    known = [np.log1p(np.exp(-2)), np.log1p(np.exp(-2)), *[np.log1p(np.exp(-1))] * 3]
    assert out["log_loss"] == pytest.approx(np.mean(known))


def test_prior_offset_is_taken_off(scored: Any) -> None:
    z, y = scored
    offset = np.array([-1.0, 0.0, 1.0])
    moved = compute_metrics(EvalPrediction(z + offset, y), prior_offset=offset)
    plain = compute_metrics(EvalPrediction(z, y))
    assert moved["log_loss_corrected"] == pytest.approx(plain["log_loss"])
    assert moved["log_loss"] != pytest.approx(plain["log_loss"], rel=1e-3)


@pytest.mark.parametrize(
    ("logits", "labels", "options", "match"),
    [
        (np.zeros((2, 3)), [0, 1], {"classes": ["a", "b"]}, "2 classes|3 columns"),
        (np.zeros((2, 2)), [0, 1], {"classes": ["a", "a"]}, "name of its own"),
        (np.full((2, 2), np.nan), [0, 1], {}, "diverged"),
        (np.zeros((2, 2)), [-100, -100], {}, "no row"),
        (np.zeros((2, 1)), [0, 1], {}, "num_labels"),
        (np.zeros((2, 2)), [0, 1, 1], {}, r"shape \(3,\)"),
        (np.zeros(2), [0, 1], {}, "classification head"),
        (np.zeros((2, 2)), [[0.0, 1.0], [1.0, 0.0]], {"threshold": 1.5}, "between 0 and 1"),
        (np.zeros((2, 2)), [0, 1], {"prior_offset": [1.0]}, "prior_offset"),
    ],
)
def test_faults_are_named(logits: Any, labels: Any, options: Any, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        compute_metrics(EvalPrediction(logits, np.array(labels)), **options)
