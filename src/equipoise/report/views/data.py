"""The data as plain values: rows, classes, labels or numbers, columns, leaks."""

from __future__ import annotations

from typing import Any

from equipoise.report import charts
from equipoise.report.reading import Summary
from equipoise.report.svg import to_svg
from equipoise.report.words import amount, count, number, percent, plural, ratio, skew_words

__all__ = ["data_at_a_glance"]

_MOST_PAIRS = 8


def data_at_a_glance(summary: Summary) -> dict[str, Any]:
    """Return what the page says of the data."""
    data, classes = summary["data"], summary.get("classes") or []
    largest = max([one["count"] for one in classes] or [1])
    bars = [
        {
            "label": one["label"],
            "count": count(one["count"]),
            "share": percent(one.get("share")),
            "width": f"{100 * one['count'] / max(largest, 1):.2f}",
            "positive": one["label"] == summary.get("positive"),
        }
        for one in sorted(classes, key=lambda one: -one["count"])
    ]
    roles: dict[str, int] = {}
    for column in data.get("columns") or []:
        roles[column["role"]] = roles.get(column["role"], 0) + 1
    copies = data.get("duplicates") or {}
    copies_rows = copies.get("rows") if isinstance(copies, dict) else copies
    columns = data.get("columns") or []
    task = summary.get("task")
    return {
        "bars": bars,
        "noun": "label" if task == "multilabel" else "class",
        "facts": _of_labels(summary) if task == "multilabel" else _of_numbers(summary),
        "pictures": _pictures(summary),
        "pairs": _pairs(summary),
        "rows": count(data.get("rows")),
        "spread": _spread(summary),
        "columns": columns,
        "roles": ", ".join(
            f"{n} {role}" for role, n in sorted(roles.items(), key=lambda item: -item[1])
        ),
        "copies": f"{plural(copies_rows, 'row repeats another', 'rows repeat others')}"
        if copies_rows
        else "",
        "leaks": [
            {"column": one["column"], "why": one["why"], "score": number(one.get("score"), 3)}
            for one in data.get("leaks") or []
        ],
        "notes": list(dict.fromkeys(data.get("notes") or [])),
    }


def _spread(summary: Summary) -> str:
    """Say how uneven the target is, in the words of the task."""
    classes, task = summary.get("classes") or [], summary.get("task")
    if task == "regression":
        target = summary.get("target") or {}
        words = skew_words(target.get("skewness"))
        return f"; the target is {words} (skewness {target['skewness']:.3g})" if words else ""
    if len(classes) < 2:
        return ""
    how = f"{ratio(summary['data'].get('ratio'))} between the largest and the smallest"
    if task != "multilabel":
        return f", {len(classes)} classes, {how}"
    of_rows = (summary.get("labels") or {}).get("cardinality")
    each = "" if of_rows is None else f" and {number(of_rows, 2)} of them a row"
    return f", {len(classes)} labels{each}, {how}"


def _of_labels(summary: Summary) -> list[tuple[str, str]]:
    about = summary.get("labels") or {}
    facts = (
        ("Labels of a row, mean", "cardinality", lambda v: number(v, 2)),
        ("Rows without any label", "unlabelled", count),
        ("Different sets of labels", "distinct_sets", count),
        ("Mean imbalance ratio, the commonest label to each", "mean_ir", lambda v: number(v, 1)),
        ("Rare labels among common ones (SCUMBLE, 0 to 1)", "scumble", lambda v: number(v, 3)),
    )
    return [(name, write(about[key])) for name, key, write in facts if about.get(key) is not None]


def _of_numbers(summary: Summary) -> list[tuple[str, str]]:
    about = summary.get("target") or {}
    names = {
        "min": "Smallest",
        "q25": "First quartile",
        "median": "Median",
        "mean": "Mean",
        "q75": "Third quartile",
        "q95": "95th percentile",
        "max": "Largest",
    }
    out = [(name, amount(about[key])) for key, name in names.items() if about.get(key) is not None]
    return [*out, ("Rows that are 0", count(about["zeros"]))] if about.get("zeros") else out


def _pictures(summary: Summary) -> list[Any]:
    if not (summary.get("target") or {}).get("histogram"):
        return []
    drawn = [charts.histogram(summary, width=width) for width in (880, 350)]
    return [
        {"svg": to_svg(one, f"target{at}"), "words": one["description"]}
        for at, one in enumerate(drawn)
    ]


def _pairs(summary: Summary) -> dict[str, Any] | None:
    """Return the pairs of labels that meet most often for their size, and the picture of all."""
    matrix = (summary.get("labels") or {}).get("cooccurrence") or []
    classes, rows = summary.get("classes") or [], summary["data"].get("rows") or 0
    if len(classes) < 2 or len(matrix) != len(classes):
        return None
    found = []
    for i in range(len(classes)):
        for j in range(i):
            both, one, other = matrix[i][j], matrix[i][i], matrix[j][j]
            if both and rows:
                found.append((both, i, j, both * rows / (one * other)))
    spec = charts.co_occurrence(summary, width=700)
    return {
        "svg": to_svg(spec, "pairs"),
        "words": spec["description"],
        "rows": [
            {
                "one": classes[i]["label"],
                "other": classes[j]["label"],
                "count": count(both),
                "times": number(times, 1),
            }
            for both, i, j, times in sorted(found, key=lambda one: (-one[0], one[1:3]))[
                :_MOST_PAIRS
            ]
        ],
    }
