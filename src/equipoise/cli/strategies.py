"""``equipoise strategies``: the catalogue, with papers."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli import completion
from equipoise.cli.screen import Screen
from equipoise.cli.verb import verb
from equipoise.errors import UsageError

if TYPE_CHECKING:
    from equipoise.strategies import Strategy

__all__ = ["DECISIONS", "register"]

_FAMILIES = {
    "none": "Baseline",
    "weights": "Weights: how much each row counts",
    "rows": "Rows: which rows the learner sees",
    "loss": "Loss: what is minimised",
    "start": "Start: where training begins",
    "schedule": "Schedule: how training changes over time",
    "ensemble": "Ensembles made for imbalance",
    "control": "Controls: untreated ensembles of the same size",
}

_TASKS = {
    ("binary", "multiclass"): "Classes: a row is of one (tasks binary and multiclass)",
    ("multilabel",): "Labels: a row has any number of them (task multilabel)",
    ("regression",): "Numbers (task regression)",
}
_DECIDING = {
    "argmax": "classes",
    "prior-corrected": "classes",
    "tuned": "classes",
    "min-cost": "classes",
    "prediction": "numbers",
    "mean-corrected": "numbers",
}

DECISIONS = {
    "argmax": "Say the class with the highest score, just as the treated learner gives it; of labels, "
    "all with a probability above one half.",
    "prior-corrected": "Put probabilities back to the true shares of classes or labels, which training may "
    "have shifted, and say the most probable class, or the labels above one half.",
    "tuned": "Move the threshold (of several classes, the weight of each; of labels, that of each) to where "
    "the metric is best on rows left out of training.",
    "min-cost": "Say the class, or of each label yes or no, with the lowest expected cost; tried where --cost "
    "is given.",
    "prediction": "Say the number that the model predicts.",
    "mean-corrected": "Add the mean error on rows left out of training, as weights, resampled rows and other "
    "losses than the squared error move the mean of what is predicted.",
}

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="Show this one in full.",
        show_default=False,
        autocompletion=completion.strategies,
    ),
]
OfTask = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="TASK",
        help="Only those for binary, multiclass, multilabel or regression.",
        rich_help_panel="Data",
    ),
]


@verb()
def show_strategies(screen: Screen, name: Name = None, task: OfTask = None) -> None:
    """List the strategies and the ways of deciding that a trial can try, or show one."""
    from equipoise.data.tasks import check_task
    from equipoise.strategies import CATALOGUE, get_strategy

    if task is not None:
        check_task(task)
        if name is not None:
            raise UsageError(
                "a strategy and --task were given", remedy="leave out one or the other"
            )

    if name in DECISIONS:
        if screen.as_json:
            _tell_as_json(screen, [], {name: DECISIONS[name]})
        else:
            screen.result(f"{name}, a way of deciding", style="bold")
            for line in textwrap.wrap(DECISIONS[name], 80):
                screen.result(line)
        return
    chosen = list(CATALOGUE.values()) if name is None else [get_strategy(name)]
    if task is not None:
        chosen = [one for one in chosen if task in one.tasks]
    kind = "numbers" if task == "regression" else "classes"
    deciding = {
        one: words for one, words in DECISIONS.items() if task is None or _DECIDING[one] == kind
    }
    if screen.as_json:
        _tell_as_json(screen, chosen, deciding if name is None else {})
    elif name is None:
        _tell_all(screen, chosen, task)
        _tell_decisions(screen, deciding, max(len(one.name) for one in chosen))
        screen.note("next: equipoise strategies NAME, equipoise compare FILE -t COL -s NAME,NAME")
    else:
        _tell_one(screen, chosen[0])


def _tell_as_json(screen: Screen, chosen: list[Strategy], decisions: dict[str, str]) -> None:
    screen.document(
        {
            "schema_version": 1,
            "kind": "strategies",
            "strategies": [_plain(one) for one in chosen],
            "decisions": [
                {"name": name, "summary": summary} for name, summary in decisions.items()
            ],
        }
    )


def _plain(one: Strategy) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "family": one.family,
        "summary": one.summary,
        "paper": _paper(one),
        "slots": {slot: words for slot, words in one.slots().items() if slot != "decision"},
        "control": one.control,
        "same_as": one.same_as,
        "tasks": sorted(one.tasks),
    }


def _paper(one: Strategy) -> str | None:
    return None if one.paper == "-" else one.paper


def _tell_all(screen: Screen, strategies: list[Strategy], task: str | None) -> None:
    width = max(len(one.name) for one in strategies)
    told: set[str] = set()
    for tasks, heading in _TASKS.items():
        if task is not None and task not in tasks:
            continue
        members = [one for one in strategies if one.tasks & set(tasks)]
        if not members:
            continue
        if task is None:
            screen.result(heading, style="bold underline")
            screen.result()
        for family, about in _FAMILIES.items():
            new = [one for one in members if one.family == family and one.name not in told]
            if new:
                _tell_list(screen, about, {one.name: _with_paper(one) for one in new}, width)
        again = [one.name for one in members if one.name in told]
        if again:
            _tell_list(screen, "As above", dict.fromkeys(again, ""), width)
        told |= {one.name for one in members}


def _tell_list(screen: Screen, heading: str, entries: dict[str, str], width: int) -> None:
    from rich.table import Table

    screen.result(heading, style="bold")
    if not any(entries.values()):
        for line in textwrap.wrap(", ".join(entries), 100, break_on_hyphens=False):
            screen.result(line, style="cyan")
        screen.result()
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(min_width=width, no_wrap=True, style="cyan")
    grid.add_column(overflow="fold")
    for name, words in entries.items():
        grid.add_row(name, words)
    screen.result(grid)
    screen.result()


def _with_paper(one: Strategy) -> str:
    return f"{one.summary} ({one.paper})" if _paper(one) else one.summary


def _tell_decisions(screen: Screen, decisions: dict[str, str], width: int) -> None:
    if len({_DECIDING[name] for name in decisions}) == 1:
        _tell_list(screen, "Ways of deciding, each tried with every strategy", decisions, width)
        return
    for kind, heading in (
        ("classes", "Ways of deciding on classes and labels, each tried with every strategy"),
        ("numbers", "What a predicted number is put through"),
    ):
        own = {name: words for name, words in decisions.items() if _DECIDING[name] == kind}
        _tell_list(screen, heading, own, width)


def _tell_one(screen: Screen, one: Strategy) -> None:
    screen.result(f"{one.title} ({one.name})", style="bold")
    for line in textwrap.wrap(one.summary, 80):
        screen.result(line)
    facts = {
        "family": _FAMILIES[one.family],
        **{slot: words for slot, words in one.slots().items() if words},
        "paper": _paper(one),
        "judged against": one.control or ("untreated" if one.name != "untreated" else None),
        "same training as": one.same_as,
        "tasks": ", ".join(sorted(one.tasks)),
    }
    for label, words in facts.items():
        if words:
            screen.result(f"  {label:<17} {words}")


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("strategies")(show_strategies)
