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

from equipoise.data.columns import Column, assign_roles, find_column
from equipoise.data.duplicates import find_duplicates, merge_groups
from equipoise.data.leaks import Leak, find_leaks
from equipoise.data.reading import read_table
from equipoise.data.seeds import check_seed
from equipoise.data.table import Schema, Table
from equipoise.data.target import encode_target, usable_rows
from equipoise.errors import DataError, UsageError
from equipoise.frames import (
    build_frame,
    column_name,
    epoch_seconds,
    float_values,
    parse_numbers,
    string_codes,
    to_frame,
)

__all__ = ["Dataset", "load_dataset"]

_TARGET = "target"


@dataclass
class Dataset:
    """A person's data as a trial reads them."""

    table: Table
    y: NDArray[np.int64]
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

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows of each class."""
        return np.bincount(self.y, minlength=len(self.classes))

    def describe(self) -> dict[str, Any]:
        """Return what was found, as plain data."""
        counts = self.counts
        return {
            "rows": self.table.n,
            "classes": [
                {"label": str(label), "count": int(count), "share": float(count / counts.sum())}
                for label, count in zip(self.classes, counts, strict=True)
            ],
            "ratio": float(counts.max() / max(counts.min(), 1)),
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
    drop_missing_target: bool = False,
    drop_rare_classes: bool = False,
    seed: int = 0,
) -> Dataset:
    """Read data and find everything that a trial needs to know about them.

    See :func:`equipoise.compare` for the parameters.

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
    frame, name = _with_target(frame, target)
    keep, notes = usable_rows(
        find_column(frame, name, "target column"),
        name=name,
        drop_missing=drop_missing_target,
        drop_rare=drop_rare_classes,
    )
    if not keep.all():
        frame = frame.filter(keep.tolist())
    y, classes, target_notes = encode_target(frame[name], task, positive, name=name)
    texts = [text] if isinstance(text, str) else list(text or ())
    columns = assign_roles(frame, name, roles, group, time, texts)
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
        *notes,
        *target_notes,
        *found.notes,
        *_note_levels(schema),
        *_note_infinite(frame, schema),
    ]
    dataset = Dataset(
        table,
        y,
        classes,
        "binary" if len(classes) == 2 else "multiclass",
        classes[1] if len(classes) == 2 else None,
        name,
        source,
        columns,
        schema,
        groups,
        kept,
        None if time is None else _time(frame[time]),
        find_leaks(table, y, seed, labels=classes),
        {"rows": found.rows, "clusters": found.clusters, "grouped": found.grouped},
        notes,
    )
    dataset.fingerprint = _fingerprint(dataset)
    return dataset


def _with_target(frame: nw.DataFrame[Any], target: Any) -> tuple[nw.DataFrame[Any], str]:
    if isinstance(target, str):
        find_column(frame, target, "target column")
        return frame, target
    if isinstance(target, (int, tuple)) and column_name(target) in frame.columns:
        # pandas knows columns by numbers and tuples too.
        return frame, column_name(target)
    values = target if isinstance(target, list) else getattr(target, "to_list", lambda: None)()
    if values is None:
        array = np.asarray(target)
        values = (array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array).tolist()
    if not isinstance(values, list):
        raise UsageError(
            f"the target is {target!r:.60}",
            remedy="give a column's name, or one value for each row",
        )
    if len(values) != len(frame):
        raise UsageError(
            f"the target has {len(values)} values and the data {len(frame)} rows",
            remedy="give one per row",
        )
    label = getattr(target, "name", None)
    name = _TARGET if label in (None, "") else column_name(label)
    while name in frame.columns:
        name += "_"
    return frame.with_columns(build_frame({name: values})[name]), name


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
