"""What the checks found of the data and the model, as plain values for the page and the terminal."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from equipoise.report.reading import Summary, find
from equipoise.report.words import decimals_for, interval, p_value, plural, signed, title_of

__all__ = ["findings", "tally"]

Found = dict[str, Any]


def findings(summary: Summary) -> dict[str, Any] | None:
    """Return issues and tips with what to do about them, and the names of what passed.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``; runs of early versions have no ``findings``.

    Returns
    -------
    dict or None
        ``tally`` in words, ``rows`` for issues and tips, ``passed`` and ``idle`` as names; None without
        findings.
    """
    found = summary.get("findings") or []
    if not found:
        return None
    told = [one for one in found if one.get("state") in ("issue", "tip")]
    idle = [one for one in found if one.get("state") in ("not applicable", "muted")]
    return {
        "tally": tally(found),
        "rows": [_row(one, summary) for one in told],
        "first": told[0]["code"] if told else None,
        "passed": _names(one for one in found if one.get("state") == "passed"),
        "idle": _names(idle),
    }


def tally(found: Sequence[Found]) -> str:
    """Count issues and tips.

    Examples
    --------
    >>> from equipoise.report.views.findings import tally
    >>> tally([{"state": "issue", "severity": "high"}, {"state": "tip"}, {"state": "passed"}])
    '1 issue (1 high), 1 tip'
    >>> tally([{"state": "passed"}])
    'no issues, no tips'
    """
    issues = [one for one in found if one.get("state") == "issue"]
    tips = sum(one.get("state") == "tip" for one in found)
    high = sum(one.get("severity") == "high" for one in issues)
    said = [
        plural(n, word) if n else f"no {word}s"
        for n, word in ((len(issues), "issue"), (tips, "tip"))
    ]
    return f"{said[0]}{f' ({high} high)' if high else ''}, {said[1]}"


def _names(found: Any) -> list[dict[str, str]]:
    return [
        {"code": one["code"], "title": one.get("title") or one.get("name") or ""} for one in found
    ]


def _row(one: Found, summary: Summary) -> dict[str, Any]:
    action = _filled_in(one.get("action") or "", summary)
    measured = one.get("measured")
    return {
        "code": one["code"],
        "title": one.get("title") or one.get("name") or "",
        "grade": one.get("severity") or "tip",
        "summary": one.get("summary") or "",
        "action": action,
        "is_command": action.startswith("equipoise "),
        "measured": _measured(measured, summary) if measured else "",
        # What a tip goes on to say is no effect of doing something.
        "expect": (one.get("effect") or "") if one.get("state") == "issue" else "",
    }


def _filled_in(action: str, summary: Summary) -> str:
    """Put the file and the target of the trial where a command has room for any."""
    data = summary["data"]
    if not action.startswith("equipoise ") or "." not in str(data["name"]):
        return action
    for room, value in ((" FILE", data["name"]), (" --target COL", f"{data['target']}")):
        start = room.removesuffix("COL").removesuffix("FILE")
        action = action.replace(room, f"{start}{shlex.quote(str(value))}", 1)
    return action


def _measured(found: dict[str, Any], summary: Summary) -> str:
    change = found["difference"]
    as_mean = {**change, "mean": change.get("value")}
    digits = decimals_for([as_mean])
    entry = find(summary, found["strategy"])
    metric = summary["metric"]
    title = metric["title"] if found["metric"] == metric["name"] else found["metric"]
    if title[1:2].islower():
        title = title[0].lower() + title[1:]
    ends = interval(as_mean, digits, sign=True)
    return (
        f"{title_of(entry) if entry else found['strategy']} changed {title} by {signed(change.get('value'), digits)}"
        f"{f' ({ends})' if ends else ''}, corrected {p_value(found.get('p_corrected'))}"
    )
