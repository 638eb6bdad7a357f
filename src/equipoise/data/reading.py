"""Read data files of every common kind into a frame."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import narwhals as nw

from equipoise.errors import DataError, StorageError
from equipoise.frames import scan_bytes, to_frame

__all__ = ["read_table"]

_KINDS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".feather": "arrow",
    ".arrow": "arrow",
    ".ipc": "arrow",
}
_KNOWN = "csv, tsv, parquet, jsonl, feather or arrow, also with .gz"


def read_table(path: str | os.PathLike[str]) -> nw.DataFrame[Any]:
    """Read a data file.

    Parameters
    ----------
    path : path
        CSV, TSV, Parquet, JSON lines, Arrow or Feather by the suffix, each also gzipped (``.gz``).

    Returns
    -------
    narwhals.DataFrame

    Raises
    ------
    DataError
        If the file is missing, empty, of another kind than its name says, ragged, or repeats a column
        name.
    StorageError
        If it may not be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from equipoise.data.reading import read_table
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("x;y\\n1;a\\n2;b\\n")
    >>> read_table(file).columns
    ['x', 'y']
    """
    where = Path(path)
    suffixes = [suffix.lower() for suffix in where.suffixes]
    zipped = bool(suffixes) and suffixes[-1] == ".gz"
    kind = _KINDS.get(
        (suffixes[:-1] if zipped else suffixes)[-1] if suffixes[: -1 if zipped else None] else ""
    )
    content = _content(where, zipped)
    if kind is None:
        raise DataError(
            f"{str(where)!r} has no suffix that names a kind of file", remedy=f"use {_KNOWN}"
        )
    if not content.strip(b"\x00 \t\r\n"):
        raise DataError(f"{str(where)!r} is empty", remedy="give a file with a header and rows")
    try:
        if kind == "csv":
            frame = _read_csv(content, where)
        else:
            frame = scan_bytes(kind, content)
    except (DataError, MemoryError):
        raise
    except Exception as error:
        # Each engine has errors of its own for a file that is not what its name says.
        first = (
            str(error).strip().splitlines()[0][:150] if str(error).strip() else type(error).__name__
        )
        raise DataError(
            f"{str(where)!r} cannot be read as {kind} ({first})",
            remedy="check that the file is whole and that its suffix names its kind",
        ) from error
    if len(frame) == 0:
        raise DataError(f"{str(where)!r} has a header and no rows", remedy="give a file with rows")
    return to_frame(frame)


def _content(where: Path, zipped: bool) -> bytes:
    try:
        if where.is_dir():
            raise DataError(f"{str(where)!r} is a folder", remedy="give a file")
        content = where.read_bytes()
        return gzip.decompress(content) if zipped else content
    except FileNotFoundError:
        near = []
        if where.parent.is_dir():
            near = get_close_matches(where.name, sorted(os.listdir(where.parent)), 1, 0.5)
        hint = f"did you mean {str(where.parent / near[0])!r}?" if near else "check the path"
        raise DataError(f"there is no file {str(where)!r}", remedy=hint) from None
    except PermissionError:
        raise StorageError(
            f"{str(where)!r} may not be read: permission denied",
            remedy="change its permissions or copy it",
        ) from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError(
            f"{str(where)!r} is named .gz and is not a whole gzip file",
            remedy="download or compress it again",
        ) from None
    except OSError as error:
        raise StorageError(
            f"{str(where)!r} cannot be read: {error.strerror}", remedy="check the disk"
        ) from error


def _read_csv(content: bytes, where: Path) -> nw.DataFrame[Any]:
    if b"\x00" in content[:100_000] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(
            f"{str(where)!r} is a binary file, not text",
            remedy=f"give {_KNOWN}, with the suffix that fits",
        )
    text = _decode(content, where)
    head = text[:200_000]
    separator = (
        "\t"
        if where.suffixes and ".tsv" in [s.lower() for s in where.suffixes]
        else _separator(head)
    )
    names = next(csv.reader(io.StringIO(head), delimiter=separator), [])
    names = [name.strip() for name in names]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DataError(
            f"{str(where)!r} names the column {twice[0]!r} {names.count(twice[0])} times",
            remedy="rename all but one",
        )
    return scan_bytes("csv", text.encode(), separator=separator, names=names)


def _decode(content: bytes, where: Path) -> str:
    for encoding in (
        "utf-8-sig",
        "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8",
    ):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    sample = content[:100_000]
    control = sum(byte < 9 or 13 < byte < 32 for byte in sample)
    if control > 0.001 * len(sample):
        raise DataError(
            f"{str(where)!r} is a binary file, not text",
            remedy=f"give {_KNOWN}, with the suffix that fits",
        )
    return content.decode("cp1252", errors="replace")


def _separator(head: str) -> str:
    lines = [line for line in head.splitlines()[:50] if line]
    counts = {sep: [line.count(sep) for line in lines] for sep in (",", ";", "\t", "|")}
    first = {sep: count[0] for sep, count in counts.items() if count and count[0]}
    if not first:
        return ","
    # The separator of the header whose count the other lines repeat most often.
    return max(first, key=lambda sep: (sum(c == first[sep] for c in counts[sep]), first[sep]))
