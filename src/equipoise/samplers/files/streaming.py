"""Random resampling of files larger than memory, as lazy queries."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from equipoise.data.columns import find_column
from equipoise.data.labels import missing_labels, natural_key, rows_word
from equipoise.data.seeds import check_seed
from equipoise.errors import DataError, TargetError, UsageError
from equipoise.files import check_writable
from equipoise.frames import to_frame
from equipoise.samplers.amounts import row_rule
from equipoise.samplers.files.lazy_files import (
    kind_of_output,
    read_batches,
    scan_file,
    told,
    write_query,
)

__all__ = ["WEIGHING", "ResampledFile", "prior_shift", "resample_file"]

WEIGHING = ("downsample-upweight", "upsample-downweight")
"""The methods that write weights."""

_MOST_CLASSES = 1000
_HEAD = 200_000  # rows that are looked at before all labels are counted
_CHAINED = 8  # classes up to which comparing with each beats looking labels up
_PIECE = 100_000  # rows of repeated ones at a time
_KEYS = 2**64


@dataclass(frozen=True)
class ResampledFile:
    """What :func:`resample_file` wrote.

    Attributes
    ----------
    out : Path
        The file.
    method : str
    before, after : dict
        Rows of each class, by label in natural order. Labels of CSV files are text.
    prior_offset : dict
        ``log(share after / share before)`` of each class: the difference of two classes is by how much
        the prior of the file has their log-odds too high, and so a model that estimates probabilities;
        trees hardly move when rows are repeated. Shares are those of the weights where there are any,
        which makes all 0 for a model trained with them. None where a class has no rows left.
    weight, row_number : str or None
        Names of the columns that were added.
    """

    out: Path
    method: str
    before: dict[Any, int]
    after: dict[Any, int]
    prior_offset: dict[Any, float | None] = field(repr=False)
    weight: str | None = None
    row_number: str | None = None


def resample_file(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    target: str,
    method: str,
    *,
    seed: int = 0,
    sampling_strategy: str | float | Mapping[Any, int] | None = None,
    over: float | None = None,
    ratio: float | None = None,
    weight: str = "sample_weight",
    row_number: str | None = None,
) -> ResampledFile:
    r"""Resample a file of any size at random, in memory that does not grow with it.

    Each row has a key, a seeded one-to-one hash of its number, so that the m rows of a class with the
    smallest keys are a uniform sample of exactly m. A class of n rows that is to have m gets every row
    ``floor(m / n)`` times and the ``m mod n`` rows with the smallest keys once more: extras are drawn
    without replacement, which balances classes with the least added noise. Rows stay in order, copies
    follow their row. The same file and seed give the same output on any number of threads, and samples of
    one seed are nested across methods: use other seeds for independent ones.

    Parameters
    ----------
    source : path
        Parquet, CSV, TSV, JSON lines, Arrow or Feather; texts also gzipped. Values of text files that
        become text files are not touched, and blank lines are left out.
    out : path
        Where to write, one of these kinds by its suffix; the file is there whole or not at all.
    target : str
        Column of the classes.
    method : str
        ``random-over``, ``random-under``, ``mild-combination`` (or ``mild``), ``downsample-upweight`` or
        ``upsample-downweight``: the numbers of rows are those of the samplers.
    seed : int, default 0
        From 0 to 2**32 - 1.
    sampling_strategy : str, float or dict, optional
        Of the first two, as in imbalanced-learn: ``"auto"``, ``"all"``, ``"not minority"``,
        ``"not majority"``, ``"minority"`` (to repeat), ``"majority"`` (to drop), the ratio of two classes,
        or rows by label.
    over, ratio : float, optional
        Parameters of :class:`MildCombination`; ``ratio`` also of :class:`DownsampleUpweight`.
    weight : str, default "sample_weight"
        Column of weights that the last two methods add: rows of the class before over rows after.
    row_number : str, optional
        Column to add with the number of the row in ``source``, from 0.

    Returns
    -------
    ResampledFile

    Raises
    ------
    UsageError
        If an argument cannot be used, ``out`` is ``source``, or a column to add is there already.
    TargetError
        If labels are missing, or there is one class only.
    DataError
        If the file cannot be read.
    StorageError
        If ``out`` cannot be written.

    References
    ----------
    Steele, G., Lea, D. and Flood, C. (2014). Fast splittable pseudorandom number generators. OOPSLA.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from equipoise.samplers.files.streaming import resample_file
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("x,y\n" + "1,ham\n" * 9 + "2,spam\n" * 3)
    >>> resample_file(folder / "a.csv", folder / "b.csv", "y", "random-under").after
    {'ham': 3, 'spam': 3}
    """
    method = "mild-combination" if method == "mild" else method
    given = {"sampling_strategy": sampling_strategy, "over": over, "ratio": ratio}
    wanted = row_rule(method, {name: each for name, each in given.items() if each is not None})
    check_seed(seed)
    where, place = Path(source), Path(out)
    kind = kind_of_output(place)
    if place.exists() and where.exists() and place.samefile(where):
        raise UsageError(f"{str(out)!r} is the input itself", remedy="name another file to write")
    check_writable(place)
    with told(where):
        query, separator = scan_file(where, to_text=kind == "csv")
        schema = query.collect_schema()
        added = {"weight": weight if method in WEIGHING else None, "row_number": row_number}
        _check_columns(schema, target, added, where)
        labels, before = _count(query, target)
        after = dict(zip(before, wanted(before), strict=True))
        taken = {*schema.names(), *added.values()}
        plan = _Plan(query, target, labels, before, after, seed, taken)
        resampled = plan.query(**added)
    write_query(resampled, place, separator=separator, source=where)
    kept: dict[Any, float | None] = dict.fromkeys(before, 0.0)
    offset = kept if method in WEIGHING else prior_shift(before, after)
    return ResampledFile(place, method, before, after, offset, **added)


def prior_shift(before: dict[Any, int], after: dict[Any, int]) -> dict[Any, float | None]:
    """Return ``log(share after / share before)`` of each class, None where no row is left.

    Parameters
    ----------
    before, after : dict
        Rows by label.

    Returns
    -------
    dict

    Examples
    --------
    >>> from equipoise.samplers.files.streaming import prior_shift
    >>> {label: round(shift, 3) for label, shift in prior_shift({0: 90, 1: 10}, {0: 10, 1: 10}).items()}
    {0: -0.588, 1: 1.609}
    """
    total = math.log(sum(after.values())) - math.log(sum(before.values()))
    return {
        label: math.log(after[label]) - math.log(n) - total if after[label] else None
        for label, n in before.items()
    }


def _check_columns(schema: Any, target: str, added: Mapping[str, str | None], where: Path) -> None:
    find_column(to_frame(schema.to_frame()), target, "target column")
    if schema[target].is_nested():
        raise TargetError(
            f"column {target!r} holds lists or records, not one label for each row",
            remedy="name a target column with one label for each row",
        )
    names = [name for name in added.values() if name is not None]
    for name in names:
        if name in schema or names.count(name) > 1:
            raise UsageError(
                f"{str(where)!r} has a column {name!r} already"
                if name in schema
                else f"two columns to add are both called {name!r}",
                remedy="rename it, or name the column to add otherwise",
            )


def _count(query: Any, target: str) -> tuple[Any, dict[Any, int]]:
    """Return the labels as a series, and the rows of each in the same, natural order."""
    column = query.select(pl.col(target).alias("label"))
    some_rows = column.head(_HEAD).collect(engine="streaming")
    if not len(some_rows):
        raise DataError("the file has no rows", remedy="give a file with rows")
    counted = some_rows.unique()
    if len(counted) <= _MOST_CLASSES:
        counted = column.group_by("label").len("rows").collect(engine="streaming")
    if len(counted) > _MOST_CLASSES:
        raise TargetError(
            f"column {target!r} has more than {_MOST_CLASSES:,} different values: an id or a measured "
            "number, not a class",
            remedy="name another target, or merge the rare classes first",
        )
    labels, rows = counted["label"].to_list(), counted["rows"].to_list()
    absent, words = missing_labels(labels)
    missing = sum(n for n, gone in zip(rows, absent, strict=True) if gone)
    if missing:
        raise TargetError(
            f"column {target!r} is missing in {missing:,} of {rows_word(sum(rows))}{words}",
            remedy="fill the labels in, or take those rows out of the file first",
        )
    if len(labels) == 1:
        raise TargetError(
            f"column {target!r} has one class only: {labels[0]!r} in all {rows_word(rows[0])}",
            remedy="name a target with at least two classes, or give data that hold both",
        )
    order = sorted(range(len(labels)), key=lambda j: natural_key(labels[j]))
    return counted["label"].gather(order), {labels[j]: int(rows[j]) for j in order}


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
        if max(m - n for m, n in pairs) <= 0:
            kept = self.source
            if any(limits):
                kept = kept.filter((self._by_class(whole) > 0) | more)
            return kept.with_columns(new).drop(self.row)
        times = self._by_class(whole) + more.cast(pl.UInt64)
        repeated = self.source.with_columns(*new, times.alias(self.row)).filter(
            pl.col(self.row) > 0
        )
        schema = {
            name: dtype for name, dtype in repeated.collect_schema().items() if name != self.row
        }
        return pl.io.plugins.register_io_source(
            lambda *_: _repeat(repeated, self.row), schema=schema
        )

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
            low_of, high_of = self._by_class(low), self._by_class(high)
            keyed = self.source.select(self.target, self.key.alias(self.row))
            key = pl.col(self.row)
            # One after the other: together, the engine would keep all keys for the second.
            below, inside = (
                part.collect(engine="streaming")
                for part in (
                    keyed.group_by(self.target).agg((key < low_of).sum()),
                    keyed.filter((key >= low_of) & (key <= high_of)),
                )
            )
            fewer = dict(below.iter_rows())
            keys = dict(inside.group_by(self.target).agg(key.sort()).iter_rows())
            for c in list(open_):
                own = keys.get(self.labels[c], [])
                at = ranks[c] - fewer[self.labels[c]] - 1
                if 0 <= at < len(own):
                    # Fewer than all rows are asked for, so this key is not the last there is.
                    limits[c] = own[at] + 1
                    open_.remove(c)
            width *= 8
        return limits


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
