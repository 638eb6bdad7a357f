"""Weights by the density of a numeric target: against their formulas, and at heavy tails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gaussian_kde

from equipoise.errors import TargetError, UsageError
from equipoise.weights.density import dense_weights, lds_weights

targets = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


def smoothed(y: np.ndarray, kernel: str, bins: int, sigma: float, ks: int) -> np.ndarray:
    """Return the smoothed count of each row's bin by a double loop."""
    edges = np.linspace(y.min(), y.max(), bins + 1)
    place = [min(int(np.searchsorted(edges, one, side="right")) - 1, bins - 1) for one in y]
    half = ks // 2
    shape = {
        "gaussian": lambda d: np.exp(-(d**2) / (2 * sigma**2)),
        "triangular": lambda d: 1 - d / (half + 1),
        "laplace": lambda d: np.exp(-d / sigma),
    }[kernel]
    total = sum(shape(abs(d)) for d in range(-half, half + 1))
    return np.array(
        [sum(shape(abs(a - b)) / total for b in place if abs(a - b) <= half) for a in place]
    )


@pytest.mark.parametrize("kernel", ["gaussian", "triangular", "laplace"])
@pytest.mark.parametrize(("bins", "ks"), [(100, 5), (7, 3), (3, 9), (1, 1)])
def test_label_distribution_smoothing_by_loops(kernel: str, bins: int, ks: int) -> None:
    y = np.random.default_rng(0).lognormal(size=150)
    p = smoothed(y, kernel, bins, 1.5, ks)
    for scheme, power in (("inverse", -1.0), ("sqrt-inverse", -0.5)):
        w = lds_weights(y, kernel, bins, 1.5, ks, scheme, cap=None)
        np.testing.assert_allclose(w, p**power / (p**power).mean(), rtol=1e-9)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("bandwidth", [0.02, 0.3, 2.0])
def test_dense_weight_by_its_formula(alpha: float, bandwidth: float) -> None:
    y = np.random.default_rng(1).gamma(1.0, size=400)
    p = gaussian_kde(y, bandwidth / y.std(ddof=1))(y)
    p = (p - p.min()) / (p.max() - p.min())
    raw = np.maximum(1 - alpha * p, 1e-6)
    found = dense_weights(y, alpha, bandwidth=bandwidth)
    # The grid shares each row between two of its points: next to nothing where a bandwidth has many.
    np.testing.assert_allclose(found, raw / raw.mean(), atol=1e-3)


def test_the_default_bandwidth() -> None:
    y = np.random.default_rng(2).normal(size=500)
    width = 0.9 * min(y.std(), np.subtract(*np.quantile(y, [0.75, 0.25])) / 1.34) * 500**-0.2
    np.testing.assert_allclose(dense_weights(y), dense_weights(y, bandwidth=width), rtol=1e-9)


@given(targets, st.sampled_from(["inverse", "sqrt-inverse"]), st.floats(1.5, 1e4))
def test_smoothed_weights_of_any_targets(y: list[float], scheme: str, cap: float) -> None:
    w = lds_weights(y, scheme=scheme, cap=cap)
    assert w.mean() == pytest.approx(1)
    assert (w > 0).all()
    assert w.max() <= cap * w.min() * (1 + 1e-12)


@settings(max_examples=25)
@given(targets, st.floats(0, 1))
def test_dense_weights_of_any_targets(y: list[float], alpha: float) -> None:
    w = dense_weights(y, alpha)
    assert w.mean() == pytest.approx(1)
    assert (w > 0).all()
    assert (1 - alpha) * w.max() <= w.min() * (1 + 1e-9)
    np.testing.assert_allclose(dense_weights(np.array(y), 0.0), 1)


@pytest.mark.parametrize("sigma", [1.0, 2.2])
def test_heavy_tails_and_many_zeros_do_not_explode(sigma: float) -> None:
    r = np.random.default_rng(0)
    y = np.where(r.random(5_000) < 0.7, 0.0, r.lognormal(sigma=sigma, size=5_000))
    skew = ((y - y.mean()) ** 3).mean() / y.std() ** 3
    assert skew > 4
    for w in (lds_weights(y), lds_weights(y, scheme="sqrt-inverse"), dense_weights(y, 0.9)):
        assert w.mean() == pytest.approx(1)
        assert w.max() <= 100 * w.min()
        assert w[y.argmax()] > w[0]
    assert dense_weights(y).max() < 10


@pytest.mark.parametrize("weigh", [lds_weights, dense_weights])
def test_ugly_targets(weigh) -> None:
    for same in ([3.0], [7] * 5, [True, True]):
        assert (weigh(same) == 1).all()
    for unit in (1e-300, 1.0, 1e300):
        y = unit * np.r_[np.linspace(-1, 1, 50), 1.5]
        np.testing.assert_allclose(weigh(y), weigh(y / unit), rtol=1e-6)
    far = weigh(np.r_[np.zeros(10), np.ones(10), 1e300])
    assert far[-1] > far[:-1].max()
    order = np.random.default_rng(0).permutation(51)
    np.testing.assert_allclose(weigh(y[order]), weigh(y)[order], rtol=1e-9)


def test_a_kernel_wider_than_all_or_narrower_than_any() -> None:
    y = np.random.default_rng(0).normal(size=50)
    assert (dense_weights(y, bandwidth=1e300) == 1).all()
    assert np.isfinite(dense_weights(y, bandwidth=1e-300)).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lds_weights([1, 2], kernel="box"), "kernel='box'"),
        (lambda: lds_weights([1, 2], scheme="ins"), "scheme='ins'"),
        (lambda: lds_weights([1, 2], bins=0), "bins=0"),
        (lambda: lds_weights([1, 2], ks=4), "ks=4 is even"),
        (lambda: lds_weights([1, 2], sigma=0), "sigma=0"),
        (lambda: lds_weights([1, 2], cap=1), "cap=1 .* above 1"),
        (lambda: dense_weights([1, 2], alpha=-1), "alpha=-1"),
        (lambda: dense_weights([1, 2], alpha=float("nan")), "alpha=nan"),
        (lambda: dense_weights([1, 2], bandwidth=0), "bandwidth=0"),
        (lambda: dense_weights([1, 2], eps=0), "eps=0"),
    ],
)
def test_parameters_it_refuses(call, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        call()


@pytest.mark.parametrize("weigh", [lds_weights, dense_weights])
def test_targets_it_refuses(weigh) -> None:
    for wrong in ([1.0, np.nan], [np.inf, 1.0], [], ["a"], [[1.0]]):
        with pytest.raises(TargetError):
            weigh(wrong)
