"""A trial of several labels a row: the same on any path, as by hand, and honest about what is rare."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import average_precision_score, f1_score, log_loss

import equipoise as eq
from equipoise.compare.fold import Fold
from equipoise.compare.plan import make_plan
from equipoise.data.dataset import load_dataset
from equipoise.data.folds import make_folds
from equipoise.errors import UsageError
from equipoise.learners.choice import get_learner
from equipoise.strategies import CATALOGUE
from equipoise.weights import element_weights, pos_weights

SOME = "pos-weight,weights-ins,repeat-factor,ml-ros,ml-rus"


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(500, 3))
    lean = X @ rng.normal(size=(3, 6)) + rng.normal(size=(500, 6))
    Y = (lean > np.quantile(lean, [0.6, 0.7, 0.8, 0.88, 0.92, 0.95], axis=0).diagonal()).astype(int)
    return X, Y


@pytest.fixture(scope="module")
def result(data):
    return eq.compare(*data, learner="linear", strategies=SOME, n_jobs=1)


def numbers(result):
    summary = json.loads(result.to_json())
    summary.pop("seconds")
    for one in summary["strategies"]:
        one.pop("seconds")
    return summary


def entry(result, name):
    return next(one for one in result.summary["strategies"] if one["id"] == name)


def test_the_task_is_found_and_every_label_described(result, data):
    summary = result.summary
    assert summary["task"] == "multilabel"
    assert summary["metric"]["name"] == "average_precision"
    assert [one["count"] for one in summary["classes"]] == data[1].sum(axis=0).tolist()
    assert summary["labels"]["cardinality"] == pytest.approx(data[1].sum(axis=1).mean())


def test_numbers_depend_neither_on_workers_nor_on_a_stop(result, data, tmp_path):
    run = {"learner": "linear", "strategies": SOME, "run_dir": tmp_path / "run"}
    first = eq.compare(*data, **run, n_jobs=2)
    for record in sorted((tmp_path / "run/journal").glob("*.npz"))[::2]:
        record.unlink()
    again = eq.compare(*data, **run, n_jobs=1)
    assert numbers(first) == numbers(again) == numbers(result)


def by_hand(data, weigh):
    """Return out-of-fold log-odds of one logistic regression a label, and the folds."""
    from sklearn.linear_model import LogisticRegression

    X, Y = data
    folds = make_folds(load_dataset(X, Y).y, folds=5, seed=0).splits
    out, at = np.zeros(Y.shape), np.zeros(len(Y), dtype=int)
    for k, split in enumerate(folds):
        rows = X[split.train]
        scaled = (X - rows.mean(axis=0)) / rows.std(axis=0)
        for j in range(Y.shape[1]):
            y = Y[split.train, j]
            weight = weigh(Y[split.train])[:, j]
            model = LogisticRegression(tol=1e-8, max_iter=1000)
            model.fit(scaled[split.train], y, sample_weight=weight)
            out[split.test, j] = model.decision_function(scaled[split.test])
        at[split.test] = k
    return out, at


def test_metrics_are_those_of_a_loop_with_scikit_learn(result, data):
    Y = data[1]
    scores, _ = by_hand(data, lambda Y: np.ones(Y.shape))
    found = entry(result, "linear/untreated/argmax")["metrics"]
    expected = average_precision_score(Y, scores, average="macro")
    assert found["average_precision"]["mean"] == pytest.approx(expected, abs=2e-3)
    assert found["f1_macro"]["mean"] == pytest.approx(
        f1_score(Y, scores > 0, average="macro"), abs=5e-3
    )
    assert found["f1_micro"]["mean"] == pytest.approx(
        f1_score(Y, scores > 0, average="micro"), abs=5e-3
    )
    # Probabilities are levelled by an intercept, which does little where nothing was moved.
    each = np.mean([log_loss(Y[:, j], expit(scores[:, j])) for j in range(Y.shape[1])])
    assert found["log_loss"]["mean"] == pytest.approx(each, abs=5e-3)


def test_probabilities_are_put_back_after_weights(data):
    X, Y = data
    plain = eq.train(X, Y, strategy="untreated", learner="linear", decision="argmax")
    weighted = eq.train(X, Y, strategy="pos-weight", learner="linear", decision="prior-corrected")
    p, q = plain.predict_proba(X), weighted.predict_proba(X)
    np.testing.assert_allclose(q.mean(axis=0), Y.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(q, p, atol=0.12)
    raw = eq.train(X, Y, strategy="pos-weight", learner="linear", decision="argmax")
    assert raw.predict(X).sum() > 1.5 * plain.predict(X).sum()  # argmax is as trained


def test_the_slots_are_filled_from_training_rows(data):
    X, Y = data
    dataset = load_dataset(X, Y)
    folds = make_folds(dataset.y, folds=5, seed=0)
    learner = get_learner("linear")
    plan = make_plan(dataset, folds, "linear", SOME, 0)
    fold = Fold(dataset, folds.splits[0], 0, plan.material)
    rows = Y[folds.splits[0].train]
    given = fold.prepare(learner, CATALOGUE["pos-weight"])
    weight = np.where(rows, pos_weights(rows), 1.0)
    np.testing.assert_allclose(given.training.element_weight, weight / weight.mean())
    np.testing.assert_allclose(given.offset, np.log(pos_weights(rows)))
    given = fold.prepare(learner, CATALOGUE["weights-ins"])
    weight = element_weights(rows, "ins")
    np.testing.assert_allclose(given.training.element_weight, weight / weight.mean())
    odds = (weight * rows).sum(axis=0) / (weight * (1 - rows)).sum(axis=0)
    share = rows.mean(axis=0)
    np.testing.assert_allclose(given.offset, np.log(odds) - np.log(share / (1 - share)))
    given = fold.prepare(learner, CATALOGUE["repeat-factor"])
    share = given.training.y.mean(axis=0)
    before = rows.mean(axis=0)
    np.testing.assert_allclose(
        given.offset, np.log(share / (1 - share)) - np.log(before / (1 - before))
    )
    assert len(given.training.y) > len(rows)
    assert len(fold.watched("linear")[1]) == len(folds.splits[0].test)  # test rows as they are


def test_noise_is_not_called_better():
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(300, 3)), (rng.random((300, 3)) < [0.3, 0.2, 0.1]).astype(int)
    found = eq.compare(X, Y, learner="linear", strategies="pos-weight,ml-ros")
    for one in found.summary["strategies"]:
        if one["applicable"]:
            low, high = (one["metrics"]["average_precision"][end] for end in ("low", "high"))
            assert low <= Y.mean() + 0.08
            assert high < 0.45
            p = (one["difference"] or {"p_corrected": 1.0})["p_corrected"]
            assert p is None or p > 0.05


def test_sides_are_means_over_thirds_of_the_labels(result, data):
    sides = result.summary["sides"]
    assert [one["name"] for one in sides["names"]] == [
        "rare labels",
        "middle labels",
        "common labels",
    ]
    order = np.argsort(data[1].sum(axis=0), kind="stable")
    table = result.summary["details"][result.summary["baseline"]]["per_class"]
    for at, name in enumerate(("rare labels", "middle labels", "common labels")):
        expected = np.mean([table[c]["fbeta"]["mean"] for c in order[2 * at : 2 * at + 2]])
        row = next(
            row
            for row in sides["rows"]
            if row["id"] == result.summary["baseline"] and row["side"] == name
        )
        assert row["mean"] == pytest.approx(expected)
        assert row["difference"] is None
    tested = [row["difference"] for row in sides["rows"] if row["difference"]]
    assert tested
    assert all(one["p_corrected"] >= one["p"] for one in tested)


def test_costs_set_the_threshold_of_every_label(data):
    found = eq.compare(*data, learner="linear", strategies="untreated", cost="fn=9,fp=1")
    one = entry(found, "linear/untreated/min-cost")
    assert (
        one["metrics"]["expected_cost"]["mean"]
        < (entry(found, "linear/untreated/argmax")["metrics"]["expected_cost"]["mean"])
    )
    model = found.model("linear/untreated/min-cost")
    np.testing.assert_allclose(model.thresholds(), 0.1)


def test_a_metric_of_rows_is_averaged_over_drawn_label_sets(data):
    found = eq.compare(*data, learner="linear", strategies="untreated", metric="f1_samples")
    values = {
        one["decision"]: one["metrics"]["f1_samples"]["mean"]
        for one in found.summary["strategies"]
        if one["applicable"]
    }
    assert set(values) == {"argmax", "tuned"}
    assert values["tuned"] > values["argmax"]


def test_what_does_not_fit_is_refused(data):
    X, Y = data
    with pytest.raises(UsageError, match="focus is for numeric targets"):
        eq.compare(X, Y, focus="top5%")
    with pytest.raises(UsageError, match="positive"):
        eq.compare(X, Y, positive="target_1")
    model = eq.train(X, Y, strategy="untreated", learner="linear")
    with pytest.raises(UsageError, match="several labels"):
        model.log_proba(X)


def test_ensembles_are_for_classes(data):
    with pytest.raises(UsageError, match="made for classes"):
        eq.compare(*data, learner="ensemble")
    found = eq.compare(*data, learner="linear,ensemble", strategies="untreated")
    assert [one["name"] for one in found.summary["learners"]] == ["linear"]
