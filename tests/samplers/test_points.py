"""Distances of pairs, each on its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.samplers.engine.points import lengths


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(2, 50))
def test_the_length_of_a_pair_does_not_depend_on_the_others(seed, columns, pairs):
    rng = np.random.default_rng(seed)
    X, Z = rng.normal(size=(2, pairs, columns))
    every = np.arange(pairs)
    usual = lengths(X, Z, every, every)
    odd = rng.random(pairs) < 0.3
    odd[0] = True
    X[odd] *= rng.choice([2.0**520, 2.0**1020, 2.0**-520, 2.0**-1060, 0.0], size=(odd.sum(), 1))
    mixed = lengths(X, Z, every, every)
    np.testing.assert_array_equal(mixed[~odd], usual[~odd])
    alone = [lengths(X, Z, every[i : i + 1], every[i : i + 1])[0] for i in every]
    np.testing.assert_array_equal(mixed, alone)


@pytest.mark.parametrize("power", [-1000, -510, 0, 510, 1000])
def test_lengths_scale_with_the_coordinates(power):
    X = np.random.default_rng(0).integers(-99, 99, size=(60, 7)).astype(np.float64)
    row, col = np.triu_indices(60)
    scaled = lengths(np.ldexp(X, power), np.ldexp(X, power), row, col)
    np.testing.assert_array_equal(scaled, np.ldexp(lengths(X, X, row, col), power))


def test_the_largest_and_smallest_numbers():
    ends = np.array([[0.0, 0.0], [1.7e308, 0.0], [5e-324, 0.0]])
    found = lengths(ends, ends, np.array([0, 0, 0]), np.arange(3))
    assert found.tolist() == [0.0, 1.7e308, 5e-324]
    apart = np.array([[1e308, 0.0], [-1e308, 0.0]])
    assert lengths(apart, apart, np.array([0]), np.array([1])).tolist() == [np.inf]
