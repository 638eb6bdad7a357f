"""A slow learner trains only the strategies that did best with a quicker one."""

from __future__ import annotations

import numpy as np

from equipoise.compare.judging import Candidate
from equipoise.compare.plan import LeftOut, Part, Plan
from equipoise.metrics.metric import Metric

__all__ = ["FINALISTS", "choose_finalists", "count_finalists", "estimate_minutes"]

FINALISTS = 3  # beside the untreated data


def count_finalists(plan: Plan) -> int:
    """Return how many of the waiting parts are trained at most."""
    learners = [part.learner.name for part in plan.waiting]
    return sum(min(FINALISTS, learners.count(name)) for name in set(learners))


def estimate_minutes(plan: Plan) -> float:
    """Return about how long the fits of learners that take long are on one core, by sizes alone."""
    total = 0.0
    for choice in plan.choices:
        at_once, later = (
            sum(part.learner.name == choice.name for part in parts)
            for parts in (plan.parts, plan.waiting)
        )
        total += choice.minutes * (at_once + min(FINALISTS, later))
    return total * len(plan.folds.splits)


def choose_finalists(
    plan: Plan, candidates: list[Candidate], metric: Metric
) -> tuple[list[Part], list[LeftOut]]:
    """Divide the parts that wait into those to train and those to leave out.

    Of each learner those strategies are trained that have the best mean of the metric with its scout,
    each under its best decision; of equals the simplest, then the first in the catalogue. What the scout
    cannot be given, or failed at, is left out.

    Parameters
    ----------
    plan : Plan
        Whose ``waiting`` parts are divided.
    candidates : list of Candidate
        Those of the scouts among them.
    metric : Metric
        What the trial compares.

    Returns
    -------
    parts : list of Part
        In the order of the plan.
    left_out : list of LeftOut
    """
    sign = 1.0 if metric.direction == "maximize" else -1.0
    values: dict[str, float] = {}
    for one in candidates:
        mean = sign * one.metrics[metric.name].mean
        if np.isfinite(mean):
            values[one.part.id] = max(mean, values.get(one.part.id, -np.inf))
    chosen: list[Part] = []
    left_out: list[LeftOut] = []
    for name in dict.fromkeys(part.learner.name for part in plan.waiting):
        waiting = [part for part in plan.waiting if part.learner.name == name]
        scout = str(getattr(waiting[0].learner, "scout", ""))
        known = [part for part in waiting if f"{scout}/{part.strategy.name}" in values]
        # Sorting keeps the order of the catalogue among equals.
        best = sorted(
            known,
            key=lambda part: (
                -values[f"{scout}/{part.strategy.name}"],
                part.strategy.simplicity,
            ),
        )[:FINALISTS]
        for part in waiting:
            if part in best:
                chosen.append(part)
                continue
            why = f"not a finalist on the {scout} learner; name it in --strategies to run it"
            left_out.append(LeftOut(name, part.strategy, why))
    return chosen, left_out
