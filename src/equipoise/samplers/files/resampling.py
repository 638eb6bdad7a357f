"""One call to resample a file by any method."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from equipoise.data.seeds import check_seed
from equipoise.errors import UsageError
from equipoise.files import check_writable
from equipoise.samplers.amounts import RANDOM_METHODS, WEIGHING
from equipoise.samplers.files.memory import resample_at_once
from equipoise.samplers.files.outcome import ResampledFile
from equipoise.samplers.files.queries import kind_of_output
from equipoise.samplers.files.streaming import resample_lazily
from equipoise.samplers.methods import check_parameters, known_method

__all__ = ["resample_file"]


def resample_file(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    target: str,
    method: str,
    *,
    seed: int = 0,
    weight: str | None = None,
    row_number: str | None = None,
    **parameters: Any,
) -> ResampledFile:
    r"""Resample a file into another.

    ``random-over``, ``random-under``, ``mild-combination``, ``downsample-upweight`` and
    ``upsample-downweight`` run as a lazy query: the file may be larger than memory, may hold columns of any
    type, and the rows are the same on any number of threads. The rows that are kept come first, once each
    and in their order, then their copies. Samples of one seed are nested across these methods: use other
    seeds for independent ones. All other methods read the file whole.

    Parameters
    ----------
    source : path
        Parquet, CSV, TSV, JSON lines, Arrow or Feather; texts also gzipped. Values of text files that a
        lazy query makes text files of are not touched, and blank lines are left out. Text that is not UTF-8
        is read as UTF-16 or Windows-1252, by a lazy query from a temporary copy.
    out : path
        Where to write, one of these kinds by its suffix; the file is there whole or not at all.
    target : str
        Column of the classes.
    method : str
        A name of :data:`equipoise.samplers.methods.METHODS`, such as ``random-under``, ``smote`` or
        ``nearmiss-1``; ``mild`` is short for ``mild-combination``.
    seed : int, default 0
        From 0 to 2**32 - 1.
    weight : str, optional
        Column of weights that the two methods add whose name says so, ``sample_weight`` if not given: rows
        of the class before over rows after.
    row_number : str, optional
        Column to add with the number of the row in ``source``, from 0; null for rows that were made.
    **parameters
        Parameters of the class of that name. The number of neighbours, where it is not given, is lowered to
        what the class has, which the result notes. ``sampling_strategy`` may name rows by the text of a label.

    Returns
    -------
    ResampledFile
        Rows of each class before and after, and by how much the prior moved.

    Raises
    ------
    UsageError
        If an argument cannot be used, ``out`` is ``source``, or a column to add is there already.
    TargetError
        If labels are missing, there is one class only, or the labels measure something.
    DataError
        If the file cannot be read, has a row of another width than its header, or holds what the method cannot take.
    StorageError
        If ``out`` cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from equipoise.samplers.files import resample_file
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("x,y\n" + "1,ham\n2,ham\n" * 5 + "8,spam\n9,spam\n")
    >>> resample_file(folder / "a.csv", folder / "b.csv", "y", "random-under").after
    {'ham': 2, 'spam': 2}
    >>> resample_file(folder / "a.csv", folder / "b.csv", "y", "smote", sampling_strategy=0.5).after
    {'ham': 10, 'spam': 5}
    """
    method = known_method(method)
    check_seed(seed)
    if weight is not None and method not in WEIGHING:
        raise UsageError(
            f"{method} writes no weights, so weight={weight!r} has no use",
            remedy=f"leave it out, or use {' or '.join(WEIGHING)}",
        )
    where, place = Path(source), Path(out)
    kind_of_output(place)
    if place.exists() and where.exists() and place.samefile(where):
        raise UsageError(f"{str(out)!r} is the input itself", remedy="name another file to write")
    check_writable(place)
    if method not in RANDOM_METHODS:
        return resample_at_once(
            where, place, target, method, parameters, seed=seed, row_number=row_number
        )
    check_parameters(parameters, RANDOM_METHODS[method], method)
    if method in WEIGHING:
        weight = weight or "sample_weight"
    return resample_lazily(
        where, place, target, method, parameters, seed=seed, weight=weight, row_number=row_number
    )
