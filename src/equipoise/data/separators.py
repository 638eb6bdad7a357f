"""What stands between the labels of a row in a column of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np

from equipoise.frames import string_series

__all__ = ["SEPARATORS", "find_separator", "most_frequent"]

SEPARATORS = ("|", ";", ",")


def find_separator(series: nw.Series[Any]) -> str | None:
    """Find what stands between the labels in a column of texts.

    Parameters
    ----------
    series : narwhals.Series
        Texts such as "red|big".

    Returns
    -------
    str or None
        That one of ``| ; ,`` which most rows hold; None of a column of lists.

    Examples
    --------
    >>> from equipoise.data.separators import find_separator
    >>> from equipoise.frames import build_frame
    >>> find_separator(build_frame({"tags": ["red; big", "big"]})["tags"])
    ';'
    """
    if series.dtype not in (nw.String, nw.Categorical, nw.Enum):
        return None
    return most_frequent(string_series(series).to_list(), SEPARATORS)[0]


def most_frequent(texts: Sequence[str | None], signs: Sequence[str]) -> tuple[str, int]:
    """Find the sign that most texts hold.

    Parameters
    ----------
    texts : sequence of str or None
        Where to look.
    signs : sequence of str
        What to look for, at least one.

    Returns
    -------
    str, int
        That sign, the first of several, and how many texts hold it.

    Examples
    --------
    >>> from equipoise.data.separators import most_frequent
    >>> most_frequent(["a;b", "c", None], ["|", ";"])
    (';', 1)
    """
    holding = [sum(sign in text for text in texts if text is not None) for sign in signs]
    most = int(np.argmax(holding))
    return signs[most], holding[most]
