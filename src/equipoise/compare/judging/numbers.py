"""Judge numbers: a point prediction and a 95th percentile for every row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from equipoise.compare.journal import Record
from equipoise.compare.judging.base import Candidate, Judge, Measured, Side, Value, effort
from equipoise.compare.plan import Part
from equipoise.decisions.numbers import NUMBER_DECISIONS, NumberDecision
from equipoise.metrics.extremes import Extreme, top_threshold
from equipoise.metrics.number_catalogue import TOP
from equipoise.metrics.numbers import error_by_decile
from equipoise.metrics.registry import Metric, get_metric
from equipoise.stats.interval import log_mean_interval, trial_interval

__all__ = ["NumberJudge"]

F = NDArray[np.float64]
_POINTS = 600
_TAIL = 0.05
_OF_TOP = ("mae_top", "rmse_top", "mae_rest")


@dataclass(frozen=True)
class _Tail:
    """The end of the target that matters."""

    share: float
    sign: int  # of what is large there
    least: float

    @classmethod
    def of(cls, judge: Judge) -> _Tail:
        """Take the focus that was given, or the share of a metric of the top, or 5 % at the top."""
        focus, y = judge.plan.focus, judge.plan.dataset.y
        name, _, percent = judge.metric.name.partition(":")
        share = float(percent) / 100 if percent and name in _OF_TOP else _TAIL
        sign = 1
        if focus is not None:
            share, sign = focus.share, 1 if focus.side == "high" else -1
        return cls(share, sign, sign * top_threshold(sign * y, 100 * share))

    @property
    def name(self) -> str:
        """Say which end."""
        return f"{'top' if self.sign > 0 else 'bottom'} {100 * self.share:g} %"

    def holds(self, y: F) -> NDArray[np.bool_]:
        """Tell which numbers are in it."""
        return np.asarray(self.sign * y >= self.sign * self.least)


class NumberJudge(Judge):
    """The judge of regression tasks."""

    tail: _Tail
    plain: ClassVar[str] = "prediction"
    cautious: ClassVar[bool] = True
    decisions = NUMBER_DECISIONS

    @property
    def nothing(self) -> dict[str, Any]:
        """The fields of a decision that has nothing to correct."""
        return {}

    def rarest(self, ids: NDArray[Any]) -> int:
        """Count the clusters that the tail of the target belongs to."""
        self.tail = _Tail.of(self)
        self.rarest_in_words = f"in the {self.tail.name} of the target"
        return len(np.unique(ids[self.tail.holds(self.y)]))

    def prepare(self) -> None:
        """Divide the rows into those of the tail and the rest, and know the clusters of the draws."""
        self.side_metric = get_metric("mae", "regression")
        least, word = self.tail.least, "from" if self.tail.sign > 0 else "up to"
        rest = "below" if self.tail.sign > 0 else "above"
        self.sides = [
            Side(self.tail.name, f"targets {word} {least:,.6g}", self._side(rest=False)),
            Side("rest", f"targets {rest} {least:,.6g}", self._side(rest=True)),
        ]
        groups = self.plan.dataset.groups
        ids = np.arange(len(self.y)) if groups is None else groups[self.rows]
        _, first, self.cluster = np.unique(ids, return_index=True, return_inverse=True)
        self.cluster_counts = self.counts[:, first]

    def _side(self, rest: bool) -> Metric:
        sign, percent = self.tail.sign, 100 * self.tail.share
        error = Extreme(percent, rest=rest, threshold=sign * self.tail.least)

        def of_side(y: F, predicted: F, weight: Any = None) -> Any:
            return error(sign * y, sign * predicted, weight)

        return replace(get_metric("mae", "regression"), function=of_side)

    def judge(self, part: Part, records: list[Record]) -> list[Candidate]:
        """Judge one part under every decision that applies."""
        raw = self.assemble(records)
        # Repeats predict the same rows again: they are no more rows to be sure by.
        mean = np.mean(raw, axis=0)
        # What the untreated model predicts is the mean already.
        names = self.decisions[: 1 if part.strategy.name == "untreated" else 2]
        return [
            self._candidate(
                part,
                NumberDecision.fit(name, mean, self.y, _has_own(part)),
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
            out.metrics[metric.name] = Value(one.value, *self._interval(metric, one, predicted))
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

    def _interval(self, metric: Metric, one: Measured, predicted: list[F]) -> tuple[float, float]:
        ends = trial_interval(one.value, one.draws, (metric.low, metric.high))
        if metric.name not in ("rmse", "sera") or not one.value > 0:
            return ends
        # A few rows hold most of a squared error: percentiles of the draws are too narrow for it.
        squares = np.mean([(self.y - point[:, 0]) ** 2 for point in predicted], axis=0)
        if metric.name == "sera":
            relevant: Any = metric.function
            squares = squares * np.asarray(relevant.relevance(self.y))
        total = np.bincount(self.cluster, weights=squares).astype(np.float64)
        low, high = log_mean_interval(total, self.cluster_counts)
        power = 0.5 if metric.name == "rmse" else 1.0
        if not np.isfinite([low, high]).all():
            return ends
        return tuple(one.value * (end / total.mean()) ** power for end in (low, high))

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
