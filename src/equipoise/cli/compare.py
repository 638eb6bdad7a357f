"""``equipoise compare``: the main job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

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
    joined,
    need_target,
    parse_roles,
)
from equipoise.cli.screen import Screen
from equipoise.cli.verb import verb

__all__ = ["default_run_dir", "register", "run_trial"]

Learners = Annotated[
    list[str] | None,
    typer.Option(
        "--learner",
        "-l",
        metavar="NAMES",
        autocompletion=completion.learners,
        help="linear, forest, boosting, ensemble, embedding, mlp, transformer, transformer:MODEL (a folder "
        "or a name on a model hub), or auto, which picks what suits the data and the time. Repeatable, or "
        "with commas: they compete.",
        rich_help_panel="Trial",
    ),
]
Strategies = Annotated[
    list[str] | None,
    typer.Option(
        "--strategies",
        "-s",
        metavar="NAMES",
        autocompletion=completion.strategies,
        help="Names from `equipoise strategies`, default, all, or weights:LABEL=W,LABEL=W. "
        "Repeatable, or with commas.",
        rich_help_panel="Trial",
    ),
]
Repeats = Annotated[
    int,
    typer.Option(
        "--repeats", metavar="N", help="Draw the folds anew N times.", rich_help_panel="Trial"
    ),
]
RunDir = Annotated[
    Path | None,
    typer.Option(
        "--run-dir",
        "-o",
        metavar="DIR",
        help="Where the report, result, leaderboard, model and journal go; equipoise-runs/NAME "
        "otherwise.",
        rich_help_panel="Output",
    ),
]


def default_run_dir(file: Path) -> Path:
    """Return the folder of a run on ``file`` when none is named."""
    name = file.name.removesuffix(".gz")
    return Path("equipoise-runs") / (Path(name).stem or "run")


def run_trial(screen: Screen, file: Path, target: str, run_dir: Path, **options: Any) -> None:
    """Run a trial and print what it found."""
    from equipoise.cli.leaderboard import tell_leaderboard, tell_verdict
    from equipoise.cli.progress import Watcher
    from equipoise.jobs.comparing import compare

    replaces = run_dir if (run_dir / "result.json").exists() else None
    with Watcher(screen, replaces) as watcher:
        result = compare(file, target=target, run_dir=run_dir, on_event=watcher, **options)
    if screen.as_json:
        names = {
            "report": "report.html",
            "result": "result.json",
            "leaderboard": "leaderboard.csv",
            "model": "model",
        }
        paths: dict[str, str | None] = {key: str(run_dir / name) for key, name in names.items()}
        if "model" in result.summary:  # which says why there is none
            paths["model"] = None
        screen.document({**json.loads(result.to_json()), "run": {"folder": str(run_dir), **paths}})
        return
    tell_leaderboard(screen, result.summary)
    tell_verdict(screen, result.summary, run_dir)


@verb(resumable=True)
def compare_file(
    screen: Screen,
    file: DataFile,
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
    learner: Learners = None,
    strategies: Strategies = None,
    metric: Metric = None,
    cost: Cost = None,
    focus: Focus = None,
    folds: Folds = 5,
    repeats: Repeats = 1,
    seed: Seed = 0,
    jobs: Jobs = None,
    run_dir: RunDir = None,
) -> None:
    """Try the treatments on a data file; say which to use, or that none is needed.

    Writes a report, the result, the leaderboard and a model that predicts. A run that was
    interrupted goes on where it stopped when the same command is given again.
    """
    run_trial(
        screen,
        file,
        need_target(file, target),
        run_dir or default_run_dir(file),
        task=task,
        learner=joined(learner, "auto"),
        strategies=joined(strategies, "default"),
        metric=metric,
        cost=cost,
        focus=focus,
        group=group,
        time=time,
        text=text or None,
        folds=folds,
        repeats=repeats,
        seed=seed,
        n_jobs=jobs,
        positive=positive,
        roles=parse_roles(role),
        drop_missing_target=drop_missing_target,
        drop_rare_classes=drop_rare_classes,
        separator=separator,
    )


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("compare")(compare_file)
