"""A trial of numbers: the way back from other scales, percentiles that hold, and rows that matter."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import equipoise as eq
from equipoise.compare.fold import Fold
from equipoise.compare.judging import make_judge
from equipoise.compare.measures import Focus, parse_focus
from equipoise.compare.plan import make_plan
from equipoise.data.dataset import load_dataset
from equipoise.data.folds import make_folds
from equipoise.errors import NotApplicable, UsageError
from equipoise.learners.choice import get_learner
from equipoise.learners.transforms import Transform
from equipoise.metrics import get_metric
from equipoise.strategies import CATALOGUE

SOME = "log-target,yeo-johnson-target,quantile,weights-dense,tail-over,tail-under,smogn"


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(600, 3))
    return X, np.exp(1 + 0.7 * X[:, 0] + 0.4 * X[:, 1] + 0.6 * rng.normal(size=600))


@pytest.fixture(scope="module")
def result(data):
    return eq.compare(*data, learner="linear", strategies=SOME, n_jobs=1)


def numbers(result):
    summary = json.loads(result.to_json())
    summary.pop("seconds")
    for one in summary["strategies"]:
        one.pop("seconds")
    return summary


def means(result, metric):
    return {
        one["id"].removeprefix("linear/"): one["metrics"][metric]["mean"]
        for one in result.summary["strategies"]
        if one["applicable"]
    }


def test_the_task_is_found_and_numbers_do_not_depend_on_workers_or_a_stop(result, data, tmp_path):
    assert result.summary["task"] == "regression"
    assert result.summary["classes"] == []
    run = {"learner": "linear", "strategies": SOME, "run_dir": tmp_path / "run"}
    first = eq.compare(*data, **run, n_jobs=2)
    for record in sorted((tmp_path / "run/journal").glob("*.npz"))[::2]:
        record.unlink()
    assert numbers(first) == numbers(eq.compare(*data, **run, n_jobs=1)) == numbers(result)


def test_untreated_errors_are_those_of_a_loop_with_scikit_learn(result, data):
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = data
    predicted = np.zeros(len(y))
    for split in make_folds(load_dataset(X, y).y, folds=5, seed=0).splits:
        model = make_pipeline(StandardScaler(), Ridge(1.0)).fit(X[split.train], y[split.train])
        predicted[split.test] = model.predict(X[split.test])
    expected = np.sqrt(np.mean((y - predicted) ** 2))
    assert means(result, "rmse")["untreated/prediction"] == pytest.approx(expected, rel=1e-3)


def test_smearing_finds_the_mean_that_the_log_alone_misses(result, data):
    bias = means(result, "bias")
    sigma = 0.6
    # exp(z) is the median, and the mean is exp(sigma^2 / 2) times as large: 20 % here.
    missed = np.mean(data[1]) * (1 - np.exp(-(sigma**2) / 2))
    assert abs(bias["log-target/prediction"]) < missed / 3
    assert (
        means(result, "rmse")["log-target/prediction"]
        < means(result, "rmse")["untreated/prediction"]
    )


def test_mean_corrected_predictions_have_the_mean_of_the_target(result):
    bias = means(result, "bias")
    for name, value in bias.items():
        if name.endswith("/mean-corrected"):
            assert abs(value) < 0.02
    assert abs(bias["smogn/prediction"]) > 0.2
    assert "untreated/mean-corrected" not in bias


def test_in_time_a_mean_is_corrected_by_what_came_before_alone(data):
    y = data[1]
    columns = {"a": data[0][:, 0], "when": np.arange(len(y)), "y": y}
    dataset = load_dataset(columns, "y", time="when")
    folds = make_folds(dataset.y, time=dataset.time, folds=4, seed=0)
    plan = make_plan(dataset, folds, "linear", "tail-over", 0)
    metric = get_metric("rmse", "regression")
    judge = make_judge(plan, metric, metric)
    part = next(one for one in plan.parts if one.strategy.name == "tail-over")
    point = judge.decided(part, "mean-corrected", [np.zeros((len(judge.y), 2))])[0][:, 0]
    stretches = [where for _, where in judge.members]
    assert len(stretches) > 2
    assert (point[stretches[0]] == 0).all()
    for k in range(1, len(stretches)):
        before = judge.y[np.concatenate(stretches[:k])]
        np.testing.assert_allclose(point[stretches[k]], before.mean())


def test_the_95th_percentile_holds_for_every_strategy(result):
    for name, share in means(result, "coverage").items():
        assert 0.92 <= share <= 0.975, name


def test_top_and_rest_are_tested_apart(result, data):
    sides = result.summary["sides"]
    y = data[1]
    least = np.sort(y)[-30]
    assert sides["names"][0] == {"name": "top 5 %", "about": f"targets from {least:,.6g}"}
    by = {(row["id"], row["side"]): row for row in sides["rows"]}
    over = by["linear/tail-over/prediction", "top 5 %"]["difference"]
    rest = by["linear/tail-over/prediction", "rest"]["difference"]
    assert over["mean"] < 0 < rest["mean"]
    assert over["p_corrected"] >= over["p"]


def test_the_unit_of_the_target_does_not_matter(data):
    X, y = data
    names = ("untreated", "log-target", "yeo-johnson-target", "tail-over")
    for name in names:
        one = eq.train(X, y, strategy=name, learner="linear").predict(X[:20])
        other = eq.train(X, y * 1024, strategy=name, learner="linear").predict(X[:20])
        np.testing.assert_allclose(other / 1024, one, rtol=1e-6)


def test_a_model_gives_percentiles_above_most_rows(data):
    X, y = data
    model = eq.train(X[:400], y[:400], strategy="quantile", learner="linear")
    share = np.mean(y[400:] <= model.predict_upper(X[400:]))
    assert 0.88 <= share <= 1.0
    assert 0.35 <= np.mean(y[400:] <= model.predict(X[400:])) <= 0.65  # the median
    for refused in (model.predict_proba, model.log_proba):
        with pytest.raises(UsageError, match="number, not a class"):
            refused(X)


def test_samplers_see_training_rows_only_and_the_focus(data):
    X, y = data
    dataset = load_dataset(X, y)
    folds = make_folds(dataset.y, folds=5, seed=0)
    focus = parse_focus("top20%")
    plan = make_plan(dataset, folds, "linear", SOME, 0, focus)
    split = folds.splits[0]
    fold = Fold(dataset, split, 0, plan.material, focus=focus)
    for name in ("tail-over", "tail-under", "smogn"):
        training = fold.prepare(get_learner("linear"), CATALOGUE[name]).training
        tail = np.quantile(y[split.train], 0.8)
        before = np.mean(y[split.train] >= tail)
        assert np.mean(training.y >= tail) > before + 0.1
        if name != "smogn":
            assert set(training.y) <= set(y[split.train])
        assert training.y.max() < 2 * y[split.train].max()
    assert plan.fingerprint != make_plan(dataset, folds, "linear", SOME, 0).fingerprint


def test_rows_of_texts_are_repeated_or_dropped_but_none_made():
    rng = np.random.default_rng(1)
    y = rng.exponential(1, 120) ** 2
    texts = [" ".join(rng.choice(["far", "near", "wide", "deep"], 5)) for _ in y]
    dataset = load_dataset({"text": texts, "y": y}, "y", task="regression")
    folds = make_folds(dataset.y, folds=3, seed=0)
    plan = make_plan(dataset, folds, "linear", "tail-over,tail-under,smoter", 0)
    fold = Fold(dataset, folds.splits[0], 0, plan.material)
    rows = {
        name: len(fold.prepare(get_learner("linear"), CATALOGUE[name]).training.y)
        for name in ("untreated", "tail-over", "tail-under")
    }
    assert rows["tail-under"] < rows["untreated"] < rows["tail-over"]
    with pytest.raises(NotApplicable, match="no text"):
        fold.prepare(get_learner("linear"), CATALOGUE["smoter"])


def test_a_focus_chooses_what_is_compared(data):
    found = eq.compare(*data, learner="linear", strategies="weights-dense", focus="top10%")
    assert found.summary["metric"]["name"] == "sera"
    plain = eq.compare(*data, learner="linear", strategies="weights-dense")
    assert plain.summary["metric"]["name"] == "rmse"


@pytest.mark.parametrize(
    ("given_", "expected"),
    [("top5%", Focus(0.05)), ("bottom 10 %", Focus(0.1, "low")), ("TOP2.5", Focus(0.025))],
)
def test_a_focus_is_read(given_, expected):
    assert parse_focus(given_) == expected
    assert parse_focus(str(expected)) == expected


@pytest.mark.parametrize("bad", ["5%", "top", "top60%", "top0%", "middle5%", ""])
def test_a_focus_that_is_none_is_refused(bad):
    with pytest.raises(UsageError, match="top5%"):
        parse_focus(bad)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "coverage"}, "not what is better"),
        ({"metric": "f1"}, "no metric"),
        ({"cost": "fn=1,fp=2"}, "target is a number"),
    ],
)
def test_what_does_not_fit_a_number_is_refused(data, options, message):
    with pytest.raises(UsageError, match=message):
        eq.compare(*data, learner="linear", **options)


@given(
    st.sampled_from(["log", "yeo-johnson"]),
    st.lists(st.floats(0, 1e6), min_size=3, max_size=30, unique=True),
)
def test_a_transform_is_undone(name, values):
    y = np.array(values)
    one = Transform.fit(name, y)
    z = one.forward(y)
    assert (np.diff(z[np.argsort(y)]) >= 0).all()
    np.testing.assert_allclose(one.backward(z), y, rtol=1e-5, atol=1e-6 * one.scale)
    ends = one.backward(np.array([-1e9, 1e9]))
    np.testing.assert_allclose(ends, [y.min(), y.max()], rtol=1e-5, atol=1e-6 * one.scale)
    again = Transform.from_json(json.loads(json.dumps(one.to_json())))
    np.testing.assert_array_equal(again.forward(y), z)


def test_yeo_johnson_is_that_of_scikit_learn():
    from sklearn.preprocessing import PowerTransformer

    y = np.random.default_rng(0).normal(size=200) ** 3
    one = Transform.fit("yeo-johnson", y)
    theirs = PowerTransformer("yeo-johnson", standardize=False).fit(y[:, None] / one.scale)
    assert one.power == pytest.approx(theirs.lambdas_[0], abs=1e-3)
    np.testing.assert_allclose(
        one.forward(y), theirs.transform(y[:, None] / one.scale)[:, 0], atol=1e-2
    )


def test_a_log_of_what_is_below_zero_does_not_apply():
    with pytest.raises(NotApplicable, match="no logarithm"):
        Transform.fit("log", np.array([-1.0, 2.0]))
    with pytest.raises(NotApplicable, match="all targets are 0"):
        Transform.fit("yeo-johnson", np.zeros(3))
