"""Rows on two axes that show the classes: what a picture of a decision needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["plane_picture", "project"]

F = NDArray[np.float64]
_POINTS = 500
_CELLS = 20
_FITTED = 20_000


def project(X: Any, rare: NDArray[np.bool_], seed: int = 0) -> tuple[F, str]:
    """Put rows on two axes: the direction that parts rare from common rows best, and the widest across it.

    The first axis is Fisher's linear discriminant of standardised columns, shrunk towards the identity; the
    second the leading principal component of what is left when the first is taken out.

    Parameters
    ----------
    X : float array or CSR matrix, shape (n, p)
        Rows.
    rare : bool array, shape (n,)
        Whether a row is of a rare class.
    seed : int, default 0
        Seed of the rows that the axes are fitted on, 20,000 at most.

    Returns
    -------
    places : float64 array, shape (n, 2)
    axes : str
        What they are, in words.

    References
    ----------
    Fisher, R. A. (1936). The use of multiple measurements in taxonomic problems. Annals of Eugenics 7.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.plane import project
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [5.0, 0.0], [5.0, 1.0]])
    >>> places, _ = project(X, np.array([False, False, True, True]))
    >>> bool(places[2:, 0].min() > places[:2, 0].max())
    True
    """
    rng = np.random.default_rng(seed)
    if X.shape[1] > 400:  # a plane needs no more, and a discriminant of more is costly
        mix = rng.normal(size=(X.shape[1], 100)) / 10.0
        X = X @ mix
    X = np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)
    some = _spread(rare, _FITTED, rng)
    Z, here = X[some], rare[some]
    centre, scale = Z.mean(axis=0), Z.std(axis=0)
    scale = np.where(scale > 1e-12, scale, 1.0)
    Z = np.clip((Z - centre) / scale, -10.0, 10.0)
    within = np.vstack(
        [
            Z[here == side] - Z[here == side].mean(axis=0)
            for side in (True, False)
            if (here == side).any()
        ]
    )
    cover = within.T @ within / max(len(within), 1)
    cover = 0.9 * cover + 0.1 * np.eye(Z.shape[1]) * max(
        float(np.trace(cover)) / max(Z.shape[1], 1), 1e-6
    )
    first = np.zeros(Z.shape[1])
    if here.any() and not here.all() and Z.shape[1]:
        first = np.linalg.solve(cover, Z[here].mean(axis=0) - Z[~here].mean(axis=0))
    length = float(np.linalg.norm(first))
    first = first / length if length > 1e-12 else first
    rest = Z - np.outer(Z @ first, first)
    second = np.linalg.svd(rest - rest.mean(axis=0), full_matrices=False)[2][0] if Z.size else first
    second = (
        second * (1.0 if second[np.abs(second).argmax()] >= 0 else -1.0) if len(second) else second
    )
    placed = np.clip((X - centre) / scale, -10.0, 10.0) @ np.column_stack([first, second])
    return placed, "across: what parts rare from common rows best; up: the widest direction besides"


def plane_picture(
    places: F,
    kinds: NDArray[Any],
    names: list[str],
    called_rare: NDArray[np.bool_] | None,
    rare: NDArray[np.bool_],
    seed: int = 0,
) -> dict[str, Any]:
    """Return at most 500 points and 400 cells of a plane, with the share of rows called rare in each.

    Parameters
    ----------
    places : float64 array, shape (n, 2)
    kinds : int array, shape (n,)
        What each row is shown as: positions in ``names``.
    names : list of str
    called_rare : bool array, shape (n,), or None
        Whether a row was called a rare class; without it there are no cells.
    rare : bool array, shape (n,)
        Rows that are drawn first: as many as the others where there are enough.
    seed : int, default 0
    """
    rng = np.random.default_rng(seed)
    ends = np.quantile(places, [0.005, 0.995], axis=0)
    width = np.where(ends[1] - ends[0] > 1e-12, ends[1] - ends[0], 1.0)
    low = ends[0] - 0.05 * width
    step = 1.1 * width / _CELLS
    inside = ((places >= low) & (places < low + _CELLS * step)).all(axis=1)
    some = _spread(rare & inside, _POINTS, rng, np.flatnonzero(inside))
    picture: dict[str, Any] = {
        "kinds": names,
        "points": [
            [round(float(places[i, 0]), 3), round(float(places[i, 1]), 3), int(kinds[i])]
            for i in some
        ],
        "cells": [],
        "low": low,
        "step": step,
    }
    if called_rare is not None:
        at = ((places[inside] - low) / step).astype(np.int64).clip(0, _CELLS - 1)
        cell = at[:, 0] * _CELLS + at[:, 1]
        rows = np.bincount(cell, minlength=_CELLS**2)
        hits = np.bincount(cell, weights=called_rare[inside], minlength=_CELLS**2)
        picture["cells"] = [
            [int(c // _CELLS), int(c % _CELLS), round(float(hits[c] / rows[c]), 3), int(rows[c])]
            for c in np.flatnonzero(rows)
        ]
    return picture


def _spread(
    rare: NDArray[np.bool_], most: int, rng: Any, among: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Draw rows, half of them rare where there are as many."""
    rows = np.arange(len(rare)) if among is None else among
    if len(rows) <= most:
        return rows
    first, rest = rows[rare[rows]], rows[~rare[rows]]
    few = min(len(first), max(most // 2, most - len(rest)))
    parts = [rng.choice(first, few, replace=False), rng.choice(rest, most - few, replace=False)]
    return np.sort(np.concatenate(parts)).astype(np.int64)
