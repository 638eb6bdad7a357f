"""Make a summary safe to render: labels as visible text, numbers finite, keys of one kind."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from typing import Any

__all__ = [
    "Summary",
    "applicable",
    "baseline",
    "compared",
    "contrasted",
    "detail",
    "find",
    "focus",
    "prepare",
    "rarest_first",
    "recommended",
    "show_label",
]

Summary = dict[str, Any]


class _Prepared(dict[str, Any]):
    """A summary that has been cleaned, so that it is not cleaned for every chart."""


# Room for any name that is one. Drawing takes time that grows with the square of a label's length.
_LONGEST_LABEL, _LONGEST_TEXT = 500, 20_000


def show_label(value: object) -> str:
    r"""Return a label as text that can be seen: no controls, no lone surrogates, never blank, not endless.

    Examples
    --------
    >>> show_label("spam\n"), show_label(""), show_label(3)
    ('spam', '(empty)', '3')
    """
    return _visible(value, _LONGEST_LABEL) or "(empty)"


def _visible(value: object, longest: int = _LONGEST_TEXT) -> str:
    text = str(value)
    if len(text) > longest:
        text = f"{text[:longest]}…"
    text = text.encode("utf-8", "replace").decode("utf-8")
    if not text.isprintable():
        # Bidirectional overrides could reorder the page around a label, so they go with the controls.
        odd = (c for c in set(text) if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"})
        text = text.translate({ord(c): " " for c in odd if c != "\u200d"})
    return " ".join(text.split())


def prepare(summary: Summary) -> Summary:
    """Return a cleaned copy of a summary in which every class has one distinct label of text.

    Lookups by label (the curves) are renamed alike. What is not finite becomes None.
    """
    if isinstance(summary, _Prepared):
        return summary
    labels = list(_distinct([one["label"] for one in summary.get("classes", [])]))
    renamed = {
        str(one["label"]): new for one, new in zip(summary.get("classes", []), labels, strict=True)
    }
    out = _Prepared(_clean(summary))
    for one, label in zip(out.get("classes", []), labels, strict=True):
        one["label"] = label
    reason = (summary.get("verdict") or {}).get("reason")
    if reason:  # its lines are sentences of a list
        out["verdict"]["reason"] = "\n".join(_visible(line) for line in reason.splitlines())
    if summary.get("positive") is not None:
        out["positive"] = renamed.get(str(summary["positive"]), show_label(summary["positive"]))
    details = summary.get("details") or {}
    for before, after in zip(details.values(), (out.get("details") or {}).values(), strict=True):
        for row, label in zip(after.get("per_class") or [], labels, strict=False):
            row["label"] = label
        after["curves"] = {
            kind: {
                renamed.get(str(key), show_label(key)): _clean(curve)
                for key, curve in (by_label or {}).items()
            }
            for kind, by_label in (before.get("curves") or {}).items()
        }
    return out


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _visible(value)
    if isinstance(value, dict):
        return {_visible(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _distinct(values: list[object]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for value in values:
        label = show_label(value)
        seen[label] = seen.get(label, 0) + 1
        yield label if seen[label] == 1 else f"{label} ({seen[label]})"


def applicable(summary: Summary) -> list[dict[str, Any]]:
    """Return the candidates of the leaderboard, best first."""
    return [one for one in summary.get("strategies") or [] if one.get("applicable")]


def find(summary: Summary, name: str | None) -> dict[str, Any] | None:
    """Return the candidate of that name, or None."""
    return next((one for one in applicable(summary) if one["id"] == name), None)


def recommended(summary: Summary) -> dict[str, Any] | None:
    """Return the recommended candidate, or None where a trial ended without a verdict."""
    return find(summary, (summary.get("verdict") or {}).get("recommended"))


def baseline(summary: Summary) -> dict[str, Any] | None:
    """Return the untreated candidate that the recommended one is compared with."""
    return find(summary, summary.get("baseline"))


def detail(summary: Summary, name: str | None) -> dict[str, Any]:
    """Return the confusion matrix, classes and curves of a candidate; empty where there are none."""
    found: dict[str, Any] = (summary.get("details") or {}).get(name or "") or {}
    return found


def compared(summary: Summary) -> list[tuple[str, str]]:
    """Return (role, id) of the candidates that the charts put side by side."""
    pairs = [
        ("recommended", (summary.get("verdict") or {}).get("recommended")),
        ("baseline", summary.get("baseline")),
    ]
    out = [(role, name) for role, name in pairs if name and detail(summary, name)]
    if len(out) == 2 and out[0][1] == out[1][1]:
        return out[:1]
    return out


def contrasted(summary: Summary) -> list[tuple[str, str]]:
    """Return (role, id) as `compared`; where the baseline itself is recommended, the best beside it."""
    out = compared(summary)
    best = (summary.get("verdict") or {}).get("best")
    if len(out) == 1 and best and best != out[0][1] and detail(summary, best):
        return [("best", best), ("baseline", out[0][1])]
    return out


def rarest_first(summary: Summary) -> list[str]:
    """Return the labels by rising count, ties in code order."""
    classes = summary.get("classes") or []
    return [one["label"] for one in sorted(classes, key=lambda one: one["count"])]


def focus(summary: Summary, label: object | None = None) -> str:
    """Return the label that a curve is about: the one asked for, the positive one, or the rarest."""
    if label is not None:
        return show_label(label)
    if summary.get("positive") is not None:
        return str(summary["positive"])
    return (rarest_first(summary) or ["(none)"])[0]
