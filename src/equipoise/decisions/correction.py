"""Put probabilities back to the true class prior after training that moved it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.decisions.arrays import as_floats
from equipoise.errors import UsageError

__all__ = ["calibration_intercept", "correct", "correct_probabilities", "prior_offset"]

F = NDArray[np.float64]
_FAR = 50.0  # log-odds beyond any that rows can tell apart
_STEPS = 100
_ROUNDING = 1e-6


def prior_offset(counts: ArrayLike, effective: ArrayLike) -> F:
    """Return by how much training moved each class, in log-odds.

    ``offset_c = log(effective_c / n_c)``, centred to mean 0 over the classes that were trained on. Class
    weights, repeated rows and dropped rows all act through the effective weight of a class.

    Parameters
    ----------
    counts : array of shape (C,)
        Rows of each class before treatment.
    effective : array of shape (C,)
        Sum of the weights of the rows of each class that were trained on.

    Returns
    -------
    float64 array, shape (C,)
        0 for a class that was absent before or after treatment.

    Raises
    ------
    UsageError
        If shapes disagree, or an entry is negative or not finite.

    References
    ----------
    Saerens, M., Latinne, P. and Decaestecker, C. (2002). Adjusting the outputs of a classifier to new a
    priori probabilities. Neural Computation 14. Elkan, C. (2001). The foundations of cost-sensitive
    learning. IJCAI.

    Examples
    --------
    >>> from equipoise.decisions import prior_offset
    >>> prior_offset([90, 10], [50, 50]).round(3).tolist()
    [-1.099, 1.099]
    """
    n, m = as_floats(counts, "counts"), as_floats(effective, "effective")
    if n.shape != m.shape or n.ndim != 1:
        raise UsageError(
            f"counts has the shape {n.shape} and effective {m.shape}",
            remedy="give one of each per class",
        )
    for name, values in (("counts", n), ("effective", m)):
        wrong = ~np.isfinite(values) | (values < 0)
        if wrong.any():
            raise UsageError(
                f"{name} is {values[wrong][0]:g} for class {int(np.flatnonzero(wrong)[0])}",
                remedy="give a sum of weights, 0 or more, per class",
            )
    known = (n > 0) & (m > 0)
    out = np.zeros(len(n))
    if known.any():
        out[known] = np.log(m[known]) - np.log(n[known])
        out[known] -= out[known].mean()
    return out


def correct(log_p: ArrayLike, offset: ArrayLike) -> F:
    """Undo an offset: ``log p_c - offset_c - log sum_k exp(log p_k - offset_k)``.

    Parameters
    ----------
    log_p : array or tensor, shape (n, C)
        Natural-log probabilities of a model whose training moved the prior; -inf stays -inf.
    offset : array or tensor, shape (C,)
        See :func:`prior_offset`.

    Returns
    -------
    float64 array, shape (n, C)

    Raises
    ------
    UsageError
        If there is not one offset per column, or an entry of ``log_p`` is above 0, as probabilities are
        whose logarithm was not taken.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions import correct, prior_offset
    >>> even = np.log([[0.5, 0.5]])
    >>> np.exp(correct(even, prior_offset([90, 10], [50, 50]))).round(3).tolist()
    [[0.9, 0.1]]
    """
    values, moved = as_floats(log_p, "log_p"), as_floats(offset, "offset")
    if values.ndim != 2 or moved.shape != values.shape[1:]:
        raise UsageError(
            f"log_p has the shape {values.shape} and offset {moved.shape}",
            remedy="give (n, C) and (C,)",
        )
    # The logarithm of a certain class may be rounded to just above 0, in single precision by 1e-7.
    if np.max(values, initial=0.0) > _ROUNDING:
        raise UsageError(
            f"log_p reaches {np.max(values):.6g}, and the logarithm of a probability is 0 at most",
            remedy="give predict_log_proba(X), or np.log of the probabilities, and take np.exp of what "
            "comes back; of logits, take the log-softmax first",
        )
    shifted = values - moved
    top = shifted.max(axis=1, keepdims=True)
    out: F = shifted - (top + np.log(np.exp(shifted - top).sum(axis=1, keepdims=True)))
    return out


def calibration_intercept(log_p: ArrayLike, shares: ArrayLike) -> F:
    """Find what to add to each class so that mean probabilities equal the shares of the classes.

    Solves ``mean_i softmax(log p_i + b)_c = s_c`` for ``b``: calibration in the large. The offset of the
    training weights is exact for a model whose intercept is free, such as a logistic regression. Trees
    that fit their training rows hardly move with weights or repeated rows, and only rows that they were
    not trained on tell by how much they did.

    Parameters
    ----------
    log_p : array or tensor, shape (n, C)
        Natural-log probabilities of rows that the model was not trained on.
    shares : array of shape (C,)
        Share of each class among those rows.

    Returns
    -------
    float64 array, shape (C,)
        Centred to mean 0 over the classes with a share; 0 for a class without one, and where no finite
        number would do.

    Raises
    ------
    UsageError
        If there is not one share per column.

    References
    ----------
    Cox, D. (1958). Two further applications of a model for binary regression. Biometrika 45.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions import calibration_intercept
    >>> log_p = np.log([[0.5, 0.5], [0.5, 0.5]])
    >>> b = calibration_intercept(log_p, [0.9, 0.1])
    >>> p = np.exp(log_p + b) / np.exp(log_p + b).sum(axis=1, keepdims=True)
    >>> p.mean(axis=0).round(6).tolist()
    [0.9, 0.1]
    """
    values, s = as_floats(log_p, "log_p"), as_floats(shares, "shares")
    if values.ndim != 2 or s.shape != values.shape[1:]:
        raise UsageError(
            f"log_p has the shape {values.shape} and shares {s.shape}",
            remedy="give (n, C) and (C,)",
        )
    known = np.flatnonzero(s > 0)
    out = np.zeros(len(s))
    if len(values) == 0 or len(known) < 2:
        return out
    z = np.clip(values[:, known], -_FAR, 0.0)
    target = s[known] / s[known].sum()
    b = np.zeros(len(known))
    for _ in range(_STEPS):
        p = np.exp(correct(z, -b))
        mean = p.mean(axis=0)
        if np.abs(mean - target).max() < 1e-9:
            break
        # Newton on the convex function whose gradient is mean - target; the step is kept short.
        hessian = np.diag(mean) - p.T @ p / len(p)
        step = np.linalg.lstsq(hessian + 1e-12 * np.eye(len(b)), target - mean, rcond=None)[0]
        b = np.clip(b + step * min(1.0, 2.0 / max(np.abs(step).max(), 1e-300)), -_FAR, _FAR)
        b -= b.mean()
    out[known] = b
    return out


def correct_probabilities(p: ArrayLike, counts: ArrayLike, effective: ArrayLike) -> F:
    """Put probabilities of shape (n, C) back to the prior of ``counts``.

    ``p_c / r_c`` over its sum, ``r_c = effective_c / counts_c``. For a binary model trained with the
    positive rows weighted by w this is ``q / (q + w (1 - q))``.

    Parameters
    ----------
    p : array, shape (n, C)
        Probabilities of a model whose training moved the prior.
    counts, effective : array, shape (C,)
        See :func:`prior_offset`.

    Returns
    -------
    float64 array, shape (n, C)

    Raises
    ------
    UsageError
        If shapes disagree, or a row of ``p`` is no distribution.

    References
    ----------
    Elkan, C. (2001). The foundations of cost-sensitive learning. IJCAI, theorem 2.

    Examples
    --------
    >>> from equipoise.decisions import correct_probabilities
    >>> correct_probabilities([[0.2, 0.8]], [100, 100], [100, 400]).round(3).tolist()
    [[0.5, 0.5]]
    """
    values = as_floats(p, "p")
    if values.ndim != 2:
        raise UsageError(f"p has the shape {values.shape}", remedy="give a column per class")
    # Single-precision models do not sum to 1 in double precision.
    bad = ~((values >= 0).all(axis=1) & (np.abs(values.sum(axis=1) - 1) < 1e-3))
    if bad.any():
        raise UsageError(
            f"{bad.sum()} of {len(values)} rows of p are no probabilities, the first is row {bad.argmax()}",
            remedy="give numbers from 0 to 1 that sum to 1 in every row",
        )
    with np.errstate(divide="ignore"):
        logged = np.log(values)
    return np.exp(correct(logged, prior_offset(counts, effective)))
