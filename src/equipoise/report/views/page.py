"""The page as plain values: verdict, data, leaderboard, method."""

from __future__ import annotations

import shlex
from typing import Any

from equipoise.report.charts import leaderboard
from equipoise.report.charts.board import state_of, top_rows
from equipoise.report.reading import (
    Summary,
    applicable,
    baseline,
    find,
    recommended,
)
from equipoise.report.svg import to_svg
from equipoise.report.views.classes import comparison
from equipoise.report.views.data import data_at_a_glance
from equipoise.report.views.findings import findings
from equipoise.report.views.labels import label_comparison
from equipoise.report.views.numbers import number_comparison
from equipoise.report.words import (
    MISSING,
    decimals_for,
    duration,
    interval,
    number,
    p_value,
    p_words,
    shorten,
    signed,
    title_of,
)

__all__ = ["page"]

_TOP = 15
_DECISIONS = {
    "argmax": "the class with the highest score, as the learner gives it",
    "prior-corrected": "the most probable class, once probabilities are put back to the class shares of the data",
    "tuned": "thresholds chosen for {}, judged on rows that did not choose them",
    "min-cost": "the label of least expected cost",
}
_LABEL_DECISIONS = {
    "argmax": "every label with a probability above one half, as the learner gives it",
    "prior-corrected": "every label with a probability above one half, once probabilities are put back to the "
    "label shares of the data",
    "tuned": "a threshold for each label, chosen for {} and judged on rows that did not choose it",
    "min-cost": "for each label the answer of least expected cost",
}
_NUMBER_DECISIONS = {
    "prediction": "the number as the learner predicts it",
    "mean-corrected": "the mean error on rows left out of training added to it, as treatments move the mean of what "
    "is predicted",
}
_COMPARISONS = {"multilabel": label_comparison, "regression": number_comparison}


def page(summary: Summary) -> dict[str, Any]:
    """Return everything that the template prints."""
    return {
        "title": f"{summary['data']['name']}: which treatment for {summary['data']['target']}?",
        "summary": summary,
        "verdict": _verdict(summary),
        "facts": _facts(summary),
        "commands": _commands(summary),
        "tied": _tied(summary),
        "data": data_at_a_glance(summary),
        "findings": findings(summary),
        "board": _board(summary),
        "comparison": (_COMPARISONS.get(summary.get("task") or "") or comparison)(summary),
        "made": _made(summary),
    }


def _verdict(summary: Summary) -> dict[str, str]:
    verdict = summary.get("verdict") or {}
    headline = verdict.get("headline")
    if not headline:
        chosen = recommended(summary)
        headline = f"Use {title_of(chosen)}." if chosen else "The trial ended without a verdict."
    return {"headline": headline, "reason": verdict.get("reason") or ""}


def _facts(summary: Summary) -> list[dict[str, str]]:
    verdict, metric = summary.get("verdict") or {}, summary["metric"]
    chosen, base = recommended(summary), baseline(summary)
    score = verdict.get("score") or (chosen or {}).get("metrics", {}).get(metric["name"]) or {}
    if chosen is None or score.get("mean") is None:
        return []
    picked = score.get("corrected_for_picking") or {}
    digits = decimals_for([score])
    facts = [
        {
            "name": f"{metric['title']} of the recommended",
            "value": number(score["mean"], digits),
            "note": _likely(score, digits),
        }
    ]
    if base is not None and base is not chosen:
        value = base["metrics"].get(metric["name"]) or {}
        facts.append(
            {
                "name": f"{metric['title']} of the baseline, untreated",
                "value": number(value.get("mean"), digits),
                "note": _likely(value, digits),
            }
        )
    change = chosen.get("difference")
    if change and change.get("mean") is not None:
        digits = decimals_for([change])
        against = (
            "baseline" if not base or change.get("to") in {None, base["id"]} else str(change["to"])
        )
        facts.append(
            {
                "name": f"Difference to the {against}",
                "value": signed(change["mean"], digits),
                "note": f"{interval(change, digits, sign=True)}; {p_words(change, metric['direction'])} "
                f"(corrected {p_value(change.get('p_corrected'))})",
            }
        )
    total = summary["verdict"].get("competitors") or len(applicable(summary))
    if picked.get("mean") is not None and total > 1:
        digits = decimals_for([picked])
        facts.append(
            {
                "name": f"The best of all {total}, once corrected",
                "value": number(picked["mean"], digits),
                "note": f"{_likely(picked, digits)}; corrected for having been picked",
            }
        )
    return facts


def _likely(value: dict[str, Any], digits: int) -> str:
    ends = interval(value, digits)
    return f"95 % interval {ends}" if ends else "no interval"


def _commands(summary: Summary) -> list[dict[str, Any]]:
    chosen = recommended(summary)
    if chosen is None:
        return []
    data, cost = str(summary["data"]["name"]), (summary.get("cost") or {}).get("given")
    predict = {
        "what": "Predict new rows: the folder of the run holds the model, trained on all rows",
        "line": ["equipoise", "predict", "model", "NEW_ROWS.csv"],
    }
    if "." not in data:
        # Not a file but a table of a program, which has no command line.
        return [predict]
    line = ["equipoise", "train", data, "--target", str(summary["data"]["target"])]
    line += ["--cost", str(cost)] if cost else []
    line += ["--strategy", chosen["id"], "-o", "my-model"]
    return [
        predict,
        {
            "what": "Train this strategy again; what the trial was told of the columns, as by --group or "
            "--role, must be told again",
            "line": [shlex.quote(word) for word in line],
        },
    ]


def _tied(summary: Summary) -> dict[str, Any]:
    names = (summary.get("verdict") or {}).get("tied") or []
    entries = [one for one in (find(summary, name) for name in names) if one]
    metric = summary["metric"]["name"]
    digits = decimals_for(one["metrics"].get(metric) for one in entries)
    rows = [
        {
            "title": title_of(one),
            "value": number((one["metrics"].get(metric) or {}).get("mean"), digits),
            "interval": interval(one["metrics"].get(metric), digits),
            "state": state_of(one, summary)
            if state_of(one, summary) != "tied with the best"
            else "",
        }
        for one in entries
    ]
    others = [one for one in entries if one["id"] != (summary.get("verdict") or {}).get("best")]
    return {"rows": rows, "others": len(others), "open": len(rows) <= 8}


def _board(summary: Summary) -> dict[str, Any]:
    metric, label_metric = summary["metric"], summary["label_metric"]
    entries = applicable(summary)
    shown = [one["id"] for one in top_rows(summary, _TOP)]
    digits = decimals_for(one["metrics"].get(metric["name"]) for one in entries)
    change = decimals_for(one.get("difference") for one in entries)
    # The few at the top would be specks on the scale of all.
    near = _scale([one["metrics"].get(metric["name"]) for one in entries if one["id"] in shown])
    far = _scale([one["metrics"].get(metric["name"]) for one in entries])
    rows = []
    for rank, one in enumerate(entries, 1):
        value = one["metrics"].get(metric["name"]) or {}
        label_value = one["metrics"].get(label_metric["name"]) or {}
        difference = one.get("difference")
        rows.append(
            {
                "rank": rank,
                "id": one["id"],
                "learner": one["learner"],
                "title": one["title"],
                "decision": one.get("decision") or "",
                "value": number(value.get("mean"), digits),
                "interval": interval(value, digits),
                "bar": _bar(value, near if one["id"] in shown else far),
                "difference": signed((difference or {}).get("mean"), change) if difference else "",
                "chance": _chance(one, summary),
                "label_value": number(label_value.get("mean"), 3 if digits < 3 else digits),
                "seconds": duration(one.get("seconds")),
                "state": state_of(one, summary),
                "tied": bool(one.get("tied_with_best")),
                "note": one.get("note") or "",
            }
        )
    left_out = [one for one in summary.get("strategies") or [] if not one.get("applicable")]
    return {
        "top": [row for row in rows if row["id"] in shown],
        "first": sum(row["rank"] <= _TOP for row in rows),
        "same_score": metric["needs"] == "ranking" and len({row["decision"] for row in rows}) > 1,
        "rest": [row for row in rows if row["id"] not in shown],
        "charts": _forest(summary) if rows else [],
        "metric": metric,
        "label_metric": label_metric if label_metric["name"] != metric["name"] else None,
        "decisions": [
            (name, words.format(label_metric["title"]))
            for name, words in {
                "multilabel": _LABEL_DECISIONS,
                "regression": _NUMBER_DECISIONS,
            }.get(summary.get("task") or "", _DECISIONS).items()
            if any(row["decision"] == name for row in rows)
        ],
        "left_out": [
            {
                "title": one["title"],
                "learner": one["learner"],
                "why": one.get("why_not") or "not said",
            }
            for one in left_out
        ],
        "total": len(rows),
    }


def _chance(one: dict[str, Any], summary: Summary) -> str:
    difference = one.get("difference")
    if difference is None:
        return "untreated" if one.get("name") == "untreated" else MISSING
    said = p_words(difference, summary["metric"]["direction"])
    return f"{said}, {p_value(difference.get('p_corrected'))}" if said != "not testable" else said


def _forest(summary: Summary) -> list[Any]:
    return [to_svg(leaderboard(summary, top=_TOP, width=w), f"board{w}") for w in (880, 350)]


def _scale(values: list[dict[str, Any] | None]) -> tuple[float, float]:
    ends = [v[k] for v in values if v for k in ("low", "mean", "high") if v.get(k) is not None]
    return (min(ends), max(ends)) if ends else (0.0, 1.0)


def _bar(value: dict[str, Any], scale: tuple[float, float]) -> dict[str, str] | None:
    if value.get("mean") is None:
        return None
    span = (scale[1] - scale[0]) or 1.0
    places = {
        key: 3 + 94 * ((value["mean"] if value.get(key) is None else value[key]) - scale[0]) / span
        for key in ("low", "mean", "high")
    }
    return {key: f"{at:.1f}" for key, at in places.items()}


def _made(summary: Summary) -> dict[str, Any]:
    folds = summary.get("folds") or {}
    repeats = folds.get("repeats") or 1
    facts = [
        ("Folds", f"{folds.get('folds', '–')}{f', {repeats} times over' if repeats > 1 else ''}"),
        ("Scheme", folds.get("scheme") or "–"),
        (
            "Chosen by",
            f"{summary['metric']['title']}: {summary['metric'].get('description') or ''}".rstrip(
                ": "
            ),
        ),
        ("Seed", str(summary.get("seed", "–"))),
        ("Time", duration(summary.get("seconds"))),
        ("Equipoise", str(summary.get("equipoise_version") or "–")),
        *((name, str(version)) for name, version in (summary.get("versions") or {}).items()),
        ("Data fingerprint", str(summary["data"].get("fingerprint") or "–")),
    ]
    cost = summary.get("cost")
    return {
        "method": summary.get("method") or [],
        "learners": summary.get("learners") or [],
        "facts": facts,
        "cost": (cost or {}).get("matrix"),
        "labels": [shorten(one["label"], 30) for one in summary.get("classes") or []],
    }
