"""Tuned thresholds against brute force."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.decisions import tune_bias, tuning
from equipoise.errors import UsageError
from equipoise.metrics import Metric, confusion, get_metric, metric_names

LABEL_METRICS = ["f1", "mcc", "balanced_accuracy", "fbeta:0.5", "fbeta:2", "g_mean", "f1_macro"]
# The last two make a right answer dearer than a wrong one.
COSTS = [
    [[0, 1], [10, 0]],
    [[0, 3], [1, 0]],
    [[0.5, 1], [4, 0.25]],
    [[1, 1], [4, 0]],
    [[0, 1], [0, 0]],
    [[2, 1], [5, 0]],
    [[3, 1], [1, 5]],
]


def odds(values: Any) -> np.ndarray:
    """Return log-probabilities with these log-odds."""
    z = np.asarray(values, dtype=float)
    return np.column_stack([-np.logaddexp(0, z), -np.logaddexp(0, -z)])


def worth(metric: Metric, y: Any, log_p: Any, bias: Any, weight: Any = None) -> float:
    said = (log_p + bias).argmax(axis=1)
    return float(metric.sign * metric.compute_labels(confusion(y, said, log_p.shape[1], weight)))


def best_cut(metric: Metric, y: Any, log_p: Any, weight: Any = None) -> float:
    """Try every threshold between two rows, below all and above all."""
    score = log_p[:, 1] - log_p[:, 0]
    distinct = np.unique(score)
    cuts = [distinct[0] - 1, *((distinct[1:] + distinct[:-1]) / 2), distinct[-1] + 1]
    said = [(score > cut).astype(int) for cut in cuts]
    return max(
        float(metric.sign * metric.compute_labels(confusion(y, one, 2, weight))) for one in said
    )


def metrics() -> list[Metric]:
    named = [get_metric(name, "binary") for name in LABEL_METRICS]
    costs = [get_metric("expected_cost", "binary", cost=np.array(c, dtype=float)) for c in COSTS]
    return named + costs


rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(-4, 4), st.integers(0, 3)), min_size=1, max_size=14
)


@settings(max_examples=30)
@given(rows, st.sampled_from([1.0, 0.37, 150.0]))
def test_a_binary_threshold_is_the_best_of_all(
    given_rows: list[tuple[int, int, int]], scale: float
) -> None:
    y = np.array([r[0] for r in given_rows])
    log_p = odds([scale * r[1] for r in given_rows])
    weights = np.array([[r[2] for r in given_rows], [1] * len(y)], dtype=np.uint8)
    for metric in metrics():
        bias = tune_bias(y, log_p, metric, weights)
        assert bias.shape == (2, 2)
        assert (bias[:, 0] == 0).all()
        for one, weight in zip(bias, weights, strict=True):
            found = worth(metric, y, log_p, one, weight)
            assert found == pytest.approx(best_cut(metric, y, log_p, weight)), metric.name
        assert np.array_equal(tune_bias(y, log_p, metric), bias[1])
        assert np.array_equal(tune_bias(y, log_p, metric, weights[0]), bias[0])


@pytest.mark.parametrize("metric", metrics(), ids=lambda metric: metric.name)
def test_on_many_rows_and_in_chunks(metric: Metric, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(300) < 0.2).astype(np.int64)
    log_p = odds(rng.normal(size=300) + y - 1)
    weights = rng.poisson(1, (5, 300)).astype(np.uint8)
    bias = tune_bias(y, log_p, metric, weights)
    for one, weight in zip(bias, weights, strict=True):
        assert worth(metric, y, log_p, one, weight) == pytest.approx(
            best_cut(metric, y, log_p, weight)
        )
    monkeypatch.setattr(tuning, "_CELLS", 200)
    assert np.array_equal(tune_bias(y, log_p, metric, weights), bias)


@pytest.mark.parametrize("name", ["precision_macro", "g_mean", "mcc"])
def test_weights_that_are_no_counts(name: str) -> None:
    # Sums of fractions in another order differ in the last bit; nothing may be made of that.
    for task, sizes in (("binary", range(1, 30, 2)), ("multiclass", range(3, 15, 3))):
        metric = get_metric(name, task)
        for n in sizes:
            rng = np.random.default_rng(n)
            y, log_p = several(n, n)
            if task == "binary":
                y, log_p = np.minimum(y, 1), odds(rng.normal(size=n))
            weight = rng.exponential(size=(2, n))
            for one, bias in zip(weight, tune_bias(y, log_p, metric, weight), strict=True):
                found = worth(metric, y, log_p, bias, one)
                if task == "binary":
                    assert found == pytest.approx(best_cut(metric, y, log_p, one))
                else:
                    assert found >= worth(metric, y, log_p, np.zeros(3), one) - 1e-11


def test_a_metric_of_which_nothing_is_known_is_searched_whole() -> None:
    odd = Metric(
        "calls",
        "",
        "maximize",
        "labels",
        frozenset({"binary"}),
        0,
        1,
        "",
        "",
        lambda m: m[..., 0, 1],
    )
    y, log_p = np.array([1, 0, 0]), odds([1.0, 0.0, -1.0])
    assert worth(odd, y, log_p, tune_bias(y, log_p, odd)) == 2.0


def test_ties_go_to_the_bias_nearest_to_0() -> None:
    metric = get_metric("f1", "binary")
    y, log_p = np.array([1, 1, 0, 0]), odds([5.0, 3.0, -4.0, -9.0])
    assert tune_bias(y, log_p, metric) == pytest.approx([0.0, 0.5])
    # All rows positive: calling them all so is right at any low threshold, the highest of which wins.
    bias = tune_bias(np.ones(2, dtype=int), odds([2.0, -1.0]), metric)
    assert bias == pytest.approx([0.0, 2.0])


def test_scores_that_differ_by_rounding_are_not_told_apart() -> None:
    y = np.array([1, 0, 1, 0])
    log_p = np.log([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.99, 0.01]])
    log_p[:3, 1] += np.array([0.0, 1.0, -1.0]) * 4e-16
    assert len(np.unique(log_p[:3, 1] - log_p[:3, 0])) == 3
    metric = get_metric("f1", "binary")
    bias = tune_bias(y, log_p, metric)
    assert (log_p + bias).argmax(axis=1).tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("lowest", [-700.0, -1e5, -1e300, -np.inf])
def test_certain_rows(lowest: float) -> None:
    y = np.array([1, 0, 0, 1, 0, 1])
    log_p = np.array(
        [[0.0, lowest], [0.0, lowest], [lowest, 0.0], [lowest, 0.0], *odds([-3.0, -2.0])]
    )
    for metric in metrics():
        bias = tune_bias(y, log_p, metric)
        assert np.isfinite(bias).all()
        said = (log_p + bias).argmax(axis=1)
        certain = lowest < -1e6
        assert not certain or said[:4].tolist() == [0, 0, 1, 1]
        reach = [-4.0, -2.5, -1.0, 0.0, *([] if certain else [1.5 * lowest, -1.5 * lowest])]
        found = worth(metric, y, log_p, bias)
        assert found >= max(worth(metric, y, log_p, [0.0, -cut]) for cut in reach) - 1e-12
    if lowest < -1e6:
        assert tune_bias(y[:4], log_p[:4], metrics()[0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1], [0, 1, 0], [1]])
def test_constant_scores_and_single_classes(y: list[int]) -> None:
    codes, log_p = np.array(y), odds(np.zeros(len(y)))
    for metric in metrics():
        found = worth(metric, codes, log_p, tune_bias(codes, log_p, metric))
        assert found == pytest.approx(best_cut(metric, codes, log_p)), metric.name


def several(seed: int, n: int, lattice: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.choice(3, n, p=[0.7, 0.2, 0.1])
    z = rng.normal(size=(n, 3))
    z[np.arange(n), y] += 1.0
    z = z.round() if lattice else z
    return y, z - np.log(np.exp(z).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("lattice", [False, True])
@pytest.mark.parametrize(
    "name", ["f1_macro", "g_mean", "mcc", "balanced_accuracy", "expected_cost"]
)
def test_several_classes_never_do_worse_than_argmax(name: str, lattice: bool) -> None:
    cost = np.array([[0.0, 1.0, 2.0], [9.0, 0.0, 3.0], [20.0, 2.0, 1.0]])
    metric = get_metric(name, "multiclass", cost=cost)
    zero = np.zeros(3)
    for seed in range(8):
        y, log_p = several(seed, 8 + 5 * seed, lattice)
        weights = np.random.default_rng(seed).poisson(1.0, (4, len(y))).astype(np.uint8)
        weights[:, 0] += 1
        whole = tune_bias(y, log_p, metric)
        assert worth(metric, y, log_p, whole) >= worth(metric, y, log_p, zero) - 1e-11
        for weight, bias in zip(weights, tune_bias(y, log_p, metric, weights), strict=True):
            assert np.isfinite(bias).all()
            floor = worth(metric, y, log_p, zero, weight) - 1e-11
            assert worth(metric, y, log_p, bias, weight) >= floor
            alone = tune_bias(y, log_p, metric, weight)
            assert worth(metric, y, log_p, alone, weight) >= floor


def test_several_classes_do_nearly_as_well_as_brute_force() -> None:
    metric = get_metric("f1_macro", "multiclass")
    grid = np.linspace(-4, 4, 33)
    biases = [np.array([0.0, b, c]) for b, c in product(grid, grid)]
    lost = []
    for seed in range(6):
        y, log_p = several(seed, 12)
        best = max(worth(metric, y, log_p, bias) for bias in biases)
        plain = worth(metric, y, log_p, np.zeros(3))
        found = worth(metric, y, log_p, tune_bias(y, log_p, metric))
        assert found >= plain
        lost.append(best - found)
    assert np.mean(lost) < 0.03
    assert max(lost) < 0.15


def test_several_classes_with_more_rows_than_cuts() -> None:
    metric = get_metric("f1_macro", "multiclass")
    y, log_p = several(3, 1500)
    bias = tune_bias(y, log_p, metric)
    assert worth(metric, y, log_p, bias) > worth(metric, y, log_p, np.zeros(3)) + 0.01
    for c, step in product(range(3), np.linspace(-1, 1, 41)):
        near = bias + step * np.eye(3)[c]
        assert worth(metric, y, log_p, near) < worth(metric, y, log_p, bias) + 0.01


@pytest.mark.parametrize("lowest", [-700.0, -1e300, -np.inf])
def test_several_classes_with_impossible_ones(lowest: float) -> None:
    metric = get_metric("f1_macro", "multiclass")
    log_p = np.full((6, 3), lowest)
    log_p[np.arange(6), [0, 1, 2, 0, 1, 2]] = 0.0
    for y in ([0, 1, 2, 0, 1, 2], [0, 0, 0, 0, 0, 1], [2, 2, 2, 2, 2, 2]):
        bias = tune_bias(np.array(y), log_p, metric)
        assert np.isfinite(bias).all()
        floor = worth(metric, y, log_p, np.zeros(3))
        assert worth(metric, y, log_p, bias) >= floor


def test_a_draw_without_rows_gets_some_finite_bias() -> None:
    y, log_p = several(0, 10)
    metric = get_metric("f1_macro", "multiclass")
    assert np.isfinite(tune_bias(y, log_p, metric, np.zeros((1, 10), dtype=np.uint8))).all()
    two = odds([1.0, -1.0])
    metric = get_metric("f1", "binary")
    empty = np.zeros((1, 2), dtype=np.uint8)
    assert np.isfinite(tune_bias(np.array([0, 1]), two, metric, empty)).all()


@pytest.mark.parametrize("name", ["roc_auc", "log_loss"])
def test_metrics_without_a_threshold_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        tune_bias(np.array([0, 1]), odds([0.0, 1.0]), get_metric(name, "binary"))


@pytest.mark.parametrize(
    ("y", "log_p", "weight", "said"),
    [
        ([0, 1, 1], odds([0.0, 1.0]), None, "log_p (2, 2)"),
        ([0, 1], odds([0.0, 1.0]), np.ones((2, 3)), "sample_weight (2, 3)"),
        ([], np.empty((0, 2)), None, "a row at least"),
        ([0, 1], np.array([[0.0, np.nan], [-1.0, -1.0]]), None, "1 of 2 rows"),
    ],
)
def test_says_what_does_not_fit(y: Any, log_p: Any, weight: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        tune_bias(np.array(y), log_p, get_metric("f1", "binary"), weight)
    assert said in str(caught.value)


def test_all_label_metrics_but_odd_costs_take_the_fast_way() -> None:
    for name in metric_names("binary"):
        metric = get_metric(name, "binary", cost=np.array([[0.0, 1.0], [5.0, 0.0]]))
        assert metric.false_alarms_hurt == (metric.needs == "labels"), name
