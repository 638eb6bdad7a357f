"""Judge numbers: a point prediction and a 95th percentile for every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from equipoise.compare.journal import Record
from equipoise.compare.judging.base import Candidate, Judge, Measured, Value
from equipoise.compare.plan import Part
from equipoise.decisions.numbers import NumberDecision
from equipoise.decisions.upper import ConformalUpper
from equipoise.metrics.numbers import error_by_decile
from equipoise.metrics.registry import Metric
from equipoise.stats.interval import trial_interval

__all__ = ["NumberJudge"]

F = NDArray[np.float64]
_TAIL = 0.05
_POINTS = 600


@dataclass
class _Scores:
    """Out-of-fold predictions of one part: one array (n, 2) per repeat, rows in the judge's order."""

    plain: list[F]
    centred: list[F]  # moved by the mean error on the other folds
    shift: float  # of a model that is trained on all rows
    upper: ConformalUpper
    upper_centred: ConformalUpper
    moved: bool


class NumberJudge(Judge):
    """The judge of regression tasks."""

    plain: ClassVar[str] = "prediction"
    decisions: ClassVar[tuple[str, ...]] = ("prediction", "mean-corrected")

    @property
    def nothing(self) -> dict[str, Any]:
        """The fields of a decision that has nothing to correct."""
        return {}

    def rarest(self, ids: NDArray[Any]) -> int:
        """Count the clusters that the top 5 % of the target belong to."""
        return len(np.unique(ids[self.y >= np.quantile(self.y, 1 - _TAIL)]))

    def prepare(self) -> None:
        """Know the name of the number of draws that other judges choose thresholds by."""
        self.draws = 0
        self.n_classes = 1

    def scores(self, part: Part, records: list[Record]) -> _Scores:
        """Assemble the records of a part into out-of-fold predictions with their 95th percentiles."""
        raw = [np.zeros((len(self.y), 2)) for _ in range(self.repeats)]
        strategy = part.strategy
        own = strategy.loss is not None and strategy.loss.name == "pinball"
        moved = strategy.name != "untreated"
        for (repeat, where), record in zip(self.members, records, strict=True):
            assert record.scores is not None
            raw[repeat][where] = record.scores
        plain = [self._with_upper(one, repeat, own, centre=False) for repeat, one in enumerate(raw)]
        centred = [
            self._with_upper(one, repeat, own, centre=True) for repeat, one in enumerate(raw)
        ]
        pooled, y = np.concatenate(raw), np.tile(self.y, self.repeats)
        shift = float(np.mean(y - pooled[:, 0]))
        uppers = [
            ConformalUpper.fit(pooled[:, 0] + by, y, own=pooled[:, 1] + by if own else None)
            for by in (0.0, shift)
        ]
        return _Scores(plain, centred, shift, *uppers, moved)

    def _with_upper(self, raw: F, repeat: int, own: bool, centre: bool) -> F:
        """Correct the 95th percentile, and the mean where asked, of each fold by what the others erred."""
        out = raw.copy()
        for where, others in self.folds_of(repeat):
            known = others if len(others) else where  # the first stretch of time has none before it
            shift = float(np.mean(self.y[known] - raw[known, 0])) if centre else 0.0
            upper = ConformalUpper.fit(
                raw[known, 0] + shift,
                self.y[known],
                own=raw[known, 1] + shift if own else None,
            )
            out[where, 0] = raw[where, 0] + shift
            out[where, 1] = upper.apply(out[where, 0], own=raw[where, 1] + shift if own else None)
        return out

    def judge(self, part: Part, records: list[Record]) -> list[Candidate]:
        """Judge one part under every decision that applies."""
        scores = self.scores(part, records)
        out = [
            self._candidate(
                part, NumberDecision("prediction", 0.0, scores.upper), scores.plain, records
            )
        ]
        if scores.moved:
            decision = NumberDecision("mean-corrected", scores.shift, scores.upper_centred)
            out.append(self._candidate(part, decision, scores.centred, records))
        return out

    def _candidate(
        self, part: Part, decision: NumberDecision, predicted: list[F], records: list[Record]
    ) -> Candidate:
        nothing = np.empty(0)
        out = Candidate(
            part,
            decision,
            {},
            nothing,
            nothing,
            {},
            {},
            {},
            np.zeros(2),
            seconds=sum(record.seconds for record in records),
            rows_trained=float(np.mean([record.rows_trained for record in records])),
        )
        for metric in self.metrics:
            one = self._measured(metric, predicted)
            out.metrics[metric.name] = Value(
                one.value, *trial_interval(one.value, one.draws, (metric.low, metric.high))
            )
            if metric.name in (self.metric.name, self.label_metric.name):
                out.folds[metric.name] = one.folds
                out.draws[metric.name] = one.draws
                out.left_out[metric.name] = one.left_out
        return out

    def _measured(self, metric: Metric, predicted: list[F]) -> Measured:
        y = self.y
        return Measured(
            float(np.mean([metric.compute_scores(y, one) for one in predicted])),
            np.mean([metric.compute_scores(y, one, self.weights) for one in predicted], axis=0),
            np.array(
                [
                    metric.compute_scores(y[where], predicted[repeat][where])
                    for repeat, where in self.members
                ]
            ),
            np.mean([metric.compute_scores(y, one, self.spared) for one in predicted], axis=0),
        )

    def detail(self, candidate: Candidate, records: list[Record]) -> dict[str, Any]:
        """Return errors by decile of the target, quantiles, and a sample of predictions."""
        scores = self.scores(candidate.part, records)
        predicted = scores.plain if candidate.decision.name == "prediction" else scores.centred
        first = predicted[0]
        rng = np.random.default_rng(self.plan.seed)
        top = np.flatnonzero(self.y >= np.quantile(self.y, 1 - _TAIL))
        rest = np.setdiff1d(np.arange(len(self.y)), top)
        sample = np.concatenate(
            [rng.choice(part, min(_POINTS // 2, len(part)), replace=False) for part in (top, rest)]
        )
        levels = np.array([0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
        return {
            "deciles": error_by_decile(self.y, first[:, 0]),
            "quantiles": {
                "level": levels,
                "true": np.quantile(self.y, levels),
                "predicted": np.quantile(first[:, 0], levels),
            },
            "sample": {
                "true": self.y[sample],
                "predicted": first[sample, 0],
                "upper": first[sample, 1],
                "top": np.isin(sample, top),
            },
            "decision": candidate.decision.to_json(),
        }
