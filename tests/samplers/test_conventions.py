"""Samplers as samplers: our promises, imbalanced-learn's conventions, scikit-learn's; and what they cost."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections import Counter

import imblearn.combine
import imblearn.over_sampling
import imblearn.under_sampling
import numpy as np
import pytest
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.under_sampling.base import BaseCleaningSampler, BaseUnderSampler
from imblearn.utils.estimator_checks import estimator_checks_generator as their_checks
from imblearn.utils.estimator_checks import sample_dataset_generator
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import estimator_checks_generator as sklearn_checks
from threadpoolctl import threadpool_limits

from equipoise import samplers
from equipoise.samplers.base import Sampler
from equipoise.samplers.cost import estimated_pairs
from equipoise.testing import parametrize_with_sampler_checks

FAMILIES = (BaseOverSampler, BaseUnderSampler, BaseCleaningSampler)
PARAMETERS = {
    "ClusterCentroids": [{"voting": "soft"}, {"voting": "hard"}],
    # A tree in place of a forest, which is slow and no other to the checks.
    "InstanceHardnessThreshold": [
        {"estimator": DecisionTreeClassifier(max_depth=4, random_state=0), "cv": 3}
    ],
    "KMeansSMOTE": [{"cluster_balance_threshold": 0.05, "kmeans_estimator": 4}],
    "NearMiss": [{"version": version} for version in (1, 2, 3)],
    "RandomOverSampler": [{}, {"shrinkage": 0.2}],
    "SMOTENC": [{"categorical_features": [0]}],
}
TABLES = {"SMOTEN": "categories"}


def built():
    """Make samplers of all classes that are ours, with a seed where they take one."""
    for name in samplers.__all__:
        kind = getattr(samplers, name)
        if not kind.__module__.startswith("equipoise.") or not hasattr(kind, "fit_resample"):
            continue
        if kind.__module__.startswith("equipoise.samplers.labels."):
            continue  # they take label sets, and these checks give one class per row
        for parameters in PARAMETERS.get(name, [{}]):
            one = kind(**parameters)
            if "random_state" in one.get_params(deep=False):
                one.set_params(random_state=0)
            yield one


OWN = list(built())
# Texts are no columns, and the checks of others know columns only.
OF_COLUMNS = [one for one in OWN if type(one).__name__ != "TextAugmentation"]

BEYOND = (
    "rows are also made beyond the first parent, away from the second, whose share is then below 0"
)
EXCUSED = {
    "SVMSMOTE": {
        "check_parents_are_shares": BEYOND,
    },
}
EQUALLY_NEAR = "of a cluster of two rows both are as near to its centre, and rounding chooses"
NO_NUMBERS = "its columns are categories alone, and imbalanced-learn's own suite leaves SMOTENC out"
NOISE = "noise is added to the rows, which no parent has"


# NearMiss of version 3 says so where its first step leaves fewer rows than are wanted.
FEWER = pytest.mark.filterwarnings("ignore:The number of the samples to be selected:UserWarning")


def excused(sampler):
    if getattr(sampler, "shrinkage", None):
        return {
            "check_new_rows_lie_between_parents": NOISE,
            "check_copies_are_copies": NOISE + "; sample_indices_ names it, as in imbalanced-learn",
        }
    if getattr(sampler, "voting", None) == "hard":
        return {"check_sparse_stays": EQUALLY_NEAR}
    return EXCUSED.get(type(sampler).__name__, {})


@pytest.fixture(autouse=True)
def one_thread():
    # On tables this small, threads of k-means wait for each other most of the time.
    with threadpool_limits(1):
        yield


@FEWER
@parametrize_with_sampler_checks(
    OWN, table=lambda one: TABLES.get(type(one).__name__), expected_failures=excused
)
def test_keeps_its_promises(check):
    check()


def excused_elsewhere(sampler, check):
    """Say why a check of another package cannot hold, where it cannot."""
    name = type(sampler).__name__
    if name == "SMOTENC" and check == "check_samplers_string":
        return NO_NUMBERS
    if name == "SMOTENC" and check == "check_estimators_nan_inf":
        return (
            "the column of categories may miss values, as in imbalanced-learn, and the others not"
        )
    if name == "NearMiss" and sampler.version == 3 and check == "check_samplers_fit_resample":
        return "its first step may leave fewer rows than are wanted, as it does in imbalanced-learn"
    if (
        getattr(sampler, "voting", None) == "hard"
        and "sparse" in check
        and check.startswith("check_samplers")
    ):
        return EQUALLY_NEAR
    return None


def cases(generator):
    """List the checks of another package, each as a test."""
    for one in OF_COLUMNS:
        for sampler, check in generator(one):
            reason = excused_elsewhere(sampler, check.func.__name__)
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
            name = f"{type(sampler).__name__}-{check.func.__name__}"
            yield pytest.param(sampler, check, id=name, marks=marks)


# As imbalanced-learn does where it runs them.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("sampler", "check"), list(cases(their_checks)))
def test_passes_the_checks_of_imbalanced_learn(sampler, check):
    check(sampler)


@FEWER
@pytest.mark.parametrize(("sampler", "check"), list(cases(sklearn_checks)))
def test_passes_the_checks_of_scikit_learn(sampler, check):
    check(sampler)


THEIRS = {
    name: getattr(home, name)
    for home in (imblearn.over_sampling, imblearn.under_sampling, imblearn.combine)
    for name in home.__all__
}


@pytest.mark.parametrize("name", sorted(THEIRS))
def test_every_sampler_of_imbalanced_learn_has_one_of_ours(name):
    ours = getattr(samplers, name)
    assert ours.__module__.startswith("equipoise.")
    given = [inspect.signature(kind).parameters for kind in (ours, THEIRS[name])]
    assert {k: p.default for k, p in given[0].items()} == {
        k: p.default for k, p in given[1].items()
    }
    assert all(given[0][k].kind == p.kind for k, p in given[1].items())


@pytest.mark.parametrize("kind", sorted({type(one) for one in OWN}, key=lambda kind: kind.__name__))
def test_is_of_the_family_that_the_checks_look_for(kind):
    """The checks of imbalanced-learn pass over what is of no family of theirs."""
    theirs = THEIRS.get(kind.__name__)
    for family in FAMILIES:
        if theirs is not None:
            assert issubclass(kind, family) == issubclass(theirs, family)
    if kind.__name__ != "TextAugmentation":
        assert issubclass(kind, Sampler)


COUNTS = {
    # These have no sampling_strategy, and leave classes at other sizes than the families are held to:
    # what they are held to instead stands here.
    "MildCombination": lambda n: {0: 200 <= n[0] < n[2], 1: n[0] <= n[1], 2: n[2] < 2.1 * n[0]},
    "DownsampleUpweight": lambda n: {0: n[0] == 201, 1: n[1] == 301, 2: n[2] == 402},
    "UpsampleDownweight": lambda n: {c: n[c] == 498 for c in range(3)},
}


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_sizes_of_classes_where_there_is_no_family(name):
    X, y = sample_dataset_generator()
    sampler = getattr(samplers, name)(random_state=0)
    assert not isinstance(sampler, FAMILIES)
    found = COUNTS[name](Counter(sampler.fit_resample(X, y)[1].tolist()))
    assert all(found.values()), found


def test_every_name_is_there_and_an_unknown_one_is_not():
    assert set(samplers.__all__) <= set(dir(samplers))
    assert all(getattr(samplers, name) for name in samplers.__all__)
    with pytest.raises(AttributeError, match="SMOTTE"):
        _ = samplers.SMOTTE


def test_the_room_alone_does_not_import_imbalanced_learn():
    code = "import sys, equipoise.samplers; sys.exit('imblearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


SEARCHING = [
    "smote",
    "borderline-smote",
    "adasyn",
    "tomek",
    "nearmiss-1",
    "enn",
    "smote-tomek",
    "smote-enn",
]


@pytest.mark.parametrize("method", SEARCHING)
def test_the_estimate_grows_with_the_rows_and_is_finite(method):
    small, large = (estimated_pairs(method, [90 * k, 10 * k]) for k in (10, 1000))
    assert 0 < small < large < np.inf
    # No method searches more than all pairs of the rows that there are after it.
    assert large <= 2 * (2 * 90_000.0) ** 2
    assert estimated_pairs(method, [0, 0]) == 0.0
    assert estimated_pairs(method, []) == 0.0
    assert estimated_pairs(method, [900, 0, 100]) == estimated_pairs(method, [900, 100])


@pytest.mark.parametrize("method", ["untreated", "random-over", "random-under", "mild-combination"])
def test_methods_that_compare_no_rows_cost_nothing(method):
    assert estimated_pairs(method, [900, 100]) == 0.0


def test_the_order_of_costs_is_sensible_where_a_class_is_rare():
    counts = [284_315, 492]
    cost = {method: estimated_pairs(method, counts) for method in SEARCHING}
    assert cost["smote"] < cost["tomek"] < cost["enn"] < cost["smote-tomek"]
    assert cost["enn"] < sum(counts) ** 2 / 10  # the short cut
    assert cost["smote-enn"] < (2 * 284_315) ** 2 / 15  # lines
    assert estimated_pairs("smote-enn", counts, on_lines=False) > 5 * cost["smote-enn"]
