"""Curves for reports, thinned to a few hundred points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import UsageError

__all__ = ["curves"]

F = NDArray[np.float64]
_POINTS = 200
_BINS = 10


def curves(
    y: NDArray[np.int64], log_p: F, labels: list[str], decision: Any = None
) -> dict[str, Any]:
    """Return precision-recall, ROC, reliability and threshold curves as plain lists.

    Parameters
    ----------
    y : int array of shape (n,)
        Class codes.
    log_p : float64 array of shape (n, C)
        Natural-log probabilities.
    labels : list of str
        Names of the classes; in a binary task only the positive one gets curves, else each against
        all others. A class without rows, or with all of them, gets none.
    decision : Decision, optional
        Marks the threshold in use on a binary threshold curve.

    Returns
    -------
    dict
        ``pr`` (x recall, y precision), ``roc`` (x share of others called the class, y recall),
        ``reliability`` (x mean probability, y observed share, n rows, in up to 10 bins) and ``threshold``
        (t, with precision, recall and f1 of calling all rows with a probability of at least t), each
        by label. Lists of float of at most some 200 points.

    Raises
    ------
    UsageError
        If there is not one label per column.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import curves
    >>> drawn = curves(np.array([0, 1]), np.log([[0.9, 0.1], [0.2, 0.8]]), ["ham", "spam"])
    >>> drawn["roc"]["spam"]["y"][-1]
    1.0
    """
    p = np.exp(log_p)
    if p.ndim != 2 or p.shape[1] != len(labels):
        raise UsageError(
            f"log_p has the shape {p.shape} for {len(labels)} labels",
            remedy="give a column per class",
        )
    out: dict[str, dict[str, Any]] = {"pr": {}, "roc": {}, "reliability": {}, "threshold": {}}
    for c in [1] if len(labels) == 2 else range(len(labels)):
        truth = (y == c).astype(np.int64)
        if truth.sum() in (0, len(truth)):
            continue
        for kind, values in _one(truth, p[:, c]).items():
            out[kind][labels[c]] = values
        if len(labels) == 2:
            out["threshold"][labels[c]]["chosen"] = _threshold(decision)
    return out


def _threshold(decision: Any) -> float | None:
    """Return the probability above which a binary decision says positive; None if there is no such cut."""
    bias, cost = getattr(decision, "bias", None), getattr(decision, "cost", None)
    if bias is not None:
        return float(1 / (1 + np.exp(np.clip(bias[1] - bias[0], -700, 700))))
    if cost is not None:
        alarm, miss = float(cost[0][1] - cost[0][0]), float(cost[1][0] - cost[1][1])
        # Positive where p miss > (1 - p) alarm; with other signs the rule is no threshold from below.
        if alarm >= 0 and miss >= 0 and alarm + miss > 0:
            return alarm / (alarm + miss)
    return None


def _one(truth: NDArray[np.int64], p: F) -> dict[str, Any]:
    order = np.argsort(-p, kind="stable")
    ranked, positive = p[order], truth[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    hit = np.cumsum(positive)[last].astype(np.float64)
    said = last + 1.0
    total, rest = float(truth.sum()), float(len(truth) - truth.sum())
    recall, precision, alarm = hit / total, hit / said, (said - hit) / rest
    f1 = 2 * hit / (said + total)
    keep = _thin(recall, alarm)
    by_recall = _thin(recall, recall)
    return {
        "pr": {
            "x": [0.0, *recall[by_recall].tolist()],
            "y": precision[[0, *by_recall]].tolist(),
        },
        "roc": {"x": [0.0, *alarm[keep].tolist()], "y": [0.0, *recall[keep].tolist()]},
        "reliability": _reliability(truth, p),
        "threshold": {
            "t": ranked[last][by_recall].tolist(),
            "precision": precision[by_recall].tolist(),
            "recall": recall[by_recall].tolist(),
            "f1": f1[by_recall].tolist(),
            "chosen": None,
        },
    }


def _thin(first: F, second: F) -> NDArray[np.int64]:
    """Choose points that are evenly spread along both axes, and the two ends."""
    if len(first) <= _POINTS:
        return np.arange(len(first))
    walked = np.append(0.0, np.cumsum(np.abs(np.diff(first)) + np.abs(np.diff(second))))
    marks = np.linspace(0.0, walked[-1], _POINTS)
    return np.unique(
        np.append(np.searchsorted(walked, marks).clip(0, len(first) - 1), [0, len(first) - 1])
    )


def _reliability(truth: NDArray[np.int64], p: F) -> dict[str, Any]:
    """Bin by equal numbers of positive probability mass, so that a rare class is not all in one bin."""
    order = np.argsort(p, kind="stable")
    ranked = p[order]
    mass = np.cumsum(ranked)
    edges = np.searchsorted(mass, np.linspace(0, mass[-1], _BINS + 1)[1:-1])
    # Equal probabilities share a bin, or the curve would hang on the order of the rows.
    edges = np.searchsorted(ranked, ranked[edges], side="left")
    x, observed, n = [], [], []
    for part in np.split(order, np.unique(edges)):
        if len(part):
            x.append(float(p[part].mean()))
            observed.append(float(truth[part].mean()))
            n.append(len(part))
    return {"x": x, "y": observed, "n": n}
