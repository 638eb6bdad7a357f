"""Check the trees of a stored model before anything walks them.

The libraries follow the child and feature numbers of a tree without looking whether they lie within
its arrays, so a damaged or forged file could end the process instead of raising an error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import ModelError

__all__ = ["check_booster", "check_forest"]

_ROOM = 2**31
_REMEDY = "save the model again, or copy the whole folder from where it came from"


def _require(fine: bool, what: str) -> None:
    if not fine:
        raise ModelError(f"the stored trees are damaged: {what}", remedy=_REMEDY)


# -- scikit-learn --------------------------------------------------------------------------------


def check_forest(estimator: Any) -> None:
    """Check every tree within a scikit-learn estimator.

    A walk from the root comes to a leaf, and asks for no column beyond those that the rows are
    checked to have.

    Raises
    ------
    ModelError
        If a tree does not.
    """
    seen: set[int] = set()
    rest = [estimator]
    while rest:
        one = rest.pop()
        if id(one) in seen or isinstance(one, (str, bytes, int, float)):
            continue
        seen.add(id(one))
        if isinstance(one, dict):
            rest += one.values()
        elif isinstance(one, (list, tuple)):
            rest += one
        elif isinstance(one, np.ndarray):
            rest += one.ravel().tolist() if one.dtype == object else []
        elif hasattr(one, "__dict__"):
            _check_owner(one)
            rest += vars(one).values()


def _check_owner(owner: Any) -> None:
    own = vars(owner)
    if "tree_" in own:
        _check_tree(own["tree_"], own.get("n_features_in_"))
    members = own.get("estimators_")
    if isinstance(members, np.ndarray):
        members = members.ravel().tolist()
    if not isinstance(members, list):
        return
    # Rows are checked once, for the first member, and then given to all.
    widths = {
        vars(m).get("n_features_in_") for m in members if "tree_" in getattr(m, "__dict__", ())
    }
    _require(len(widths) <= 1, "the trees of a forest differ in their number of columns")
    most = own.get("n_features_in_", _ROOM)
    _require(all(width <= most for width in widths), "a tree reads more columns than its forest")


def _check_tree(tree: Any, columns: Any) -> None:
    left, right, feature = (
        np.asarray(part, dtype=np.int64)
        for part in (tree.children_left, tree.children_right, tree.feature)
    )
    _require(isinstance(columns, (int, np.integer)), "a tree does not say its number of columns")
    inner = np.flatnonzero(left != -1)
    _require(len(left) > 0, "a tree has no node")
    _check_children(inner, left[inner], len(left))
    _check_children(inner, right[inner], len(left))
    _require(_within(feature[inner], 0, int(columns)), "a tree reads a column that is not there")
    _require(bool(np.isfinite(tree.value).all()), "a leaf holds what is no number")


def _check_children(parents: NDArray[np.int64], children: NDArray[np.int64], nodes: int) -> None:
    # Builders number children after their parents; whoever keeps to that cannot go in circles.
    fine = bool((children > parents).all()) and _within(children, 0, nodes)
    _require(fine, "a node leads to one that is not there")


def _within(values: NDArray[np.int64], low: int, high: int) -> bool:
    return bool(((values >= low) & (values < high)).all())


# -- LightGBM --------------------------------------------------------------------------------------


def check_booster(text: str, n_classes: int) -> None:
    """Check LightGBM's text form of a model.

    Raises
    ------
    ModelError
        If the text is cut, or a tree in it leads out of its arrays.
    """
    head, found, _ = text.partition("\nTree=0\n")
    _require(bool(found), "there is none")
    header = _pairs(head)
    groups = 1 if n_classes == 2 else n_classes
    for key in ("num_class", "num_tree_per_iteration"):
        _require(header.get(key) == str(groups), f"{key} is not {groups}")
    columns = _whole(header, "max_feature_idx", 1)[0] + 1
    sizes = [int(size) for size in header.get("tree_sizes", "").split()]
    _require(len(sizes) % groups == 0, "a class lacks a tree")
    at = len(head) + 1
    for number, size in enumerate(sizes):
        block = text[at : at + size]
        _require(size > 0 and block.startswith(f"Tree={number}\n"), f"tree {number} is cut")
        _check_block(_pairs(block), columns)
        at += size
    _require(text.startswith("end of trees", at), "the last one is cut")


def _pairs(lines: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for line in lines.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            _require(key not in out, f"{key!r} is there twice")
            out[key] = value
    return out


def _whole(pairs: dict[str, str], key: str, size: int) -> NDArray[np.int64]:
    try:
        values = np.array(pairs.get(key, "").split(), dtype=np.int64)
    except (ValueError, OverflowError):
        values = np.empty(0, dtype=np.int64)
    _require(len(values) == size, f"{key!r} does not hold {size} whole numbers")
    return values


def _check_block(pairs: dict[str, str], columns: int) -> None:
    leaves = int(_whole(pairs, "num_leaves", 1)[0])
    kinds = int(_whole(pairs, "num_cat", 1)[0])
    _require(0 < leaves < _ROOM and 0 <= kinds < _ROOM, "a tree has no leaf")
    _require(pairs.get("is_linear", "0") == "0", "a leaf is a linear model")
    _require(len(pairs.get("leaf_value", "").split()) == leaves, "a leaf has no value")
    if leaves == 1:
        return
    inner = np.arange(leaves - 1)
    for key in ("left_child", "right_child"):
        child = _whole(pairs, key, leaves - 1)
        _require(_within(~child[child < 0], 0, leaves), "a node leads to a leaf that is not there")
        _check_children(inner[child >= 0], child[child >= 0], leaves - 1)
    feature = _whole(pairs, "split_feature", leaves - 1)
    _require(_within(feature, 0, columns), "a tree reads a column that is not there")
    thresholds = pairs.get("threshold", "").split()
    _require(len(thresholds) == leaves - 1, "a node has no threshold")
    by_set = _whole(pairs, "decision_type", leaves - 1) & 1 == 1
    sets = np.array(thresholds, dtype=np.float64)[by_set]
    _require(bool(((sets >= 0) & (sets < kinds)).all()), "a node asks for a set that is not there")
    if kinds:
        words = len(pairs.get("cat_threshold", "").split())
        bounds = _whole(pairs, "cat_boundaries", kinds + 1)
        ordered = bool((np.diff(bounds) >= 0).all())
        _require(ordered and _within(bounds, 0, words + 1), "a set of categories is cut")
