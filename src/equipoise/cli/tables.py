"""Tables to files and to stdout, whole or not at all."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from equipoise.cli.given import check_file
from equipoise.errors import UsageError
from equipoise.files import write_atomically

__all__ = ["check_place", "write_table"]


def _as_csv(frame: Any) -> str:
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    if nested:
        raise UsageError(
            f"column {nested[0]!r} holds lists or records, which CSV cannot",
            remedy="write to a .parquet or .jsonl file with -o, or the predictions alone with --only",
        )
    return str(frame.write_csv(None))


def _csv(frame: Any, file: IO[bytes]) -> None:
    file.write(_as_csv(frame).encode())


def _tsv(frame: Any, file: IO[bytes]) -> None:
    import csv

    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows(frame.iter_rows())
    file.write(text.getvalue().encode())


def _jsonl(frame: Any, file: IO[bytes]) -> None:
    for row in frame.iter_rows(named=True):
        file.write(json.dumps(row, ensure_ascii=False, default=str).encode() + b"\n")


def _parquet(frame: Any, file: IO[bytes]) -> None:
    frame.write_parquet(file)


_WRITERS: dict[str, Callable[[Any, IO[bytes]], None]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".parquet": _parquet,
}


def check_place(path: Path) -> None:
    """Refuse a path that no table can be written to, before the work of making one.

    Raises
    ------
    UsageError
    """
    check_file(path, _WRITERS)


def write_table(frame: Any, path: Path | None) -> None:
    """Write a narwhals frame by the suffix of ``path``, or as CSV to stdout.

    A full disk leaves what was there before.
    """
    if path is None:
        sys.stdout.write(_as_csv(frame))
        return
    check_place(path)
    write_atomically(path, lambda file: _WRITERS[path.suffix.lower()](frame, file))
