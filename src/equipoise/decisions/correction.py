"""Put probabilities back to the true class prior after training that moved it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError

__all__ = ["correct", "correct_probabilities", "prior_offset"]

F = NDArray[np.float64]


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
        0 for a class that was absent.

    References
    ----------
    Saerens, Latinne and Decaestecker (2002), Neural Computation 14; Elkan (2001), IJCAI.

    Examples
    --------
    >>> from equipoise.decisions import prior_offset
    >>> prior_offset([90, 10], [50, 50]).round(3).tolist()
    [-1.099, 1.099]
    """
    n, m = np.asarray(counts, dtype=np.float64), np.asarray(effective, dtype=np.float64)
    if n.shape != m.shape or n.ndim != 1:
        raise UsageError(
            f"counts has the shape {n.shape} and effective {m.shape}",
            remedy="give one of each per class",
        )
    known = (n > 0) & (m > 0)
    out = np.zeros(len(n))
    if known.any():
        out[known] = np.log(m[known]) - np.log(n[known])
        out[known] -= out[known].mean()
    return out


def correct(log_p: F, offset: F) -> F:
    """Undo an offset: ``log_p - offset``, normalised again.

    Parameters
    ----------
    log_p : float64 array, shape (n, C)
        Natural-log probabilities of a model whose training moved the prior.
    offset : float64 array, shape (C,)
        See :func:`prior_offset`.

    Returns
    -------
    float64 array, shape (n, C)

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions import correct, prior_offset
    >>> even = np.log([[0.5, 0.5]])
    >>> np.exp(correct(even, prior_offset([90, 10], [50, 50]))).round(3).tolist()
    [[0.9, 0.1]]
    """
    shifted = log_p - offset
    top = shifted.max(axis=1, keepdims=True)
    out: F = shifted - (top + np.log(np.exp(shifted - top).sum(axis=1, keepdims=True)))
    return out


def correct_probabilities(p: ArrayLike, counts: ArrayLike, effective: ArrayLike) -> F:
    """Put probabilities of shape (n, C) back to the prior of ``counts``.

    For a binary model trained with the positive rows weighted by w this is ``q / (q + w (1 - q))``.

    Examples
    --------
    >>> from equipoise.decisions import correct_probabilities
    >>> correct_probabilities([[0.2, 0.8]], [100, 100], [100, 400]).round(3).tolist()
    [[0.5, 0.5]]
    """
    values = np.asarray(p, dtype=np.float64)
    with np.errstate(divide="ignore"):
        logged = np.maximum(np.log(values), -745.0)
    return np.exp(correct(logged, prior_offset(counts, effective)))
