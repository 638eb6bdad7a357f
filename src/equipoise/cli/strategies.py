"""``equipoise strategies``: the catalogue, with papers."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli import completion
from equipoise.cli.screen import Screen
from equipoise.cli.verb import verb

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

DECISIONS = {
    "argmax": "Say the class with the highest score, just as the treated learner gives it.",
    "prior-corrected": "Put probabilities back to the true class shares, which training may have "
    "shifted, and say the most probable class.",
    "tuned": "Move the threshold (of several classes, the weight of each) to where the metric is best "
    "on rows left out of training.",
    "min-cost": "Say the class with the lowest expected cost; tried where --cost is given.",
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


@verb()
def show_strategies(screen: Screen, name: Name = None) -> None:
    """List the strategies and the ways of deciding that a trial can try, or show one."""
    from equipoise.strategies import CATALOGUE, get_strategy

    if name in DECISIONS:
        if screen.as_json:
            _tell_as_json(screen, [], {name: DECISIONS[name]})
        else:
            screen.result(f"{name}, a way of deciding", style="bold")
            for line in textwrap.wrap(DECISIONS[name], 80):
                screen.result(line)
        return
    chosen = list(CATALOGUE.values()) if name is None else [get_strategy(name)]
    if screen.as_json:
        _tell_as_json(screen, chosen, DECISIONS if name is None else {})
    elif name is None:
        _tell_all(screen, chosen)
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


def _tell_all(screen: Screen, strategies: list[Strategy]) -> None:
    from rich.table import Table

    width = max(len(one.name) for one in strategies)
    for family, heading in _FAMILIES.items():
        members = [one for one in strategies if one.family == family]
        if not members:
            continue
        screen.result(heading, style="bold")
        grid = Table.grid(padding=(0, 2))
        grid.add_column(min_width=width, no_wrap=True, style="cyan")
        grid.add_column(overflow="fold")
        for one in members:
            paper = f" ({one.paper})" if _paper(one) else ""
            grid.add_row(one.name, f"{one.summary}{paper}")
        screen.result(grid)
        screen.result()
    screen.result("Ways of deciding, each tried with every strategy", style="bold")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(min_width=width, no_wrap=True, style="cyan")
    grid.add_column(overflow="fold")
    for name, summary in DECISIONS.items():
        grid.add_row(name, summary)
    screen.result(grid)
    screen.result()
    screen.note("next: equipoise strategies NAME, equipoise compare FILE -t COL -s NAME,NAME")


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
