"""Which columns of a file hold what of which label."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from equipoise.errors import UsageError

__all__ = ["columns_by_label", "label_columns"]


def label_columns(frame: Any, target: str) -> dict[str, str]:
    """Return the column of each label that a target names; one column if it names no more.

    Of a pattern such as ``y_*`` the label is what the star stands for.
    """
    from equipoise.data.target_columns import find_target

    columns = find_target(frame, target)[1]
    before, star, after = target.partition("*")
    if target in frame.columns or not star or "*" in after or "," in target or "?" in target:
        return {name: name for name in columns}
    labels = {name[len(before) : len(name) - len(after)] or name: name for name in columns}
    return labels if len(labels) == len(columns) else {name: name for name in columns}


def columns_by_label(
    frame: Any, given: Iterable[str], labels: dict[str, str], option: str
) -> dict[str, Any]:
    """Return a column for each label, as an option names them.

    Parameters
    ----------
    frame : narwhals.DataFrame
        The file.
    given : iterable of str
        ``LABEL=COL``, a pattern whose star stands for the label, columns named after their labels, or
        with commas as many columns as there are labels, in their order.
    labels : dict
        Label to the column of the truth.
    option : str
        The option, for messages.

    Raises
    ------
    UsageError
        If a label has no column, or two.
    """
    from equipoise.data.columns import find_column

    found: dict[str, str] = {}
    for one in given:
        for label, column in _pairs(frame, one, labels, option):
            if label in found:
                raise UsageError(
                    f"two {option} columns are for the label {label!r}: {found[label]!r} and {column!r}",
                    remedy="give one for each label",
                )
            found[label] = column
    absent = [label for label in labels if label not in found]
    if absent:
        raise UsageError(
            f"no {option} column is for the label {absent[0]!r}",
            remedy=f"give one for each label, as {option} 'probability_*' or {option} {absent[0]}=COL",
        )
    what = f"{option.strip('-')} column"
    return {label: find_column(frame, found[label], what) for label in labels}


def _pairs(frame: Any, one: str, labels: dict[str, str], option: str) -> list[tuple[str, str]]:
    if one in frame.columns:
        label = _named_after(one, labels)
        if label is None:
            raise UsageError(
                f"{option} {one!r} does not say which label it is for",
                remedy=f"write LABEL=COL, where the labels are {', '.join(list(labels)[:10])}",
            )
        return [(label, one)]
    label, equals, column = one.partition("=")
    if equals and label in labels:
        return [(label, column)]
    if "*" in one:
        return _fitting(frame, one, labels, option)
    if "," in one:
        columns = [part.strip() for part in one.split(",") if part.strip()]
        by_name = [_named_after(part, labels) for part in columns]
        if all(name is None for name in by_name) and len(columns) == len(labels):
            return list(zip(labels, columns, strict=True))
        return [pair for part in columns for pair in _pairs(frame, part, labels, option)]
    from equipoise.data.columns import find_column

    find_column(frame, one, f"{option.strip('-')} column")  # which names the nearest
    return []


def _fitting(
    frame: Any, pattern: str, labels: dict[str, str], option: str
) -> list[tuple[str, str]]:
    before, _, after = pattern.partition("*")
    out = []
    for label, truth in labels.items():
        names = (f"{before}{label}{after}", f"{before}{truth}{after}")
        out += [(label, name) for name in names if name in frame.columns and name != truth][:1]
    if not out:
        raise UsageError(
            f"no column fits {option} {pattern!r}",
            remedy=f"the star stands for a label: {', '.join(list(labels)[:10])}",
        )
    return out


def _named_after(column: str, labels: dict[str, str]) -> str | None:
    """Find the label that a column is named after, the longest where several fit."""
    fits = [
        label
        for label, truth in labels.items()
        if any(column == name or column.endswith(f"_{name}") for name in (label, truth))
    ]
    return max(fits, key=len, default=None)
