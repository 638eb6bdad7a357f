"""Numbers in words, for the sizes that reports meet."""

from __future__ import annotations

import math

import pytest

from equipoise.report import words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (0.0, "under 0.1 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.7, "1 min"),
        (61, "1 min 1 s"),
        (3599.6, "1 h"),
        (3630.1, "1 h 1 min"),
        (7170, "2 h"),
    ],
)
def test_durations(seconds: float | None, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(1.0, "100 %"), (0.99951, "99.9 %"), (0.9, "90 %"), (0.0995, "10 %"), (1e-6, "0.0001 %")],
)
def test_shares_never_round_to_all_or_none(share: float, said: str) -> None:
    assert words.percent(share) == said


def test_signs() -> None:
    assert words.signed(0.0004) == "0.000"
    assert words.signed(-0.0004) == "0.000"
    assert words.signed(-0.5, 1) == "−0.5"
    assert words.signed(0.5, 1) == "+0.5"
    assert words.signed(math.nan) == words.number(math.inf) == words.MISSING


def test_a_difference_is_shown_only_where_its_corrected_p_says_so() -> None:
    def said(mean: float | None, p: float | None, direction: str = "maximize") -> str:
        return words.p_words({"mean": mean, "p_corrected": p}, direction)

    assert said(0.5, 0.06) == "may be chance"
    assert said(0.5, 0.05) == "shown better"
    assert said(-0.5, 0.01) == "shown worse"
    assert said(-0.5, 0.01, "minimize") == "shown better"
    assert said(0.5, None) == said(0.5, math.nan) == "not testable"
    assert said(None, 0.01) == words.p_words(None, "maximize") == ""


def test_p_values_are_never_zero() -> None:
    assert words.p_value(0.0) == "p below 0.001"
    assert words.p_value(0.0499) == "p 0.050"
    assert words.p_value(1.0) == "p 1.00"


def test_long_names_keep_both_ends() -> None:
    text = words.shorten("a" * 50 + "b" * 50, 20)
    assert len(text) == 20
    assert text.startswith("aaa")
    assert text.endswith("bbb")


def test_decimals_follow_the_width_of_the_intervals() -> None:
    assert words.decimals_for([{"low": 0.4, "high": 0.8}]) == 3
    assert words.decimals_for([{"low": 0.9981, "high": 0.9984}]) == 4
    assert words.decimals_for([{"low": 120.0, "high": 180.0}]) == 0
    assert words.decimals_for([None, {"low": None, "high": None}]) == 3
