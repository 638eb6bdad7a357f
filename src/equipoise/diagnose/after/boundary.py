"""Whether rare rows among their own kind are called common: a boundary pushed into the rare region."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.diagnose.chance import ALPHA, share_range
from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.finding import Finding
from equipoise.diagnose.plane import plane_picture, project
from equipoise.diagnose.registry import register
from equipoise.diagnose.sides import by_bounds, in_words, rare_sides, span, worst_of
from equipoise.diagnose.subject import After
from equipoise.samplers.engine.neighbours import Graph

__all__ = ["PushedBoundary", "rows_amid"]

Rows = NDArray[np.int64]
_K = 5
_ALL = 20_000  # rows up to which each is looked at
_REACH = 30


def rows_amid(graph: Graph, y: Rows, code: int, candidates: Rows, k: int = 5) -> Rows:
    """Return the rows among ``candidates`` of whose k nearest neighbours more than half are of a class.

    Parameters
    ----------
    graph : Graph
        Neighbours of all rows.
    y : int64 array, shape (n,)
        Class codes.
    code : int
        The class.
    candidates : int64 array
        Rows to look at.
    k : int, default 5

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.after.boundary import rows_amid
    >>> from equipoise.samplers.engine.neighbours import Graph
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [9.0], [9.1], [9.2]])
    >>> y = np.array([1, 1, 1, 0, 0, 0, 0])
    >>> rows_amid(Graph(X, 3), y, 1, np.arange(7), 3).tolist()
    [0, 1, 2, 3]
    """
    near = graph.nearest(candidates, k)
    amid: Rows = candidates[2 * (y[near] == code).sum(axis=1) > k]
    return amid


@register
class PushedBoundary(Check):
    """Whether the boundary lies inside the region of a rare class."""

    code, name, title, stage = (
        "EQ202",
        "pushed-boundary",
        "The boundary is pushed into the rare region",
        "after",
    )
    tasks = CLASSES
    explain = """A model trained on many common rows may give them land where most rows are rare.

Judged for each rare class c: of the rows whose five nearest others (standardised columns) are mostly of c and that
are called something else, those that are truly c, against those that are truly what they are called. A model that
calls the likeliest class makes the first kind no more often than the second, wherever the neighbours were looked for:
the label of a row itself takes no part in choosing it. An issue if the share of the first kind is above one half by
Wilson's interval at the level 1 - 0.01 / m for m classes; equal rows count once. Severity by the low end of the share
of all rows of the class that are lost so: above 0.2 high, above 0.05 medium, else low.

What to do: weights, a lower threshold, or resampling (borderline-SMOTE adds rows at the boundary itself)."""

    def examine(self, subject: After) -> Finding:
        """Look at the rows amid rare ones that are called common."""
        X = subject.features
        if X is None:
            return self.not_applicable("the columns of the rows were not given")
        codes = [c for c in rare_sides(subject) if subject.counts[c] > _K // 2 + 1]
        if not codes or subject.n <= _K + 1:
            return self.not_applicable("no class is rare, or it has fewer than four rows")
        X = _standardised(X)
        graph = subject.once("graph", lambda: Graph(X, min(_REACH, subject.n - 1)))
        level = 1 - ALPHA / len(codes)
        found = []
        for code in codes:
            amid = rows_amid(graph, subject.y, code, _candidates(graph, subject.y, code))
            found.append(_judge(subject, X, code, amid, level))
        rare = np.isin(subject.y, codes)
        places, axes = project(X, rare, subject.seed)
        kinds = np.where(rare, np.where(subject.labels == subject.y, 0, 1), 2)
        evidence: dict[str, Any] = {
            "classes": [entry for _, entry in found],
            "level": level,
            "plane": {
                **plane_picture(
                    places,
                    kinds,
                    ["rare, found", "rare, missed", "common"],
                    np.isin(subject.labels, codes),
                    rare,
                    subject.seed,
                ),
                "axes": axes,
            },
        }
        bad = worst_of(found)
        severity, worst = bad[0] if bad else (None, found[0][1])
        said = (
            f"of {worst['rows']:,} rows of {worst['class']}, {worst['lost']:,} lie mostly among their own kind and are "
            f"called something else, against {worst['rightly_so']:,} rows there of which that is true"
        )
        if severity is None:
            return self.passed(said, evidence)
        return self.issue(
            severity,
            said,
            evidence,
            "equipoise compare FILE --target COL --strategies untreated,weights-balanced,borderline-smote,smote-enn",
            "the boundary moves back to where both classes are equally likely",
            f"{in_words(worst['share_truly_rare'])} of these calls are wrong, at {100 * level:.1f} % confidence",
        )


def _candidates(graph: Graph, y: Rows, code: int) -> Rows:
    """Return the rows that may lie amid a class: all, or of many those near a row of it."""
    if graph.n <= _ALL:
        return np.arange(graph.n)
    mine = np.flatnonzero(y == code)
    return np.union1d(mine, graph.nearest(mine, graph.k).ravel())


def _standardised(X: Any) -> Any:
    if sp.issparse(X):
        return X
    X = np.asarray(X, dtype=np.float64)
    X = np.where(np.isfinite(X), X, 0.0)
    spread = X.std(axis=0)
    return (X - X.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0)


def _judge(
    subject: After, X: Any, code: int, amid: Rows, level: float
) -> tuple[Any, dict[str, Any]]:
    y, said = subject.y, subject.labels
    called = amid[said[amid] != code]
    lost, right = called[y[called] == code], called[y[called] == said[called]]
    judged = np.concatenate([lost, right])
    groups = np.arange(len(judged))
    if len(judged) and not sp.issparse(X):
        groups = np.unique(X[judged], axis=0, return_inverse=True)[1].reshape(-1)
    share = share_range(np.arange(len(judged)) < len(lost), groups, level)
    mine = np.flatnonzero(y == code)
    of_all = share_range(
        np.isin(mine, lost), None if subject.groups is None else subject.groups[mine], level
    )
    severity = by_bounds(of_all[1], (0.2, 0.05, -1.0)) if share[1] > 0.5 else None
    return severity, {
        "class": subject.classes[code],
        "rows": len(mine),
        "amid_own_kind": int(np.isin(mine, amid).sum()),
        "lost": len(lost),
        "rightly_so": len(right),
        "share_truly_rare": span(share),
        "share_of_class_lost": span(of_all),
    }
