"""Numbers as parameters: which are taken, and what is said of others."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from equipoise.errors import UsageError
from equipoise.weights.ranges import check_number, check_whole

INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize("open_low", [False, True])
@pytest.mark.parametrize("open_high", [False, True])
@pytest.mark.parametrize("high", [1.0, INF])
def test_the_ends_are_in_or_out(open_low: bool, open_high: bool, high: float) -> None:
    ends = {"high": high, "open_low": open_low, "open_high": open_high}
    for value in (-1e-300, -INF, INF, NAN, 1.5, 1, 0, 0.5, np.float32(0.25), np.int8(1)):
        inside = value > 0 or (value == 0 and not open_low)
        inside &= value < high or (value == high == 1 and not open_high)
        if inside:
            found = check_number("x", value, **ends)  # type: ignore[arg-type]
            assert (type(found), found) == (float, value)
        else:
            with pytest.raises(UsageError):
                check_number("x", value, **ends)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value", [True, np.True_, "1", None, [1], 1j, np.complex128(1), Fraction(1)]
)
def test_what_is_no_number(value: Any) -> None:
    with pytest.raises(UsageError, match="x="):
        check_number("x", value)


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ({}, "x=-1 is outside [0, inf); give a number of 0 or more"),
        ({"open_low": True}, "x=-1 is outside (0, inf); give a number above 0"),
        ({"high": 0.5, "open_high": True}, "x=-1 is outside [0, 0.5); give a number in [0, 0.5)"),
        ({"low": 2, "high": 3, "remedy": "try 2"}, "x=-1 is outside [2, 3]; try 2"),
    ],
)
def test_the_range_is_said(ends: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as found:
        check_number("x", -1, **ends)
    assert str(found.value) == words


def test_whole_numbers() -> None:
    for value in (3, np.int64(3), np.uint8(3), torch.tensor(3)):
        assert check_whole("n", value) == 3
    assert check_whole("n", 0, least=0) == 0
    for wrong in (0, -1, 2.0, True, "3", None, NAN, np.float64(3), torch.tensor(3.0)):
        with pytest.raises(UsageError, match="cannot be used; give a whole number from 1"):
            check_whole("n", wrong)
