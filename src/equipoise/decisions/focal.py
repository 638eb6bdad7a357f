"""Put probabilities of a model trained with the focal loss back to what they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.decisions.arrays import as_floats
from equipoise.errors import UsageError

__all__ = ["correct_focal"]

F = NDArray[np.float64]


def correct_focal(log_p: ArrayLike, gamma: Any) -> F:
    r"""Undo what the focal loss does to probabilities.

    The probabilities q that minimise the expected focal loss are not those of the classes: they are drawn
    to the middle. From them follow

    .. math:: p_c = \frac{h(q_c)}{\sum_k h(q_k)}, \qquad
              h(q) = \frac{q}{(1 - q)^\gamma - \gamma (1 - q)^{\gamma - 1} q \log q}

    which leaves the order of the classes of a row as it is. Weights of the classes, such as alpha, come on
    top: :func:`correct` undoes them.

    Parameters
    ----------
    log_p : array or tensor, shape (n, C)
        Natural-log probabilities (softmax, or sigmoid of two classes) of a model that minimised the loss.
    gamma : float
        Focusing parameter of the loss, 0 or more; 0 changes nothing.

    Returns
    -------
    float64 array, shape (n, C)

    Raises
    ------
    UsageError
        If gamma is negative or no number, or ``log_p`` is no table of numbers.

    References
    ----------
    Charoenphakdee, N., Vongkulbhisal, J., Chairatanakul, N. and Sugiyama, M. (2021). On focal loss for
    class-posterior probability estimation: a theoretical perspective. CVPR.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions import correct_focal
    >>> np.exp(correct_focal(np.log([[0.6, 0.4]]), 2.0)).round(3)
    array([[0.748, 0.252]])
    """
    if not isinstance(gamma, int | float | np.number) or not 0 <= gamma < np.inf:
        raise UsageError(f"gamma={gamma!r} cannot be used", remedy="give a number of 0 or more")
    log_q = np.minimum(as_floats(log_p, "log_p"), 0.0)
    if log_q.ndim != 2:
        raise UsageError(f"log_p has the shape {log_q.shape}", remedy="give (n, C)")
    if gamma == 0:
        return log_q
    # A probability of 1 in floating point is one that is not told from it.
    rest = np.maximum(-np.expm1(log_q), 1e-16)
    with np.errstate(invalid="ignore"):
        pull = np.where(np.isneginf(log_q), 0.0, np.exp(log_q) * log_q)
    log_h = log_q - (gamma - 1) * np.log(rest) - np.log(rest - gamma * pull)
    top = log_h.max(axis=1, keepdims=True)
    out: F = log_h - (top + np.log(np.exp(log_h - top).sum(axis=1, keepdims=True)))
    return out
