"""The whole trial: same numbers on any path, agreement with scikit-learn, honest handling of leaks."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

import equipoise as eq
from equipoise.compare.events import Planned, UnitDone
from equipoise.compare.verdict import _LEARNER_ORDER
from equipoise.errors import RunConflict, UsageError
from equipoise.learners.choice import LEARNERS
from equipoise.strategies import CATALOGUE

SOME = "weights-balanced,random-under,smote,tomek,weights:0=1,1=3"


def _numbers(result):
    """Return the summary without what may differ between runs: times."""
    summary = json.loads(result.to_json())
    summary.pop("seconds")
    for one in summary["strategies"]:
        one.pop("seconds")
    return summary


@pytest.fixture(scope="module")
def result(rare):
    return eq.compare(*rare, learner="linear,boosting", strategies=SOME, n_jobs=1)


def test_numbers_do_not_depend_on_the_number_of_workers(rare, result):
    again = eq.compare(*rare, learner="linear,boosting", strategies=SOME, n_jobs=3)
    assert _numbers(again) == _numbers(result)


def test_another_seed_gives_other_folds(rare, result):
    other = eq.compare(*rare, learner="linear", strategies="weights-balanced", seed=1)
    assert other.summary["seed"] == 1
    first = next(
        one for one in other.summary["strategies"] if one["id"] == "linear/untreated/argmax"
    )
    same = next(
        one for one in result.summary["strategies"] if one["id"] == "linear/untreated/argmax"
    )
    assert first["metrics"] != same["metrics"]


class _Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


@pytest.mark.parametrize("after", [0, 3, 17])
def test_a_trial_killed_half_way_goes_on_and_ends_with_the_same_numbers(rare, tmp_path, after):
    run = {"learner": "linear", "strategies": "weights-balanced,random-under,smote", "n_jobs": 1}
    whole = eq.compare(*rare, **run, run_dir=tmp_path / "whole")

    def kill(event):
        if isinstance(event, UnitDone) and event.done > after:
            raise _Killed

    with pytest.raises(_Killed):
        eq.compare(*rare, **run, run_dir=tmp_path / "killed", on_event=kill)
    plans = []
    resumed = eq.compare(
        *rare,
        **run,
        run_dir=tmp_path / "killed",
        on_event=lambda event: plans.append(event) if isinstance(event, Planned) else None,
    )
    assert plans[0].resumed == after + 1
    assert _numbers(resumed) == _numbers(whole)


def test_a_record_that_was_cut_off_is_trained_again(rare, tmp_path):
    run = {"learner": "linear", "strategies": "weights-balanced", "run_dir": tmp_path}
    whole = eq.compare(*rare, **run)
    records = sorted((tmp_path / "journal").glob("*.npz"))
    records[0].write_bytes(records[0].read_bytes()[:100])
    records[1].write_bytes(b"")
    records[2].unlink()
    assert _numbers(eq.compare(*rare, **run)) == _numbers(whole)


@pytest.mark.parametrize(
    "damage",
    [
        {"scores": np.ones((3, 2))},
        {"scores": np.full((80, 2), np.nan)},
        {"scores": np.array([["a", "b"]] * 80)},
        {"meta": np.array("[1]")},
        {"meta": np.array('{"seconds": "soon"}')},
        {"offset": np.ones(5)},
    ],
)
def test_a_damaged_record_is_trained_again(rare, tmp_path, damage):
    run = {"learner": "linear", "strategies": "weights-balanced", "run_dir": tmp_path}
    whole = eq.compare(*rare, **run)
    for record in (tmp_path / "journal").glob("r0-f0-*.npz"):
        stored = dict(np.load(record))
        np.savez(record, **{**stored, **damage})
    assert _numbers(eq.compare(*rare, **run)) == _numbers(whole)


def test_records_of_another_trial_are_not_read_when_its_plan_is_lost(rare, tmp_path):
    run = {"learner": "linear", "strategies": "weights-balanced"}
    eq.compare(*rare, **run, run_dir=tmp_path / "one")
    (tmp_path / "one" / "journal" / "plan.json").unlink()
    again = eq.compare(*rare, **run, run_dir=tmp_path / "one", seed=5)
    assert _numbers(again) == _numbers(eq.compare(*rare, **run, seed=5))


def test_a_folder_of_another_trial_is_refused_and_left_alone(rare, tmp_path):
    X, y = rare
    run = {"learner": "linear", "strategies": "weights-balanced", "run_dir": tmp_path}
    eq.compare(X, y, **run)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(RunConflict, match="other data"):
        eq.compare(X[:-1], y[:-1], **run)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_more_strategies_reuse_what_is_in_the_journal(rare, tmp_path):
    eq.compare(*rare, learner="linear", strategies="weights-balanced", run_dir=tmp_path)
    events = []
    eq.compare(
        *rare,
        learner="linear",
        strategies="weights-balanced,smote",
        run_dir=tmp_path,
        on_event=events.append,
    )
    kept = [event for event in events if isinstance(event, UnitDone) and event.from_journal]
    assert len(kept) == 10


def test_a_full_disk_is_one_error_and_leaves_no_partial_file(rare, tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(eq.errors.StorageError, match="No space left"):
        eq.compare(*rare, learner="linear", strategies="weights-balanced", run_dir=tmp_path / "run")
    assert not list(tmp_path.rglob(".partial-*"))


def test_out_of_fold_metrics_equal_those_of_a_loop_with_scikit_learn(rare):
    """The untreated linear model and balanced weights, redone by hand on the same folds."""
    from scipy.optimize import brentq
    from scipy.special import expit, logit
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import average_precision_score, f1_score, log_loss
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from equipoise.data.folds import make_folds

    X, y = rare
    result = eq.compare(X, y, learner="linear", strategies="weights-balanced", metric="f1_macro")
    found = {one["id"]: one["metrics"] for one in result.summary["strategies"] if one["applicable"]}
    for strategy, weight in (("untreated", None), ("weights-balanced", "balanced")):
        p = np.empty(len(y))
        for split in make_folds(y, None, None, 5, 1, 0).splits:
            model = make_pipeline(
                StandardScaler(),
                LogisticRegression(solver="newton-cholesky", class_weight=weight, tol=1e-10),
            )
            p[split.test] = model.fit(X[split.train], y[split.train]).predict_proba(X[split.test])[
                :, 1
            ]
        metrics = found[f"linear/{strategy}/argmax"]
        assert metrics["f1_macro"]["mean"] == pytest.approx(
            f1_score(y, p > 0.5, average="macro"), abs=1e-3
        )
        if weight:  # the odds of every fold, back from equal classes to those of its training rows
            for split in make_folds(y, None, None, 5, 1, 0).splits:
                share = y[split.train].mean()
                odds = p[split.test] / (1 - p[split.test]) * share / (1 - share)
                p[split.test] = odds / (1 + odds)

        def excess(b, z, share):
            return expit(z + b).mean() - share

        level = p.copy()
        for split in make_folds(y, None, None, 5, 1, 0).splits:
            others = np.setdiff1d(np.arange(len(y)), split.test)
            b = brentq(excess, -9, 9, args=(logit(p[others]), y[others].mean()))
            level[split.test] = expit(logit(p[split.test]) + b)
        assert metrics["log_loss"]["mean"] == pytest.approx(log_loss(y, level), abs=1e-4)
        assert metrics["average_precision"]["mean"] == pytest.approx(
            average_precision_score(y, p), abs=1e-4
        )


def test_correction_puts_weighted_probabilities_back(rare):
    """The log loss of balanced weights is that of the untreated model, whatever labels are made of it."""
    result = eq.compare(*rare, learner="linear", strategies="weights-balanced", metric="log_loss")
    found = {
        one["id"]: one["metrics"]["log_loss"]["mean"]
        for one in result.summary["strategies"]
        if one["applicable"]
    }
    untreated = found["linear/untreated/argmax"]
    treated = [value for name, value in found.items() if "weights-balanced" in name]
    assert treated
    assert treated == pytest.approx([untreated] * len(treated), rel=0.05)


def test_nothing_to_learn_ends_without_a_claim():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(400, 4)), (rng.random(400) < 0.15).astype(int)
    result = eq.compare(
        X, y, learner="linear", strategies="weights-balanced,random-over,random-under,smote"
    )
    # A moved threshold may name more of the rare class; no treatment of the training may be called for.
    verdict = result.summary["verdict"]
    assert verdict["nothing_needed"] or verdict["threshold_enough"]
    better = [
        one
        for one in result.summary["strategies"]
        if one["difference"]
        and one["difference"]["p_corrected"] < 0.05
        and one["difference"]["mean"] > 0
    ]
    assert not better


def test_a_planted_leak_does_not_raise_the_scores():
    """Over-sampling before the split makes a naive loop near perfect on labels that are pure noise."""
    from imblearn.over_sampling import RandomOverSampler
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(400, 4)), (rng.random(400) < 0.1).astype(int)
    leaky_X, leaky_y = RandomOverSampler(random_state=0).fit_resample(X, y)
    forest = RandomForestClassifier(50, random_state=0)
    naive = cross_val_predict(
        forest,
        leaky_X,
        leaky_y,
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        method="predict_proba",
    )
    assert roc_auc_score(leaky_y, naive[:, 1]) > 0.95
    ours = eq.compare(
        leaky_X, leaky_y, learner="forest", strategies="random-over", metric="roc_auc"
    )
    assert ours.summary["data"]["duplicates"]["rows"] > 250
    for one in ours.summary["strategies"]:
        if one["applicable"]:
            assert one["metrics"]["roc_auc"]["mean"] < 0.7
    treated = eq.compare(X, y, learner="forest", strategies="random-over,smote", metric="roc_auc")
    for one in treated.summary["strategies"]:
        if one["applicable"]:
            assert one["metrics"]["roc_auc"]["mean"] < 0.7


def test_copied_texts_stay_on_one_side():
    """Each noise message stands three times: a random split knows the answer, ours does not."""
    rng = np.random.default_rng(6)
    words = [" ".join(rng.choice(list("abcdefghijklmnop"), 12)) for _ in range(150)]
    labels = np.where(rng.random(150) < 0.2, "spam", "ham")
    data = {
        "text": words + [w.upper() for w in words] + [w + "!" for w in words],
        "label": np.tile(labels, 3),
    }
    result = eq.compare(
        data, "label", learner="linear", strategies="untreated", metric="roc_auc", text="text"
    )
    assert result.summary["strategies"][0]["metrics"]["roc_auc"]["mean"] < 0.7
    assert result.summary["data"]["duplicates"]["rows"] == 300


def test_three_classes_get_thresholds_for_each(three):
    result = eq.compare(*three, learner="linear", strategies="weights-balanced")
    assert result.summary["metric"]["name"] == "f1_macro"
    found = {
        one["id"]: one["metrics"]["f1_macro"]["mean"]
        for one in result.summary["strategies"]
        if one["applicable"]
    }
    assert found["linear/untreated/tuned"] > found["linear/untreated/argmax"]
    model = result.model("linear/untreated/tuned")
    assert set(model.predict(three[0])) <= {"common", "middle", "rare"}


def test_costs_choose_the_metric_and_the_decision(rare):
    result = eq.compare(*rare, learner="linear", strategies="weights-balanced", cost="fn=20,fp=1")
    assert result.summary["metric"]["name"] == "expected_cost"
    found = {
        one["id"]: one["metrics"]["expected_cost"]["mean"]
        for one in result.summary["strategies"]
        if one["applicable"]
    }
    assert found["linear/untreated/min-cost"] < 0.7 * found["linear/untreated/argmax"]
    assert result.summary["verdict"]["threshold_enough"]


def test_repeats_and_time_and_groups(rare):
    X, y = rare
    repeated = eq.compare(X, y, learner="linear", strategies="untreated", repeats=2)
    assert repeated.summary["folds"]["repeats"] == 2
    data = {
        "a": X[:, 0],
        "b": X[:, 1],
        "when": np.arange(len(y)),
        "who": np.repeat(np.arange(60), 10),
        "y": y,
    }
    forward = eq.compare(data, "y", learner="linear", strategies="untreated", time="when")
    assert (
        "forward" in forward.summary["folds"]["scheme"]
        or "time" in forward.summary["folds"]["scheme"]
    )
    grouped = eq.compare(
        data, "y", learner="linear", strategies="untreated", group="who", roles={"when": "ignored"}
    )
    assert "groups" in grouped.summary["folds"]["scheme"]


def test_ugly_columns_work_with_every_strategy():
    rng = np.random.default_rng(9)
    n = 300
    number = rng.normal(size=n)
    y = np.where(number + rng.normal(size=n) > 1.5, "ja", "nein")
    number[rng.random(n) < 0.1] = np.nan
    data = {
        "number": number,
        "huge": rng.normal(size=n) * 1e300,
        "tiny": rng.normal(size=n) * 1e-300,
        "kind": np.where(rng.random(n) < 0.2, None, rng.choice(["ä", "b", "好"], n)),
        "same": np.ones(n),
        "y": y,
    }
    result = eq.compare(
        data, "y", learner="linear,boosting,forest,ensemble", strategies="all", folds=2, n_jobs=2
    )
    left_out = {
        one["id"]: one["why_not"] for one in result.summary["strategies"] if not one["applicable"]
    }
    known = {name: one for name, one in CATALOGUE.items() if "binary" in one.tasks}
    steps = {"prior-start"} | {name for name, one in known.items() if one.schedule}
    never = {"weights-ins", "text-augmentation", *steps}
    losses = {name for name, one in known.items() if one.loss}
    lacking = {
        "linear": never | losses,
        "forest": never | losses,
        "boosting": never | {name for name in losses if known[name].loss.name != "focal"},
    }
    assert set(left_out) == {
        f"{learner}/{name}" for learner in lacking for name in lacking[learner]
    }
    assert all(left_out.values())


def test_candidates_are_found_by_name_or_by_the_nearest(result):
    assert result.model("linear/smote/argmax").about["strategy"] == "smote"
    with pytest.raises(UsageError, match="did you mean"):
        result.model("linear/smot/argmax")


def test_renderings_come_from_one_summary(result, tmp_path):
    frame = result.frame()
    applicable = [one for one in result.summary["strategies"] if one["applicable"]]
    assert frame["id"].to_list()[: len(applicable)] == [one["id"] for one in applicable]
    assert result.recommended in repr(result)
    report = result.report(tmp_path / "r.html").read_text(encoding="utf-8")
    assert result.summary["verdict"]["headline"].split(":")[0] in report
    folder = result.save(tmp_path / "run")
    assert {path.name for path in folder.iterdir()} == {
        "report.html",
        "result.json",
        "leaderboard.csv",
        "model",
    }
    again = type(result).read(folder)
    assert again.summary == json.loads(result.to_json())


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"folds": 1}, "folds=1"),
        ({"repeats": 0}, "repeats=0"),
        ({"metric": "f1macro"}, "did you mean 'f1_macro'"),
        ({"strategies": "smotee"}, "did you mean 'smote'"),
        ({"learner": "lightgbm"}, "no learner"),
        ({"strategies": "weights:nope=2"}, "does not have"),
        ({"cost": "fn=x"}, "no number"),
    ],
)
def test_wrong_arguments_are_named_with_the_remedy(rare, bad, message):
    with pytest.raises(UsageError, match=message):
        eq.compare(*rare, **{"learner": "linear", **bad})


@pytest.mark.parametrize("learner", ["boosting", "forest"])
def test_probabilities_of_trees_are_level_whatever_the_weights(learner):
    """Trees hardly move with weights, so that an offset by counts alone would spoil their probabilities."""
    rng = np.random.default_rng(4)

    def draw(n):
        X = rng.normal(size=(n, 5))
        return X, (X[:, 0] + X[:, 1] * X[:, 2] + rng.logistic(size=n) > 4).astype(int)

    X, y = draw(1500)
    new_X, new_y = draw(20_000)
    result = eq.compare(
        X,
        y,
        learner=learner,
        strategies="weights-balanced,random-over",
        metric="log_loss",
        cost="fn=10,fp=1",
    )
    found = {one["name"]: one["metrics"] for one in result.summary["strategies"]}
    for name in ("weights-balanced", "random-over"):
        assert found[name]["log_loss"]["mean"] < 1.1 * found["untreated"]["log_loss"]["mean"]
        one = next(o["id"] for o in result.summary["strategies"] if o["name"] == name)
        p = result.model(one).predict_proba(new_X)[:, 1]
        assert 0.6 < p.mean() / new_y.mean() < 1.7  # by the offset alone it is a tenth


def test_one_failing_fit_leaves_the_others_alone(rare):
    from sklearn.tree import DecisionTreeClassifier

    class Fussy(DecisionTreeClassifier):
        def fit(self, X, y, sample_weight=None):
            if len(y) < 300:
                raise ZeroDivisionError("too few\nrows")
            return super().fit(X, y, sample_weight)

    result = eq.compare(*rare, learner=Fussy(max_depth=3), strategies="random-under")
    why = {one["name"]: one["why_not"] for one in result.summary["strategies"]}
    assert why["untreated"] is None
    assert "ZeroDivisionError: too few rows" in why["random-under"]


def test_a_class_in_one_group_leaves_nothing_to_watch_and_is_told():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [80, 8])
    data = {"x": rng.normal(size=88) + y, "who": np.where(y == 1, 1000, np.arange(88)), "y": y}
    data["who"][-1] = 1001  # two groups of the rare class: one for each side of a fold
    result = eq.compare(
        data, target="y", group="who", learner="linear,mlp", strategies="untreated", folds=2
    )
    told = {
        f"{one['learner']}": one["why_not"]
        for one in json.loads(result.to_json())["strategies"]
        if not one["applicable"]
    }
    assert "kept out of training" in told["mlp"]
    assert "linear" not in told


def test_every_learner_has_its_place_in_the_order_of_cost():
    assert set(_LEARNER_ORDER) == {*LEARNERS, "ensemble"}
