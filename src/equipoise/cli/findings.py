"""What was found in the data, told before training starts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from equipoise.cli.screen import Screen, shown
from equipoise.report.words import amount, percent, skew_words

if TYPE_CHECKING:
    from equipoise.compare.events import Planned

__all__ = ["tell_findings", "tell_numbers"]

_SHOWN = 8  # classes or column names in a list before it is cut
_LEFT_OUT = ("id", "constant", "ignored")


def tell_findings(screen: Screen, planned: Planned) -> None:
    """Print rows, classes, roles of columns, leaks, notes, learners and the plan to stderr."""
    if screen.quiet:
        return
    from rich.table import Table
    from rich.text import Text

    data = planned.data
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, words, style in _lines(data, planned):
        grid.add_row(label, Text(words, style=style))
    screen.note(grid)
    screen.note()


def _lines(data: dict[str, Any], planned: Planned) -> list[tuple[str, str, str]]:
    out = [("rows", _rows(data), "")]
    if data.get("target"):
        out += [("target", tell_numbers(data["target"]), "")]
    elif data.get("labels"):
        out += [("labels", _labels(data), "")]
    else:
        out += [("classes", _classes(data), "")]
    out += [("columns" if i == 0 else "", words, "") for i, words in enumerate(_columns(data))]
    missing = _missing(data)
    if missing:
        out.append(("missing", missing, ""))
    for leak in data.get("leaks", []):
        why = f"{shown(leak['column'])}: {leak['why']}"
        out.append(("leak?", f"{why}; if it is not known in advance, --role COL=ignored", "yellow"))
    notes = list(dict.fromkeys([*data.get("notes", []), *planned.notes]))
    out += [("note", note, "") for note in notes]
    for i, learner in enumerate(planned.learners):
        out.append(("learners" if i == 0 else "", f"{learner['name']}: {learner['why']}", ""))
    out.append(("plan", _plan(planned), ""))
    return out


def _rows(data: dict[str, Any]) -> str:
    words = f"{data['rows']:,}"
    duplicates = data.get("duplicates") or {}
    if duplicates.get("rows"):
        words += f", of which {duplicates['rows']:,} repeat another"
        # The rest recur without being copies; a note says why.
        grouped = duplicates["grouped"]
        if grouped:
            some = "copies" if grouped == duplicates["rows"] else f"{grouped:,} are copies, which"
            words += f"; {some} stay on one side of a split"
    return words


def _missing(data: dict[str, Any]) -> str:
    used = [one for one in data.get("columns", []) if one["role"] not in ("target", *_LEFT_OUT)]
    counts = [one["missing"] for one in used if one.get("missing")]
    if not counts:
        return ""
    cells = f"{sum(counts):,} cell{'s' * (sum(counts) > 1)}"
    return f"{cells} in {len(counts):,} column{'s' * (len(counts) > 1)}"


def _classes(data: dict[str, Any]) -> str:
    classes = sorted(data["classes"], key=lambda one: int(one["count"]), reverse=True)
    words = [_with_rows(one) for one in classes]
    cut = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    ratio = data.get("ratio")
    tail = f"; largest to smallest {ratio:,.3g} to 1" if ratio else ""
    return ", ".join(words[:_SHOWN]) + cut + tail


def _labels(data: dict[str, Any]) -> str:
    """Say how many labels there are, which are common and which rare, and how uneven they are."""
    labels = sorted(data["classes"], key=lambda one: int(one["count"]), reverse=True)
    about = data["labels"]
    half = _SHOWN // 2
    if len(labels) <= _SHOWN:
        said = ", ".join(map(_with_rows, labels))
    else:
        said = (
            f"commonest {', '.join(map(_with_rows, labels[:half]))}; "
            f"rarest {', '.join(map(_with_rows, labels[-half:]))}"
        )
    bare = about.get("unlabelled") or 0
    words = f"{len(labels):,}, {about['cardinality']:.3g} a row: {said}"
    if about.get("mean_ir") is not None:
        # The imbalance ratio of a label is that of the commonest label to it.
        words += f"; mean imbalance ratio {about['mean_ir']:,.3g}"
    if bare:
        words += f"; {bare:,} row{'s have' if bare > 1 else ' has'} none"
    return words


def _with_rows(one: dict[str, Any]) -> str:
    return f"{shown(one['label'], 30)} {one['count']:,} ({percent(one['share'])})"


def tell_numbers(target: dict[str, Any]) -> str:
    """Say what a numeric target is like."""
    words = (
        f"{amount(target['min'])} to {amount(target['max'])}, median {amount(target['median'])}, "
        f"mean {amount(target['mean'])}, 95th percentile {amount(target['q95'])}"
    )
    if target.get("skewness") is not None:
        words += f"; skewness {target['skewness']:.3g}: {skew_words(target['skewness'])}"
    if target.get("zeros"):
        words += f"; {target['zeros']:,} are 0"
    return words


def _columns(data: dict[str, Any]) -> list[str]:
    columns = data.get("columns", [])
    counts = Counter(one["role"] for one in columns if one["role"] != "target")
    kinds = [f"{counts[role]} {role}" for role in counts if role not in _LEFT_OUT]
    out = [", ".join(kinds) or "none"]
    left = [one for one in columns if one["role"] in _LEFT_OUT]
    for role in _LEFT_OUT:
        names = [shown(one["name"], 30) for one in left if one["role"] == role]
        if names:
            cut = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            out.append(f"left out as {role}: {', '.join(names[:_SHOWN])}{cut}")
    return out


def _plan(planned: Planned) -> str:
    repeats = f" x {planned.repeats} repeats" if planned.repeats > 1 else ""
    many = len(planned.strategies)
    words = (
        f"{planned.units_total:,} trainings: {many} {'strategy' if many == 1 else 'strategies'}, "
        f"{planned.folds} folds{repeats}"
    )
    if planned.minutes >= 1.5 and not planned.resumed:
        words += f"; those of slow learners take about {planned.minutes:,.0f} minutes on one core"
    if planned.resumed:
        words += f"; {planned.resumed:,} were done before and are taken from the journal"
    return words
