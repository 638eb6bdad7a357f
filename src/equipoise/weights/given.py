"""Weights that are given: by hand, as text, or by what errors cost."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError

__all__ = ["check_positive", "cost_weights", "given_weights", "parse_given"]

_LARGEST = 1e100  # sums and products over any number of rows stay finite


def parse_given(text: str) -> dict[str, float]:
    """Read weights written as ``label=weight,label=weight``, or as a JSON object.

    Parameters
    ----------
    text : str
        The last ``=`` of each part separates, so labels such as ``<=50K`` are fine. A label
        with a comma needs the JSON form.

    Returns
    -------
    dict of str to float
        Weights by the text of the label.

    Raises
    ------
    UsageError
        A part is not ``label=weight``, a weight is not a positive number, or a label repeats.

    Examples
    --------
    >>> from equipoise.weights import parse_given
    >>> parse_given("ham=0.576,spam=10")
    {'ham': 0.576, 'spam': 10.0}
    >>> parse_given("<=50K=1,>50K=3.2")
    {'<=50K': 1.0, '>50K': 3.2}
    """
    form = "write label=weight,label=weight such as ham=0.576,spam=10"
    if text.lstrip().startswith("{"):
        try:
            pairs = json.loads(text, object_pairs_hook=list)
        except json.JSONDecodeError as error:
            raise UsageError(
                f"class weights {text!r} are not JSON: {error}", remedy=form
            ) from error
    else:
        pairs = []
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            label, equals, number = part.rpartition("=")
            if not equals or not label.strip():
                raise UsageError(f"class weight {part!r} is not label=weight", remedy=form)
            pairs.append((label.strip(), number))
    out: dict[str, float] = {}
    for label, number in pairs:
        try:
            weight = float(number)
        except (TypeError, ValueError):
            weight = math.nan
        if not (math.isfinite(weight) and 1e-9 <= weight <= 1e9):
            raise UsageError(
                f"the weight {number!r} of class {label!r} is not a number from 1e-9 to 1e9",
                remedy=form,
            )
        if label in out:
            raise UsageError(f"class {label!r} is given two weights", remedy="give it one")
        out[label] = weight
    if not out:
        raise UsageError(f"class weights {text!r} name no class", remedy=form)
    return out


def check_positive(weights: NDArray[np.float64], labels: Sequence[Any]) -> None:
    """Refuse weights that are not positive and finite, by the name of the class."""
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights > 0)))
    if len(bad):
        raise UsageError(
            f"the weight {weights[bad[0]]} of class {labels[bad[0]]!r} is not a positive number",
            remedy="give every class a weight above 0",
        )


def given_weights(
    given: Mapping[Any, float] | Sequence[float], labels: Sequence[Any], allow_more: bool = False
) -> NDArray[np.float64]:
    """Put given weights in the order of ``labels``."""
    if isinstance(given, Mapping):
        # Labels typed on a command line are text even where the classes are numbers.
        named = {str(key): value for key, value in given.items()}
        texts = [str(label) for label in labels]
        missing = [text for text in texts if text not in named]
        unknown = [] if allow_more else [key for key in named if key not in texts]
        if missing or unknown:
            near = {key: difflib.get_close_matches(key, texts, n=1) for key in unknown}
            hints = [f"{key!r} may be {match[0]!r}" for key, match in near.items() if match]
            parts = [f"no weight is given for class {text!r}" for text in missing]
            parts += [f"a weight is given for {key!r}, which is not a class" for key in unknown]
            raise UsageError(
                "; ".join(parts),
                remedy="; ".join([*hints, f"give one weight for each of {', '.join(texts)}"]),
            )
        numbers: list[Any] = [named[text] for text in texts]
    else:
        numbers = list(given)
        if len(numbers) != len(labels):
            raise UsageError(
                f"{len(numbers)} weights are given for {len(labels)} classes",
                remedy="give one weight per class, in order, or a mapping of label to weight",
            )
    try:
        weights = np.asarray(numbers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"class weights {numbers!r} are not numbers", remedy="give numbers above 0"
        ) from error
    check_positive(weights, labels)
    return weights


def cost_weights(
    cost: ArrayLike, labels: Sequence[Any], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Weigh each class by what its errors cost more than its right answer; mean 1 over the rows."""
    try:
        matrix = np.asarray(cost, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(
            "the cost matrix does not hold numbers", remedy="give a square matrix of numbers"
        ) from None
    size = len(labels)
    if matrix.shape != (size, size):
        raise UsageError(
            f"the cost matrix has the shape {matrix.shape} for {size} classes",
            remedy=f"give ({size}, {size}): a row per true class, a column per predicted one",
        )
    wrong = ~((np.abs(matrix) <= _LARGEST) & (matrix >= np.diag(matrix)[:, None]))
    if wrong.any():
        i, j = np.argwhere(wrong)[0]
        raise UsageError(
            f"saying {labels[j]!r} for {labels[i]!r} costs {matrix[i, j]:g}, and the right answer "
            f"{matrix[i, i]:g}",
            remedy="give finite numbers, those on the diagonal the smallest of their rows",
        )
    errors = (matrix - np.diag(matrix)[:, None]).sum(axis=1)
    free = np.flatnonzero(errors == 0)
    if len(free):
        raise UsageError(
            f"errors on class {labels[free[0]]!r} cost nothing, so its weight would be 0",
            remedy="give every class an error that costs something",
        )
    out = np.ones(size)
    present = counts > 0
    mean = np.average(errors[present], weights=counts[present])
    out[present] = errors[present] / mean
    return out
