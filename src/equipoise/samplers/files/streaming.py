"""Random resampling of files larger than memory, as lazy queries."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from equipoise.data.columns import find_column
from equipoise.errors import DataError, TargetError
from equipoise.frames import to_frame
from equipoise.samplers.amounts import row_rule
from equipoise.samplers.files.outcome import (
    MOST_CLASSES,
    ResampledFile,
    check_added,
    class_counts,
    prior_shift,
)
from equipoise.samplers.files.queries import (
    kind_of_output,
    read_batches,
    scan_file,
    told,
    write_query,
)

__all__ = ["resample_lazily"]

_HEAD = 200_000  # rows that are looked at before all labels are counted
_CHAINED = 8  # classes up to which comparing with each beats looking labels up
_PIECE = 100_000  # rows of repeated ones at a time
_KEYS = 2**64


def resample_lazily(
    source: Path,
    out: Path,
    target: str,
    method: str,
    given: Mapping[str, Any],
    *,
    seed: int,
    weight: str | None,
    row_number: str | None,
) -> ResampledFile:
    """Resample by a lazy query, in memory that does not grow with the file.

    Each row has a key, a seeded one-to-one hash of its number, so that the m rows of a class with the
    smallest keys are a uniform sample of exactly m. A class of n rows that is to have m gets every row
    ``floor(m / n)`` times and the ``m mod n`` rows with the smallest keys once more: extras are drawn
    without replacement, which balances classes with the least added noise. First come the rows that are
    kept, once each and in their order, then their copies in the same order. The same file and seed give
    the same output on any number of threads.

    Parameters
    ----------
    source, out : Path
    target : str
        Column of the classes.
    method : str
        A name of :data:`equipoise.samplers.amounts.RANDOM_METHODS`.
    given : dict
        Its parameters.
    seed : int
    weight, row_number : str or None
        Columns to add.

    Returns
    -------
    ResampledFile

    Raises
    ------
    UsageError
        If a parameter cannot be used, or a column to add is there already.
    TargetError
        If labels are missing, or there is one class only.
    DataError
        If the file cannot be read.
    StorageError
        If ``out`` cannot be written.

    References
    ----------
    Steele, G., Lea, D. and Flood, C. (2014). Fast splittable pseudorandom number generators. OOPSLA.
    """
    wanted = row_rule(method, given)
    kind = kind_of_output(out)
    with ExitStack() as scratch:
        with told(source):
            query, separator = scan_file(source, kind == "csv", scratch)
            schema = query.collect_schema()
            added = {"weight": weight, "row_number": row_number}
            _check_target(schema, target)
            check_added(list(added.values()), schema, source)
            labels, before = _count(query, target, source)
            after = dict(zip(before, wanted(before), strict=True))
            taken = {*schema.names(), *added.values()}
            plan = _Plan(query, target, labels, before, after, seed, taken)
            resampled = plan.query(**added)
        write_query(resampled, out, separator=separator, source=source)
    kept: dict[Any, float | None] = dict.fromkeys(before, 0.0)
    offset = kept if weight is not None else prior_shift(before, after)
    return ResampledFile(
        out, method, before, after, offset, weight, row_number, parameters=dict(given)
    )


def _check_target(schema: pl.Schema, target: str) -> None:
    find_column(to_frame(schema.to_frame()), target, "target column")
    if schema[target].is_nested():
        raise TargetError(
            f"column {target!r} holds lists or records, not one label for each row",
            remedy="name a target column with one label for each row",
        )


def _count(query: Any, target: str, source: Path) -> tuple[Any, dict[Any, int]]:
    """Return the labels as a series, and the rows of each in the same, natural order."""
    column = query.select(pl.col(target).alias("label"))
    counted = _tally(column.head(_HEAD))
    if len(counted) <= MOST_CLASSES:
        counted = _tally(column)
    labels = counted["label"].to_list()
    if not labels:
        raise DataError(f"{str(source)!r} has a header and no rows", remedy="give a file with rows")
    before = class_counts(labels, counted["rows"].to_list(), target)
    place = {label: j for j, label in enumerate(labels)}
    return counted["label"].gather([place[label] for label in before]), before


def _tally(column: Any) -> Any:
    return column.group_by("label").len("rows").collect(engine="streaming")


def _whole(value: int) -> Any:
    return pl.lit(value, dtype=pl.UInt64)


def _mixed(z: Any) -> Any:
    """Return the finaliser of SplitMix64, a bijection of the whole numbers below 2**64."""
    for bits, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z // _whole(2**bits))) * _whole(factor)
    return z ^ (z // _whole(2**31))


class _Plan:
    """How often each row is written: ``whole`` times by its class, and once more below ``limit``."""

    def __init__(
        self,
        query: Any,
        target: str,
        labels: Any,
        before: dict[Any, int],
        after: dict[Any, int],
        seed: int,
        taken: Collection[Any],
    ) -> None:
        self.row = "row"
        while self.row in taken:
            self.row += "_"
        self.source = query.with_row_index(self.row)
        self.target, self.labels = target, labels
        self.counts, self.wanted = list(before.values()), list(after.values())
        # The seed goes through the hash too: keys of neighbouring seeds are far apart in its cycle.
        start = pl.select(_mixed(_whole(seed))).item()
        # As in SplitMix64 the steps begin at 1: else the key of row 0 under seed 0 would be 0, the smallest.
        number = pl.col(self.row).cast(pl.UInt64) + _whole(1)
        step = number * _whole(0x9E3779B97F4A7C15)
        # Products wrap around, and nothing on the way loses a bit: keys of different rows differ.
        self.key = _mixed(step + _whole(start))

    def query(self, weight: str | None, row_number: str | None) -> Any:
        """Return the resampled rows."""
        pairs = list(zip(self.wanted, self.counts, strict=True))
        whole = [m // n for m, n in pairs]
        limits = self._limits([m % n for m, n in pairs])
        more = self.key < self._by_class(limits) if any(limits) else pl.lit(value=False)
        new = []
        if weight is not None:
            new.append(self._by_class([n / m for m, n in pairs], pl.Float64).alias(weight))
        if row_number is not None:
            new.append(pl.col(self.row).cast(pl.Int64).alias(row_number))
        kept = self.source
        if not all(whole):
            kept = kept.filter((self._by_class(whole) > 0) | more)
        kept = kept.with_columns(new).drop(self.row)
        grows = [m > n for m, n in pairs]
        if not any(grows):
            return kept
        # Only rows with copies pass through Python.
        own = self.source.filter(self._by_class(grows, pl.Boolean))
        copies = self._by_class([max(often, 1) - 1 for often in whole]) + more.cast(pl.UInt64)
        repeated = own.with_columns(*new, copies.alias(self.row)).filter(pl.col(self.row) > 0)
        rest = pl.io.plugins.register_io_source(
            lambda *_: _repeat(repeated, self.row), schema=kept.collect_schema()
        )
        return pl.concat([kept, rest])

    def _by_class(self, values: list[Any], dtype: Any = None) -> Any:
        """Return an expression with the value of each row's class."""
        dtype = dtype or pl.UInt64
        if len(set(values)) == 1:
            return pl.lit(values[0], dtype=dtype)
        label = pl.col(self.target)
        if len(values) > _CHAINED:
            given = pl.Series(values, dtype=dtype)
            return label.replace_strict(self.labels, given, return_dtype=dtype)
        chain: Any = pl
        for j in range(len(values) - 1):
            same = label == pl.lit(self.labels[j], dtype=self.labels.dtype)
            chain = chain.when(same).then(pl.lit(values[j], dtype=dtype))
        return chain.otherwise(pl.lit(values[-1], dtype=dtype))

    def _limits(self, ranks: list[int]) -> list[int]:
        """Return the key above the smallest ``ranks[c]`` of each class, 0 where that is none.

        The keys are uniform, so that the one asked for is in a narrow window around its expected place:
        only the keys in it are collected, and those below it counted.
        """
        limits = [0] * len(ranks)
        open_, width = [c for c, rank in enumerate(ranks) if rank], 10.0
        while open_:
            low, high = [1] * len(ranks), [0] * len(ranks)
            for c in open_:
                low[c], high[c] = _window(ranks[c], self.counts[c], width)
            fewer, keys = self._around(low, high)
            for c in list(open_):
                at = ranks[c] - fewer[c] - 1
                if 0 <= at < len(keys[c]):
                    # Fewer than all rows are asked for, so this key is not the last there is.
                    limits[c] = int(keys[c][at]) + 1
                    open_.remove(c)
            width *= 8
        return limits

    def _around(self, low: list[int], high: list[int]) -> tuple[list[int], list[Any]]:
        """Return how many keys of each class are below ``low``, and those up to ``high``, sorted."""
        low_of, high_of = self._by_class(low), self._by_class(high)
        keyed, key = self.source.with_columns(self.key.alias(self.row)), pl.col(self.row)
        # One after the other: together, the engine would keep all keys for the second.
        below = keyed.filter(key < low_of).group_by(self.target).len()
        fewer = dict(below.collect(engine="streaming").iter_rows())
        # By numbers of classes, not labels: the few rows of a batch that stay would keep all of its texts.
        inside = keyed.filter((key >= low_of) & (key <= high_of))
        code = self._by_class(list(range(len(low))))
        batches = read_batches(inside.select(code.alias("class"), key.alias("key")))
        found = np.concatenate([np.empty((0, 2), np.uint64), *map(pl.DataFrame.to_numpy, batches)])
        own = [np.sort(found[found[:, 0] == c, 1]) for c in range(len(low))]
        return [fewer.get(label, 0) for label in self.labels], own


def _window(rank: int, count: int, width: float) -> tuple[int, int]:
    place = rank / count
    half = width * (math.sqrt(place * (1 - place) / count) + 5 / count)
    return max(0, int((place - half) * _KEYS)), min(_KEYS - 1, int((place + half) * _KEYS))


def _repeat(query: Any, times: str) -> Iterator[Any]:
    # In pieces of bounded length: a class in a run of rows may grow a thousandfold.
    for batch in read_batches(query):
        each = batch[times].to_numpy().astype(np.int64)
        ends, rows = np.cumsum(each), batch.drop(times)
        total = int(ends[-1]) if len(ends) else 0
        if total == len(rows):
            yield rows
            continue
        for start in range(0, total, _PIECE):
            end = min(start + _PIECE, total)
            first, last = np.searchsorted(ends, [start, end - 1], side="right")
            often = each[first : last + 1].copy()
            often[0] = ends[first] - start
            often[-1] -= ends[last] - end
            yield rows[np.repeat(np.arange(first, last + 1), often)]
