"""Each method has one name, which the command line, the catalogue and the files share."""

from __future__ import annotations

import pytest

from equipoise import samplers
from equipoise.errors import UsageError
from equipoise.samplers.amounts import RANDOM_METHODS, WEIGHING
from equipoise.samplers.cost import estimated_pairs
from equipoise.samplers.labels.methods import LABEL_METHODS, UNNAMED
from equipoise.samplers.methods import METHODS, known_method
from equipoise.strategies.resampling import ROWS


def test_every_class_has_a_name():
    named = {method.sampler for method in METHODS.values()}
    # What is left trains on what samplers return, or resamples label sets.
    of_labels = {*LABEL_METHODS.values(), *UNNAMED}
    assert set(samplers.__all__) - named == {"ResampledClassifier", *of_labels}
    assert named <= set(samplers.__all__)
    assert list(METHODS) == sorted(METHODS)


def test_what_a_name_implies_can_be_set():
    for name in METHODS.keys() - {"smotenc"}:  # which has to be told its columns
        method = METHODS[name]
        sampler = method.kind()(**method.implied)
        assert hasattr(sampler, "fit_resample")
    assert [METHODS[f"nearmiss-{version}"].implied for version in (1, 2, 3)] == [
        {"version": 1},
        {"version": 2},
        {"version": 3},
    ]


def test_all_speak_of_the_same_methods():
    assert set(ROWS) <= set(METHODS)
    assert set(WEIGHING) <= set(RANDOM_METHODS) <= set(METHODS)
    for name, rows in ROWS.items():
        assert rows.after is not None or METHODS[name].sampler == rows.sampler
        # A method that looks for neighbours compares rows, and the estimate knows it by its name.
        assert (estimated_pairs(name, [900, 100]) > 0) is rows.searches


def test_names_are_found_or_the_nearest_is():
    assert known_method("mild") == "mild-combination"
    with pytest.raises(UsageError, match="did you mean 'smote'"):
        known_method("smoot")
    with pytest.raises(UsageError, match="did you mean 'smote'"):
        known_method("SMOOT")


def test_names_of_classes_are_names_of_methods():
    for name, method in METHODS.items():
        assert known_method(name) == known_method(name.upper()) == name
        found = known_method(method.sampler)
        assert METHODS[found].sampler == method.sampler
        assert known_method(method.sampler.lower()) == found
    # The class is version 1 where no other is said.
    assert known_method("NearMiss") == "nearmiss-1"
    assert samplers.NearMiss().version == METHODS["nearmiss-1"].implied["version"]
