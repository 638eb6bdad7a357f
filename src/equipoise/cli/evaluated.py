"""An evaluation for people."""

from __future__ import annotations

from typing import Any

from equipoise.cli.leaderboard import digits_for, number
from equipoise.cli.screen import Screen, shown

__all__ = ["tell_evaluation"]

_LISTED = 12  # classes or labels named before the table


def tell_evaluation(screen: Screen, summary: dict[str, Any], promised: dict[str, Any]) -> None:
    """Print metrics with intervals, beside what a trial promised, and a table of classes, labels or tenths."""
    from rich.table import Table

    screen.result(f"{summary['rows']:,} rows: {_of_target(summary)}")
    screen.result()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("metric", no_wrap=True)
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right", no_wrap=True)
    if promised:
        table.add_column("promised by the trial", justify="right", no_wrap=True)
    for name, value in summary["metrics"].items():
        digits = 3
        if summary["task"] == "regression":  # in units of the target
            digits = digits_for(value[key] for key in ("mean", "low", "high"))
        row = [
            _title(name, summary["task"]),
            _number(value["mean"], digits),
            _interval(value, digits),
        ]
        table.add_row(*row, *([_interval(promised.get(name, {}), digits)] if promised else []))
    screen.result(table)
    kept = _kept(summary["metrics"], promised)
    if kept:
        screen.result(
            f"{sum(kept)} of {len(kept)} values lie within what was promised", style="dim"
        )
    for why, names in _reasons(summary).items():
        screen.result(f"- {', '.join(names)}: {shown(why, 200)}", style="dim")
    screen.result()
    if summary["task"] == "multilabel":
        _tell_labels(screen, summary)
    elif summary["task"] == "regression":
        _tell_deciles(screen, summary)
    else:
        _tell_confusion(screen, summary)


def _of_target(summary: dict[str, Any]) -> str:
    if summary["task"] == "regression":
        from equipoise.cli.findings import tell_numbers

        return tell_numbers(summary["target"])
    classes = sorted(summary["classes"], key=lambda one: -int(one["count"]))
    listed = summary["classes"] if len(classes) <= _LISTED else classes[:_LISTED]
    words = ", ".join(f"{shown(one['label'], 30)} {one['count']:,}" for one in listed)
    return f"{words} and {len(classes) - _LISTED} more" if len(classes) > _LISTED else words


def _tell_labels(screen: Screen, summary: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("label", no_wrap=True)
    names = {
        "recall": "recall",
        "precision": "precision",
        "f1": "f1",
        "fbeta": f"f{summary['beta']:g}",
    }
    for name in ("rows", *names.values()):
        table.add_column(name, justify="right")
    for row in sorted(summary["per_class"], key=lambda one: -int(one["support"])):
        values = [_number(row[key], 3) for key in names]
        table.add_row(shown(row["label"], 40), f"{row['support']:,}", *values)
    screen.result(table)


def _tell_deciles(screen: Screen, summary: dict[str, Any]) -> None:
    from rich.table import Table

    from equipoise.report.words import amount

    found = summary["deciles"]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("true value", "rows", "MAE", "prediction - truth"):
        table.add_column(name, justify="right", no_wrap=True)
    digits = digits_for(found["mae"])
    for low, high, rows, mae, bias in zip(
        *(found[key] for key in ("low", "high", "rows", "mae", "bias")), strict=True
    ):
        where = amount(low) if low == high else f"{amount(low)} to {amount(high)}"
        table.add_row(where, f"{rows:,.0f}", _number(mae, digits), number(bias, True, digits))
    screen.result(table)


def _kept(metrics: dict[str, Any], promised: dict[str, Any]) -> list[bool]:
    """Tell of each value that can be held against a promise whether it lies within."""
    return [
        promised[name]["low"] <= value["mean"] <= promised[name]["high"]
        for name, value in metrics.items()
        if name in promised and value["mean"] is not None
    ]


def _reasons(summary: dict[str, Any]) -> dict[str, list[str]]:
    """Return why metrics are not defined, each reason once with the metrics that it holds for."""
    reasons: dict[str, list[str]] = {}
    for name, value in summary["metrics"].items():
        if value["why"] is not None:
            reasons.setdefault(value["why"], []).append(_title(name, summary["task"]))
    return reasons


def _tell_confusion(screen: Screen, summary: dict[str, Any]) -> None:
    from rich.table import Table

    labels = [shown(one["label"], 20) for one in summary["classes"]]
    if len(labels) > 10:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("true \\ predicted", no_wrap=True)
    for label in labels:
        table.add_column(label, justify="right")
    for name in ("recall", "precision", "f1"):
        table.add_column(name, justify="right")
    for label, counts, row in zip(labels, summary["confusion"], summary["per_class"], strict=True):
        scores = [_number(row[name]) for name in ("recall", "precision", "f1")]
        table.add_row(label, *(f"{count:,.0f}" for count in counts), *scores)
    screen.result(table)


def _title(name: str, task: str) -> str:
    from equipoise.metrics import get_metric

    # These are not known without costs or relevance, on which their names do not depend.
    if name == "expected_cost":
        return "expected cost"
    return get_metric(name, task, relevance=abs if name == "sera" else None).phrase


def _number(value: float | None, digits: int | None = None) -> str:
    return number(value, digits=digits)


def _interval(value: dict[str, Any], digits: int) -> str:
    low, high = value.get("low"), value.get("high")
    return (
        "-"
        if low is None or high is None
        else f"{number(low, digits=digits)} to {number(high, digits=digits)}"
    )
