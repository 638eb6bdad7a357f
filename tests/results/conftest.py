"""Small data of every kind of column, and models trained on them."""

from __future__ import annotations

import copy
import json

import numpy as np
import polars as pl
import pytest

import equipoise as eq
from equipoise.learners.ensemble import ENSEMBLES

WORDS = ["free", "win", "call", "meet", "lunch", "now", "later", "cash"]


def _frame(n: int = 120) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=n), rng.normal(size=n)
    noise = 0.5 * rng.normal(size=n)
    return pl.DataFrame(
        {
            "income": x,
            "age": [None if i % 17 == 0 else float(v) for i, v in enumerate(z)],
            "colour": rng.choice(["red", "green", "blue"], n),
            "message": [f"{' '.join(rng.choice(WORDS, 9))} number{i}" for i in range(n)],
            "two": np.where(x + noise > 0.9, "yes", "no"),
            "three": np.digitize(x + noise, [0.2, 0.9]),
        }
    )


@pytest.fixture(scope="session")
def people() -> pl.DataFrame:
    """Return numbers with gaps, a category, a text, a binary and a multiclass target."""
    return _frame()


@pytest.fixture
def small_ensembles(monkeypatch):
    """Keep two members of every ensemble, which is as good for storage and far quicker."""
    for name, make in list(ENSEMBLES.items()):
        monkeypatch.setitem(
            ENSEMBLES, name, lambda seed, make=make: make(seed).set_params(n_estimators=2)
        )


@pytest.fixture(scope="session")
def train(people):
    """Return a function that trains on the columns of ``people`` without the other target."""

    def fit(target: str = "two", text: bool = False, **options) -> eq.Model:
        drop = [{"two": "three", "three": "two"}[target], *([] if text else ["message"])]
        options = {"text": "message"} | options if text else options
        return eq.train(people.drop(drop), target=target, **options)

    return fit


@pytest.fixture(scope="session")
def linear(train) -> eq.Model:
    """Return a linear model of the binary target."""
    return train(learner="linear")


@pytest.fixture(scope="session")
def booster(train) -> eq.Model:
    """Return a boosted model of the binary target."""
    return train(learner="boosting")


REMOVED = object()
ODD = [
    *(REMOVED, None, True, 0, -1, 1.5, 1e308, 10**400, "", "x", "1", "\ud800"),
    *([], {}, [1], ["a"], [[1.0]], [None], {"a": 1}, float("nan")),
]


def paths(value, at=()):
    if at:
        yield at
    inside = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value[:2]) if isinstance(value, list) else inside
    for key, part in inside:
        yield from paths(part, (*at, key))


def _edited(document, rng, how_many):
    """Yield a sample of the documents in which one place was removed or replaced."""
    ways = [(path, odd) for path in paths(document) for odd in ODD]
    for path, odd in rng.sample(ways, how_many):
        out = part = copy.deepcopy(document)
        for key in path[:-1]:
            part = part[key]
        if odd is REMOVED:
            del part[path[-1]]
        else:
            part[path[-1]] = copy.deepcopy(odd)
        if json.dumps(out) != json.dumps(document):
            yield path, odd, out


@pytest.fixture(scope="session")
def edited():
    """Return what yields a document with one place removed or replaced, many times."""
    return _edited
