"""Labels of every kind, and classes that are too small."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EquipoiseError
from equipoise.testing.tables import Table, promise, refusal, resample

__all__ = [
    "check_boolean_labels",
    "check_labels_of_two_dimensions",
    "check_lengths_must_agree",
    "check_lone_row",
    "check_negative_labels",
    "check_one_class_is_refused",
    "check_text_labels",
]


def _check_renamed(
    sampler: Any, table: Table, counts: tuple[int, ...], names: NDArray[Any]
) -> None:
    """Resample under other names of the classes, in the same order: nothing else may change."""
    X, y = table.rows(counts)
    _, X_plain, y_plain = resample(sampler, X, y)
    _, X_named, y_named = resample(sampler, X, names[y])
    y_named = np.asarray(y_named)
    promise(y_named.dtype == names.dtype, f"labels became {y_named.dtype} from {names.dtype}")
    promise(np.array_equal(y_named, names[y_plain]), f"other labels when they are {names.tolist()}")
    promise(np.array_equal(X_named, X_plain), f"other rows when the labels are {names.tolist()}")


def check_text_labels(sampler: Any, table: Table) -> None:
    """Take labels that are text of any length and script, as arrays of str or of objects."""
    names = np.array(["a", "größer als a", "正"])
    _check_renamed(sampler, table, (60, 24, 12), names)
    _check_renamed(sampler, table, (60, 24, 12), names.astype(object))


def check_boolean_labels(sampler: Any, table: Table) -> None:
    """Take labels False and True, and keep them so."""
    _check_renamed(sampler, table, (60, 20), np.array([False, True]))


def check_negative_labels(sampler: Any, table: Table) -> None:
    """Take any whole numbers as labels, below 0 and far apart."""
    _check_renamed(sampler, table, (60, 24, 12), np.array([-7, -1, 10**12]))


def check_labels_of_two_dimensions(sampler: Any, table: Table) -> None:
    """Give for a column of labels, shape (n, 1), the rows that a flat array gives."""
    X, y = table.rows()
    expected = resample(sampler, X, y)
    _, X_out, y_out = resample(sampler, X, y[:, None])
    promise(np.array_equal(X_out, expected[1]), "other rows when labels are a column")
    promise(np.array_equal(np.ravel(y_out), expected[2]), "other labels when they are a column")


def check_one_class_is_refused(sampler: Any, table: Table) -> None:
    """Refuse labels of a single class by a ValueError that speaks of classes."""
    X, y = table.rows((30,))
    refusal(lambda: resample(sampler, X, y), "a single class", naming=("class",))


def check_lone_row(sampler: Any, table: Table) -> None:
    """Resample a class of one row, or refuse it by an error that names it and its count."""
    X, y = table.rows((40, 20, 1))
    names = np.array(["common", "rare", "solitary"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # to warn of such a class is no fault
            _, X_out, y_out = resample(sampler, X, names[y])
    except ValueError as error:
        text = str(error)
        promise("solitary" in text, f"the error on a class of one row does not name it: {text}")
        counted = re.search(r"\b(1|one)\b", text)
        promise(counted, f"the error on a class of one row does not say its count: {text}")
        return
    promise(len(X_out) == len(y_out), "rows and labels differ in length")
    alone = X[y == 2]
    copies = X_out[np.asarray(y_out) == "solitary"]
    promise((copies == alone).all() or table.kind == "text", "one row has no others to lie between")


def check_lengths_must_agree(sampler: Any, table: Table) -> None:
    """Refuse labels, weights or groups of another length than the rows, and no rows at all."""
    X, y = table.rows()
    refusal(lambda: resample(sampler, X, y[:-1]), "one label too few")
    refusal(lambda: resample(sampler, X[:0], y[:0]), "no rows at all")
    if not hasattr(type(sampler), "parents_"):
        return
    for name in ("sample_weight", "groups"):
        try:
            resample(sampler, X, y, **{name: np.ones(len(y) - 1)})
        except EquipoiseError as error:
            promise(
                str(len(y)) in str(error), f"the error on {name} does not say {len(y)}: {error}"
            )
        else:
            raise AssertionError(f"{name} of another length raised no error")
