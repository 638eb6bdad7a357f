"""Train one strategy, without a trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from equipoise.compare.events import Event
from equipoise.compare.journal import Journal
from equipoise.compare.judging import make_judge
from equipoise.compare.measures import Focus, choose_metrics, parse_focus, read_cost
from equipoise.compare.plan import Plan, library_versions, make_plan
from equipoise.compare.training import train_all
from equipoise.data.dataset import Dataset, load_dataset
from equipoise.data.folds import FoldPlan, make_folds
from equipoise.errors import NotApplicable, UsageError
from equipoise.jobs.comparing import model_of
from equipoise.learners.choice import choose_learners
from equipoise.results.model import Model
from equipoise.strategies import get_strategy
from equipoise.strategies.strategy import CLASSES

__all__ = ["train"]


def train(
    data: Any,
    target: Any,
    *,
    strategy: str = "untreated",
    learner: Any = "auto",
    decision: str | None = None,
    task: str | None = None,
    metric: str | None = None,
    cost: Any = None,
    focus: str | None = None,
    group: str | None = None,
    time: str | None = None,
    text: Any = None,
    folds: int = 5,
    seed: int = 0,
    n_jobs: int | None = None,
    positive: Any = None,
    roles: Mapping[str, str] | None = None,
    drop_missing_target: bool = False,
    drop_rare_classes: bool = False,
    separator: str | None = None,
) -> Model:
    """Train one strategy on all rows.

    It is trained on folds as well: rows left out of training are what levels the probabilities, chooses
    a threshold, and says what scores to expect (``model.about["promised"]``).

    Parameters
    ----------
    data, target, task, group, time, text, seed, positive, roles
        As for :func:`equipoise.compare`.
    strategy : str, default "untreated"
        Name from ``equipoise strategies``, ``"weights:a=1,b=10"``, or the name of a candidate of a
        trial, such as ``"boosting/smote/tuned"``, which sets the learner and the decision too.
    learner : str or estimator, default "auto"
        One learner; ``"auto"`` takes linear for text, boosting for tables.
    decision : {"argmax", "prior-corrected", "tuned", "min-cost"}, optional
        How scores become labels; min-cost by default where ``cost`` is given, else argmax.
    metric : str, optional
        Metric of labels that ``"tuned"`` maximises; macro F1 by default.
    cost : str, dict or array, optional
        Costs of errors, as for :func:`equipoise.compare`.
    focus : str, optional
        What part of a numeric target samplers treat as rare, such as ``"top5%"``.
    folds : int, default 5
        Number of folds.

    Returns
    -------
    Model

    Raises
    ------
    EquipoiseError
        Whatever is wrong with the input, or why the strategy does not apply, with the remedy.

    Examples
    --------
    >>> import equipoise as eq, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> y = np.where(X[:, 0] + rng.normal(size=300) > 1.8, "rare", "common")
    >>> eq.train(X, target=y, strategy="random-over", learner="linear").classes
    ['common', 'rare']
    """
    strategy, learner, decision = _split(strategy, learner, decision)
    if decision == "min-cost" and cost is None:
        raise UsageError(
            "decision='min-cost' needs costs", remedy="give cost='fn=10,fp=1' (--cost)"
        )
    dataset = load_dataset(
        data,
        target,
        task=task,
        group=group,
        time=time,
        text=text,
        roles=roles,
        positive=positive,
        drop_missing_target=drop_missing_target,
        drop_rare_classes=drop_rare_classes,
        separator=separator,
        seed=seed,
    )
    matrix = read_cost(cost, dataset)
    aim = None if focus is None else parse_focus(focus)
    measure, by_labels = choose_metrics(metric, dataset, matrix, aim)
    # Even labels by argmax come with probabilities, which only rows left out of training can level.
    drawn = make_folds(
        dataset.y,
        dataset.groups,
        dataset.time,
        folds,
        seed=seed,
        labels=dataset.classes,
        kept=dataset.kept,
    )
    plan = _single(dataset, drawn, strategy, learner, seed, aim)
    part = plan.parts[0]
    judge = make_judge(plan, measure, by_labels, matrix)
    allowed = judge.decisions
    decision = decision or (judge.plain if cost is None else "min-cost")
    if decision not in allowed:
        raise UsageError(
            f"there is no decision {decision!r} for the task {dataset.task}",
            remedy=f"use one of {', '.join(allowed)}",
        )
    if decision == "tuned" and metric is not None and not judge.decides:
        raise UsageError(
            f"metric={metric!r} does not depend on the threshold",
            remedy="tune a metric of labels, such as 'f1_macro'",
        )
    records = train_all(plan, Journal(None, ""), n_jobs, _silent)
    failed = [record for record in records[part.id] if record.why_not]
    if failed:
        raise NotApplicable(
            f"{strategy}: {failed[0].why_not}",
            remedy=failed[0].remedy or "use another strategy or learner, or fewer folds",
        )
    judged = judge.judge(part, records[part.id])
    # Where training does not move the prior, prior correction has nothing to do but to level.
    wanted = [one for one in judged if one.decision.name == decision] or judged[:1]
    found, rule = wanted[0], wanted[0].decision
    if rule.name != decision:
        rule = replace(rule, name=decision, **judge.nothing)
    return model_of(plan, part, rule, found.metrics, library_versions(plan.choices), found.level)


def _split(strategy: str, learner: Any, decision: str | None) -> tuple[str, Any, str | None]:
    # The names that a leaderboard shows: learner/strategy/decision.
    if strategy.startswith("weights:") or "/" not in strategy:
        return strategy, learner, decision
    parts = strategy.split("/")
    if len(parts) > 3:
        raise UsageError(
            f"strategy={strategy!r} has more than three parts",
            remedy="write learner/strategy/decision",
        )
    first, name, *rest = parts
    if learner not in ("auto", first):
        raise UsageError(
            f"strategy={strategy!r} and learner={learner!r} disagree", remedy="leave learner out"
        )
    if rest and decision not in (None, rest[0]):
        raise UsageError(
            f"strategy={strategy!r} and decision={decision!r} disagree", remedy="leave decision out"
        )
    return name, first, rest[0] if rest else decision


def _single(
    dataset: Dataset,
    folds: FoldPlan,
    strategy: str,
    learner: Any,
    seed: int,
    focus: Focus | None,
) -> Plan:
    wanted = get_strategy(strategy)
    if wanted.same_as is not None and dataset.task in CLASSES:
        strategy = wanted.same_as
    if wanted.is_ensemble:
        if not (isinstance(learner, str) and learner in ("auto", "ensemble")):
            raise UsageError(
                f"{wanted.name} brings its own learner, and the learner {learner} was given",
                remedy="leave the learner out, or use another strategy",
            )
        learner = "ensemble"
    elif learner == "ensemble":
        raise UsageError(
            "learner='ensemble' does not say which one",
            remedy="name it as the strategy, such as strategy='balanced-random-forest' (-s)",
        )
    elif learner == "auto":
        text, columns = (
            bool(dataset.table.texts),
            dataset.table.numbers.shape[1] + dataset.table.codes.shape[1],
        )
        names = [choice.name for choice in choose_learners("auto", dataset.table.n, columns, text)]
        needs_loss = "loss" in wanted.needs
        learner = "boosting" if "boosting" in names or needs_loss else "linear"
    plan = make_plan(dataset, folds, learner, [strategy], seed, focus)
    if len(plan.choices) > 1 and not wanted.is_ensemble:
        raise UsageError(f"learner={learner!r} names several", remedy="train one learner at a time")
    parts = [part for part in plan.parts if part.strategy.name == strategy]
    if not parts:
        why = next(left.why_not for left in plan.left_out if left.strategy.name == strategy)
        raise NotApplicable(
            f"{strategy} does not apply: {why}", remedy="use another strategy or learner"
        )
    return Plan(plan.dataset, plan.choices, parts, [], plan.folds, seed, focus=focus)


def _silent(event: Event) -> None:
    return None
