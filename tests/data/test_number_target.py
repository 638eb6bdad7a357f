"""Numbers that cannot be computed with are refused, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.data.number_target import read_numbers
from equipoise.errors import TargetError
from equipoise.frames import build_frame


@pytest.mark.parametrize("unit", [1e-300, 1e-320])
def test_numbers_of_which_the_squares_vanish(unit: float) -> None:
    series = build_frame({"y": (unit * np.arange(1.0, 9.0)).tolist()})["y"]
    with pytest.raises(TargetError, match=r"varies by .* only.*smaller unit"):
        read_numbers(series)
    assert len(read_numbers(series, learned=False)[0]) == 8


@pytest.mark.parametrize("unit", [1e-99, 1e-9, 1.0, 1e99])
def test_numbers_whose_squares_are_numbers(unit: float) -> None:
    y = unit * np.arange(1.0, 9.0)
    assert read_numbers(build_frame({"y": y.tolist()})["y"])[0].tolist() == y.tolist()
    assert ((y - y.mean()) ** 2).mean() > 0
