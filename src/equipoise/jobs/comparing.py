"""The main job as one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

import equipoise
from equipoise.compare.events import Listener, Planned, Stage
from equipoise.compare.finalists import choose_finalists, count_finalists, estimate_minutes
from equipoise.compare.journal import Journal, Record
from equipoise.compare.judging import Candidate, Judge, Value, make_judge
from equipoise.compare.measures import Focus, choose_metrics, parse_focus, read_cost
from equipoise.compare.plan import Part, Plan, make_plan
from equipoise.compare.quiet import quiet
from equipoise.compare.refit import refit
from equipoise.compare.summary import summarise
from equipoise.compare.training import train_all
from equipoise.compare.verdict import Verdict, reach_verdict
from equipoise.data.dataset import Dataset, load_dataset
from equipoise.data.folds import make_folds
from equipoise.diagnose.run import findings_of
from equipoise.diagnose.subject import After
from equipoise.errors import UsageError
from equipoise.results.comparison import Comparison, check_run_dir
from equipoise.results.model import Model
from equipoise.results.other_models import model_class

__all__ = ["compare", "model_of"]


def compare(
    data: Any,
    target: Any,
    *,
    task: str | None = None,
    learner: Any = "auto",
    strategies: str | Iterable[str] = "default",
    metric: str | None = None,
    cost: Any = None,
    focus: str | None = None,
    group: str | None = None,
    time: str | None = None,
    text: str | Iterable[str] | None = None,
    folds: int = 5,
    repeats: int = 1,
    seed: int = 0,
    n_jobs: int | None = None,
    run_dir: str | Path | None = None,
    positive: Any = None,
    roles: Mapping[str, str] | None = None,
    drop_missing_target: bool = False,
    drop_rare_classes: bool = False,
    separator: str | None = None,
    on_event: Listener | None = None,
) -> Comparison:
    """Try the treatments for imbalance on your data, honestly, and say which to use.

    Parameters
    ----------
    data : path, data frame or array
        CSV, TSV, Parquet, JSON lines or Arrow file, also gzipped; or a pandas, polars, pyarrow or numpy
        table.
    target : str, list of str, or array of shape (n,) or (n, L)
        Name of the target column, or its values. Several names, joined by commas, or a pattern such as
        ``"label_*"`` make a target of several labels a row.
    task : {"binary", "multiclass", "multilabel", "regression"}, optional
        Detected from the target by default.
    learner : str, estimator or list, default "auto"
        ``"linear"``, ``"forest"``, ``"boosting"``, ``"ensemble"``; ``"embedding"`` (a head on sentence
        vectors), ``"mlp"``, ``"transformer"`` or ``"transformer:MODEL"`` (a folder or a name on a model
        hub), which need extras; several of them, or scikit-learn classifiers. ``"auto"`` picks those that
        suit the data and the time.
    strategies : str or list of str, default "default"
        Names from ``equipoise strategies``. ``"default"`` leaves out what would take too long on these
        data; ``"all"`` does not. The untreated data are always in.
    metric : str, optional
        What is compared: average precision for a binary task and, in the mean, for several labels a row,
        macro F1 for several classes, expected cost where ``cost`` is given; for numbers the RMSE, or the
        squared error weighted by relevance where ``focus`` is given.
    cost : str, dict or array, optional
        ``"fn=10,fp=1"``, a CSV file, or a matrix whose entry (i, j) is the cost of saying j when it is i.
    focus : str, optional
        What part of a numeric target matters, such as ``"top5%"``: errors there are compared, and rows
        there are what samplers treat as rare.
    group : str, optional
        Column of groups that must not be split between training and test rows.
    time : str, optional
        Column to order the rows by; folds then only look forward.
    text : str or list of str, optional
        Columns to read as text.
    folds, repeats : int, default 5 and 1
        Number of folds, and how often they are drawn anew.
    seed : int, default 0
        Seed of everything random. The same input, seed and version give the same numbers, with any
        ``n_jobs``, interrupted or not.
    n_jobs : int, optional
        Number of threads; all cores by default.
    run_dir : path, optional
        Folder for the journal, the report, the result and the model. A trial interrupted there goes on
        where it stopped. Without it nothing is written.
    positive : optional
        Positive class of a binary task; the rarer one by default.
    roles : dict, optional
        Column name to role, where the one found is wrong.
    drop_missing_target, drop_rare_classes : bool, default False
        Leave out rows without a target, or classes of a single row, instead of refusing.
    separator : str, optional
        What separates the labels of a row, where the target is one column of texts that hold several.
    on_event : callable, optional
        Called with each :class:`~equipoise.compare.events.Planned`,
        :class:`~equipoise.compare.events.UnitDone` and :class:`~equipoise.compare.events.Stage`.

    Returns
    -------
    Comparison
        ``.verdict``, ``.frame()``, ``.plot()``, ``.report(path)``, ``.to_json()``, ``.model()``.

    Raises
    ------
    EquipoiseError
        Whatever is wrong with the input, with the remedy.

    References
    ----------
    Nadeau and Bengio (2003), Machine Learning 52; Tsamardinos et al. (2018), Machine Learning 107.

    Examples
    --------
    >>> import equipoise as eq, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 2))
    >>> y = (X[:, 0] + rng.normal(size=400) > 1.8).astype(int)
    >>> result = eq.compare(X, target=y, learner="linear", strategies="weights-balanced")
    >>> result.recommended.split("/")[0]
    'linear'
    """
    tell = on_event or _silent
    clock = _Clock()
    if run_dir is not None:
        check_run_dir(Path(run_dir))
    tell(Stage("reading the data"))
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
    measure, label_measure = choose_metrics(metric, dataset, matrix, aim)
    plan = _plan(dataset, learner, strategies, folds, repeats, seed, aim)
    journal = Journal(None if run_dir is None else Path(run_dir) / "journal", plan.fingerprint)
    splits = plan.folds.splits
    kept = sum(
        journal.get(part.id, split.repeat, split.fold, (len(split.test), plan.columns)) is not None
        for part in plan.parts
        for split in splits
    )
    later = count_finalists(plan) * len(splits)
    tell(
        Planned(
            len(plan.parts) * len(splits) + later,
            [{"name": choice.name, "why": choice.why} for choice in plan.choices],
            list(dict.fromkeys(part.strategy.name for part in plan.parts)),
            plan.folds.folds,
            plan.folds.repeats,
            kept,
            dataset.describe(),
            plan.folds.notes,
            None if run_dir is None else str(run_dir),
            estimate_minutes(plan),
        )
    )
    records = train_all(plan, journal, n_jobs, tell, after=later)
    tell(Stage("judging out-of-fold scores"))
    judge = make_judge(plan, measure, label_measure, matrix)
    candidates = judge.judge_all(records, n_jobs)
    if plan.waiting:
        finalists, others = choose_finalists(plan, candidates, measure)
        last = plan.round(finalists)
        records |= train_all(last, journal, n_jobs, tell, before=len(plan.parts) * len(splits))
        tell(Stage("judging out-of-fold scores"))
        judge.plan = last
        candidates += judge.judge_all(records, n_jobs)
        judge.plan = plan = plan.round([*plan.parts, *finalists], [*plan.left_out, *others])
    verdict = reach_verdict(judge, candidates, records)
    given = cost if isinstance(cost, str) else None
    summary = summarise(judge, verdict, records, clock.seconds(), given)
    tell(Stage("looking at the data and the model for what imbalance does to them"))
    with quiet(), threadpool_limits(1):
        after = _predictions(judge, verdict, records)
        summary["findings"] = findings_of(dataset, seed, after=after, run=summary)
    everyone = {one.id: one for one in candidates}

    def make_model(name: str | None) -> Model:
        one = _find(name or verdict.recommended.candidate.id, everyone)
        return model_of(plan, one.part, one.decision, one.metrics, summary["versions"], one.level)

    result = Comparison(summary, make_model)
    if run_dir is not None:
        tell(Stage("training the recommended model on all rows"))
        result.save(run_dir)
    return result


def _predictions(judge: Judge, verdict: Verdict, records: dict[str, list[Record]]) -> After | None:
    """Return the out-of-fold predictions of the recommended model, as checks look at them."""
    one, data = verdict.recommended.candidate, judge.plan.dataset
    found = judge.out_of_fold(one, records[one.part.id])
    if found is None:
        return None
    groups = None if data.groups is None else data.groups[judge.rows]
    return After(judge.y, *found, judge.labels, data.task, groups=groups, seed=judge.plan.seed)


def _plan(
    dataset: Dataset,
    learner: Any,
    strategies: Any,
    folds: int,
    repeats: int,
    seed: int,
    focus: Focus | None,
) -> Plan:
    if folds < 2:
        raise UsageError(
            f"folds={folds} leaves nothing to judge on", remedy="use 2 or more, such as 5"
        )
    if repeats < 1:
        raise UsageError(f"repeats={repeats} is no number of repeats", remedy="use 1 or more")
    drawn = make_folds(
        dataset.y,
        dataset.groups,
        dataset.time,
        folds,
        repeats,
        seed,
        labels=dataset.classes,
        kept=dataset.kept,
    )
    return make_plan(dataset, drawn, learner, strategies, seed, focus)


def model_of(
    plan: Plan,
    part: Part,
    decision: Any,
    metrics: Mapping[str, Value],
    versions: dict[str, str],
    level: NDArray[np.float64],
) -> Model:
    """Train a part on all rows of the plan's data.

    Parameters
    ----------
    plan : Plan
        Its data and its seed are what counts.
    part : Part
        The learner, and how it is trained.
    decision : Decision
        How scores become labels. That of argmax gets the correction of this very fit.
    metrics : mapping
        What a trial found, which the model then promises; empty without one.
    level : float64 array, shape (C,)
        What the out-of-fold scores say has to be added to corrected log-probabilities.
    versions : dict
        Those of the libraries, from :func:`equipoise.compare.plan.library_versions`.
    """
    dataset = plan.dataset
    fitted = refit(plan, part)
    offset = fitted.offset - level
    if decision.name == "argmax":  # which undoes the correction that this very model needs
        decision = type(decision)("argmax", bias=offset)
    about = {
        "equipoise_version": equipoise.__version__,
        "versions": versions,
        "task": dataset.task,
        "target": dataset.target,
        "positive": None if dataset.positive is None else str(dataset.positive),
        "learner": part.learner.name,
        "strategy": part.strategy.name,
        "decision_rule": decision.name,
        "slots": part.strategy.slots(decision.name),
        "seed": plan.seed,
        "rows": dataset.table.n,
        "rows_trained": fitted.rows_trained,
        "fingerprint": dataset.fingerprint,
        "promised": {
            name: {"mean": value.mean, "low": value.low, "high": value.high}
            for name, value in metrics.items()
            if np.isfinite([value.mean, value.low, value.high]).all()
        },
    }
    return model_class(dataset.task)(
        dataset.schema,
        fitted.encoder,
        fitted.fitted,
        fitted.view,
        offset,
        decision,
        list(dataset.classes),
        about,
    )


def _find(name: str, candidates: dict[str, Candidate]) -> Candidate:
    if name in candidates:
        return candidates[name]
    from difflib import get_close_matches

    near = get_close_matches(name, candidates, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(
        f"there is no candidate {name!r} in this trial",
        remedy=f"{hint}the column 'id' of .frame() lists them",
    )


class _Clock:
    def __init__(self) -> None:
        self.start = perf_counter()

    def seconds(self) -> float:
        return perf_counter() - self.start


def _silent(event: object) -> None:
    return None
