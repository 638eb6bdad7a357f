"""Text files larger than memory: their encoding, what separates their values, and rows of another width."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from equipoise.errors import DataError

__all__ = ["check_widths", "encoding_of", "read_header", "recode"]

_BLOCK = 2**20
_HEADER = 2**20  # bytes in which the first line ends
_LOOKED_AT = 100_000  # bytes in which control characters are counted
_STRAY = 4  # control characters that any text may hold
_ABOUT = "csv, tsv, parquet, jsonl, feather or arrow, also with .gz"
_CONTROL = [bytes([code]) for code in (*range(9), *range(14, 32))]


@contextmanager
def _opened(where: Path, zipped: bool) -> Iterator[IO[bytes]]:
    opened: Any = gzip.open if zipped else open
    try:
        with opened(where, "rb") as file:
            yield file
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError(
            f"{str(where)!r} is named .gz and is not a whole gzip file",
            remedy="download or compress it again",
        ) from None


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the content, and then nothing: what is held back for more is to be let go."""
    while block := file.read(_BLOCK):
        yield block
    yield b""


def encoding_of(where: Path, zipped: bool) -> tuple[str, bool]:
    r"""Return how a text file is encoded, and whether its lines end in carriage returns alone.

    Parameters
    ----------
    where : Path
    zipped : bool
        Whether it is gzipped.

    Returns
    -------
    encoding : {"utf-8", "utf-16", "cp1252"}
    returns : bool

    Raises
    ------
    DataError
        If the file is no text.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from equipoise.samplers.files.texts import encoding_of
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_bytes("größe,y\n1,a\n".encode("cp1252"))
    >>> encoding_of(file, zipped=False)
    ('cp1252', False)
    """
    encoding, decoder = "utf-8", codecs.getincrementaldecoder("utf-8")()
    control = nulls = size = 0
    lines = returns = False
    with _opened(where, zipped) as file:
        for block in _blocks(file):
            if size == 0 and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                encoding, decoder = "utf-16", codecs.getincrementaldecoder("utf-16")()
            plain = block
            try:
                if encoding != "cp1252":
                    text = decoder.decode(block, not block)
                    plain = text.encode() if encoding == "utf-16" else block
            except UnicodeDecodeError:
                if encoding == "utf-16":
                    raise _binary(where) from None
                encoding = "cp1252"
            control += sum(map(plain[: max(0, _LOOKED_AT - size)].count, _CONTROL))
            nulls, size = nulls + plain.count(b"\x00"), size + len(plain)
            lines, returns = lines or b"\n" in plain, returns or b"\r" in plain
    shares = control / max(min(size, _LOOKED_AT), 1), nulls / max(size, 1)
    if max(control, nulls) > _STRAY and max(shares) > 0.01:
        raise _binary(where)
    return encoding, returns and not lines


def _binary(where: Path) -> DataError:
    return DataError(
        f"{str(where)!r} is a binary file, not text",
        remedy=f"give {_ABOUT}, with the suffix that fits",
    )


def recode(where: Path, zipped: bool, encoding: str, returns: bool, to: Path) -> None:
    """Write a text file anew: unpacked, in UTF-8, with line feeds.

    Parameters
    ----------
    where : Path
    zipped : bool
        Whether it is gzipped.
    encoding : str
        Of the file. Bytes that have no meaning in it become marks of that.
    returns : bool
        Whether its lines end in carriage returns alone.
    to : Path
        Where to write.
    """
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    with _opened(where, zipped) as file, to.open("wb") as out:
        for block in _blocks(file):
            text = decoder.decode(block, not block)
            out.write((text.replace("\r", "\n") if returns else text).encode())


def read_header(where: Path, zipped: bool, tab: bool, named: Path) -> tuple[str, list[str]]:
    """Return what separates the values of a text file in UTF-8, and the names in its header.

    Parameters
    ----------
    where : Path
    zipped : bool
        Whether it is gzipped.
    tab : bool
        Whether tabs are taken where there are any.
    named : Path
        The file, for messages.

    Returns
    -------
    separator : str
    names : list of str
        Empty where they cannot be read.

    Raises
    ------
    DataError
        If a name is there twice.
    """
    with _opened(where, zipped) as file:
        start = file.read(_HEADER).decode("utf-8-sig", "ignore")
    names = {each: _first_row(start, each) for each in ",;\t|"}
    best = "\t" if tab and len(names["\t"]) > 1 else max(names, key=lambda each: len(names[each]))
    twice = next((name for name in names[best] if name and names[best].count(name) > 1), "")
    if twice:
        raise DataError(
            f"{str(named)!r} names the column {twice!r} {names[best].count(twice)} times",
            remedy="rename all but one",
        )
    return best, names[best]


def _first_row(start: str, separator: str) -> list[str]:
    with suppress(csv.Error):
        return next(csv.reader(io.StringIO(start, newline=""), delimiter=separator), [])
    return []


def check_widths(where: Path, zipped: bool, separator: str, width: int, named: Path) -> bool:
    """Refuse a text file in UTF-8 with a row of another width than its header.

    Separators are counted in blocks, which takes a fraction of what reading takes. Rows are read one by
    one only where the numbers do not add up.

    Parameters
    ----------
    where : Path
    zipped : bool
        Whether it is gzipped.
    separator : str
    width : int
        Columns of the header.
    named : Path
        The file, for messages.

    Returns
    -------
    bool
        Whether quotation marks quote; in tab-separated files they often do not.

    Raises
    ------
    DataError
        If there is such a row, or a quotation mark is never closed; the message says in which line.
    """
    if width < 2 or _adds_up(where, zipped, separator, width):
        return True
    wrong = _first_wrong(where, zipped, separator, width, named, quoted=True)
    if wrong is not None and separator == "\t":
        bare = _first_wrong(where, zipped, separator, width, named, quoted=False)
        if bare is None:
            return False
    if wrong is not None:
        raise wrong
    return True


def _adds_up(where: Path, zipped: bool, separator: str, width: int) -> bool:
    """Say if in each block the separators are as many as its rows have, blank lines left out."""
    rest, inside = b"", False
    with _opened(where, zipped) as file:
        for block in _blocks(file):
            bare, inside = _outside_quotes(block, inside)
            whole = rest + bare
            if not block and not whole.endswith(b"\n"):
                whole += b"\n"
            end = whole.rfind(b"\n") + 1
            rest, whole = whole[end:], whole[:end]
            codes = np.frombuffer(b"\n" + whole, dtype=np.uint8)
            ends, returns = codes == ord("\n"), codes == ord("\r")
            blank = np.count_nonzero(ends[1:] & ends[:-1])
            blank += np.count_nonzero(ends[2:] & returns[1:-1] & ends[:-2])
            rows = np.count_nonzero(ends) - 1 - blank
            if np.count_nonzero(codes == ord(separator)) != rows * (width - 1):
                return False
    return not inside


def _outside_quotes(block: bytes, inside: bool) -> tuple[bytes, bool]:
    """Return what is outside of quotation marks, and whether the end is inside of them."""
    if b'"' not in block:
        return (b"" if inside else block), inside
    codes = np.frombuffer(block, dtype=np.uint8)
    # A doubled quotation mark closes and opens again, so that every second one closes.
    quotes = codes == ord('"')
    within = np.bitwise_xor.accumulate(quotes) ^ inside
    return codes[~(within | quotes)].tobytes(), bool(within[-1])


def _first_wrong(
    where: Path, zipped: bool, separator: str, width: int, named: Path, quoted: bool
) -> DataError | None:
    line, before = 0, csv.field_size_limit(2**31 - 1)
    quoting: Any = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    try:
        with _opened(where, zipped) as file:
            text = io.TextIOWrapper(file, "utf-8-sig", newline="")
            reader = csv.reader(text, delimiter=separator, quoting=quoting, strict=True)
            for fields in reader:
                start, line = line + 1, reader.line_num
                if len(fields) == width or (len(fields) < 2 and not "".join(fields).strip()):
                    continue
                return DataError(
                    f"{str(named)!r} has {len(fields)} fields in line {start:,} and {width} in its header",
                    remedy=f"correct that line, or put quotes around values that hold {separator!r}",
                )
    except csv.Error as error:
        return DataError(
            f"{str(named)!r} cannot be read from line {line + 1:,} on ({error})",
            remedy="close the quotes of that line, and double those within a quoted value",
        )
    finally:
        csv.field_size_limit(before)
    return None
