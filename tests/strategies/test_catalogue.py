"""The catalogue: names, papers, and how requests are resolved."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.data.table import Table
from equipoise.errors import UsageError
from equipoise.learners.encoding import Encoder
from equipoise.samplers.cost import estimated_pairs
from equipoise.samplers.labels.methods import LABEL_METHODS
from equipoise.samplers.numbers.methods import NUMBER_METHODS
from equipoise.strategies import CATALOGUE, find_strategies, get_strategy
from equipoise.strategies.resampling import ROWS, Space, resample
from equipoise.strategies.strategy import CLASSES, LABELS, NUMBERS

PROMISED = [
    "untreated",
    "weights-balanced",
    "weights-ins",
    "weights-isns",
    "weights-ens-0.9",
    "weights-ens-0.99",
    "weights-ens-0.999",
    "weights-ens-0.9999",
    "random-over",
    "random-under",
    "mild-combination",
    "downsample-upweight",
    "upsample-downweight",
    "smote",
    "borderline-smote",
    "adasyn",
    "tomek",
    "nearmiss-1",
    "enn",
    "smote-tomek",
    "smote-enn",
    "balanced-random-forest",
    "easy-ensemble",
    "rusboost",
    "balanced-bagging",
    "self-paced-ensemble",
    "focal",
]


def test_holds_every_promised_strategy():
    assert set(PROMISED) <= set(CATALOGUE)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_entry_is_complete(name):
    strategy = CATALOGUE[name]
    assert strategy.name == name
    assert strategy.summary.endswith(".")
    assert name == "untreated" or any(c.isdigit() for c in strategy.paper)
    assert strategy.same_as is None or strategy.same_as in CATALOGUE
    assert strategy.control is None or CATALOGUE[strategy.control].family == "control"
    filled = [slot for slot, words in strategy.slots().items() if words is not None]
    assert strategy.is_ensemble or name == "untreated" or filled


def test_untreated_is_always_in_and_controls_come_along():
    names = [strategy.name for strategy in find_strategies("easy-ensemble")]
    assert names == ["untreated", "easy-ensemble", "adaboost"]


def test_names_are_split_at_commas_but_given_weights_are_not():
    names = [s.name for s in find_strategies("smote,weights:ham=0.576,spam=10,tomek")]
    assert names == ["untreated", "smote", "weights:ham=0.576,spam=10", "tomek"]
    given = get_strategy("weights:ham=0.576,spam=10").weights
    assert given is not None
    assert given.given == {"ham": 0.576, "spam": 10.0}


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'smote'"):
        get_strategy("smot")


def test_no_strategy_at_all_is_refused():
    with pytest.raises(UsageError, match="no strategy"):
        find_strategies([])


def test_only_the_strategies_that_say_so_keep_the_prior():
    import equipoise as eq

    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = (X[:, 0] + rng.normal(size=600) > 2).astype(int)
    keeping = "downsample-upweight,upsample-downweight,tomek"
    moving = "random-over,random-under,mild-combination,weights-balanced"
    result = eq.compare(
        X, y, learner="linear", strategies=f"{keeping},{moving}", folds=3, metric="f1_macro"
    )
    moved = {
        one["name"] for one in result.summary["strategies"] if one["decision"] == "prior-corrected"
    }
    assert set(moving.split(",")) <= moved
    assert not set(keeping.split(",")[:2]) & moved


@pytest.mark.parametrize(
    "name", [n for n, one in CATALOGUE.items() if one.weights and one.tasks & CLASSES]
)
def test_a_class_that_a_fold_lacks_weighs_one_and_leaves_the_others_alone(name):
    weights = CATALOGUE[name].weights
    assert weights is not None
    y = np.repeat([0, 2], [90, 10])
    found = weights.of_classes(y, 3)
    assert found[1] == 1.0
    np.testing.assert_array_equal(found[[0, 2]], weights.of_classes(y // 2, 2))


def test_weights_by_hand_stay_as_given():
    weights = get_strategy("weights:ham=0.5,spam=8").weights
    assert weights is not None
    assert weights.of_classes(np.zeros(3, dtype=np.int64), 2).tolist() == [0.5, 8.0]


def test_the_rows_slot_says_the_numbers_that_are_used():
    said = {name: one.rows.describe for name, one in CATALOGUE.items() if one.rows}
    assert said["smote"] == "SMOTE(k_neighbors=min(5, rarest - 1))"
    assert said["nearmiss-1"] == "NearMiss(version=1, n_neighbors=min(3, rarest))"
    assert said["smote-tomek"].startswith(f"{said['smote']}, then TomekLinks(")
    assert ROWS["smote"].make(seed=1, smallest=4).k_neighbors == 3
    assert ROWS["smote"].make(seed=1, smallest=40).k_neighbors == 5


def test_every_entry_of_the_table_of_rows_is_a_strategy_and_has_its_sampler():
    of = {
        task: {one.rows.method for one in CATALOGUE.values() if one.rows and task & one.tasks}
        for task in (CLASSES, LABELS, NUMBERS)
    }
    assert set(ROWS) == of[CLASSES]
    assert set(LABEL_METHODS) == of[LABELS]
    assert set(NUMBER_METHODS) == of[NUMBERS]
    for name, rows in ROWS.items():
        sampler = rows.make(seed=3, smallest=10)
        assert type(sampler).__name__ == rows.sampler
        assert sampler.get_params().get("random_state", 3) == 3
        assert rows.searches == (estimated_pairs(name, [90, 10]) > 0)


@pytest.mark.parametrize("method", sorted(name for name, rows in ROWS.items() if not rows.searches))
def test_methods_that_read_labels_only_need_no_encoding(method):
    def encode():
        raise AssertionError("nothing was to be encoded")

    def parents():
        return np.array([40, 41, -1, 47])

    y = np.repeat([0, 1], [40, 8])
    table = Table(np.zeros((48, 1)), np.zeros((48, 0), np.int32), [], ["x"], [], [], [], 48)
    made = resample(
        method, Space(table, y, Encoder(), encode, encode, parents), 0, lambda other: None
    )
    assert made.rows is not None
    np.testing.assert_array_equal(made.y, np.append(y, y[parents()])[made.rows])
    assert (made.weight is not None) == ROWS[method].weighs
