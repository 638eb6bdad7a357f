"""Every decision takes numbers as they come: in tensors with a gradient, of half precision, and in lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from equipoise.decisions import (
    ConformalQuantile,
    Decision,
    LabelDecision,
    NumberDecision,
    Smearing,
    calibration_intercept,
    correct,
    correct_focal,
    correct_labels,
    correct_probabilities,
    label_intercept,
    parse_cost,
    prior_offset,
    tune_bias,
    tune_label_bias,
)
from equipoise.errors import UsageError
from equipoise.losses import WeightedCrossEntropy
from equipoise.metrics import get_metric

LOG_P = np.log([[0.5, 0.5], [0.25, 0.75], [0.875, 0.125]])
ODDS = np.array([[0.5, -1.0], [-0.25, 2.0], [1.5, 0.25]])
F1, F1_MACRO = get_metric("f1", "binary"), get_metric("f1_macro", "multilabel")
UPPER = ConformalQuantile.fit([0.0, 1.0, 2.0], [1.0, 2.0, 3.0], bins=1)
# A function of arrays, and the arrays.
CALLS = {
    "correct": (correct, LOG_P, [-1.0, 1.0]),
    "correct_focal": (lambda log_p: correct_focal(log_p, 2.0), LOG_P),
    "correct_labels": (correct_labels, ODDS, [0.5, -0.5]),
    "correct_probabilities": (correct_probabilities, np.exp(LOG_P), [9.0, 1.0], [5.0, 5.0]),
    "calibration_intercept": (calibration_intercept, LOG_P, [0.75, 0.25]),
    "label_intercept": (label_intercept, ODDS, [0.5, 0.25]),
    "prior_offset": (prior_offset, [9.0, 1.0], [5.0, 5.0]),
    "parse_cost": (lambda cost: parse_cost(cost, ["a", "b"]), [[0.0, 1.0], [5.0, 0.0]]),
    "tune_bias": (lambda y, z, w: tune_bias(y, z, F1, w), [0, 1, 0], LOG_P, [1.0, 2.0, 1.0]),
    "tune_label_bias": (
        lambda y, z: tune_label_bias(y, z, F1_MACRO),
        [[0, 1], [1, 0], [1, 1]],
        ODDS,
    ),
    "Decision bias": (lambda b, z: Decision("tuned", b).labels(z), [0.5, 0.0], LOG_P),
    "Decision cost": (
        lambda m, z: Decision("min-cost", cost=m).labels(z),
        [[0.0, 1.0], [5.0, 0.0]],
        LOG_P,
    ),
    "LabelDecision": (lambda b, z: LabelDecision("tuned", b).labels(z), [0.5, -0.5], ODDS),
    "min_cost": (lambda m: LabelDecision.min_cost(m, 2).bias, [[0.0, 1.0], [5.0, 0.0]]),
    "ConformalQuantile": (
        lambda p, y: ConformalQuantile.fit(p, y, bins=1).upper(p),
        [0.0, 1.0, 2.0],
        [0.5, 1.0, 3.0],
    ),
    "NumberDecision": (
        lambda p, y: NumberDecision.fit("mean-corrected", p, y, False).apply(p),
        ODDS,
        [0.5, 1.0, 3.0],
    ),
    "Smearing": (lambda e, z: Smearing(e, np.exp).predict(z), [-1.0, 0.5], [0.0, 1.0]),
}


def as_tensor(values: Any) -> torch.Tensor:
    out = torch.tensor(np.asarray(values))
    return out.requires_grad_() if out.is_floating_point() else out


def as_list(values: Any) -> Any:
    return np.asarray(values).tolist()


@pytest.mark.parametrize("kind", [as_tensor, as_list], ids=["tensor", "list"])
@pytest.mark.parametrize("name", CALLS)
def test_tensors_and_lists_give_what_arrays_give(name: str, kind: Any) -> None:
    function, *arrays = CALLS[name]
    expected = function(*(np.asarray(one) for one in arrays))
    given = [kind(one) for one in arrays]
    found = function(*given)
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, expected)
    # One of them alone, as an offset of a loss beside log-probabilities of a file.
    mixed = function(np.asarray(arrays[0]), *given[1:])
    np.testing.assert_array_equal(mixed, expected)


def test_the_log_softmax_and_the_offset_of_a_loss() -> None:
    loss = WeightedCrossEntropy.from_counts([90, 10])
    logits = torch.tensor([[0.0, 0.0]], dtype=torch.bfloat16, requires_grad=True)
    found = correct(logits.log_softmax(1), loss.prior_offset)
    np.testing.assert_allclose(np.exp(found), [[0.9, 0.1]])
    half = correct_labels(logits, torch.tensor([0.5, 0.0], dtype=torch.bfloat16))
    np.testing.assert_array_equal(half, [[-0.5, 0.0]])


@pytest.mark.parametrize("wrong", [[["a", "b"]], [[0.1, 0.9], [1.0]], [[{}, {}]]], ids=str)
@pytest.mark.parametrize("name", ["correct", "correct_focal", "correct_labels", "Decision bias"])
def test_what_is_no_number_is_one_error(name: str, wrong: Any) -> None:
    function, *arrays = CALLS[name]
    place = next(i for i, one in enumerate(arrays) if np.ndim(one) == 2)
    with pytest.raises(UsageError, match="does not hold numbers"):
        function(*arrays[:place], wrong, *arrays[place + 1 :])


def test_one_row_without_its_table_is_refused() -> None:
    with pytest.raises(UsageError, match=r"shape \(2,\)"):
        correct_focal([-0.7, -0.7], 2.0)
