"""Judge labels: each label has its own threshold, and what is said of it its own 2 x 2 table.

A decision is represented by what it says, as a matrix ``Q`` (n, L) of 0 and 1; of tuned thresholds an
entry is the average over those bootstrap draws that left the row out, as for classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from equipoise.compare.journal import Record
from equipoise.compare.judging.base import (
    Candidate,
    Judge,
    Measured,
    Side,
    Value,
    effort,
    with_noise,
)
from equipoise.compare.plan import Part
from equipoise.decisions.decision import DECISIONS, LabelDecision
from equipoise.decisions.label_correction import label_intercept
from equipoise.decisions.label_tuning import tune_label_bias
from equipoise.metrics.label_ranking import compute_label_rankings
from equipoise.metrics.labels import label_confusion, per_label
from equipoise.metrics.registry import Metric, get_metric
from equipoise.stats.interval import trial_interval

__all__ = ["LabelJudge"]

F = NDArray[np.float64]
_BETA = 0.5
_LABELS = 6  # two in each third


@dataclass
class _Said:
    """What a decision says of every row, in every repeat."""

    decision: LabelDecision
    said: list[F]  # (n, L), averages over draws for tuned thresholds
    rows: dict[str, F]  # metric name -> value on each row, (n,), where it is one of rows
    # Of all rows under the thresholds of each draw, where they are tuned:
    tables: F | None = None  # (repeats, draws, L, 2, 2)
    means: dict[str, F] | None = None  # metric name -> (repeats, draws), where it is one of rows


@dataclass
class _Scores:
    """Out-of-fold log-odds of one part: one array (n, L) per repeat, rows in the judge's order."""

    raw: list[F]
    corrected: list[F]  # by the offset of each fold: what is ranked
    levelled: list[F]  # and by an intercept of each label from the other folds: what is judged
    offset: F
    level: F
    moved: bool


class LabelJudge(Judge):
    """The judge of multilabel tasks."""

    decisions = DECISIONS
    rarest_in_words = "of the rarest label"
    cautious: ClassVar[bool] = True

    def rarest(self, ids: NDArray[Any]) -> int:
        """Count the clusters of the rarest label that has rows."""
        counts = [len(np.unique(ids[has])) for has in (self.y.T == 1) if has.any()]
        return min(counts)

    def prepare(self) -> None:
        """Draw the prior of cells that no row fell into."""
        self.draws = 50
        shape = (len(self.weights), self.n_classes, 2, 2)
        # As for two classes: no draw holds an outcome that no row had (Jeffreys 1946).
        self.unseen = np.random.default_rng(self.plan.seed).gamma(0.5, size=shape)
        self.share = self.y.mean(axis=0)
        self.side_metric = get_metric(f"fbeta:{_BETA:g}", "multilabel", self.labels)
        self.sides = self._thirds()

    def _thirds(self) -> list[Side]:
        """Divide the labels by support, from the rarest; not where there are too few to average over."""
        support = self.y.sum(axis=0)
        order = [c for c in np.argsort(support, kind="stable") if support[c]]
        if len(order) < _LABELS:
            return []
        names = ("rare labels", "middle labels", "common labels")
        out = []
        for name, labels in zip(names, np.array_split(np.array(order), 3), strict=True):
            low, high = support[labels].min(), support[labels].max()
            out.append(Side(name, f"{len(labels)} labels of {low:,} to {high:,} rows", labels))
        return out

    # -- scores --------------------------------------------------------------------------------

    def scores(self, records: list[Record]) -> _Scores:
        """Assemble the records of a part into out-of-fold scores."""
        shape = self.y.shape
        raw = [np.zeros(shape) for _ in range(self.repeats)]
        fixed = [np.zeros(shape) for _ in range(self.repeats)]
        offsets = []
        for (repeat, where), record in zip(self.members, records, strict=True):
            assert record.scores is not None
            assert record.offset is not None
            raw[repeat][where] = record.scores
            fixed[repeat][where] = record.scores - record.offset
            offsets.append(record.offset)
        # Losses that bend the odds rather than shift them have no correction, and are left to thresholds.
        moved = bool(np.abs(offsets).max() > 1e-6)
        levelled = [self._levelled(one, repeat) for repeat, one in enumerate(fixed)]
        level = np.mean([label_intercept(one, self.share) for one in fixed], axis=0)
        return _Scores(raw, fixed, levelled, np.mean(offsets, axis=0), level, moved)

    def _levelled(self, log_odds: F, repeat: int) -> F:
        out = log_odds.copy()
        for where, others in self.folds_of(repeat):
            if len(others):
                shares = self.y[others].mean(axis=0)
                out[where] = log_odds[where] + label_intercept(log_odds[others], shares)
        return out

    def judge(self, part: Part, records: list[Record]) -> list[Candidate]:
        """Judge one part under every decision that applies."""
        scores = self.scores(records)
        measured = self._score_metrics(scores)
        return [
            self._candidate(part, one, measured, records, scores.level)
            for one in self._decisions(scores)
        ]

    def _score_metrics(self, scores: _Scores) -> dict[str, Measured]:
        out: dict[str, Measured] = {}
        for needs, log_odds, weights, left in (
            ("ranking", scores.corrected, self.counts, self.left),
            ("probabilities", scores.levelled, self.weights, self.spared),
        ):
            metrics = [metric for metric in self.metrics if metric.needs == needs]
            value = self._on_rows(metrics, log_odds)
            draws = self._on_rows(metrics, log_odds, weights)
            for metric, at, over in zip(metrics, value, draws, strict=True):
                folds, spared = np.empty(0), np.empty(0)
                if metric.name == self.metric.name:
                    folds = self.on_folds(metric, log_odds)
                    spared = self._on_rows([metric], log_odds, left)[0]
                out[metric.name] = Measured(float(at), over, folds, spared)
        return out

    def _on_rows(
        self, metrics: list[Metric], log_odds: list[F], weights: NDArray[Any] | None = None
    ) -> list[Any]:
        """Return the metrics, which share a sort of the rows, as means over the repeats."""
        every = [compute_label_rankings(metrics, self.y, one, weights) for one in log_odds]
        return [np.mean(values, axis=0) for values in zip(*every, strict=True)]

    # -- decisions -----------------------------------------------------------------------------

    def _decisions(self, scores: _Scores) -> list[_Said]:
        zero = np.zeros(self.n_classes)
        # Raw scores decide here, not the corrected ones with a mean offset: offsets differ by fold.
        argmax = LabelDecision("argmax", bias=scores.offset - scores.level)
        out = [self._fixed(argmax, [one > 0 for one in scores.raw])]
        if scores.moved:
            prior = LabelDecision("prior-corrected", bias=zero)
            out.append(self._fixed(prior, [one > 0 for one in scores.levelled]))
        out.append(self._tuned(scores))
        if self.cost is not None:
            cheapest = LabelDecision.min_cost(self.cost, self.n_classes)
            out.append(self._fixed(cheapest, [cheapest.labels(one) for one in scores.levelled]))
        return out

    def _fixed(self, decision: LabelDecision, said: list[Any]) -> _Said:
        rows = {
            metric.name: np.mean([metric.compute_rows(self.y, q) for q in said], axis=0)
            for metric in self.metrics
            if metric.needs == "rows"
        }
        return _Said(decision, [q.astype(np.float64) for q in said], rows)

    def _tuned(self, scores: _Scores) -> _Said:
        said: list[F] = []
        tables: list[list[F]] = []
        counts = self.counts[: self.draws]
        of_rows = [metric for metric in self.metrics if metric.needs == "rows"]
        rows = {metric.name: np.zeros(len(self.y)) for metric in of_rows}
        means: dict[str, list[list[float]]] = {metric.name: [] for metric in of_rows}
        times = (counts == 0).sum(axis=0)
        never = times == 0  # in all draws: hardly ever
        for one in scores.levelled:
            biases = tune_label_bias(self.y, one, self.label_metric, counts)
            votes = np.zeros(one.shape)
            tables.append([])
            for name in means:
                means[name].append([])
            for b, bias in enumerate(biases):
                yes = one + bias > 0
                spared = counts[b] == 0
                votes[spared] += yes[spared]
                tables[-1].append(label_confusion(self.y, yes))
                for metric in of_rows:
                    every = metric.compute_rows(self.y, yes)
                    rows[metric.name][spared] += every[spared]
                    means[metric.name][-1].append(float(every.mean()))
            votes[never] = one[never] > 0
            for metric in of_rows:
                rows[metric.name][never] += metric.compute_rows(self.y[never], one[never] > 0)
            said.append(votes / np.maximum(times, 1)[:, None])
        for name in rows:
            rows[name] /= np.maximum(times, 1) * self.repeats
        pooled = np.concatenate(scores.levelled)
        bias = tune_label_bias(np.tile(self.y, (self.repeats, 1)), pooled, self.label_metric)
        decision = LabelDecision("tuned", bias=np.asarray(bias))
        of_draws = {name: np.array(values) for name, values in means.items()}
        return _Said(decision, said, rows, np.array(tables), of_draws)

    def _candidate(
        self,
        part: Part,
        what: _Said,
        measured: dict[str, Measured],
        records: list[Record],
        level: F,
    ) -> Candidate:
        said, tuned = what.said, what.tables
        total = np.mean([label_confusion(self.y, q) for q in said], axis=0)
        drawn = np.mean([label_confusion(self.y, q, self.weights) for q in said], axis=0)
        left = np.mean([label_confusion(self.y, q, self.spared) for q in said], axis=0)
        metrics: dict[str, Value] = {}
        out = Candidate(
            part,
            what.decision,
            metrics,
            total,
            drawn,
            {},
            {},
            {},
            level,
            **effort(records),
        )
        compared = {self.metric.name, self.label_metric.name}
        for metric in self.metrics:
            around = None
            if metric.needs == "labels":
                folds = np.array(
                    [label_confusion(self.y[where], said[r][where]) for r, where in self.members]
                )
                noise = None if tuned is None else np.asarray(metric.compute_labels(tuned))
                one = Measured(
                    float(metric.compute_labels(total)),
                    with_noise(_complete(metric, drawn, drawn, total), noise),
                    _complete(metric, folds, folds, total),
                    _complete(metric, left, left, total),
                )
                around = with_noise(_complete(metric, drawn + self.unseen, drawn, total), noise)
            elif metric.needs == "rows":
                noise = None if what.means is None else what.means[metric.name]
                one = self._of_rows(what.rows[metric.name], noise)
            else:
                one = measured[metric.name]
            spread = one.draws if around is None else around
            metrics[metric.name] = Value(
                one.value, *trial_interval(one.value, spread, (metric.low, metric.high))
            )
            if metric.name in compared:
                out.folds[metric.name] = one.folds
                out.draws[metric.name] = one.draws
                out.left_out[metric.name] = one.left_out
        if self.sides:
            of_folds = [label_confusion(self.y[where], said[r][where]) for r, where in self.members]
            tables = [total, drawn, np.array(of_folds)]
            if tuned is not None:
                tables.append(tuned)
            every = [per_label(table, _BETA)["fbeta"] for table in tables]
            for side in self.sides:
                mean, draws, each, *of_tuned = (one[..., side.at].mean(axis=-1) for one in every)
                spread = with_noise(draws, of_tuned[0] if of_tuned else None)
                out.sides[side.name] = Measured(float(mean), spread, each, np.empty(0))
        return out

    def _of_rows(self, values: F, noise: F | None) -> Measured:
        single = values.astype(np.float32)  # as the weights are, which are not copied then
        return Measured(
            float(values.mean()),
            with_noise(self.weights @ single / self.weights.sum(axis=1), noise),
            np.array([values[where].mean() for _, where in self.members]),
            self.spared @ single / self.spared.sum(axis=1),
        )

    # -- what a report shows -------------------------------------------------------------------

    def out_of_fold(
        self, candidate: Candidate, records: list[Record]
    ) -> tuple[F, NDArray[np.int64]] | None:
        """Return log-odds (n, L) and 1 where a label is said."""
        scores = self.scores(records)
        for one in self._decisions(scores):
            if one.decision.name == candidate.decision.name:
                return scores.levelled[0], (one.said[0] > 0.5).astype(np.int64)
        return None

    def detail(self, candidate: Candidate, records: list[Record]) -> dict[str, Any]:
        """Return metrics of every label with intervals, in the order of the data."""
        point = per_label(candidate.confusion, _BETA)
        drawn = per_label(candidate.label_draws, _BETA)
        rows = []
        for c, label in enumerate(self.labels):
            row: dict[str, Any] = {"label": label, "support": point["support"][c]}
            for name in ("precision", "recall", "f1", "fbeta"):
                low, high = trial_interval(float(point[name][c]), drawn[name][:, c], (0.0, 1.0))
                row[name] = {"mean": point[name][c], "low": low, "high": high}
            rows.append(row)
        return {
            "confusion": candidate.confusion,
            "per_class": rows,
            "beta": _BETA,
            "decision": candidate.decision.to_json(),
        }


def _complete(metric: Metric, matrices: F, drawn: F, total: F) -> F:
    """Return a metric on every draw, NaN where a label lost all its rows and few draws did."""
    values = np.asarray(metric.compute_labels(matrices), dtype=np.float64)
    positives = drawn[..., 1, :].sum(axis=-1)
    lacking = ((positives == 0) & (total[..., 1, :].sum(axis=-1) > 0)).any(axis=-1)
    # With many labels of few rows most draws lack one: then there is no other to go by.
    return np.where(lacking, np.nan, values) if lacking.mean() < 0.5 else values
