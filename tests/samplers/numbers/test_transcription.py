"""The samplers that make rows, against the rules of their papers written out in plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.samplers.numbers import SMOGN, SMOTER, GaussianNoiseOverSampler

COMMON, RARE, MADE = 60, 20, 20  # 80 rows in two bumps: each is brought to 40


def drawn(seed: int, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return numbers, categories and targets: 60 common rows and 20 rare ones, whose ties are exact."""
    r = np.random.default_rng(seed)
    n, p = COMMON + RARE, 3
    numbers = r.integers(0, 9, (n, p)) / 8.0 if kind != "smooth" else r.normal(size=(n, p))
    numbers[0], numbers[1] = 0, 1  # so that the range is 1, and units are powers of two
    if kind == "copies":
        numbers[COMMON:] = numbers[r.integers(COMMON, COMMON + 3, RARE)]
    codes = r.integers(0, 3, (n, 2 if kind == "mixed" else 0))
    y = np.append(r.uniform(0, 10, COMMON), r.uniform(50, 60, RARE).round())
    return numbers, codes, y


def distance(a, b, ca, cb, span):
    return np.sqrt(
        np.sum([((u - v) / w) ** 2 for u, v, w in zip(a, b, span, strict=True)]) + np.sum(ca != cb)
    )


def by_loops(way: str, numbers, codes, y, k: int, pert: float, seed: int):
    """Make the rows of the rare bump one by one, with the draws in the documented order."""
    random = np.random.RandomState(seed)
    random.choice(np.arange(COMMON), 40, replace=False)  # thins the common bump first
    bump = np.arange(COMMON, COMMON + RARE)
    random.choice(RARE, 0, replace=False)
    base = [i for i in range(RARE) for _ in range(MADE // RARE)]
    chosen = random.randint(k, size=MADE)
    span = numbers.max(axis=0) - numbers.min(axis=0)
    near, other, most = [], [], []
    for i, draw in zip(base, chosen, strict=True):
        a = bump[i]
        to = [
            (distance(numbers[a], numbers[b], codes[a], codes[b], span), j)
            for j, b in enumerate(bump)
            if j != i
        ]
        half = np.median([d for d, _ in to]) / 2
        d, j = sorted(to)[draw]
        near.append(way == "smoter" or d < half)
        other.append(bump[j])
        most.append(min(half, pert))
    out = [None] * MADE
    inside = [s for s in range(MADE) if near[s]]
    steps = random.random_sample(len(inside))
    coins = random.random_sample((len(inside), codes.shape[1]))
    for place, s in enumerate(inside):
        a, b, step = bump[base[s]], other[s], steps[place]
        x = numbers[a] + step * (numbers[b] - numbers[a])
        source = [b if coin < 0.5 else a for coin in coins[place]]
        c = np.array([codes[row, j] for j, row in enumerate(source)])
        d_a = distance(x, numbers[a], c, codes[a], span)
        d_b = distance(x, numbers[b], c, codes[b], span)
        t = (
            (y[a] + y[b]) / 2
            if np.isclose(d_a, d_b, atol=1e-12)
            else (d_b * y[a] + d_a * y[b]) / (d_a + d_b)
        )
        out[s] = (x, c, t)
    outside = [s for s in range(MADE) if not near[s]]
    if way == "smogn" or outside:
        noise = random.standard_normal((len(outside), numbers.shape[1] + 1))
        rows = bump[random.randint(RARE, size=(len(outside), codes.shape[1]))]
        for place, s in enumerate(outside):
            a = bump[base[s]]
            x = [
                numbers[a, j] + noise[place, j] * most[s] * np.std(numbers[bump, j], ddof=1)
                for j in range(numbers.shape[1])
            ]
            c = np.array([codes[row, j] for j, row in enumerate(rows[place])])
            out[s] = (np.array(x), c, y[a] + noise[place, -1] * most[s] * np.std(y[bump], ddof=1))
    return out, near


@pytest.mark.parametrize("kind", ["smooth", "grid", "copies", "mixed"])
@pytest.mark.parametrize("way", ["smoter", "smogn"])
def test_rows_are_those_of_the_paper(way: str, kind: str) -> None:
    ways = set()
    for seed in range(3):
        numbers, codes, y = drawn(seed, kind)
        kinds = {"smoter": SMOTER, "smogn": SMOGN}
        given_pert = {} if way == "smoter" else {"pert": 0.02}
        sampler = kinds[way](
            relevance=[(10, 0), (50, 1)],
            k_neighbors=4,
            random_state=seed,
            categorical_features=[3, 4] if kind == "mixed" else [],
            **given_pert,
        )
        X_out, y_out = sampler.fit_resample(np.hstack([numbers, codes]), y)
        expected, near = by_loops(way, numbers, codes, y, 4, 0.02, seed)
        ways |= set(near)
        assert len(X_out) == 80
        for row, target, (x, c, t) in zip(X_out[60:], y_out[60:], expected, strict=True):
            np.testing.assert_allclose(row, [*x, *c], atol=1e-12)
            assert target == pytest.approx(t, abs=1e-9)
    assert way == "smoter" or kind == "grid" or ways == {True, False}


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.floats(0, 3))
def test_noise_has_the_size_asked_for(seed: int, pert: float) -> None:
    r = np.random.default_rng(seed)
    X = r.normal(size=(400, 2)) * [1, 1e6]
    y = np.append(r.uniform(0, 1, 380), r.normal(100, 4, 20))
    sampler = GaussianNoiseOverSampler(relevance=[(1, 0), (80, 1)], pert=pert, random_state=seed)
    X_out, y_out = sampler.fit_resample(X, y)
    made = sampler.sample_indices_ < 0
    base = sampler.origins_.first[made]
    for new, old, sd in [
        *((X_out[made, j], X[base, j], X[380:, j].std(ddof=1)) for j in range(2)),
        (y_out[made], y[base], y[380:].std(ddof=1)),
    ]:
        assert (new - old).std() == pytest.approx(pert * sd, rel=0.25, abs=1e-12)


def test_noise_is_never_more_than_half_the_median() -> None:
    # Two rows at hardly any distance: whatever pert is, what is added stays below that distance's half.
    X = np.r_[np.linspace(0, 1, 60), 0.5, 0.5 + 1e-9][:, None]
    y = np.r_[np.linspace(0, 1, 60), 90, 94]
    sampler = SMOGN(relevance=[(1, 0), (90, 1)], pert=1.0, random_state=0)
    X_out, y_out = sampler.fit_resample(X, y)
    assert (np.abs(X_out[31 + 2 :, 0] - 0.5) < 1e-8).all()
    assert (np.abs(y_out[33:] - 92) < 2 + 1e-7).all()
