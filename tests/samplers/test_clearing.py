"""What is said of a row without finding its neighbours is true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from equipoise.samplers import SMOTE, EditedNearestNeighbours, TomekLinks
from equipoise.samplers.combining import distance_to_others
from equipoise.samplers.engine.clearing import count_closer, surely_closer
from equipoise.samplers.engine.neighbours import Graph
from equipoise.samplers.engine.separation import nearest_other, separation

seeds = st.integers(0, 10**6)
sizes = st.sampled_from([1e-6, 1.0, 1e6])


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from([1, 3, 20]), st.integers(1, 4), sizes, st.booleans())
def test_what_is_said_of_closer_rows_is_true(seed, p, k, size, ties):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(900, p)) * size
    if ties:
        X = np.round(X / size * 3) / 3 * size
    X += rng.choice([0.0, 10 * size])
    among = np.flatnonzero(rng.random(900) < 0.9)
    rows = rng.choice(among, 500, replace=False)
    gaps = cdist(X[rows], X[among])
    gaps[rows[:, None] == among[None]] = np.inf
    kth = np.partition(gaps, k - 1, axis=1)[:, k - 1]
    radius = kth * rng.choice([0.5, 1.0, 1.2, 3.0], len(rows))
    cleared = surely_closer(X, rows, among, radius, k)
    assert not (cleared & ~(kth < radius)).any()
    if p == 1 and not ties:
        assert cleared[radius > 2.5 * kth].mean() > 0.5
    wide = radius * rng.choice([1.0, 1.5], len(rows))
    sure, possible = count_closer(X, rows, among, radius, wide)
    closer, within = (gaps < radius[:, None]).sum(axis=1), (gaps <= wide[:, None]).sum(axis=1)
    assert (sure <= closer).all()
    assert (possible >= within).all()
    endless = np.full(len(rows), np.inf)
    alike, beyond = count_closer(X, rows, among, radius, endless)
    np.testing.assert_array_equal(alike, sure)
    assert (beyond > len(among)).all()
    if not ties and p == 20:
        assert (possible - sure <= within - closer + 2).all()


def test_most_rows_in_a_crowd_are_cleared_and_none_outside():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(4000, 5)), 1e3 * rng.normal(size=(50, 5))])
    rows = np.arange(4050)
    cleared = surely_closer(X, rows, rows, np.full(4050, 3.0), 3)
    assert cleared[:4000].mean() > 0.95
    assert not cleared[4000:].any()


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_of_values_beyond_single_precision_nothing_is_said(size):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 2)) * size
    rows = np.arange(3000)
    assert not surely_closer(X, rows, rows, np.full(3000, np.inf), 1).any()
    gap = nearest_other(X, rows[:10], rows[10:])
    assert (gap.low == 0).all()
    assert np.isinf(gap.high).all()


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from([1, 3, 20]), sizes, st.sampled_from([0.0, 1e3, 1e6]))
def test_bounds_hold_the_distance_between_them_and_are_close(seed, p, size, offset):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(700, p)) + offset) * size
    a, b = np.arange(0, 300), np.arange(300, 700)
    gaps = cdist(X[a], X[b])
    for gap, true in (
        (nearest_other(X, a, b), gaps.min(axis=1)),
        (nearest_other(X, b, a), gaps.min(axis=0)),
    ):
        assert (gap.low <= true).all()
        assert (true <= gap.high).all()
        assert (gap.low >= 0.98 * true - 2e-2 * size).all()
        assert (gap.high <= 1.02 * true + 2e-2 * size).all()


@settings(max_examples=25, deadline=None)
@given(
    seeds,
    st.sampled_from([1, 2, 6]),
    st.sampled_from([[400, 12], [300, 9, 14], [200, 200]]),
    st.sampled_from(["plain", "whole numbers", "single", "far"]),
)
def test_made_rows_are_bounded_by_the_lines_they_lie_near(seed, p, counts, kind):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    X = rng.normal(size=(len(y), p)) + 0.5 * y[:, None]
    if kind == "whole numbers":
        X = np.round(4 * X).astype(np.int64)
    elif kind == "single":
        X = (0.1 * X + 3e5).astype(np.float32)
    elif kind == "far":
        X += 1e13
    sampler = SMOTE(random_state=seed % 1000)
    X_made, y_made = sampler.fit_resample(X, y)
    gap = distance_to_others(Graph(X_made), y_made, sampler.origins_)
    far = gap.low
    gaps = cdist(X_made.astype(np.float64), X_made.astype(np.float64))
    gaps[y_made[:, None] == y_made[None]] = np.inf
    assert (far <= gaps.min(axis=1) * (1 + 1e-12)).all()
    assert (gap.high >= gaps.min(axis=1) * (1 - 1e-12)).all()
    given = slice(len(y))
    if kind != "plain":
        return
    assert np.median(far[given]) >= 0.3 * np.median(gaps.min(axis=1)[given]) - 0.02


def test_one_class_is_far_from_nothing():
    gap = separation(np.zeros((5, 2)), np.zeros(5, dtype=np.int64))
    assert np.isinf(gap.low).all()


@pytest.mark.parametrize("cleaner", [TomekLinks, EditedNearestNeighbours])
def test_bounds_lead_to_the_same_rows(cleaner):
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], [5000, 60])
    X = rng.normal(size=(len(y), 12)) + 0.8 * y[:, None]
    sampler = SMOTE(random_state=0)
    X_made, y_made = sampler.fit_resample(X, y)
    far = distance_to_others(Graph(X_made), y_made, sampler.origins_)
    clean = cleaner(sampling_strategy="all")
    plain = clean.choose(Graph(X_made, k=3), y_made)
    graph = Graph(X_made, k=3)
    np.testing.assert_array_equal(clean.choose(graph, y_made, far), plain)
    assert graph._known.mean() < 0.5  # the others were not searched
