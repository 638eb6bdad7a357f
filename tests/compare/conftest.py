"""Small data for trials."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="session")
def rare():
    """Return 600 rows, 3 columns, a rare class of about 12 %."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(600, 3))
    y = (X[:, 0] + 0.8 * rng.normal(size=600) > 1.5).astype(int)
    return X, y


@pytest.fixture(scope="session")
def three():
    """Return 500 rows of three classes, the rarest about 6 %."""
    rng = np.random.default_rng(8)
    X = rng.normal(size=(500, 3))
    y = np.array(["common", "middle", "rare"])[
        np.digitize(X[:, 0] + rng.normal(size=500), [0.7, 2.1])
    ]
    return X, y
