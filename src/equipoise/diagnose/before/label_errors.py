"""Rows whose label is likely wrong, beyond what chance would make look so."""

from __future__ import annotations

from shlex import quote
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaincinv

from equipoise.diagnose.chance import ALPHA, count_tails
from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.finding import Finding, Severity
from equipoise.diagnose.registry import register
from equipoise.diagnose.sides import MOST, by_bounds, worst_of
from equipoise.diagnose.subject import Before
from equipoise.diagnose.wording import ROWS_COUNTED
from equipoise.errors import EquipoiseError, MissingExtra
from equipoise.extras import load_extra
from equipoise.learners.base import log_softmax
from equipoise.stats.multiple import holm

__all__ = ["LabelErrors", "confident_learning", "tempered", "unlikely_labels"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]
_BELOW = (0.001, 0.01, 0.05, 0.2)
_FALSE = 0.2  # share of the named rows that may be chance
_DRAWS = 5
_NAMED = 100


def confident_learning(y: Rows, p: F) -> Rows:
    """Return the rows that confident learning finds, the least likely label first.

    Parameters
    ----------
    y : int64 array, shape (n,)
        Given class codes; each class of ``p`` has rows.
    p : float64 array, shape (n, C)
        Out-of-fold probabilities.

    Raises
    ------
    MissingExtra
        Without cleanlab.

    References
    ----------
    Northcutt, C., Jiang, L. and Chuang, I. (2021). Confident learning: estimating uncertainty in dataset
    labels. Journal of Artificial Intelligence Research 70.
    """
    load_extra("cleanlab", "diagnose", "the search for label errors")
    from cleanlab.filter import find_label_issues

    found = find_label_issues(y, p, return_indices_ranked_by="self_confidence", n_jobs=1)
    return np.asarray(found, dtype=np.int64)


def tempered(log_p: F, y: Rows) -> F:
    r"""Return probabilities with the temperature that makes the labels likeliest, at least 1.

    .. math:: p_{ic} \propto \exp(\log p_{ic} / T), \quad T \geq 1

    A model of few rows and many columns is too sure of rows that it has not seen, and would call many of
    their labels wrong.

    References
    ----------
    Guo, C., Pleiss, G., Sun, Y. and Weinberger, K. (2017). On calibration of modern neural networks. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.before.label_errors import tempered
    >>> log_p = np.log(np.tile([0.999, 0.001], (10, 1)))
    >>> tempered(log_p, np.arange(10) // 9)[0].round(2).tolist()
    [0.9, 0.1]
    """

    def loss(log_t: float) -> float:
        scaled = log_softmax(log_p / np.exp(log_t))
        return -float(scaled[np.arange(len(y)), y].mean())

    best = float(minimize_scalar(loss, bounds=(0.0, 4.0), method="bounded").x)
    out: F = np.exp(log_softmax(log_p / np.exp(best if loss(best) < loss(0.0) else 0.0)))
    return out


def unlikely_labels(y: Rows, p: F) -> tuple[list[dict[str, Any]], F]:
    """Compare the number of unlikely labels of each class with what chance gives.

    Were the labels drawn from the probabilities, a row would have class c with a probability at most t as
    often as ``p_ic [p_ic <= t]`` says.

    Parameters
    ----------
    y : int64 array, shape (n,)
    p : float64 array, shape (n, C)

    Returns
    -------
    classes : list of dict
        For each class, at the level t of the smallest p value: ``below``, ``observed``, ``expected``,
        ``p`` (corrected by Holm over all classes and levels) and ``excess``, the share of the rows of the
        class that is beyond chance with confidence 0.99 (exact, Garwood 1936).
    false_share : float64 array, shape (n,)
        Of the rows whose label is at most as likely as this one's, within the class, the share that
        chance explains (Benjamini and Hochberg 1995); at most 1.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.before.label_errors import unlikely_labels
    >>> p = np.tile([0.99, 0.01], (100, 1))
    >>> unlikely_labels(np.arange(100) % 10 // 9, p)[0][1]["observed"]
    10
    """
    n, C = p.shape
    own = p[np.arange(n), y]
    tails = np.ones((C, len(_BELOW)))
    cells: list[list[dict[str, Any]]] = []
    share = np.ones(n)
    for c in range(C):
        line = []
        for at, below in enumerate(_BELOW):
            q = np.where(p[:, c] <= below, p[:, c], 0.0)
            observed = int(((y == c) & (own <= below)).sum())
            expected = float(q.sum())
            tails[c, at] = count_tails(q[q > 0], observed)[0]
            # Garwood (1936): the exact low end of a count's mean, which a normal one misses for few rows.
            beyond = (float(gammaincinv(observed, 0.01)) if observed else 0.0) - expected
            line.append(
                {
                    "below": below,
                    "observed": observed,
                    "expected": expected,
                    "excess": max(0.0, beyond) / max(int((y == c).sum()), 1),
                }
            )
        cells.append(line)
        share[y == c] = _false_share(p[:, c], y == c)
    corrected = holm(tails.ravel()).reshape(tails.shape)
    out = []
    for c in range(C):
        at = int(tails[c].argmin())
        out.append({**cells[c][at], "p": float(corrected[c, at]), "code": c})
    return out, share


def _false_share(p: F, mine: NDArray[np.bool_]) -> F:
    order = np.argsort(p, kind="stable")
    expected = np.cumsum(p[order])
    observed = np.cumsum(mine[order])
    # All rows of one probability are judged together.
    last = np.searchsorted(p[order], p[order], side="right") - 1
    ratio = expected[last] / np.maximum(observed[last], 1)
    rising = np.minimum.accumulate(ratio[::-1])[::-1]
    out = np.ones(len(p))
    out[order] = np.minimum(rising, 1.0)
    return out[mine]


@register
class LabelErrors(Check):
    """Whether labels contradict the columns more often than chance would."""

    code, name, title, stage = "EQ109", "label-errors", "Labels that are likely wrong", "before"
    tasks = CLASSES
    fast = False
    explain = """A wrong label in a rare class weighs as much as the few right ones.

Confident learning (Northcutt, Jiang and Chuang 2021; the package cleanlab) finds rows whose out-of-fold probability of
another class is above the usual one of that class, and of their own below. Where classes overlap it finds many rows
whose labels are right; beside its number stands what it finds when labels are drawn from the model's own probabilities:
those of a logistic regression on five folds, tempered (T at least 1) where it is too sure. That number alone tells
little, for a model learns from wrong labels how many there are.

Judged by rows far from the boundary, which a line cannot excuse: for each class c and t in 0.001, 0.01, 0.05, 0.2 the
rows labelled c with a probability of c at most t, against the exact distribution of that number were labels drawn from
the probabilities, corrected by Holm. An issue if p < 0.01. Severity by the share of the class's rows
beyond chance (low end, 99 %): above 0.05 high, above 0.01 medium, above 0 low. Named are the rows that it finds and of which
chance explains at most a fifth. Rows are counted from 0 among the rows that have a target.

The model is a line: rows that are unlike the others for a reason are found as well. Look before you relabel.

What to do: look at the rows named, mend or drop those that are wrong, and run again."""

    def examine(self, subject: Before) -> Finding:
        """Compare unlikely labels with chance."""
        try:
            load_extra("cleanlab", "diagnose", "the search for label errors")
            log_p, rows = subject.log_proba, subject.tested
        except MissingExtra as error:
            return self.not_applicable(str(error))
        except EquipoiseError as error:
            return self.not_applicable(str(error.problem))
        data = subject.sample
        y = data.y[rows]
        present = np.unique(y)
        if len(present) < 2:
            return self.not_applicable("the folds test one class only")
        # Labels of the sample are as frequent as the sample made them.
        kept = np.bincount(data.y, minlength=len(subject.classes))[present]
        shift = np.log(kept) - np.log(np.maximum(subject.counts[present], 1))
        codes = np.searchsorted(present, y)
        p = tempered(log_softmax(log_p[rows][:, present] + shift), codes)
        classes, share = unlikely_labels(codes, p)
        found = confident_learning(codes, p)
        chance = _by_chance(p, subject.seed)
        judged: list[tuple[Severity | None, dict[str, Any]]] = []
        for one in classes:
            one["class"] = subject.classes[int(present[one.pop("code")])]
            sure = one["p"] < ALPHA
            judged.append((by_bounds(one["excess"], (0.05, 0.01, 0.0)) if sure else None, one))
        bad = worst_of(judged)
        named = {one["class"] for _, one in bad}
        listed = []
        for at in found:
            label = subject.classes[int(present[codes[at]])]
            if label in named and share[at] <= _FALSE:
                other = int(
                    np.delete(np.arange(len(present)), codes[at])[
                        np.delete(p[at], codes[at]).argmax()
                    ]
                )
                listed.append(
                    {
                        "row": int(subject.sample_rows[rows[at]]),
                        "label": label,
                        "likelier": subject.classes[int(present[other])],
                        "probability_of_label": float(p[at, codes[at]]),
                    }
                )
        evidence = {
            "found": len(found),
            "found_by_chance": {"mean": float(np.mean(chance)), "most": max(chance)},
            "classes": sorted((one for _, one in judged), key=lambda one: one["p"])[:MOST],
            "rows": listed[:_NAMED],
            "number_named": len(listed),
            "rows_counted": ROWS_COUNTED,
            **subject.sampling,
        }
        if not bad or not listed:
            return self.passed(
                f"confident learning finds {len(found):,} rows, and {np.mean(chance):,.0f} when labels are drawn from "
                "the model's own probabilities",
                evidence,
            )
        severity, worst = bad[0]
        return self.issue(
            severity,
            f"{len(listed):,} labels are likely wrong: {worst['observed']:,} rows called {worst['class']} have a "
            f"probability of it of at most {worst['below']:g}, where chance makes {worst['expected']:.1f}",
            evidence,
            f"equipoise diagnose FILE --target {quote(subject.dataset.target)} --json",
            "the rows are named under evidence; mended labels count most in the rare class",
            f"p = {worst['p']:.2g}; about {100 * _FALSE:.0f} % or fewer of the rows named by chance, if the model is right",
        )


def _by_chance(p: F, seed: int) -> list[int]:
    """Return how many rows confident learning finds when labels are drawn from the probabilities."""
    rng = np.random.default_rng([seed, 109])
    ends = np.cumsum(p, axis=1)
    out = []
    for _ in range(_DRAWS):
        drawn = (rng.random((len(p), 1)) * ends[:, -1:] > ends[:, :-1]).sum(axis=1)
        known, codes = np.unique(drawn, return_inverse=True)
        if len(known) < 2:
            out.append(0)
            continue
        kept = p[:, known] / p[:, known].sum(axis=1, keepdims=True)
        out.append(len(confident_learning(codes.reshape(-1).astype(np.int64), kept)))
    return out
