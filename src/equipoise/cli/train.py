"""``equipoise train``: one strategy, trained on all rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli import completion
from equipoise.cli.options import (
    Cost,
    DataFile,
    DropMissingTarget,
    DropRareClasses,
    Focus,
    Folds,
    Group,
    Jobs,
    Metric,
    Positive,
    Roles,
    Seed,
    Separator,
    Target,
    Task,
    TextColumns,
    Time,
    need_target,
    parse_roles,
)
from equipoise.cli.screen import Screen
from equipoise.cli.verb import verb

__all__ = ["register"]

Strategy = Annotated[
    str,
    typer.Option(
        "--strategy",
        "-s",
        metavar="NAME",
        autocompletion=completion.strategies,
        help="A name from `equipoise strategies`, or a line of a leaderboard such as "
        "boosting/smote/tuned.",
        rich_help_panel="Trial",
    ),
]
Learner = Annotated[
    str,
    typer.Option(
        "--learner",
        "-l",
        metavar="NAME",
        autocompletion=completion.learners,
        help="linear, forest, boosting, embedding, mlp, transformer, transformer:MODEL (a folder or a name "
        "on a model hub), or auto. Ensembles made for imbalance bring their own.",
        rich_help_panel="Trial",
    ),
]
DecisionRule = Annotated[
    str | None,
    typer.Option(
        "--decision",
        metavar="NAME",
        help="How scores become labels: argmax, prior-corrected, tuned or min-cost. Of numbers: prediction "
        "or mean-corrected.",
        rich_help_panel="Trial",
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out", "-o", metavar="DIR", help="Folder for the model.", rich_help_panel="Output"
    ),
]


@verb()
def train_file(
    screen: Screen,
    file: DataFile,
    out: Out,
    target: Target = None,
    separator: Separator = None,
    task: Task = None,
    positive: Positive = None,
    role: Roles = None,
    text: TextColumns = None,
    group: Group = None,
    time: Time = None,
    drop_missing_target: DropMissingTarget = False,
    drop_rare_classes: DropRareClasses = False,
    strategy: Strategy = "untreated",
    learner: Learner = "auto",
    decision: DecisionRule = None,
    metric: Metric = None,
    cost: Cost = None,
    focus: Focus = None,
    folds: Folds = 5,
    seed: Seed = 0,
    jobs: Jobs = None,
) -> None:
    """Train one strategy on all rows and save the model."""
    from equipoise.jobs.training import train
    from equipoise.results.storage import check_place

    check_place(out)
    replaces = (out / "model.json").exists()
    model = train(
        file,
        need_target(file, target),
        strategy=strategy,
        learner=learner,
        decision=decision,
        task=task,
        metric=metric,
        cost=cost,
        focus=focus,
        group=group,
        time=time,
        text=text or None,
        folds=folds,
        seed=seed,
        n_jobs=jobs,
        positive=positive,
        roles=parse_roles(role),
        drop_missing_target=drop_missing_target,
        drop_rare_classes=drop_rare_classes,
        separator=separator,
    )
    model.save(out)
    if replaces:
        screen.note(f"note: replaced the earlier model in {out}")
    about = model.about
    if screen.as_json:
        keys = ("task", "target", "learner", "strategy", "decision_rule", "rows", "rows_trained")
        screen.document(
            {
                "schema_version": 1,
                "kind": "training",
                "model": str(out),
                "classes": [str(label) for label in model.classes],
                **{key: about[key] for key in keys},
            }
        )
        return
    what = f"{about['learner']}/{about['strategy']}/{about['decision_rule']}"
    screen.note(f"trained {what} on {about['rows_trained']:,} rows")
    screen.result(str(out))
    screen.note(f"next: equipoise predict {out} FILE")


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("train")(train_file)
