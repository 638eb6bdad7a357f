"""Which strategies a slow learner is trained with, and that a trial goes on where it stopped."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import equipoise as eq
from equipoise.compare import material
from equipoise.compare.events import Planned, UnitDone
from equipoise.compare.finalists import choose_finalists, count_finalists, estimate_minutes
from equipoise.compare.plan import Part
from equipoise.learners import choice
from equipoise.learners.base import Slots, Training, log_softmax
from equipoise.strategies import catalogue
from equipoise.strategies.catalogue import CATALOGUE

NAMES = ["weights-balanced", "random-over", "random-under", "two-phase", "smote", "focal"]


@dataclass(frozen=True)
class Slow(Slots):
    """Stands for the transformer: it counts letters, and how often it was trained."""

    name: str = "slow"
    title: str = "Slow"
    view: str = "text"
    honours: frozenset = frozenset({"rows", "weights", "loss", "start", "schedule", "decision"})
    losses: frozenset = frozenset({"focal"})
    watches: bool = False
    balances: bool = False
    alone: bool = True
    scout: str = "embedding"

    def share(self, X, y, categorical):
        return None

    def fit(self, training: Training):
        return SimpleNamespace(
            log_proba=lambda X: log_softmax(np.array([[0.0, len(x) / 9] for x in X]))
        )


def plan_of(names, learner=None):
    learner = learner or Slow()
    return SimpleNamespace(waiting=[Part(learner, CATALOGUE[name]) for name in names])


def scored(values: dict[str, list[float]], name: str = "average_precision"):
    embedding = SimpleNamespace(name="embedding")
    return [
        SimpleNamespace(
            part=Part(embedding, CATALOGUE[strategy]), metrics={name: SimpleNamespace(mean=mean)}
        )
        for strategy, means in values.items()
        for mean in means
    ]


def names_of(parts) -> list[str]:
    return [part.strategy.name for part in parts]


def test_the_three_best_are_chosen_each_under_its_best_decision():
    plan = plan_of(NAMES)
    values = {
        "weights-balanced": [0.1, 0.9],
        "random-over": [0.5],
        "random-under": [0.6, 0.2],
        "smote": [float("nan")],
        "focal": [0.7],
    }
    up = SimpleNamespace(name="average_precision", direction="maximize")
    down = SimpleNamespace(name="average_precision", direction="minimize")
    chosen, others = choose_finalists(plan, scored(values), up)
    assert names_of(chosen) == ["weights-balanced", "random-under", "focal"]
    assert names_of(others) == ["random-over", "two-phase", "smote"]
    assert {one.learner for one in others} == {"slow"}
    assert all("name it in --strategies" in one.why_not for one in others)
    chosen, _ = choose_finalists(plan, scored(values), down)
    assert names_of(chosen) == ["weights-balanced", "random-over", "random-under"]
    assert count_finalists(plan) == 3
    assert count_finalists(plan_of(["smote"])) == 1


def test_the_time_of_slow_learners_counts_what_is_trained_at_most():
    slow, quick = Slow(), SimpleNamespace(name="linear")
    plan = plan_of(NAMES, slow)
    plan.choices = [choice.Choice("slow", "", slow, 7.0), choice.Choice("linear", "", quick)]
    plan.parts = [Part(one, CATALOGUE["untreated"]) for one in (slow, quick)]
    plan.folds = SimpleNamespace(splits=[None] * 5)
    assert estimate_minutes(plan) == (1 + 3) * 5 * 7.0
    plan.waiting = plan.waiting[:2]
    assert estimate_minutes(plan) == (1 + 2) * 5 * 7.0
    (mlp,) = choice.choose_learners("mlp", 6_000, 100, True)
    assert mlp.minutes == pytest.approx(2e-5 * 6_000 * 150 / 60)


def test_of_equals_the_simplest_are_chosen():
    names = ["focal", "smote", "random-over", "weights-balanced", "random-under"]
    metric = SimpleNamespace(name="average_precision", direction="maximize")
    same = scored({name: [0.5] for name in names})
    chosen, _ = choose_finalists(plan_of(names), same[::-1], metric)
    order = sorted(names, key=lambda name: CATALOGUE[name].simplicity)
    assert set(names_of(chosen)) == set(order[:3])


@pytest.fixture
def messages(monkeypatch) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    y = (rng.random(150) < 0.2).astype(int)
    texts = [
        " ".join(rng.choice(["ab", "cde", "fghi"], 3 + 3 * c)) + f" n{i}" for i, c in enumerate(y)
    ]

    def vectors(table):
        return [
            np.array([[len(x) / 20, x.count("a"), 1.0] for x in text], dtype=np.float32)
            for text in table.texts
        ]

    monkeypatch.setattr(material, "embed_texts", vectors)
    some = {name: CATALOGUE[name] for name in ["untreated", *NAMES]}
    monkeypatch.setattr(catalogue, "CATALOGUE", some)
    monkeypatch.setitem(choice.LEARNERS, "slow", Slow)
    return pl.DataFrame({"text": texts, "label": y})


def run(data, **options):
    events = []
    result = eq.compare(
        data, "label", text="text", folds=3, learner="slow", on_event=events.append, **options
    )
    return result, events


def test_a_trial_in_two_rounds(messages, tmp_path):
    result, events = run(messages, run_dir=tmp_path / "one")
    assert [one["name"] for one in result.summary["learners"]] == ["embedding", "slow"]
    ids = {
        one["id"].split("/")[1]: one
        for one in result.summary["strategies"]
        if one["learner"] == "slow"
    }
    trained = {name for name, one in ids.items() if one["applicable"]}
    assert "untreated" in trained
    assert len(trained) == 4
    left = [one["why_not"] for name, one in ids.items() if not one["applicable"]]
    assert len([why for why in left if "not a finalist on the embedding learner" in why]) == 2
    done = [one for one in events if isinstance(one, UnitDone)]
    planned = next(one for one in events if isinstance(one, Planned))
    assert {one.total for one in done} == {planned.units_total} == {len(done)}
    assert [one.done for one in done] == list(range(1, len(done) + 1))
    # What takes all cores comes last.
    assert [one.learner for one in done] == ["embedding"] * (len(done) - 12) + ["slow"] * 12

    # Once more in the same folder: all of it is there, and the numbers are the same.
    again, events = run(messages, run_dir=tmp_path / "one")
    assert all(one.from_journal for one in events if isinstance(one, UnitDone))
    ours, theirs = json.loads(result.to_json()), json.loads(again.to_json())
    assert ours["strategies"] == theirs["strategies"]


def test_what_is_named_is_trained_without_the_scout(messages):
    result, events = run(messages, strategies="two-phase,random-over")
    assert [one["name"] for one in result.summary["learners"]] == ["slow"]
    done = {one.strategy for one in events if isinstance(one, UnitDone)}
    assert done == {"untreated", "two-phase", "random-over"}
