"""Curves for reports, thinned to a few hundred points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        all others.
    decision : Decision, optional
        Marks the threshold in use on a binary threshold curve.

    Returns
    -------
    dict
        ``pr``, ``roc``, ``reliability`` and ``threshold``, each by label.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import curves
    >>> drawn = curves(np.array([0, 1]), np.log([[0.9, 0.1], [0.2, 0.8]]), ["ham", "spam"])
    >>> drawn["roc"]["spam"]["y"][-1]
    1.0
    """
    p = np.exp(log_p)
    out: dict[str, dict[str, Any]] = {"pr": {}, "roc": {}, "reliability": {}, "threshold": {}}
    for c in [1] if len(labels) == 2 else range(len(labels)):
        truth = (y == c).astype(np.int64)
        if truth.sum() in (0, len(truth)):
            continue
        one = _one(truth, p[:, c])
        for kind, values in one.items():
            out[kind][labels[c]] = values
        bias = getattr(decision, "bias", None)
        if len(labels) == 2:
            cut = (
                None
                if bias is None
                else float(1 / (1 + np.exp(np.clip(bias[1] - bias[0], -700, 700))))
            )
            out["threshold"][labels[c]]["chosen"] = cut
    return out


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
            "x": [0.0, *recall[by_recall]],
            "y": [precision[by_recall[0]], *precision[by_recall]],
        },
        "roc": {"x": [0.0, *alarm[keep]], "y": [0.0, *recall[keep]]},
        "reliability": _reliability(truth, p),
        "threshold": {
            "t": list(ranked[last][by_recall]),
            "precision": list(precision[by_recall]),
            "recall": list(recall[by_recall]),
            "f1": list(f1[by_recall]),
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
    mass = np.cumsum(p[order])
    edges = np.searchsorted(mass, np.linspace(0, mass[-1], _BINS + 1)[1:-1])
    x, observed, n = [], [], []
    for part in np.split(order, np.unique(edges)):
        if len(part):
            x.append(float(p[part].mean()))
            observed.append(float(truth[part].mean()))
            n.append(len(part))
    return {"x": x, "y": observed, "n": n}
