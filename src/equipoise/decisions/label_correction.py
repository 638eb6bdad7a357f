"""Put the log-odds of labels back to the true share of each label after training that moved it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from equipoise.decisions.arrays import as_floats
from equipoise.errors import UsageError

__all__ = ["correct_labels", "label_intercept"]

F = NDArray[np.float64]
_STEPS = 200
_FAR = 1e6


def correct_labels(log_odds: ArrayLike, offset: ArrayLike) -> F:
    """Undo an offset of every label: ``log_odds - offset``.

    Parameters
    ----------
    log_odds : array or tensor, shape (n, L)
        Natural log-odds of a model whose training moved the shares of the labels.
    offset : array or tensor, shape (L,)
        What training added to each label, such as the logarithm of the weight of its positives.

    Returns
    -------
    float64 array, shape (n, L)

    Raises
    ------
    UsageError
        If there is not one finite offset per column.

    Examples
    --------
    >>> from equipoise.decisions import correct_labels
    >>> correct_labels([[1.0, 2.0]], [0.5, 0.0]).tolist()
    [[0.5, 2.0]]
    """
    z, moved = as_floats(log_odds, "log_odds"), as_floats(offset, "offset")
    if z.ndim != 2 or moved.shape != z.shape[1:]:
        raise UsageError(
            f"log_odds has the shape {z.shape} and offset {moved.shape}",
            remedy="give (n, L) and (L,)",
        )
    if not np.isfinite(moved).all():
        raise UsageError(
            f"offset is {moved[~np.isfinite(moved)][0]:g} for label {int((~np.isfinite(moved)).argmax())}",
            remedy="give a finite number per label",
        )
    return z - moved


def label_intercept(log_odds: ArrayLike, share: ArrayLike) -> F:
    """Find what to add to each label so that its mean probability equals its share.

    Solves ``mean_i sigmoid(z_ij + a_j) = s_j`` for ``a``: calibration in the large, label by label. The
    mean grows with ``a``, and ``logit(s) - max z <= a <= logit(s) - min z``; Newton's steps are taken
    within that bracket and bisection where they leave it, so scores that separate the rows, or lie far
    from 0, do no harm.

    Parameters
    ----------
    log_odds : array or tensor, shape (n, L)
        Natural log-odds of rows that the model was not trained on. Beyond a million they count as a million.
    share : array of shape (L,)
        Share of the rows that have each label.

    Returns
    -------
    float64 array, shape (L,)
        0 for a label that no row or every row has, for which no finite number would do, and without rows.

    Raises
    ------
    UsageError
        If there is not one share within 0 to 1 per column, or log-odds are NaN.

    References
    ----------
    Cox, D. (1958). Two further applications of a model for binary regression. Biometrika 45.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions import label_intercept
    >>> label_intercept(np.zeros((4, 2)), [0.5, 0.25]).round(4).tolist()
    [0.0, -1.0986]
    """
    z, s = as_floats(log_odds, "log_odds"), as_floats(share, "share")
    if z.ndim != 2 or s.shape != z.shape[1:]:
        raise UsageError(
            f"log_odds has the shape {z.shape} and share {s.shape}", remedy="give (n, L) and (L,)"
        )
    if not ((s >= 0) & (s <= 1)).all():
        raise UsageError(
            f"share is {s[~((s >= 0) & (s <= 1))][0]:g} for a label",
            remedy="give the share of the rows that have it, within 0 to 1",
        )
    if np.isnan(z).any():
        raise UsageError(
            f"{np.isnan(z).any(axis=1).sum()} of {len(z)} rows have log-odds that are NaN",
            remedy="give a number for every label",
        )
    out = np.zeros(len(s))
    open_ = np.flatnonzero((s > 0) & (s < 1))
    if len(z) == 0 or len(open_) == 0:
        return out
    z, s = np.clip(z[:, open_], -_FAR, _FAR), s[open_]
    low, high = logit(s) - z.max(axis=0), logit(s) - z.min(axis=0)
    a = np.clip(logit(s) - logit(np.clip(expit(z).mean(axis=0), 1e-9, 1 - 1e-9)), low, high)
    for _ in range(_STEPS):
        p = expit(z + a)
        gap = p.mean(axis=0) - s
        low, high = np.where(gap < 0, a, low), np.where(gap > 0, a, high)
        slope = (p * (1 - p)).mean(axis=0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = a - gap / slope
        inside = (newton > low) & (newton < high)
        moved = np.where(gap == 0, a, np.where(inside, newton, (low + high) / 2))
        if (np.abs(moved - a) <= 1e-12 * np.maximum(1.0, np.abs(a))).all():
            a = moved
            break
        a = moved
    out[open_] = a
    return out
