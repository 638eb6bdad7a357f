"""Read data files of every common kind into a frame."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

import narwhals as nw

from equipoise.errors import DataError, EquipoiseError, StorageError
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
# The first bytes of a file say what it is, whatever its name says.
_MARKS = {
    b"PAR1": ("a Parquet file", "name it .parquet", "parquet"),
    b"ARROW1": ("an Arrow file", "name it .arrow", "arrow"),
    b"\x1f\x8b": ("gzipped", "add .gz to its name", ""),
    b"PK\x03\x04": ("a zip archive or a spreadsheet", "unpack it, or save it as csv", ""),
    b"\xd0\xcf\x11\xe0": ("a spreadsheet or document", "save it as csv", ""),
}
_BLANK = b"\x00 \t\r\n\xef\xbb\xbf"
_HEAD = 200_000
_STRAY = 4


def read_table(path: str | os.PathLike[str]) -> nw.DataFrame[Any]:
    r"""Read a data file.

    Parameters
    ----------
    path : path
        CSV, TSV, Parquet, JSON lines, Arrow or Feather by the suffix, each also gzipped (``.gz``). The
        separator of a text file is found from its first lines; text that is not UTF-8 is read as
        Windows-1252. Blank lines between rows are skipped.

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
    >>> _ = file.write_text("x;y\n1;a\n2;b\n")
    >>> read_table(file).columns
    ['x', 'y']
    """
    where = Path(path)
    suffixes = [suffix.lower() for suffix in where.suffixes]
    zipped = suffixes[-1:] == [".gz"]
    suffix = "".join((suffixes[:-1] if zipped else suffixes)[-1:])
    content = _content(where, zipped, known=suffix in _KINDS)
    kind = _KINDS[suffix]
    if not content[:4096].strip(_BLANK) and not content.strip(_BLANK):
        raise DataError(f"{str(where)!r} is empty", remedy="give a file with a header and rows")
    for mark, (what, remedy, fits) in _MARKS.items():
        if content.startswith(mark) and kind != fits:
            raise DataError(f"{str(where)!r} is {what}, not {kind}", remedy=remedy)
    try:
        if kind == "csv":
            frame = _read_csv(content, where, tab=suffix in (".tsv", ".tab"))
        elif kind == "arrow" and not content.startswith(b"ARROW1"):
            frame = scan_bytes("arrow-stream", content)
        else:
            frame = scan_bytes(kind, content.removeprefix(b"\xef\xbb\xbf"))
        if len(frame) == 0:
            raise DataError(
                f"{str(where)!r} has a header and no rows", remedy="give a file with rows"
            )
        return to_frame(frame)
    except (EquipoiseError, MemoryError):
        raise
    except Exception as error:
        # Each engine has errors of its own for a file that is not what its name says.
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(
            f"{str(where)!r} cannot be read as {kind} ({said[0][:150]})",
            remedy="check that the file is whole and that its suffix names its kind",
        ) from error


def _content(where: Path, zipped: bool, known: bool) -> bytes:
    try:
        if where.is_dir():
            raise DataError(f"{str(where)!r} is a folder", remedy="give a file")
        if not known and where.exists():
            suffix = where.with_suffix("").suffix if zipped else where.suffix
            raise DataError(
                f"{str(where)!r} "
                + (
                    f"is a {suffix} file, which cannot be read"
                    if suffix
                    else "has no suffix that names a kind of file"
                ),
                remedy=f"use {_KNOWN}",
            )
        content = where.read_bytes()
        return gzip.decompress(content) if zipped else content
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        if isinstance(error, EquipoiseError):
            raise
        near: list[str] = []
        with suppress(OSError, ValueError):
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
            f"{str(where)!r} cannot be read: {error.strerror or error}", remedy="check the disk"
        ) from error


def _read_csv(content: bytes, where: Path, tab: bool) -> nw.DataFrame[Any]:
    content = _tidy(_as_utf8(content, where))
    head = content[: max(_HEAD, content.find(b"\n") + 1)].decode("utf-8", "ignore")
    whole = len(content) <= len(head.encode())
    separator = _separator(head, whole, tab)
    sample = _sample(head, separator, whole, 1000)
    raw = sample[0]
    names = _names(raw, where)
    options: dict[str, Any] = {"separator": separator, "as_text": _code_columns(sample)}
    if separator == ";":
        options["decimal_comma"] = _decimal_commas(sample)
    quoted = b'"' in content
    try:
        frame = scan_bytes("csv", content, **options)
    except Exception:
        # Tab-separated files often hold quotation marks that quote nothing.
        bare = (
            _unquoted(content, len(raw), options, where) if quoted and separator == "\t" else None
        )
        if bare is None:
            wrong = _ragged(content, separator, quoted, len(raw), where)
            if isinstance(wrong, DataError):
                raise wrong from None
            raise
        frame, quoted = bare, False
    if len(frame.columns) == len(names):
        frame = frame.rename(dict(zip(frame.columns, names, strict=True)))
    if len(frame.columns) > 1 and frame[frame.columns[-1]].null_count():
        # Only a row that is too short, or blank, ends in a missing value that nobody wrote.
        blank = _ragged(content, separator, quoted, len(raw), where)
        if isinstance(blank, DataError):
            raise blank
        if blank:
            gone = set(blank)
            frame = frame.filter([row not in gone for row in range(len(frame))])
    return frame


def _unquoted(
    content: bytes, width: int, options: dict[str, Any], where: Path
) -> nw.DataFrame[Any] | None:
    if isinstance(_ragged(content, "\t", False, width, where), DataError):
        return None
    return scan_bytes("csv", content, quote_char=None, **options)


def _as_utf8(content: bytes, where: Path) -> bytes:
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    with suppress(UnicodeDecodeError):
        content = content.decode("utf-16").encode() if utf16 else content
    content = content.removeprefix(b"\xef\xbb\xbf")
    sample = content[:100_000]
    control = sum(map(sample.count, (bytes([code]) for code in (*range(9), *range(14, 32)))))
    # A stray control character in a cell is no reason to refuse a table; binary files hold many.
    shares = (control / max(len(sample), 1), content.count(b"\x00") / max(len(content), 1))
    if max(control, content.count(b"\x00")) > _STRAY and max(shares) > 0.01:
        raise DataError(
            f"{str(where)!r} is a binary file, not text",
            remedy=f"give {_KNOWN}, with the suffix that fits",
        )
    try:
        content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace").encode()
    return content


def _tidy(content: bytes) -> bytes:
    """Give lines one kind of end, and take blank ones from both sides."""
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    if content[:1] in b"\r\n" or re.search(rb"\n[\r\n]+\Z", content[-1000:]):
        content = content.strip(b"\r\n") + b"\n"
    return content


@contextmanager
def _any_cell_size() -> Iterator[None]:
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _sample(head: str, separator: str, whole: bool, rows: int) -> list[list[str]]:
    found: list[list[str]] = []
    with _any_cell_size(), suppress(csv.Error):
        reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
        found.extend(islice(reader, rows + 1))
    # The last row may be cut.
    return found[:rows] if whole or len(found) < 2 else found[:rows][: len(found) - 1]


def _separator(head: str, whole: bool, tab: bool) -> str:
    samples = {each: _sample(head, each, whole, 50) for each in ",;\t|"}
    width = {each: len(rows[0]) for each, rows in samples.items() if rows and len(rows[0]) > 1}
    if not width:
        return ","
    if tab and "\t" in width:
        return "\t"
    # The separator of the header whose count the other lines repeat most often.
    return max(
        width,
        key=lambda each: (sum(len(row) == width[each] for row in samples[each]), width[each]),
    )


def _names(raw: list[str], where: Path) -> list[str]:
    names = [name.strip() for name in raw]
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise DataError(
            f"{str(where)!r} names the column {twice!r} {names.count(twice)} times",
            remedy="rename all but one",
        )
    for j, name in enumerate(names):
        if not name:
            names[j] = f"column_{j}" + "_" * (f"column_{j}" in names)
    return names


def _code_columns(sample: list[list[str]]) -> list[str]:
    """Find the columns of whole numbers with leading zeros, which a number would lose."""
    code = re.compile(r"0\d+")
    return [
        name
        for j, name in enumerate(sample[0])
        if name and any(j < len(row) and code.fullmatch(row[j].strip()) for row in sample[1:])
    ]


def _decimal_commas(sample: list[list[str]]) -> bool:
    cells = [cell for row in sample[1:] for cell in row]
    comma, point = (re.compile(rf"[+-]?\d+{mark}\d+") for mark in (",", r"\."))
    return any(map(comma.fullmatch, cells)) and not any(map(point.fullmatch, cells))


def _ragged(
    content: bytes, separator: str, quoted: bool, width: int, where: Path
) -> list[int] | DataError:
    """Return which rows are blank, or what is wrong with the first row of another width."""
    if not quoted:
        lines = content.count(b"\n") + (not content.endswith(b"\n"))
        if content.count(separator.encode()) == lines * (width - 1) and b"\n\n" not in content:
            return []
    blank, line = [], 0
    quoting: Any = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    with _any_cell_size():
        text = io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")
        reader = csv.reader(text, delimiter=separator, quoting=quoting, strict=True)
        try:
            for row, fields in enumerate(reader, -1):
                start, line = line + 1, reader.line_num
                if len(fields) == width:
                    continue
                if not "".join(fields).strip() and len(fields) < 2:
                    blank.append(row)
                    continue
                return DataError(
                    f"{str(where)!r} has {len(fields)} fields in line {start:,} and {width} in its header",
                    remedy=f"correct that line, or put quotes around values that hold {separator!r}",
                )
        except csv.Error as error:
            return DataError(
                f"{str(where)!r} cannot be read from line {line + 1:,} on ({error})",
                remedy="close the quotes of that line, and double those within a quoted value",
            )
    return blank
