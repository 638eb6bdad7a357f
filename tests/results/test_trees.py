"""Stored trees are walked on paper before a library walks them in memory."""

from __future__ import annotations

import re

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from equipoise.errors import ModelError
from equipoise.results.trees import check_booster, check_forest

RNG = np.random.default_rng(0)
X = np.column_stack([RNG.normal(size=(300, 2)), RNG.integers(0, 8, 300)])
Y2 = ((X[:, 0] > 0.4) ^ (X[:, 2] % 3 == 1)).astype(int)
Y3 = Y2 + (X[:, 1] > 1)


def booster(y=Y2, rounds=3, **parameters) -> str:
    kind = {"objective": "binary"} if y.max() == 1 else {"objective": "multiclass", "num_class": 3}
    data = lgb.Dataset(X, y, categorical_feature=[2])
    settings = {"verbosity": -1, "num_leaves": 6, "num_threads": 1, "min_data_per_group": 5}
    return lgb.train({**settings, **kind, **parameters}, data, rounds).model_to_string()


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(),
        DecisionTreeClassifier(max_leaf_nodes=7),
        DecisionTreeClassifier(max_depth=0 + 1),
        RandomForestClassifier(5),
        BaggingClassifier(n_estimators=3, max_features=2),
        AdaBoostClassifier(n_estimators=3),
        GradientBoostingClassifier(n_estimators=3),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.parametrize("y", [Y2, Y3], ids=["binary", "three"])
def test_sound_forests_pass(model, y):
    check_forest(model.fit(X, y))


def test_a_tree_of_one_leaf_passes():
    check_forest(DecisionTreeClassifier().fit(X, np.zeros(300)))


def forged(part: str, value: int, at: str = "root"):
    """Write a wrong number into a tree, as a forged file would."""
    model = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, Y2)
    state = model.tree_.__getstate__()
    inner = np.flatnonzero(state["nodes"]["left_child"] != -1)
    state["nodes"][part][inner[0 if at == "root" else -1]] = value
    model.tree_.__setstate__(state)
    return model


@pytest.mark.parametrize("at", ["root", "last"])
@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("left_child", 10**9),
        ("left_child", 0),
        ("right_child", -2),
        ("right_child", -1),
        ("right_child", 0),
        ("feature", 3),
        ("feature", -5),
        ("feature", 10**9),
    ],
)
def test_a_forged_tree_is_refused_however_deep_it_lies(part, value, at):
    model = forged(part, value, at)
    with pytest.raises(ModelError, match="damaged"):
        check_forest(model)
    forest = RandomForestClassifier(2, random_state=0).fit(X, Y2)
    forest.estimators_[1] = model
    with pytest.raises(ModelError, match="damaged"):
        check_forest({"steps": [("last", forest)]})


def test_a_forest_whose_trees_disagree_on_their_columns_is_refused():
    forest = RandomForestClassifier(2, random_state=0).fit(X, Y2)
    forest.estimators_[1].n_features_in_ = 9
    with pytest.raises(ModelError, match="differ in their number of columns"):
        check_forest(forest)
    for tree in forest.estimators_:
        tree.n_features_in_ = 9
    with pytest.raises(ModelError, match="more columns than its forest"):
        check_forest(forest)


@pytest.mark.parametrize(
    ("y", "parameters"),
    [(Y2, {}), (Y3, {}), (Y2, {"min_data_in_leaf": 299}), (Y2, {"num_leaves": 2})],
    ids=["binary", "three", "no split", "stumps"],
)
def test_sound_boosters_pass(y, parameters):
    text = booster(y, **parameters)
    check_booster(text, int(y.max()) + 1)
    assert ("\ncat_threshold=" in text) == ("min_data_in_leaf" not in parameters)


def test_every_cut_before_the_end_of_the_trees_is_seen():
    text = booster()
    for length in range(0, text.index("end of trees"), 7):
        with pytest.raises(ModelError, match="damaged"):
            check_booster(text[:length], 2)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("left_child", "99"),
        ("left_child", "0"),
        ("left_child", "-99"),
        ("right_child", "-7"),
        ("split_feature", "3"),
        ("split_feature", "-1"),
        ("split_feature", "1e9"),
        ("num_leaves", "99999"),
        ("num_leaves", "0"),
        ("num_leaves", "-3"),
        ("num_leaves", "99999999999999999999999"),
        ("num_cat", "99"),
        ("num_cat", "0"),
        ("cat_boundaries", "999"),
        ("leaf_value", "0.1 0.2"),
        ("max_feature_idx", "1"),
        ("num_class", "7"),
        ("num_tree_per_iteration", "3"),
        ("tree_sizes", "1"),
        ("is_linear", "1"),
    ],
)
def test_a_forged_booster_is_refused(line, value):
    text = booster()
    for spot in (0, -1):

        def change(found, spot=spot):
            numbers = found.group(2).split()
            numbers[spot] = value
            return f"{found.group(1)}={' '.join(numbers)}"

        wrong = re.sub(rf"(?m)^({line})=(.*)$", change, text, count=1)
        assert wrong != text
        # Even where the lengths of the trees are set right again.
        head, blocks = wrong.split("\n\n", 1)
        if line != "tree_sizes":
            sizes = [len(b) for b in re.findall(r"Tree=\d+\n.*?\n\n\n", blocks, flags=re.DOTALL)]
            head = re.sub(r"tree_sizes=.*", f"tree_sizes={' '.join(map(str, sizes))}", head)
        with pytest.raises(ModelError, match="damaged"):
            check_booster(f"{head}\n\n{blocks}", 2)


def test_a_line_that_is_there_twice_is_refused():
    text = booster().replace("num_cat=", "num_leaves=2\nnum_cat=", 1)
    with pytest.raises(ModelError, match="damaged"):
        check_booster(text, 2)


def test_a_booster_of_other_classes_is_refused():
    with pytest.raises(ModelError, match="num_class"):
        check_booster(booster(Y3), 2)
    with pytest.raises(ModelError, match="num_class"):
        check_booster(booster(Y2), 3)


@pytest.mark.parametrize("text", ["", "hello", "tree\n", "\nTree=0\n"])
def test_what_is_no_booster(text):
    with pytest.raises(ModelError):
        check_booster(text, 2)
