"""A trial's summary as a leaderboard and a verdict, for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from equipoise.cli.screen import Screen, shown
from equipoise.metrics.metric import in_sentence

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["tell_leaderboard", "tell_verdict"]

_FEW = 3
_TOP = 10
_NAME = "learner/strategy/decision"
Entry = dict[str, Any]


@dataclass(frozen=True)
class _Column:
    title: str
    cell: Callable[[Entry], str]
    keep: int  # the higher, the longer it stays when the terminal is narrow
    right: bool = True


def tell_leaderboard(screen: Screen, summary: dict[str, Any]) -> None:
    """Print the best candidates, and the recommended one and the baseline wherever they stand."""
    from rich.text import Text

    entries = [one for one in summary["strategies"] if one["applicable"]]
    rows = _one_per_ranking(entries, summary)
    places = {one["id"]: place for place, one in enumerate(rows, 1)}
    wanted = {summary["verdict"]["recommended"], summary["baseline"]}
    chosen = [one for one in rows if places[one["id"]] <= _TOP or one["id"] in wanted]
    columns = _fitting(_columns(summary, places, chosen), chosen, screen.out.width)
    screen.result(_table(columns, chosen, summary["verdict"]["recommended"], screen.out.width))
    legend = "> recommended, = cannot be told apart from the best; 95 % intervals"
    if len(rows) > len(chosen):
        legend += f"; {len(chosen)} of {len(rows)} shown"
    if len(rows) < len(entries):
        legend += (
            "; the decision does not change this metric, so each training is shown once, with that "
            f"which is best for {_title(summary['label_metric'])}"
        )
    skipped = [one for one in summary["strategies"] if not one["applicable"]]
    if skipped:
        legend += f"; {len(skipped)} not applicable"
    screen.result(Text(legend, style="dim"))
    if len(skipped) <= _FEW:  # as where they were named: more are listed in the report
        for one in skipped:
            if one.get("why_not"):
                screen.result(Text(f"{one['id']}: {one['why_not']}", style="dim"))


def _one_per_ranking(entries: list[Entry], summary: dict[str, Any]) -> list[Entry]:
    # Decisions do not change a ranking: without this, the top ten would be three trainings.
    if summary["metric"]["needs"] != "ranking":
        return entries
    wanted = (summary["verdict"]["recommended"], summary["baseline"])
    label_metric = summary["label_metric"]
    sign = 1 if label_metric["direction"] == "maximize" else -1

    def worth(one: Entry) -> tuple[bool, float]:
        value = (one["metrics"].get(label_metric["name"]) or {}).get("mean")
        return one["id"] in wanted, float("-inf") if value is None else sign * value

    kept: dict[tuple[str, str], Entry] = {}
    for one in entries:
        key = (one["learner"], one["name"])
        if key not in kept or worth(one) > worth(kept[key]):
            kept[key] = one
    return list(kept.values())


def _columns(
    summary: dict[str, Any], places: dict[str, int], entries: list[Entry]
) -> list[_Column]:
    metric, label_metric = summary["metric"], summary["label_metric"]
    digits = _digits(entries, metric["name"])
    recommended = summary["verdict"]["recommended"]

    def mark(one: Entry) -> str:
        return ">" if one["id"] == recommended else "=" if one["tied_with_best"] else ""

    def value(name: str) -> Callable[[Entry], str]:
        own = _digits(entries, name)
        return lambda one: number((one["metrics"].get(name) or {}).get("mean"), digits=own)

    def interval(one: Entry) -> str:
        found = one["metrics"].get(metric["name"]) or {}
        low, high = (number(found.get(end), digits=digits) for end in ("low", "high"))
        return _pair(low, high)

    def difference(one: Entry) -> str:
        # In the digits of the scores that it is the difference of.
        return number((one["difference"] or {}).get("mean"), sign=True, digits=digits)

    def corrected(one: Entry) -> str:
        return _p((one["difference"] or {}).get("p_corrected"))

    columns = [
        _Column("", mark, 9, right=False),
        _Column("#", lambda one: str(places[one["id"]]), 1),
        _Column(_NAME, lambda one: shown(one["id"], 70), 9, right=False),
        _Column(_heading(metric), value(metric["name"]), 9),
        _Column("interval", interval, 7),
        _Column("against\nuntreated", difference, 5),
        _Column("p", corrected, 4),
    ]
    if label_metric["name"] != metric["name"]:
        columns.append(_Column(_heading(label_metric), value(label_metric["name"]), 6))
    columns.append(_Column("seconds", lambda one: f"{one['seconds']:.1f}", 2))
    return columns


def _fitting(columns: list[_Column], entries: list[Entry], width: int) -> list[_Column]:
    """Drop the least wanted columns until the rest fit."""
    kept = list(columns)

    def natural() -> int:
        return sum(_width(column, entries) for column in kept) + 2 * (len(kept) - 1)

    while natural() > width and any(column.keep < 9 for column in kept):
        kept.remove(min(kept, key=lambda column: column.keep))
    return kept


def _width(column: _Column, entries: list[Entry]) -> int:
    return max(
        len(line) for line in (*column.title.split("\n"), *(column.cell(one) for one in entries))
    )


def _table(columns: list[_Column], entries: list[Entry], recommended: str, width: int) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    # Where even the columns that stay are too wide, the name is what gives way.
    others = sum(_width(column, entries) + 2 for column in columns if column.title != _NAME)
    room = max(width - others, 12)
    for column in columns:
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
            max_width=room if column.title == _NAME else None,
        )
    for one in entries:
        style = "bold green" if one["id"] == recommended else None
        table.add_row(*(column.cell(one) for column in columns), style=style)
    return table


def tell_verdict(screen: Screen, summary: dict[str, Any], run_dir: object | None) -> None:
    """Print the verdict in words, and where everything is."""
    verdict = summary["verdict"]
    screen.result()
    screen.result(verdict["headline"], style="bold")
    for sentence in verdict["reason"].splitlines():
        screen.result(f"- {sentence}")
    if run_dir is None:
        return
    from rich.table import Table

    from equipoise.report.views.findings import tally

    screen.result()
    grid = Table.grid(padding=(0, 2))
    for label, name in (
        ("report", "report.html"),
        ("result", "result.json"),
        ("leaderboard", "leaderboard.csv"),
    ):
        grid.add_row(label, f"{run_dir}/{name}")
    if summary.get("findings"):
        counts = tally(summary["findings"])
        grid.add_row("findings", f"{counts}: in the report, or `equipoise diagnose`")
    if "model" in summary:
        grid.add_row("no model", shown(summary["model"]["why_not"], 500))
    else:
        grid.add_row("model", f"{run_dir}/model")
        grid.add_row("next", f"equipoise predict {run_dir}/model FILE")
    screen.result(grid)


def _digits(entries: list[Entry], name: str) -> int:
    found = (one["metrics"].get(name) or {} for one in entries)
    return digits_for(value.get(key) for value in found for key in ("mean", "low", "high"))


def digits_for(values: Iterable[float | None]) -> int:
    """Return the decimals for numbers of one unit: three, none for large ones, more for tiny ones.

    Examples
    --------
    >>> from equipoise.cli.leaderboard import digits_for
    >>> digits_for([0.91, 0.5]), digits_for([6087.2, None]), digits_for([0.00123, 0.0008])
    (3, 0, 5)
    """
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    if largest >= 10:
        return 0 if largest >= 100 else 1
    if largest == 0 or largest >= 0.01:
        return 3
    return min(12, 2 - math.floor(math.log10(largest)))


def number(value: float | None, sign: bool = False, digits: int | None = None) -> str:
    """Write a value with the digits that a score carries, or with those of its column.

    Examples
    --------
    >>> from equipoise.cli.leaderboard import number
    >>> number(0.9534), number(-0.01, sign=True), number(12345.6), number(None)
    ('0.953', '-0.010', '12,346', '-')
    >>> number(5.98, sign=True, digits=0), number(-0.2, sign=True, digits=0)
    ('+6', '0')
    """
    if value is None:
        return "-"
    places = digits_for([value]) if digits is None else digits
    if round(value, places) == 0:
        return f"{0:.{places}f}"
    return f"{value:{'+' if sign else ''},.{places}f}"


def _pair(low: str, high: str) -> str:
    return "-" if low == "-" or high == "-" else f"{low} to {high}"


def _p(p: float | None) -> str:
    return "-" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def _title(metric: dict[str, str]) -> str:
    return in_sentence(metric["title"])


def _heading(metric: dict[str, str]) -> str:
    words = _title(metric)
    return words.replace(" ", "\n", 1) if len(words) > 10 else words
