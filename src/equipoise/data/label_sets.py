"""Targets that are sets of labels: read from columns, lists and separated texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from equipoise.data.label_column import read_label_column
from equipoise.data.labels import is_missing, look_alikes, natural_key, rows_word, some, was_word
from equipoise.data.separators import SEPARATORS, most_frequent
from equipoise.data.tasks import MAX_LENGTH
from equipoise.errors import TargetError, UsageError
from equipoise.frames import string_series

__all__ = [
    "LabelSets",
    "read_label_columns",
    "read_label_lists",
    "read_label_texts",
]

MAX_LABELS = 200
_RARE = "--drop-rare-classes (drop_rare_classes=True)"


@dataclass(frozen=True)
class LabelSets:
    """The labels of each row.

    Attributes
    ----------
    Y : ndarray of shape (m, L), int64
        1 where a row has a label, else 0, for the rows that are kept.
    names : list of str
        The labels.
    keep : ndarray of shape (n,), bool
        The rows that are kept.
    notes : list of str
        What was left out, in words.
    """

    Y: NDArray[np.int64]
    names: list[str]
    keep: NDArray[np.bool_]
    notes: list[str]


def read_label_columns(
    columns: Sequence[nw.Series[Any]],
    said: str,
    *,
    drop_missing: bool = False,
    drop_rare: bool = False,
    learned: bool = True,
) -> LabelSets:
    """Read a column for each label.

    Parameters
    ----------
    columns : sequence of narwhals.Series
        True/false, 0/1, or the texts 0, 1, yes, no, true, false; each of length n.
    said : str
        The target in words, for messages.
    drop_missing : bool, default False
        Leave out rows in which a label is neither said to be there nor not, instead of refusing them.
    drop_rare : bool, default False
        Leave out labels that a single row has.
    learned : bool, default True
        Whether a model is to learn from the rows. Of rows that are only looked at, all labels are kept.

    Returns
    -------
    LabelSets
        Labels in the order of the columns, without those that no row or every row has.

    Raises
    ------
    TargetError
        If a column holds something else, values are missing, or fewer than 2 or more than 200 labels are left.

    Examples
    --------
    >>> from equipoise.data.label_sets import read_label_columns
    >>> from equipoise.frames import build_frame
    >>> data = build_frame({"red": ["yes", "no", "no"], "big": [0, 1, 1], "new": [False, False, False]})
    >>> found = read_label_columns(list(data.iter_columns()), "red,big,new")
    >>> found.names, found.Y.tolist(), found.notes
    (['red', 'big'], [[1, 0], [0, 1], [0, 1]], ["label 'new' was left out, because no row has it"])
    """
    values = np.column_stack([read_label_column(series) for series in columns])
    missing = np.isnan(values)
    keep, notes = _known_rows(
        np.asarray(missing.any(axis=1)), said, drop_missing, _emptiest(columns, missing)
    )
    Y = values[keep].astype(np.int64)
    names = [series.name for series in columns]
    chosen, left_out = _choose(Y.sum(axis=0), len(Y), names, said, drop_rare, learned)
    Y = np.ascontiguousarray(Y[:, chosen])
    names = [names[j] for j in chosen]
    return LabelSets(Y, names, keep, [*notes, *left_out, *_without_any(Y)])


def read_label_lists(
    series: nw.Series[Any],
    *,
    drop_missing: bool = False,
    drop_rare: bool = False,
    learned: bool = True,
) -> LabelSets:
    """Read a column with a list of labels in each row.

    Rows that all hold equally many zeros and ones, one for each label, are read as such.

    Parameters
    ----------
    series : narwhals.Series
        Lists of texts or numbers; an empty list says that there is no label.
    drop_missing, drop_rare, learned : bool
        See `read_label_columns`.

    Returns
    -------
    LabelSets
        Labels in natural order.

    Raises
    ------
    TargetError
        As `read_label_columns` does.

    Examples
    --------
    >>> from equipoise.data.label_sets import read_label_lists
    >>> from equipoise.frames import build_frame
    >>> found = read_label_lists(build_frame({"tags": [["red", "big"], ["big"], []]})["tags"])
    >>> found.names, found.Y.tolist(), found.notes
    (['big', 'red'], [[1, 1], [1, 0], [0, 0]], ['1 row has no label'])
    """
    rows: list[list[Any] | None] = []
    for number, value in enumerate(series.to_list()):
        if isinstance(value, np.ndarray) or hasattr(value, "to_list"):
            value = list(value)
        if isinstance(value, (list, tuple, set, frozenset)):
            rows.append(list(value))
        elif is_missing(value):
            rows.append(None)
        else:
            raise TargetError(
                f"column {series.name!r} holds lists, and {value!r:.40} in row {number + 1:,}",
                remedy="give a list in every row, an empty one where there is no label",
            )
    vectors = _as_vectors(rows)
    if vectors is not None:
        width = vectors.shape[1]
        names = [f"{series.name}_{j}" for j in range(width)]
        absent = np.array([row is None for row in rows])
        keep, notes = _known_rows(absent, series.name, drop_missing)
        Y = vectors[keep]
        chosen, left_out = _choose(Y.sum(axis=0), len(Y), names, series.name, drop_rare, learned)
        notes += [f"the lists of {series.name!r} are read as {width} labels, each 0 or 1"]
        Y = np.ascontiguousarray(Y[:, chosen])
        return LabelSets(Y, [names[j] for j in chosen], keep, [*notes, *left_out, *_without_any(Y)])
    for number, row in enumerate(rows):
        for value in row or ():
            if is_missing(value) or isinstance(value, (list, tuple, set, frozenset, dict)):
                raise TargetError(
                    f"the list of column {series.name!r} in row {number + 1:,} holds {value!r:.40}, which is no label",
                    remedy="give lists of texts or numbers, an empty one where there is no label",
                )
    sets = [None if row is None else [_label(value) for value in row] for row in rows]
    return _from_sets(sets, series.name, drop_missing, drop_rare, learned)


def read_label_texts(
    series: nw.Series[Any],
    separator: str | None = None,
    *,
    drop_missing: bool = False,
    drop_rare: bool = False,
    learned: bool = True,
) -> LabelSets:
    """Read a column with the labels of each row in one text.

    Parameters
    ----------
    series : narwhals.Series
        Texts such as "red|big". Spaces around labels do not count. A text without any label, such as "|" or "",
        says that there is none; a missing one says nothing.
    separator : str, optional
        What stands between labels; by default that one of ``| ; ,`` which most rows hold.
    drop_missing, drop_rare, learned : bool
        See `read_label_columns`.

    Returns
    -------
    LabelSets
        Labels in natural order.

    Raises
    ------
    TargetError
        As `read_label_columns` does, and if no row holds a separator.
    UsageError
        If `separator` is no text.

    Examples
    --------
    >>> from equipoise.data.label_sets import read_label_texts
    >>> from equipoise.frames import build_frame
    >>> found = read_label_texts(build_frame({"tags": ["red; big", "big", "red"]})["tags"])
    >>> found.names, found.Y.tolist(), found.notes
    (['big', 'red'], [[1, 1], [1, 0], [0, 1]], ["labels of 'tags' are read with ';' between them"])
    """
    name = series.name
    given: Any = separator
    if given is not None and not (isinstance(given, str) and given):
        raise UsageError(
            f"separator={separator!r} cannot be used", remedy="give a text such as '|' or ';'"
        )
    texts = string_series(series).to_list()
    tried = SEPARATORS if separator is None else (separator,)
    sign, count = most_frequent(texts, tried)
    if learned and not count and any(text is not None for text in texts):
        raise TargetError(
            f"no row of column {name!r} holds {' or '.join(map(repr, tried))}, so no row has two labels",
            remedy="give what stands between labels (--separator, separator=...), name a column for each label (--target a,b,c), "
            "or leave --task out if each row has one class",
        )
    sets = [
        None if text is None else [part.strip() for part in text.split(sign) if part.strip()]
        for text in texts
    ]
    found = _from_sets(
        sets, name, drop_missing, drop_rare, learned, f"write {sign!r} where a row has no label, "
    )
    if separator is None:
        found.notes.append(f"labels of {name!r} are read with {sign!r} between them")
    return found


def _emptiest(columns: Sequence[nw.Series[Any]], missing: NDArray[np.bool_]) -> str:
    if len(columns) < 2 or not missing.any():
        return ""
    most = int(missing.sum(axis=0).argmax())
    return f", most often {columns[most].name!r} ({rows_word(int(missing[:, most].sum()))})"


def _known_rows(
    missing: NDArray[np.bool_], said: str, drop: bool, which: str = "", instead: str = ""
) -> tuple[NDArray[np.bool_], list[str]]:
    """Refuse or leave out the rows of which the labels are not known."""
    count, n = int(missing.sum()), len(missing)
    if not n:
        raise TargetError(f"the target {said!r} has no rows", remedy="give data with rows")
    if count == n:
        raise TargetError(
            f"the target {said!r} is empty in all {rows_word(n)}{which}",
            remedy="name another --target",
        )
    if count and not drop:
        raise TargetError(
            f"the target {said!r} is missing in {count:,} of {rows_word(n)}{which}",
            remedy=f"{instead}leave those rows out with --drop-missing-target (drop_missing_target=True), or fill them in",
        )
    words = f"{rows_word(count)} without {said!r} {was_word(count)} left out"
    return ~missing, [words] if count else []


def _choose(
    counts: NDArray[np.int64],
    n: int,
    names: Sequence[str],
    said: str,
    drop_rare: bool,
    learned: bool,
) -> tuple[list[int], list[str]]:
    """Say which labels can be learned, and which are left out."""
    if not learned:
        return list(range(len(names))), []
    notes = []
    usable = np.ones(len(names), dtype=bool)
    kinds = [(counts == 0, "no row has"), (counts == n, "all rows have")]
    if drop_rare:
        kinds.append(((counts == 1) & (counts < n), "a single row has"))
    for wrong, why in kinds:
        bad = [names[j] for j in np.flatnonzero(wrong & usable).tolist()]
        usable &= ~wrong
        if len(bad) == 1:
            notes.append(f"label {bad[0]!r} was left out, because {why} it")
        elif bad:
            notes.append(f"{len(bad)} labels were left out, because {why} them: {some(bad)}")
    chosen = np.flatnonzero(usable).tolist()
    if len(chosen) > MAX_LABELS:
        raise TargetError(
            f"the target {said!r} has {len(chosen):,} labels, at most {MAX_LABELS} can be compared",
            remedy="name fewer columns, or merge or take out the rare labels first"
            + ("" if drop_rare else f"; {_RARE} leaves out those of one row"),
        )
    if len(chosen) < 2:
        left = f"only one label ({names[chosen[0]]!r})" if chosen else "no label"
        raise TargetError(
            f"the target {said!r} has {left} that some rows have and others have not"
            + (f" ({'; '.join(notes)})" if notes else ""),
            remedy="name one column of true/false as --target for a binary task, or at least two labels that vary",
        )
    return chosen, notes


def _without_any(Y: NDArray[np.int64]) -> list[str]:
    count = int((~Y.any(axis=1)).sum())
    return [f"{rows_word(count)} {'has' if count == 1 else 'have'} no label"] if count else []


def _label(value: Any) -> str:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() if isinstance(value, str) else str(value)


def _as_vectors(rows: Sequence[list[Any] | None]) -> NDArray[np.int64] | None:
    """Read lists that hold 0 or 1 for each label; None if they are lists of the labels themselves."""
    known = [row for row in rows if row is not None]
    width = len(known[0]) if known else 0
    if width < 2 or any(len(row) != width for row in known):
        return None
    if not all(
        isinstance(value, (bool, int, float)) and value in (0, 1) for row in known for value in row
    ):
        return None
    # A list of labels names none twice.
    if all(len(set(row)) == width for row in known):
        return None
    nothing = [0] * width
    return np.array([nothing if row is None else row for row in rows]).astype(np.int64)


def _from_sets(
    sets: Sequence[Iterable[str] | None],
    name: str,
    drop_missing: bool,
    drop_rare: bool,
    learned: bool,
    instead: str = "",
) -> LabelSets:
    """Make a column for each label that occurs."""
    keep, notes = _known_rows(
        np.array([one is None for one in sets], dtype=bool), name, drop_missing, "", instead
    )
    known = [frozenset(one) for one in sets if one is not None]
    counted = Counter(label for one in known for label in one)
    longest = max(map(len, counted), default=0)
    if longest > MAX_LENGTH:
        raise TargetError(
            f"column {name!r} has a label of {longest:,} characters, at most {MAX_LENGTH:,} are a label: it seems to "
            "hold texts, not labels",
            remedy="name as --target the column that says the labels of each row",
        )
    names = sorted(counted, key=natural_key)
    counts = np.array([counted[label] for label in names], dtype=np.int64)
    chosen, left_out = _choose(counts, len(known), names, name, drop_rare, learned)
    names = [names[j] for j in chosen]
    place = {label: j for j, label in enumerate(names)}
    Y = np.zeros((len(known), len(names)), dtype=np.int64)
    pairs = [(i, place[label]) for i, one in enumerate(known) for label in one if label in place]
    Y[tuple(np.array(pairs).T)] = 1
    alike = [note.replace("classes ", "labels ", 1) for note in look_alikes(names, name)[:1]]
    return LabelSets(Y, names, keep, [*notes, *left_out, *alike, *_without_any(Y)])
