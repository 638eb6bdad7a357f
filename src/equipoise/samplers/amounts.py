"""How many rows of each class the random methods want."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

from equipoise.data.labels import rows_word, some
from equipoise.errors import UsageError

__all__ = ["RANDOM_METHODS", "WEIGHING", "check_amounts", "most_rows", "row_rule"]

RANDOM_METHODS = {
    "random-over": ("sampling_strategy",),
    "random-under": ("sampling_strategy",),
    "mild-combination": ("over", "ratio"),
    "downsample-upweight": ("ratio",),
    "upsample-downweight": (),
}
"""Methods that look at labels only, and the parameters of each: they take files of any size."""

WEIGHING = ("downsample-upweight", "upsample-downweight")
"""Those of them that come with weights, which keep the prior."""


def row_rule(method: str, given: Mapping[str, Any]) -> Callable[[dict[Any, int]], list[int]]:
    """Return a function from the rows of each class to those that a method wants of each.

    Parameters
    ----------
    method : str
        A name of :data:`RANDOM_METHODS`.
    given : dict
        Its parameters.

    Returns
    -------
    callable
        From a dict of rows by label to a list of rows in its order.

    Raises
    ------
    UsageError
        If a parameter cannot be used; the function raises it too.

    Examples
    --------
    >>> from equipoise.samplers.amounts import row_rule
    >>> row_rule("downsample-upweight", {"ratio": 3})({"ham": 100, "spam": 10})
    [30, 10]
    """
    if method in ("random-over", "random-under"):
        strategy = given.get("sampling_strategy", "auto")
        return lambda before: _balanced(before, strategy, over=method == "random-over")
    ratio, share = given.get("ratio", 2.0), given.get("over")
    for name, value, ok in (
        ("ratio", ratio, _number(ratio) >= 1),
        ("over", share, share is None or 0 < _number(share) <= 1),
    ):
        if not ok:
            raise UsageError(
                f"{name}={value!r} is not a number "
                + ("of 1 or more" if name == "ratio" else "above 0 and at most 1"),
                remedy="use 1 (balanced) or more, such as 2" if name == "ratio" else "use a share",
            )
    return lambda before: _partly(list(before.values()), method, share, ratio)


def check_amounts(strategy: Mapping[Any, Any]) -> dict[Any, int]:
    """Return the rows asked for by label as whole numbers.

    Parameters
    ----------
    strategy : dict
        Rows by label.

    Returns
    -------
    dict
        The same as int.

    Raises
    ------
    UsageError
        If one is no whole number.

    Examples
    --------
    >>> from equipoise.samplers.amounts import check_amounts
    >>> check_amounts({"spam": 5.0})
    {'spam': 5}
    """
    for label, rows in strategy.items():
        if not _number(rows).is_integer():
            raise UsageError(
                f"sampling_strategy asks for {some([rows])} rows of class {label!r}",
                remedy="use a whole number for each class",
            )
    return {label: int(rows) for label, rows in strategy.items()}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        return math.nan
    try:
        return float(value) if math.isfinite(value) else math.nan
    except OverflowError:  # an integer beyond all floats
        return math.nan


def _partly(n: list[int], method: str, share: float | None, ratio: float) -> list[int]:
    if method == "upsample-downweight":
        return [max(n)] * len(n)
    if method == "mild-combination":
        share = math.sqrt(min(n) / max(n)) if share is None else share
        n = [max(each, round(share * max(n))) for each in n]
    most = most_rows(min(n), ratio)
    return [min(each, most) for each in n]


def most_rows(fewest: int, ratio: float) -> int:
    """Return the most rows that are no more than ``ratio``, of 1 or more, times the fewest.

    Parameters
    ----------
    fewest : int
        Rows of the smallest class.
    ratio : float
        At least 1.

    Returns
    -------
    int

    Examples
    --------
    >>> from equipoise.samplers.amounts import most_rows
    >>> most_rows(10, 2.5)
    25
    """
    most = max(fewest, math.floor(min(ratio * fewest, 2.0**62)))
    # The product may be rounded to just below a whole number.
    return most + ((most + 1) / fewest <= ratio)


def _balanced(before: dict[Any, int], strategy: Any, over: bool) -> list[int]:
    n = list(before.values())
    even, rare, common = max(n) if over else min(n), n.index(min(n)), n.index(max(n))
    spared = {
        "auto": {common if over else rare},
        "all": set(),
        "not minority": {rare},
        "not majority": {common},
    }
    alone, which = ("minority", rare) if over else ("majority", common)
    spared[alone] = set(range(len(n))) - {which}
    if isinstance(strategy, str) and strategy in spared:
        return [each if c in spared[strategy] else even for c, each in enumerate(n)]
    wanted = list(n)
    if isinstance(strategy, Mapping):
        texts = {str(label): c for c, label in enumerate(before)}
        unknown = [label for label in strategy if str(label) not in texts]
        if unknown:
            raise UsageError(
                f"sampling_strategy names {unknown[0]!r}, which is no class",
                remedy=f"the classes are {some(list(before))}",
            )
        for label, rows in check_amounts(strategy).items():
            wanted[texts[str(label)]] = rows
    elif 0 < _number(strategy) <= 1 and len(n) == 2:
        wanted[rare if over else common] = (
            int(strategy * n[common]) if over else int(n[rare] / strategy)
        )
    else:
        raise UsageError(
            f"sampling_strategy={strategy!r} cannot be used for {len(n)} classes",
            remedy=f"use {', '.join(spared)}, rows by label, or for two classes their ratio of 0 to 1",
        )
    for label, m, each in zip(before, wanted, n, strict=True):
        if m < 1 or (m < each if over else m > each):
            raise UsageError(
                f"class {label!r} has {rows_word(each)} and sampling_strategy={strategy!r} asks for {m:,}",
                remedy=f"ask for {'at least' if over else '1 to'} {each:,}",
            )
    return wanted
