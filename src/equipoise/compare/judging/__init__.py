"""Judge every training part under every decision from its out-of-fold scores; nothing is trained.

What the tasks share lies in `base`; `classes`, `labels` and `numbers` know what scores mean.
"""

from __future__ import annotations

from equipoise.compare.judging.base import Candidate, Judge, Value
from equipoise.compare.plan import Plan
from equipoise.metrics.registry import Metric

__all__ = ["Candidate", "Judge", "Value", "make_judge"]


def make_judge(plan: Plan, metric: Metric, label_metric: Metric, cost: object = None) -> Judge:
    """Return the judge for the task of the plan's data."""
    task = plan.dataset.task
    if task == "multilabel":
        from equipoise.compare.judging.labels import LabelJudge

        return LabelJudge(plan, metric, label_metric, cost)
    if task == "regression":
        from equipoise.compare.judging.numbers import NumberJudge

        return NumberJudge(plan, metric, label_metric, cost)
    from equipoise.compare.judging.classes import ClassJudge

    return ClassJudge(plan, metric, label_metric, cost)
