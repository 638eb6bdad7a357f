"""Random problems for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Problem = tuple[NDArray[np.int64], NDArray[np.float64]]


def make(seed: int, n_classes: int = 2, n: int = 120, ties: bool = False) -> Problem:
    """Return codes in which every class occurs, and log-probabilities that know something of them."""
    rng = np.random.default_rng(seed)
    y = rng.choice(n_classes, n, p=rng.dirichlet(np.arange(n_classes, 0, -1) * 2.0))
    y[:n_classes] = np.arange(n_classes)
    logits = rng.normal(size=(n, n_classes))
    logits[np.arange(n), y] += 1.0
    if ties:
        logits = logits.round()
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return y.astype(np.int64), log_p


@pytest.fixture(scope="session")
def problem() -> Callable[..., Problem]:
    return make


@pytest.fixture(scope="session")
def draw() -> Callable[..., NDArray[np.uint8]]:
    def drawn(seed: int, n: int, count: int = 4) -> NDArray[np.uint8]:
        """Return bootstrap multiplicities (count, n)."""
        rng = np.random.default_rng(seed)
        return rng.multinomial(n, np.full(n, 1 / n), size=count).astype(np.uint8)

    return drawn
