"""Files of any size as lazy queries, and back."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import Full, Queue
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import IO, Any

import polars as pl

from equipoise.data.reading import read_table
from equipoise.errors import DataError, UsageError
from equipoise.files import write_atomically
from equipoise.samplers.files.texts import check_widths, encoding_of, read_header, recode

__all__ = ["SUFFIXES", "kind_of_output", "read_batches", "scan_file", "told", "write_query"]

_KINDS = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), "csv"),
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    **dict.fromkeys((".arrow", ".feather", ".ipc"), "arrow"),
}
SUFFIXES = tuple(_KINDS)
"""Ends of the names of files that can be written."""

_SMALL = 2**28  # bytes of a file that is read at once to say what is wrong with it
_AHEAD = 2  # batches read before they are needed
_MARKS = {
    "parquet": b"PAR1",
    "arrow": b"ARROW1",
    "a zip archive or a spreadsheet": b"PK\x03\x04",
    "a spreadsheet or document": b"\xd0\xcf\x11\xe0",
}


def write_query(query: Any, out: Path, *, separator: str = ",", source: Path | None = None) -> None:
    """Write a lazy polars query by the suffix of ``out``, whole or not at all.

    Parameters
    ----------
    query : polars.LazyFrame
    out : Path
        The file.
    separator : str, default ","
        Of CSV; ``.tsv`` and ``.tab`` have tabs.
    source : Path, optional
        What is blamed where rows cannot be read; otherwise ``out``.

    Raises
    ------
    UsageError
        If the suffix names no kind of file, or the kind cannot hold a column.
    StorageError
        If the place cannot be written.
    """
    kind = kind_of_output(out)
    if out.suffix.lower() in (".tsv", ".tab"):
        separator = "\t"
    elif separator == "\t" and out.suffix.lower() == ".csv":
        separator = ","
    if kind == "csv":
        schema = query.collect_schema()
        nested = [name for name, dtype in schema.items() if dtype.is_nested()]
        if nested:
            raise UsageError(
                f"column {nested[0]!r} holds lists or records, which CSV cannot",
                remedy="write to a .parquet or .jsonl file",
            )
    sinks: dict[str, Callable[[IO[bytes]], object]] = {
        "parquet": lambda file: query.sink_parquet(file, engine="streaming"),
        "csv": lambda file: query.sink_csv(file, separator=separator, engine="streaming"),
        "jsonl": lambda file: query.sink_ndjson(file, engine="streaming"),
        "arrow": lambda file: query.sink_ipc(file, engine="streaming"),
    }

    def write(file: IO[bytes]) -> None:
        with told(source or out, again=source is not None):
            sinks[kind](file)

    write_atomically(out, write)


def kind_of_output(out: Path) -> str:
    """Return ``parquet``, ``csv``, ``jsonl`` or ``arrow`` by the suffix, or refuse it.

    Parameters
    ----------
    out : Path

    Returns
    -------
    {"parquet", "csv", "jsonl", "arrow"}

    Raises
    ------
    UsageError
        If the suffix names no kind of file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from equipoise.samplers.files.queries import kind_of_output
    >>> kind_of_output(Path("rows.feather"))
    'arrow'
    """
    if out.suffix.lower() not in _KINDS:
        raise UsageError(
            f"cannot tell from {out.name!r} what kind of file to write",
            remedy=f"use a name that ends in {', '.join(_KINDS)}",
        )
    return _KINDS[out.suffix.lower()]


@contextmanager
def told(where: Path, again: bool = True) -> Iterator[None]:
    """Turn what the engine says into one error with a remedy.

    Parameters
    ----------
    where : Path
        The file that is read.
    again : bool, default True
        Whether a file that is small is read again at once, which finds better words.

    Raises
    ------
    DataError
        In place of an error of the engine.
    OSError
        Where the system refused, with its number.
    """
    try:
        yield
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        # What the system refused comes as text only.
        code = re.search(r"os error (\d+)", str(error))
        if code is not None:
            raise OSError(int(code[1]), os.strerror(int(code[1]))) from None
        if isinstance(error, OSError):
            raise
        if again and where.is_file() and where.stat().st_size < _SMALL:
            read_table(where)
        remedy = "check that the file is whole and that its suffix names its kind"
        if "utf-8" in said[0].lower():
            remedy = "write it in UTF-8 first"
        raise DataError(
            f"{str(where)!r} cannot be read ({said[0][:150]})", remedy=remedy
        ) from error


def scan_file(where: Path, to_text: bool, scratch: ExitStack) -> tuple[Any, str]:
    """Return a lazy query of a file, and what separates its values where it is text.

    Parameters
    ----------
    where : Path
    to_text : bool
        Whether values of a CSV file may stay text, as they are to become text again.
    scratch : ExitStack
        Keeps what the query reads: a text in another encoding is written anew beside.

    Returns
    -------
    query : polars.LazyFrame
    separator : str

    Raises
    ------
    DataError
        If the file is missing, empty, of another kind than its name says, or ragged.
    """
    suffixes = [suffix.lower() for suffix in where.suffixes] or [""]
    zipped = suffixes[-1] == ".gz"
    kind = _KINDS.get(suffixes[-2] if zipped and len(suffixes) > 1 else suffixes[-1])
    if kind is None or not where.is_file() or where.stat().st_size == 0:
        read_table(where)  # says what is wrong with it
        raise DataError(f"{str(where)!r} cannot be read", remedy="give a file with rows")
    with where.open("rb") as file:
        start = file.read(8)
    marked = next((name for name, mark in _MARKS.items() if start.startswith(mark)), None)
    packed = start.startswith(b"\x1f\x8b")
    if packed != zipped or marked != (None if zipped or kind not in _MARKS else kind):
        if where.stat().st_size < _SMALL:
            read_table(where)  # finds words for more kinds
        what = "gzipped" if packed else marked or f"not {kind}"
        raise DataError(
            f"{str(where)!r} is {what}, which its name does not say",
            remedy="give it the suffix of its kind, or write it anew",
        )
    if zipped and kind in _MARKS:
        raise DataError(
            f"{str(where)!r} is a gzipped {kind} file, which is not read piece by piece",
            remedy="unpack it first",
        )
    if kind == "parquet":
        return pl.scan_parquet(where, glob=False), ","
    if kind == "arrow":
        return pl.scan_ipc(where, glob=False), ","
    if kind == "jsonl":
        return pl.scan_ndjson(where, infer_schema_length=None), ","
    return _scan_csv(where, zipped, to_text, scratch)


def _scan_csv(where: Path, zipped: bool, to_text: bool, scratch: ExitStack) -> tuple[Any, str]:
    tab = where.suffixes[-2 if zipped else -1].lower() in (".tsv", ".tab")
    place = where
    encoding, returns = encoding_of(where, zipped)
    if encoding != "utf-8" or returns:
        place = Path(scratch.enter_context(TemporaryDirectory())) / "rows.csv"
        recode(where, zipped, encoding, returns, place)
        zipped = False
    separator, names = read_header(place, zipped, tab, where)
    texts = pl.scan_csv(place, separator=separator, infer_schema=False, glob=False)
    # The engine leaves quotation marks within names doubled.
    raw = texts.collect_schema().names()
    options: dict[str, Any] = {"separator": separator, "glob": False}
    if not check_widths(place, zipped, separator, len(raw), where):
        options["quote_char"] = None
        texts = pl.scan_csv(place, infer_schema=False, **options)
        raw = names = texts.collect_schema().names()
    new = dict(zip(raw, names, strict=True)) if len(names) == len(raw) else {}
    if to_text:
        return texts.filter(~_blank(texts)).rename(new), separator
    # Numbers with leading zeros are codes, whose zeros a number would lose.
    code = pl.all().str.contains(r"^\s*0\d+\s*$").any()
    codes = texts.select(code).collect(engine="streaming").row(0, named=True)
    typed = pl.scan_csv(
        place,
        infer_schema_length=None,
        schema_overrides={name: pl.String for name, found in codes.items() if found},
        **options,
    )
    return typed.filter(~_blank(typed)).rename(new), separator


def _blank(query: Any) -> Any:
    """Return an expression for the rows that stand for lines without a value."""
    (first, dtype), *others = query.collect_schema().items()
    if not others:
        return pl.lit(value=False)
    empty = pl.col(first).is_null()
    if dtype == pl.String:
        empty |= pl.col(first).str.strip_chars() == ""
    return empty & pl.all_horizontal(pl.col([name for name, _ in others]).is_null())


def read_batches(query: Any) -> Iterator[Any]:
    """Yield the frames of a lazy query in order, reading no more than a few ahead.

    Parameters
    ----------
    query : polars.LazyFrame
    """
    # The engine's own iterator reads ahead without end where rows are written slower than they are read.
    waiting: Queue[Any] = Queue(_AHEAD)
    left = Event()

    def put(item: Any) -> bool:
        while not left.is_set():
            with suppress(Full):
                waiting.put(item, timeout=0.1)
                return False
        return True  # nobody takes any more: the engine may stop

    def read() -> None:
        try:
            query.sink_batches(put, engine="streaming", maintain_order=True)
        except BaseException as error:  # noqa: BLE001 - raised again where batches are taken
            put(error)
        else:
            put(None)

    Thread(target=read, daemon=True).start()
    try:
        while (batch := waiting.get()) is not None:
            if isinstance(batch, BaseException):
                raise batch
            yield batch
    finally:
        left.set()
