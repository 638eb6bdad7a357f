"""Whether other thresholds on the same scores would do better, judged on rows that did not choose them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from equipoise.decisions.tuning import tune_bias
from equipoise.diagnose.chance import ALPHA
from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.finding import Finding, interval
from equipoise.diagnose.registry import register
from equipoise.diagnose.sides import by_bounds, rare_sides, side_of, two_columns, worst_of
from equipoise.diagnose.subject import After
from equipoise.metrics.confusion import confusion
from equipoise.metrics.metric import Metric
from equipoise.metrics.registry import get_metric
from equipoise.stats.bootstrap import bootstrap_weights, oob_weights, percentile_interval

__all__ = ["ThresholdOff", "gain_of_threshold"]

F = NDArray[np.float64]
_BOUNDS = (0.1, 0.05, 0.0)
_WORTH = 0.02  # gain below which certainty is no reason to act
_LABELS = 20
_CELLS = 20_000_000  # rows times draws
_MULTI = 40


def gain_of_threshold(
    y: NDArray[np.int64],
    log_p: F,
    labels: NDArray[np.int64],
    metric: Metric,
    *,
    groups: NDArray[Any] | None = None,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Any]:
    """Return what the best thresholds gain over given labels, on rows that did not choose them.

    In each bootstrap draw thresholds are chosen on the rows drawn, and judged on the rows left out
    beside the given labels; the gain is the mean over draws, its interval their percentiles.

    Parameters
    ----------
    y, labels : int64 arrays, shape (n,)
        Truth and what was predicted.
    log_p : float64 array, shape (n, C)
        Natural-log probabilities.
    metric : Metric
        A metric of labels.
    groups : array, shape (n,), optional
        Rows drawn together.
    seed : int, default 0
    level : float, default 0.95

    Returns
    -------
    dict
        ``gain`` with its interval, ``now`` and ``best``, the metric on rows left out, and ``bias``, shape
        (C,), chosen on all rows.

    References
    ----------
    Efron, B. and Tibshirani, R. (1997). Improvements on cross-validation: the .632+ bootstrap method.
    Journal of the American Statistical Association 92.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.after.threshold import gain_of_threshold
    >>> from equipoise.metrics import get_metric
    >>> y = np.arange(300) % 3 // 2
    >>> p = np.where(y == 1, 0.3, 0.1)
    >>> log_p = np.log(np.column_stack([1 - p, p]))
    >>> gain = gain_of_threshold(y, log_p, np.zeros(300, int), get_metric("f1_macro", "binary"))
    >>> round(gain["now"], 2), round(gain["best"], 2)
    (0.4, 1.0)
    """
    n, C = log_p.shape
    draws = int(np.clip(_CELLS // n, 40, 200)) if C == 2 else _MULTI
    weight = bootstrap_weights(n, draws, seed, groups)
    kept = oob_weights(weight)
    bias = tune_bias(y, log_p, metric, weight)
    values = np.full((draws, 2), np.nan)
    for b in range(draws):
        rows = np.flatnonzero(kept[b])
        if not len(rows):
            continue
        said = (log_p[rows] + bias[b]).argmax(axis=1)
        for at, one in enumerate((labels[rows], said)):
            values[b, at] = metric.sign * np.asarray(
                metric.compute_labels(confusion(y[rows], one, C))
            )
    gain = values[:, 1] - values[:, 0]
    low, high = percentile_interval(gain, level)
    return {
        "gain": interval(float(np.nanmean(gain)), low, high),
        "now": float(metric.sign * np.nanmean(values[:, 0])),
        "best": float(metric.sign * np.nanmean(values[:, 1])),
        "bias": tune_bias(y, log_p, metric),
    }


@register
class ThresholdOff(Check):
    """Whether the labels are far from the best that the scores allow."""

    code, name, title, stage = (
        "EQ207",
        "threshold-off",
        "Another threshold would do better",
        "after",
    )
    tasks = CLASSES | {"multilabel"}
    explain = """Labels come from scores by a decision: the most probable class, unless another was chosen. On rare
classes the best decision by macro F1 often lies far from it, and moving it costs no training.

Judged by the bootstrap: in each draw a bias for each class is chosen for macro F1 (F1 of a label) on the rows drawn, and
judged beside the given labels on the rows left out. The interval of the gain holds the percentiles over the draws, of m
labels at the level 1 - 0.01 / m. Severity by its low end: above 0.1 high, above 0.05 medium, above 0 low, unless the
gain is below 0.02 in the mean. Where rare classes overlap others, the most probable class is not the best decision by
macro F1, so that a right model may be told so too.

What to do: choose the threshold in training (a tuned decision), never on the rows that it is judged on."""

    def examine(self, subject: After) -> Finding:
        """Choose thresholds and judge them on rows left out."""
        if subject.log_p is None:
            return self.not_applicable("probabilities were not given")
        if subject.y.ndim == 2:
            return self._labels(subject)
        if len(np.unique(subject.y)) < 2:
            return self.not_applicable("all rows are of one class")
        metric = get_metric("f1_macro", subject.task)
        found = gain_of_threshold(
            subject.y,
            subject.log_p,
            subject.labels,
            metric,
            groups=subject.groups,
            seed=subject.seed,
        )
        bias = found.pop("bias")
        evidence: dict[str, Any] = {
            "metric": "f1_macro",
            **found,
            "bias": dict(zip(subject.classes, (bias - bias[0]).tolist(), strict=True)),
        }
        if len(bias) == 2:
            evidence["best_threshold"] = float(expit(bias[0] - bias[1]))
            evidence["threshold"] = subject.threshold
        return self._found(subject.task, [(_severity(found), evidence)], evidence, "macro F1")

    def _labels(self, subject: After) -> Finding:
        codes = rare_sides(subject)[:_LABELS]
        if not codes:
            return self.not_applicable("no label is rare")
        metric = get_metric("f1", "binary")
        found = []
        for code in codes:
            side = side_of(subject, code)
            assert side.log_odds is not None
            one = gain_of_threshold(
                side.truth.astype(np.int64),
                two_columns(side.log_odds),
                side.said.astype(np.int64),
                metric,
                groups=subject.groups,
                seed=subject.seed,
                level=1 - ALPHA / len(codes),
            )
            bias = one.pop("bias")
            one["class"], one["best_threshold"] = side.name, float(1 / (1 + np.exp(bias[1])))
            found.append((_severity(one), one))
        evidence = {"metric": "f1", "classes": [one for _, one in found]}
        return self._found("multilabel", found, evidence, "F1")

    def _found(self, task: str, found: list[Any], evidence: dict[str, Any], title: str) -> Finding:
        bad = worst_of(found)
        severity, worst = bad[0] if bad else (None, found[0][1])
        of = f" of {worst['class']}" if "class" in worst else ""
        said = (
            f"{title}{of} is {worst['now']:.3f} on rows that chose nothing, and {worst['best']:.3f} with the best "
            "threshold"
        )
        if "best_threshold" in worst:
            said += f", about {worst['best_threshold']:.2g}"
        if severity is None:
            return self.passed(said, evidence)
        gain = worst["gain"]
        return self.issue(
            severity,
            said,
            evidence,
            "equipoise train FILE --target COL --strategy untreated --decision tuned -o MODEL"
            if task != "multilabel"
            else "equipoise compare FILE --target COL --strategies untreated --metric f1_macro",
            f"{gain['value']:+.3f} {title} ({gain['low']:+.3f} to {gain['high']:+.3f}), without training anew",
            "chosen on drawn rows and judged on rows left out",
        )


def _severity(found: dict[str, Any]) -> Any:
    low = found["gain"]["low"]
    return None if low is None or found["gain"]["value"] < _WORTH else by_bounds(low, _BOUNDS)
