"""Judge numbers: a point prediction and a 95th percentile for every row."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from equipoise.compare.journal import Record
from equipoise.compare.judging.base import Candidate, Judge, Measured, Side, Value, effort
from equipoise.compare.plan import Part
from equipoise.decisions.numbers import NUMBER_DECISIONS, NumberDecision
from equipoise.metrics.extremes import top_threshold
from equipoise.metrics.number_catalogue import TOP
from equipoise.metrics.numbers import error_by_decile
from equipoise.metrics.registry import Metric, get_metric
from equipoise.stats.interval import trial_interval

__all__ = ["NumberJudge"]

F = NDArray[np.float64]
_POINTS = 600


class NumberJudge(Judge):
    """The judge of regression tasks."""

    plain: ClassVar[str] = "prediction"
    rarest_in_words = "in the top 5 % of the target"
    decisions = NUMBER_DECISIONS

    @property
    def nothing(self) -> dict[str, Any]:
        """The fields of a decision that has nothing to correct."""
        return {}

    def rarest(self, ids: NDArray[Any]) -> int:
        """Count the clusters that the top 5 % of the target belong to."""
        return len(np.unique(ids[self.y >= top_threshold(self.y, TOP)]))

    def prepare(self) -> None:
        """Divide the rows into those of the top 5 % and the rest."""
        self.side_metric = get_metric("mae", "regression")
        names = {"top 5 %": "mae_top:5", "rest": "mae_rest:5"}
        least = top_threshold(self.y, TOP)
        about = {"top 5 %": f"targets from {least:,.6g}", "rest": f"targets below {least:,.6g}"}
        self.sides = [
            Side(side, about[side], get_metric(name, "regression", y=self.y))
            for side, name in names.items()
        ]

    def judge(self, part: Part, records: list[Record]) -> list[Candidate]:
        """Judge one part under every decision that applies."""
        raw = self.assemble(records)
        pooled, y = np.concatenate(raw), np.tile(self.y, self.repeats)
        # What the untreated model predicts is the mean already.
        names = self.decisions[: 1 if part.strategy.name == "untreated" else 2]
        return [
            self._candidate(
                part,
                NumberDecision.fit(name, pooled, y, _has_own(part)),
                self.decided(part, name, raw),
                records,
            )
            for name in names
        ]

    def assemble(self, records: list[Record]) -> list[F]:
        """Return out-of-fold predictions as trained, (n, 2) for every repeat."""
        raw = [np.zeros((len(self.y), 2)) for _ in range(self.repeats)]
        for (repeat, where), record in zip(self.members, records, strict=True):
            raw[repeat][where] = record.scores
        return raw

    def decided(self, part: Part, name: str, raw: list[F]) -> list[F]:
        """Apply a decision that is fitted for each fold on the others."""
        out = [one.copy() for one in raw]
        for repeat, one in enumerate(raw):
            for where, others in self.folds_of(repeat):
                # The first stretch of time has none before it: its mean is left as it is, and its
                # percentile alone goes by its own rows.
                known, kind = (others, name) if len(others) else (where, self.plain)
                decision = NumberDecision.fit(kind, one[known], self.y[known], _has_own(part))
                out[repeat][where] = decision.apply(one[where])
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
            **effort(records),
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
        for side in self.sides:
            out.sides[side.name] = self._measured(side.at, predicted)
        return out

    def _measured(self, metric: Metric, predicted: list[F]) -> Measured:
        y = self.y
        return Measured(
            float(np.mean([metric.compute_scores(y, one) for one in predicted])),
            np.mean([metric.compute_scores(y, one, self.weights) for one in predicted], axis=0),
            self.on_folds(metric, predicted),
            np.mean([metric.compute_scores(y, one, self.spared) for one in predicted], axis=0),
        )

    def detail(self, candidate: Candidate, records: list[Record]) -> dict[str, Any]:
        """Return errors by decile of the target, quantiles, and a sample of predictions."""
        raw = self.assemble(records)
        first = self.decided(candidate.part, candidate.decision.name, raw)[0]
        rng = np.random.default_rng(self.plan.seed)
        top = np.flatnonzero(self.y >= top_threshold(self.y, TOP))
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


def _has_own(part: Part) -> bool:
    """Tell whether a part predicts the 95th percentile itself."""
    loss = part.strategy.loss
    return loss is not None and loss.name == "pinball"
