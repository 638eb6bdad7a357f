"""The journal: out-of-fold scores, one file per training part and fold, so that a trial can go on.

A kill at any moment leaves either the whole record or none.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import RunConflict
from equipoise.files import sweep, write_atomically

__all__ = ["Journal", "Record"]


@dataclass
class Record:
    """What one training part left on one fold; ``scores`` is None where it did not apply."""

    scores: NDArray[np.float64] | None  # raw log-probabilities (test rows, C)
    offset: NDArray[np.float64] | None
    seconds: float = 0.0
    rows_trained: int = 0
    why_not: str | None = None
    remedy: str | None = None  # where whatever did not apply said one


class Journal:
    """Records of a trial, on disk under ``folder`` or, without one, in memory."""

    def __init__(self, folder: Path | None, fingerprint: str) -> None:
        self.folder = folder
        self._fingerprint = fingerprint
        self._memory: dict[str, Record] = {}
        if folder is not None:
            self._open(folder, fingerprint)

    def _open(self, folder: Path, fingerprint: str) -> None:
        plan = folder / "plan.json"
        found = read_fingerprint(folder)
        if found is None:
            data = json.dumps({"schema_version": 1, "fingerprint": fingerprint}).encode()
            write_atomically(plan, lambda file: file.write(data))
        elif found != fingerprint:
            raise RunConflict(
                f"the folder {str(folder.parent)!r} holds a trial of other data, folds, seed, estimators or versions",
                remedy="choose another --run-dir, or remove that folder",
            )
        sweep(folder)

    def get(self, part: str, repeat: int, fold: int, shape: tuple[int, int]) -> Record | None:
        """Return the record of a part on a fold, or None if it is still to be done.

        ``shape`` is that of its scores: test rows and classes.
        """
        key = _key(part, repeat, fold)
        if self.folder is None:
            return self._memory.get(key)
        try:
            with (
                (self.folder / f"{key}.npz").open("rb") as file,
                np.load(file, allow_pickle=False) as stored,
            ):
                return self._read(stored, shape)
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
        ):
            return None  # absent, or damaged by something other than us: train again

    def _read(self, stored: Any, shape: tuple[int, int]) -> Record | None:
        meta = json.loads(str(stored["meta"]))
        if meta["fingerprint"] != self._fingerprint:
            return None  # of another trial, whose plan was lost
        seconds, trained = float(meta["seconds"]), int(meta["rows_trained"])
        if meta["why_not"] is not None:
            return Record(None, None, seconds, 0, str(meta["why_not"]), meta["remedy"])
        scores, offset = (np.asarray(stored[name], np.float64) for name in ("scores", "offset"))
        right = scores.shape == shape and offset.shape == shape[1:]
        if not right or np.isnan(scores).any() or not np.isfinite(offset).all():
            return None
        return Record(scores, offset, seconds, trained)

    def put(self, part: str, repeat: int, fold: int, record: Record) -> None:
        """Keep a record."""
        key = _key(part, repeat, fold)
        if self.folder is None:
            self._memory[key] = record
            return
        meta = {
            "fingerprint": self._fingerprint,
            "part": part,
            "seconds": record.seconds,
            "rows_trained": record.rows_trained,
            "why_not": record.why_not,
            "remedy": record.remedy,
        }
        arrays: dict[str, Any] = {"meta": np.array(json.dumps(meta))}
        if record.scores is not None and record.offset is not None:
            arrays.update(scores=record.scores, offset=record.offset)

        def write(file: IO[bytes]) -> None:
            np.savez(file, **arrays)

        write_atomically(self.folder / f"{key}.npz", write)


def read_fingerprint(folder: Path) -> str | None:
    """Return the fingerprint of the trial that a journal folder holds, or None."""
    try:
        return str(json.loads((folder / "plan.json").read_text())["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _key(part: str, repeat: int, fold: int) -> str:
    slug = re.sub(r"[^a-z0-9.]+", "-", part.lower())[:60]
    return f"r{repeat}-f{fold}-{slug}-{zlib.crc32(part.encode()):08x}"
