"""How rare rows lie among the others: kinds of neighbourhoods, and Tomek links."""

from __future__ import annotations

from shlex import quote
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from equipoise.diagnose.chance import ALPHA, rare_classes, share_range
from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.finding import Finding
from equipoise.diagnose.plane import plane_picture, project
from equipoise.diagnose.registry import register
from equipoise.diagnose.sides import MOST, by_bounds, in_words, span, worst_of
from equipoise.diagnose.subject import Before
from equipoise.diagnose.wording import ROWS_COUNTED
from equipoise.samplers.engine.neighbours import Graph

__all__ = ["KINDS", "Overlap", "neighbourhood_kinds", "tomek_links"]

Rows = NDArray[np.int64]
KINDS = ("safe", "borderline", "rare", "outlier")
_K = 5
_QUERIES = 5_000
_NAMED = 50


def neighbourhood_kinds(graph: Graph, y: Rows, rows: Rows) -> Rows:
    """Tell the kind of each row by how many of its five nearest others are of its class.

    Parameters
    ----------
    graph : Graph
        Neighbours, five of each at least.
    y : int64 array, shape (n,)
        Class codes.
    rows : int64 array, shape (m,)
        Rows to look at.

    Returns
    -------
    int64 array, shape (m,)
        0 safe (4 or 5 of its class), 1 borderline (2 or 3), 2 rare (1), 3 outlier (none).

    References
    ----------
    Napierala, K. and Stefanowski, J. (2016). Types of minority class examples and their influence on
    learning classifiers from imbalanced data. Journal of Intelligent Information Systems 46.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.before.overlap import neighbourhood_kinds
    >>> from equipoise.samplers.engine.neighbours import Graph
    >>> X = np.arange(7.0)[:, None]
    >>> y = np.array([1, 1, 1, 1, 1, 1, 0])
    >>> neighbourhood_kinds(Graph(X, 5), y, np.array([0, 6])).tolist()
    [0, 3]
    """
    own = (y[graph.nearest(rows, _K)] == y[rows][:, None]).sum(axis=1)
    return np.asarray(np.array([3, 2, 1, 1, 0, 0])[own], dtype=np.int64)


def tomek_links(graph: Graph, y: Rows, rows: Rows) -> tuple[Rows, Rows]:
    """Return the Tomek links of some rows: the row, and the row of another class that it is linked to.

    Two rows of different classes are a link if each is the nearest to the other; of several at the same
    distance the lowest row counts.

    Parameters
    ----------
    graph : Graph
        Neighbours.
    y : int64 array, shape (n,)
        Class codes.
    rows : int64 array, shape (m,)
        Rows to look at.

    References
    ----------
    Tomek, I. (1976). Two modifications of CNN. IEEE Transactions on Systems, Man, and Cybernetics 6.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.before.overlap import tomek_links
    >>> from equipoise.samplers.engine.neighbours import Graph
    >>> X = np.array([[0.0], [0.1], [5.0], [6.0], [0.4]])
    >>> one, other = tomek_links(Graph(X, 1), np.array([1, 0, 0, 0, 0]), np.array([0]))
    >>> one.tolist(), other.tolist()
    ([0], [1])
    """
    other = graph.nearest(rows, 1)[:, 0]
    cross = y[other] != y[rows]
    one, other = rows[cross], other[cross]
    mutual = graph.nearest(other, 1)[:, 0] == one if len(other) else np.zeros(0, dtype=bool)
    return one[mutual], other[mutual]


@register
class Overlap(Check):
    """Whether rare rows lie among their own kind or among other classes."""

    code, name, title, stage = "EQ108", "overlap", "Rare rows among other classes", "before"
    tasks = CLASSES
    explain = """A rare class that lies apart is learned from few rows; one that is strewn among the others is not,
whatever its number of rows.

By how many of its five nearest others (standardised columns, categories one-hot, texts as components) are of its own
class, a rare row is safe (4 or 5), borderline (2 or 3), rare (1) or an outlier (none): Napierala and Stefanowski (2016).
A Tomek link is a pair of mutual nearest neighbours of different classes (Tomek 1976).

Judged for each rare class by the upper end of Wilson's interval of the share of safe rows, at the level 1 - 0.01 / m for
m classes: below 0.2 high, below 0.5 medium, below 0.7 low. Beside it stands the share that would be safe if the class
were strewn at random. Of more than 5,000 rare rows, 5,000 are looked at. Copies of a row count as its neighbours: see
EQ105. Rows are named by their number, from 0, among the rows that have a target.

What to do: mostly borderline: borderline-SMOTE, or SMOTE followed by cleaning (SMOTE-ENN, SMOTE-Tomek). Mostly rare
and outliers: SMOTE would draw lines through other classes, so rather weights, a threshold, other columns, and a look at
the labels (EQ109)."""

    def examine(self, subject: Before) -> Finding:
        """Count the kinds of the rows of rare classes."""
        codes = [c for c in rare_classes(subject.counts) if subject.counts[c] > 1][:MOST]
        if not codes:
            return self.not_applicable("no class is rare")
        if subject.n <= _K:
            return self.not_applicable(f"there are {subject.n} rows, and six are needed")
        if subject.dense.shape[1] == 0:
            return self.not_applicable("there is no column to measure distances by")
        level, graph, y = 1 - ALPHA / len(codes), subject.graph, subject.y
        rng = np.random.default_rng([subject.seed, 108])
        rows = np.flatnonzero(np.isin(y, codes))
        looked = (
            np.sort(rng.choice(rows, _QUERIES, replace=False)) if len(rows) > _QUERIES else rows
        )
        kinds = neighbourhood_kinds(graph, y, looked)
        one, other = tomek_links(graph, y, looked)
        found = []
        for code in codes:
            mine = kinds[y[looked] == code]
            if not len(mine):
                continue
            safe = share_range(mine == 0, None, level)
            share = float(subject.counts[code] / subject.n)
            entry: dict[str, Any] = {
                "class": subject.classes[code],
                "rows": int(subject.counts[code]),
                "rows_looked_at": len(mine),
                "kinds": dict(zip(KINDS, np.bincount(mine, minlength=4).tolist(), strict=True)),
                "safe": span(safe),
                "safe_by_chance": float(binom.sf(3, _K, share)),
                "tomek_links": int((y[one] == code).sum()),
            }
            found.append((by_bounds(-safe[2], (-0.2, -0.5, -0.7)), entry))
        evidence = {
            "classes": [entry for _, entry in found],
            "level": level,
            "tomek_links": {
                "number": len(one),
                "rows": np.column_stack([one, other])[:_NAMED].tolist(),
            },
            "outliers": looked[kinds == 3][:_NAMED].tolist(),
            "rows_counted": ROWS_COUNTED,
            "plane": _picture(subject, codes, looked, kinds),
        }
        bad = worst_of(found)
        severity, worst = bad[0] if bad else (None, found[0][1])
        counts = worst["kinds"]
        said = (
            f"of {worst['rows_looked_at']:,} rows of {worst['class']}, {in_words(worst['safe'])} lie among their own "
            f"kind; {counts['borderline']:,} are borderline, {counts['rare']:,} rare, {counts['outlier']:,} outliers; "
            f"{worst['tomek_links']:,} Tomek links"
        )
        if severity is None:
            return self.passed(said, evidence)
        more = f"; {len(bad) - 1} more classes overlap" if len(bad) > 1 else ""
        strewn = counts["rare"] + counts["outlier"] > counts["borderline"]
        strategies = (
            "untreated,weights-balanced,weights-isns,random-over"
            if strewn
            else "untreated,borderline-smote,smote-enn,smote-tomek,weights-balanced"
        )
        return self.issue(
            severity,
            said + more,
            evidence,
            f"equipoise compare FILE --target {quote(subject.dataset.target)} --strategies {strategies}",
            "single rows among others are no ground for new rows between them: weights and a threshold remain"
            if strewn
            else "new rows at the boundary, and cleaning around it, help where borderline rows prevail",
            f"at most {100 * worst['safe']['high']:.0f} % are safe with {100 * level:.1f} % confidence",
        )


def _picture(subject: Before, codes: list[int], looked: Rows, kinds: Rows) -> dict[str, Any]:
    rows = np.union1d(subject.sample_rows, looked)
    rare = np.isin(subject.y[rows], codes)
    places, axes = project(subject.dense[rows], rare, subject.seed)
    shown = np.full(len(rows), 4)
    shown[np.searchsorted(rows, looked)] = kinds
    keep = ~rare | (shown < 4)
    names = [*KINDS, "other classes"]
    picture = plane_picture(places[keep], shown[keep], names, None, rare[keep], subject.seed)
    return {**picture, "axes": axes}
