"""Judge classes: labels are judged by confusion matrices, scores by rankings and probabilities.

A decision is represented by the labels that it gives, as a row-stochastic matrix ``q`` (n, C). For a
fixed rule ``q`` is one-hot. For a tuned one, row ``i`` of ``q`` is the average of its labels under the
thresholds chosen on those bootstrap draws that left row ``i`` out (Tsamardinos et al. 2018), so no
threshold is judged on rows that chose it. Any confusion matrix, of all rows, of a fold or of a draw, is
then a weighted sum over rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.compare.journal import Record
from equipoise.compare.judging.base import Candidate, Judge, Measured, Value, effort, with_noise
from equipoise.compare.plan import Part
from equipoise.decisions.correction import calibration_intercept, correct
from equipoise.decisions.decision import DECISIONS, Decision
from equipoise.decisions.tuning import tune_bias
from equipoise.metrics.catalogue import compute_rankings
from equipoise.metrics.confusion import confusion, per_class
from equipoise.metrics.curves import curves
from equipoise.metrics.registry import Metric
from equipoise.stats.interval import trial_interval

__all__ = ["ClassJudge"]

F = NDArray[np.float64]


@dataclass
class _Scores:
    """Out-of-fold log-probabilities of one part: one array per repeat, rows in the judge's order."""

    raw: list[F]
    corrected: list[F]  # by the offset of each fold's weights: what is ranked
    levelled: list[F]  # and by an intercept from the other folds: what is judged and decided on
    offset: F  # mean over the folds
    level: F  # intercept from all rows, for the model that is trained on all of them
    moved: bool  # whether the training part moved the class prior


class ClassJudge(Judge):
    """The judge of binary and multiclass tasks."""

    decisions = DECISIONS

    def rarest(self, ids: NDArray[Any]) -> int:
        """Count the clusters of the rarest class."""
        return min(len(np.unique(ids[self.y == c])) for c in np.unique(self.y))

    def prepare(self) -> None:
        """Draw the prior of cells that no row fell into."""
        self.draws = 100 if self.n_classes == 2 else 60
        # No draw holds an outcome that no row had, such as a hit where the model has none yet. So the
        # intervals take each class's outcomes from their posterior under a prior worth one row of it
        # (Perks 1947; Jeffreys 1946 where there are two).
        shape = (len(self.weights), self.n_classes, self.n_classes)
        self.unseen = np.random.default_rng(self.plan.seed).gamma(1 / self.n_classes, size=shape)
        self.unseen[:, np.bincount(self.y, minlength=self.n_classes) == 0] = 0.0

    def out_of_fold(
        self, candidate: Candidate, records: list[Record]
    ) -> tuple[F, NDArray[np.int64]] | None:
        """Return log-probabilities (n, C) and class codes."""
        scores = self.scores(records)
        for decision, labels, _ in self._decisions(scores):
            if decision.name == candidate.decision.name:
                return scores.levelled[0], labels[0].argmax(axis=1)
        return None

    def detail(self, candidate: Candidate, records: list[Record]) -> dict[str, Any]:
        """Return confusion, metrics by class, decision and curves."""
        point, drawn = per_class(candidate.confusion), per_class(candidate.label_draws)
        rows = []
        for c, label in enumerate(self.labels):
            row: dict[str, Any] = {"label": label, "support": point["support"][c]}
            for name in ("precision", "recall", "f1"):
                low, high = trial_interval(float(point[name][c]), drawn[name][:, c], (0.0, 1.0))
                row[name] = {"mean": point[name][c], "low": low, "high": high}
            rows.append(row)
        scores = self.scores(records)
        return {
            "confusion": candidate.confusion,
            "per_class": rows,
            "decision": candidate.decision.to_json(),
            "curves": curves(self.y, scores.levelled[0], self.labels, candidate.decision),
        }

    # -- scores --------------------------------------------------------------------------------

    def scores(self, records: list[Record]) -> _Scores:
        """Assemble the records of a part into out-of-fold scores."""
        n, c = len(self.rows), self.n_classes
        raw = [np.full((n, c), -np.log(c)) for _ in range(self.repeats)]
        fixed = [np.full((n, c), -np.log(c)) for _ in range(self.repeats)]
        offsets = []
        for (repeat, where), record in zip(self.members, records, strict=True):
            assert record.scores is not None
            assert record.offset is not None
            raw[repeat][where] = record.scores
            fixed[repeat][where] = correct(record.scores, record.offset)
            offsets.append(record.offset)
        moved = bool(np.ptp(offsets, axis=1).max() > 1e-6)
        levelled = [self._levelled(one, repeat) for repeat, one in enumerate(fixed)]
        level = np.mean([calibration_intercept(one, self._shares(self.y)) for one in fixed], axis=0)
        return _Scores(raw, fixed, levelled, np.mean(offsets, axis=0), level, moved)

    def _shares(self, y: NDArray[np.int64]) -> F:
        return np.bincount(y, minlength=self.n_classes) / max(len(y), 1)

    def _levelled(self, log_p: F, repeat: int) -> F:
        out = log_p.copy()
        for where, others in self.folds_of(repeat):
            if len(others):
                shares = self._shares(self.y[others])
                out[where] = correct(log_p[where], -calibration_intercept(log_p[others], shares))
        return out

    def judge(self, part: Part, records: list[Record]) -> list[Candidate]:
        """Judge one part under every decision that applies."""
        scores = self.scores(records)
        measured = self._score_metrics(scores)
        return [
            self._candidate(part, decision, labels, extra, measured, records, scores.level)
            for decision, labels, extra in self._decisions(scores)
        ]

    def _score_metrics(self, scores: _Scores) -> dict[str, Measured]:
        out: dict[str, Measured] = {}
        for needs, log_p, weights, left in (
            # Levelling by the other folds would set the ranks of a fold against those of the rest.
            ("ranking", scores.corrected, self.counts, self.left),
            ("probabilities", scores.levelled, self.weights, self.spared),
        ):
            metrics = [metric for metric in self.metrics if metric.needs == needs]
            value = np.mean([_measured(metrics, self.y, one) for one in log_p], axis=0)
            draws = np.mean([_measured(metrics, self.y, one, weights) for one in log_p], axis=0)
            for m, metric in enumerate(metrics):
                folds, spared = np.empty(0), np.empty(0)
                if metric.name == self.metric.name:
                    folds = self.on_folds(metric, log_p)
                    spared = np.mean(
                        [metric.compute_scores(self.y, one, left) for one in log_p], axis=0
                    )
                out[metric.name] = Measured(float(value[m]), draws[m], folds, spared)
        return out

    # -- labels --------------------------------------------------------------------------------

    def _decisions(self, scores: _Scores) -> list[tuple[Decision, list[F], F | None]]:
        """Return decisions with their labels in every repeat, and the tables of tuned thresholds on every draw."""
        zero = np.zeros(self.n_classes)
        # Raw scores decide here, not the corrected ones with a mean offset: offsets differ by fold.
        out: list[tuple[Decision, list[F], F | None]] = [
            (
                Decision("argmax", bias=scores.offset - scores.level),
                [_one_hot(one.argmax(axis=1), self.n_classes) for one in scores.raw],
                None,
            )
        ]
        if scores.moved:
            prior = Decision("prior-corrected", bias=zero)
            out.append((prior, [self._labels(prior, one) for one in scores.levelled], None))
        out.append(self._tuned(scores))
        if self.cost is not None:
            cheapest = Decision("min-cost", cost=self.cost)
            out.append((cheapest, [self._labels(cheapest, one) for one in scores.levelled], None))
        return out

    def _labels(self, decision: Decision, log_p: F) -> F:
        return _one_hot(decision.labels(log_p), self.n_classes)

    def _tuned(self, scores: _Scores) -> tuple[Decision, list[F], F]:
        labels, tables = [], []
        counts = self.counts[: self.draws]
        for one in scores.levelled:
            biases = np.atleast_2d(tune_bias(self.y, one, self.label_metric, counts))
            votes = np.zeros((len(self.y), self.n_classes))
            rows = np.arange(len(self.y))
            matrices = np.empty((len(biases), self.n_classes, self.n_classes))
            for b, bias in enumerate(biases):
                codes = (one + bias).argmax(axis=1)
                spared = rows[counts[b] == 0]
                votes[spared, codes[spared]] += 1.0
                matrices[b] = confusion(self.y, codes, self.n_classes)
            never = votes.sum(axis=1) == 0  # in all draws: about 1e-20 of the rows
            votes[never] = _one_hot(one[never].argmax(axis=1), self.n_classes)
            labels.append(votes / votes.sum(axis=1, keepdims=True))
            tables.append(matrices)
        pooled = np.concatenate(scores.levelled)
        bias = tune_bias(np.tile(self.y, self.repeats), pooled, self.label_metric)
        return Decision("tuned", bias=np.asarray(bias)), labels, np.array(tables)

    def _candidate(
        self,
        part: Part,
        decision: Decision,
        labels: list[F],
        tables: F | None,
        measured: dict[str, Measured],
        records: list[Record],
        level: F,
    ) -> Candidate:
        cells = [_cells(self.y, q) for q in labels]
        shape = (-1, self.n_classes, self.n_classes)
        total = np.mean([np.asarray(c.sum(axis=0)) for c in cells], axis=0).reshape(shape[1:])
        drawn = np.mean([_weighted(self.weights, c) for c in cells], axis=0).reshape(shape)
        metrics: dict[str, Value] = {}
        folds: dict[str, F] = {}
        draws: dict[str, F] = {}
        left_out: dict[str, F] = {}
        compared = {self.metric.name, self.label_metric.name}
        for metric in self.metrics:
            if metric.needs == "labels":
                value = float(metric.compute_labels(total))
                spread = _spread(metric, drawn, drawn, total, tables)
                around = _spread(metric, drawn + self.unseen, drawn, total, tables)
            else:
                one = measured[metric.name]
                value, spread, around = one.value, one.draws, one.draws
            interval = trial_interval(value, around, (metric.low, metric.high))
            metrics[metric.name] = Value(value, *interval)
            if metric.name in compared:
                draws[metric.name] = spread
                if metric.needs == "labels":
                    left = np.mean([_weighted(self.spared, c) for c in cells], axis=0)
                    left = left.reshape(shape)
                    left_out[metric.name] = _where_complete(
                        np.asarray(metric.compute_labels(left)), left, total
                    )
                    of_folds = np.array(
                        [_confusion(self.y[where], labels[r][where]) for r, where in self.members]
                    )
                    folds[metric.name] = _where_complete(
                        np.asarray(metric.compute_labels(of_folds)), of_folds, total
                    )
                else:
                    folds[metric.name], left_out[metric.name] = one.folds, one.left_out
        return Candidate(
            part,
            decision,
            metrics,
            total,
            drawn,
            folds,
            draws,
            left_out,
            level,
            **effort(records),
        )


def _spread(metric: Metric, matrices: F, drawn: F, total: F, tables: F | None) -> F:
    """Return a metric on every draw, with the scatter of tuned thresholds."""
    values = np.asarray(metric.compute_labels(matrices))
    tuned = None if tables is None else np.asarray(metric.compute_labels(tables))
    return with_noise(_where_complete(values, drawn, total), tuned)


def _where_complete(values: F, matrices: F, total: F) -> F:
    # Without a row of the rare class a macro average is that of the others, and looks far too good.
    lacking = ((matrices.sum(axis=-1) == 0) & (total.sum(axis=-1) > 0)).any(axis=-1)
    return np.where(lacking, np.nan, values)


def _measured(
    metrics: list[Metric], y: NDArray[np.int64], log_p: F, weights: NDArray[Any] | None = None
) -> list[Any]:
    if all(metric.needs == "ranking" for metric in metrics):
        return compute_rankings(metrics, y, log_p, weights)
    return [metric.compute_scores(y, log_p, weights) for metric in metrics]


def _one_hot(codes: NDArray[np.int64], n_classes: int) -> F:
    out = np.zeros((len(codes), n_classes))
    out[np.arange(len(codes)), codes] = 1.0
    return out


def _cells(y: NDArray[np.int64], q: F) -> F | sp.csr_matrix:
    """Return the contribution of every row to every cell of the confusion matrix, (n, C * C)."""
    n, c = q.shape
    rows, cols = np.nonzero(q)
    at = y[rows] * c + cols
    if c > 4:
        return sp.csr_matrix((q[rows, cols], (rows, at)), shape=(n, c * c))
    out = np.zeros((n, c * c), dtype=np.float32)
    out[rows, at] = q[rows, cols]
    return out


def _weighted(weights: NDArray[np.float32], cells: F | sp.csr_matrix) -> F:
    if sp.issparse(cells):
        return np.asarray(cells.T @ weights.T, dtype=np.float64).T
    return np.asarray(weights @ cells, dtype=np.float64)


def _confusion(y: NDArray[np.int64], q: F) -> F:
    return np.column_stack([np.bincount(y, weights=column, minlength=q.shape[1]) for column in q.T])
