"""Data made ready for a trial: features, class codes, groups, and what was found on the way."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from equipoise.data.columns import Column, assign_roles
from equipoise.data.duplicates import find_duplicates, merge_groups
from equipoise.data.label_imbalance import label_imbalance
from equipoise.data.leaks import Leak, find_leaks
from equipoise.data.number_target import describe_numbers
from equipoise.data.reading import read_table
from equipoise.data.seeds import check_seed
from equipoise.data.table import Schema, Table
from equipoise.data.target import read_target
from equipoise.data.target_columns import find_target
from equipoise.errors import DataError
from equipoise.frames import (
    epoch_seconds,
    float_values,
    parse_numbers,
    string_codes,
    to_frame,
)

__all__ = ["Dataset", "load_dataset"]


@dataclass
class Dataset:
    """A person's data as a trial reads them.

    Attributes
    ----------
    y : ndarray
        Class codes, int64 (n,); of a multilabel task 1 for each label that a row has, int64 (n, L); of a regression
        task the numbers, float64 (n,).
    classes : list
        Labels of the classes in code order, names of the labels, or nothing.
    task : {"binary", "multiclass", "multilabel", "regression"}
    positive : scalar or None
        The positive class of a binary task.
    target : str
        The target as it was said.
    targets : list of str
        Its columns.
    """

    table: Table
    y: NDArray[Any]
    classes: list[Any]
    task: str
    positive: Any
    target: str
    source: str
    columns: list[Column]
    schema: Schema
    groups: NDArray[np.int64] | None
    kept: str
    time: NDArray[Any] | None
    leaks: list[Leak]
    duplicates: dict[str, int]
    notes: list[str] = field(default_factory=list)
    fingerprint: str = ""
    targets: list[str] = field(default_factory=list)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows of each class or label; nothing for numbers."""
        if self.task == "regression":
            return np.empty(0, dtype=np.int64)
        if self.task == "multilabel":
            return np.asarray(self.y.sum(axis=0), dtype=np.int64)
        return np.bincount(self.y, minlength=len(self.classes))

    def describe(self) -> dict[str, Any]:
        """Return what was found, as plain data."""
        counts = self.counts
        # A row has one class, and any number of labels.
        whole = self.table.n if self.task == "multilabel" else counts.sum()
        about: dict[str, Any] = {
            "rows": self.table.n,
            "classes": [
                {"label": str(label), "count": int(count), "share": float(count / whole)}
                for label, count in zip(self.classes, counts, strict=True)
            ],
            "ratio": float(counts.max() / max(counts.min(), 1)) if len(counts) else None,
            "columns": [
                {
                    "name": column.name,
                    "role": column.role,
                    "reason": column.reason,
                    "missing": column.missing,
                    "distinct": column.distinct,
                }
                for column in self.columns
            ],
            "leaks": [
                {"column": leak.column, "score": float(leak.score), "why": leak.why}
                for leak in self.leaks
            ],
            "duplicates": self.duplicates,
            "notes": list(self.notes),
        }
        if self.task == "regression":
            about["target"] = describe_numbers(self.y)
        elif self.task == "multilabel":
            found = label_imbalance(self.y)
            about["labels"] = {
                "cardinality": found.cardinality,
                "density": found.density,
                "distinct_sets": found.distinct_sets,
                "unlabelled": found.unlabelled,
                "mean_ir": found.mean_ir,
                "scumble": found.scumble,
            }
        return about


def load_dataset(
    data: Any,
    target: Any,
    *,
    task: str | None = None,
    group: str | None = None,
    time: str | None = None,
    text: str | Iterable[str] | None = None,
    roles: Mapping[str, str] | None = None,
    positive: Any = None,
    separator: str | None = None,
    drop_missing_target: bool = False,
    drop_rare_classes: bool = False,
    seed: int = 0,
) -> Dataset:
    """Read data and find everything that a trial needs to know about them.

    See :func:`equipoise.compare` for the parameters. A target of several columns, named in a list, joined by commas or
    by a pattern such as ``"label_*"``, or given as an array of shape (n, L), has a label in each; so has a column of
    lists, or one of texts with `separator` or with ``task="multilabel"``, which finds the separator among ``| ; ,``.

    Raises
    ------
    EquipoiseError
        Whatever is wrong with the data, with the remedy.

    Examples
    --------
    >>> from equipoise.data.dataset import load_dataset
    >>> data = load_dataset({"x": [1.0, 2.0, 3.5, 4.0, 1.5], "y": ["a", "a", "a", "b", "b"]}, "y")
    >>> data.classes, data.counts.tolist()
    (['a', 'b'], [3, 2])
    >>> load_dataset({"x": [1.0, 2.0, 3.5, 4.0], "y": ["a", "a", "a", "b"]}, "y")
    Traceback (most recent call last):
    ...
    equipoise.errors.TargetError: ...
    """
    check_seed(seed)
    source = "data"
    if isinstance(data, (str, os.PathLike)):
        # A name need not be text, and this one goes into files that are.
        source = os.fsencode(Path(data).name).decode("utf-8", "replace")
        frame = read_table(data)
    else:
        frame = to_frame(data, plain=target if isinstance(target, str) else None)
    if len(frame) == 0:
        raise DataError("the data have no rows", remedy="give one row per case")
    frame, names, said = find_target(frame, target)
    found_target = read_target(
        frame,
        names,
        said=said,
        task=task,
        positive=positive,
        separator=separator,
        drop_missing=drop_missing_target,
        drop_rare=drop_rare_classes,
    )
    if not found_target.keep.all():
        frame = frame.filter(found_target.keep.tolist())
    y, classes = found_target.y, found_target.classes
    texts = [text] if isinstance(text, str) else list(text or ())
    columns = assign_roles(frame, names, roles, group, time, texts)
    schema = Schema.of(frame, columns)
    if not schema.features:
        left = ", ".join(f"{column.name} is {column.role}" for column in columns[:5])
        raise DataError(
            f"no column is left to learn from ({left})",
            remedy="set a role with --role NAME=number (or category, text)",
        )
    table = schema.apply(frame)
    found = find_duplicates(table, y)
    groups, kept = _groups(found.groups, None if group is None else string_codes(frame[group])[0])
    notes = [
        *found_target.notes,
        *found.notes,
        *_note_conflicts(found_target.task, found.conflicting),
        *_note_levels(schema),
        *_note_infinite(frame, schema),
    ]
    duplicates = {"rows": found.rows, "clusters": found.clusters, "grouped": found.grouped}
    if found_target.task in ("multilabel", "regression"):
        duplicates["conflicting"] = found.conflicting
    dataset = Dataset(
        table,
        y,
        classes,
        found_target.task,
        found_target.positive,
        said,
        source,
        columns,
        schema,
        groups,
        kept,
        None if time is None else _time(frame[time]),
        find_leaks(table, y, seed, labels=classes),
        duplicates,
        notes,
        targets=names,
    )
    dataset.fingerprint = _fingerprint(dataset)
    return dataset


def _groups(
    copies: NDArray[np.int64], given: NDArray[np.int32] | None
) -> tuple[NDArray[np.int64] | None, str]:
    has_copies = len(np.unique(copies)) < len(copies)
    if given is None:
        return (copies, "duplicates") if has_copies else (None, "rows")
    # A row without a group is a group of its own.
    alone = given < 0
    own = given.astype(np.int64)
    own[alone] = given.max() + 1 + np.arange(alone.sum())
    if not has_copies:
        return own, "groups"
    return merge_groups(own, copies), "groups and duplicates"


def _time(series: nw.Series[Any]) -> NDArray[Any]:
    if series.dtype.is_integer() and not series.null_count():
        return np.asarray(series.to_numpy())
    if series.dtype.is_numeric():
        seconds = float_values(series)
    else:
        seconds = epoch_seconds(series)
        if np.isnan(seconds).any() and not series.dtype.is_temporal():
            seconds = float_values(parse_numbers(series)[0])
    if not np.isfinite(seconds).all():
        bad = int(np.flatnonzero(~np.isfinite(seconds))[0])
        value = series[bad]
        what = "nothing" if value is None else repr(value)
        raise DataError(
            f"time column {series.name!r} has {what[:40]} in row {bad + 1:,}, which is no time",
            remedy="give numbers or dates such as 2024-12-31 in every row",
        )
    return seconds


def _note_conflicts(task: str, count: int) -> list[str]:
    what = {"multilabel": "sets of labels", "regression": "numbers"}.get(task)
    if what is None or not count:
        return []
    copies = "one group" if count == 1 else f"{count:,} groups"
    return [f"{copies} of copied rows with different {what}: no model can be right on all of them"]


def _note_levels(schema: Schema) -> list[str]:
    return [
        f"column {name!r} has {len(levels):,} levels, of which the 100 most frequent are used"
        for name, levels in schema.levels.items()
        if len(levels) > 100
    ]


def _note_infinite(frame: nw.DataFrame[Any], schema: Schema) -> list[str]:
    notes = []
    for name, role in schema.features:
        if role == "number" and frame[name].dtype.is_float():
            count = int(np.isinf(float_values(frame[name])).sum())
            if count:
                what = "value, which counts" if count == 1 else "values, which count"
                notes.append(f"column {name!r} holds {count:,} infinite {what} as missing")
    return notes


def _fingerprint(dataset: Dataset) -> str:
    table = dataset.table
    about = {
        "target": dataset.target,
        "classes": [str(label) for label in dataset.classes],
        "features": dataset.schema.to_json(),
        "kept": dataset.kept,
    }
    if dataset.task in ("multilabel", "regression"):
        about["task"] = dataset.task
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    # NaN and zero have several bit patterns each.
    numbers = np.where(np.isnan(table.numbers), np.nan, table.numbers) + 0.0
    of_rows = (table.codes, dataset.y, dataset.groups, dataset.time)
    for array in (numbers, *(array for array in of_rows if array is not None)):
        digest.update(f"{array.dtype.kind}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    for text in table.texts:
        for value in text:
            encoded = value.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()
