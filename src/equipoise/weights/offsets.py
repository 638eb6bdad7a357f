"""By how much weights move the classes of a model."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError
from equipoise.weights.given import check_positive

__all__ = ["weight_offset"]


def weight_offset(
    weights: ArrayLike,
    target: Literal["classes", "labels"] = "classes",
    *,
    counts: ArrayLike | None = None,
) -> NDArray[np.float64]:
    r"""Return by how much weights move each class, in log-odds.

    A model that estimates probabilities, trained with :math:`w_c` on the rows of class c, estimates
    those of a population in which class c is :math:`w_c` times as frequent. So its logits are off by
    :math:`\log w_c`: subtract the offset to be back at the prior. Classes compete, and a constant
    added to all of them changes nothing, so their offsets are centred to mean 0. Labels of a
    multi-label model do not, and each is off by its own :math:`\log w_c`, where :math:`w_c` is the
    weight of its positives over that of its negatives.

    Parameters
    ----------
    weights : array-like, shape (C,)
        As :func:`~equipoise.weights.class_weights` or :func:`~equipoise.weights.pos_weights`
        return them.
    target : {"classes", "labels"}, default="classes"
        ``"classes"`` for class weights (softmax), ``"labels"`` for weights of positives (sigmoid).
    counts : array-like, shape (C,), default=None
        Rows of each class. A class that has none was not trained on: its offset is 0 and takes no
        part in the centring.

    Returns
    -------
    ndarray, shape (C,), float64

    Raises
    ------
    UsageError
        A weight is not positive, shapes disagree, or ``target`` is neither.

    See Also
    --------
    equipoise.decisions.prior_offset : The same from counts before and after treatment.

    References
    ----------
    C. Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001. M. Saerens, P. Latinne and
    C. Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori Probabilities", Neural
    Computation 14, 2002.

    Examples
    --------
    >>> from equipoise.weights import weight_offset
    >>> weight_offset([0.5, 2.0]).round(3).tolist()
    [-0.693, 0.693]
    >>> weight_offset([9.0], "labels").round(3).tolist()
    [2.197]
    """
    if target not in ("classes", "labels"):
        raise UsageError(f"target={target!r} is unknown", remedy="use 'classes' or 'labels'")
    table = np.asarray(weights, dtype=np.float64)
    if table.ndim != 1 or len(table) == 0:
        raise UsageError(
            f"weights have the shape {table.shape}", remedy="pass one weight per class, shape (C,)"
        )
    check_positive(table, list(range(len(table))))
    known = np.ones(len(table), dtype=bool)
    if counts is not None:
        n = np.asarray(counts, dtype=np.float64)
        if n.shape != table.shape:
            raise UsageError(
                f"weights have the shape {table.shape} and counts {n.shape}",
                remedy="pass one of each per class",
            )
        known = n > 0
    out = np.zeros(len(table))
    out[known] = np.log(table[known])
    if target == "classes" and known.any():
        out[known] -= out[known].mean()
    return out
