"""Files and folders that are written whole or not at all, and what an ended process left of them.

Everything is written beside its place and renamed into it. Whoever writes holds a lock on what is not
yet in place, so that whoever comes later can tell what is still being written from what was abandoned.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from equipoise.errors import StorageError

__all__ = ["check_writable", "recover", "sweep", "write_atomically", "write_folder"]

_PARTIAL, _REPLACED = ".partial-", ".replaced-"


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Call ``write(file)`` on a temporary binary file and rename it to ``path``.

    Missing folders are made. A link stays one: what it leads to is replaced. A device or a pipe cannot be
    replaced and is written to as it is.

    Raises
    ------
    StorageError
        If the disk is full or the place cannot be written; what was there before is still there.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from equipoise.files import write_atomically
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
    >>> write_atomically(path, lambda file: file.write(b"all of it"))
    >>> path.read_text(), len(list(path.parent.iterdir()))
    ('all of it', 1)
    """
    with _told(path):
        if path.exists() and not path.is_file() and not path.is_dir():
            with path.open("wb") as file:
                write(file)
            return
        place = path.resolve()
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place)
        partial = _beside(place, _PARTIAL)
        try:
            # Made with all permissions but those that the umask takes away, unlike by tempfile.
            with open(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
                _lock(file.fileno())
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, place)
        finally:
            partial.unlink(missing_ok=True)


def write_folder(folder: Path, fill: Callable[[Path], object]) -> None:
    """Call ``fill(temporary)`` on a temporary folder and rename it to ``folder``, which it replaces.

    An older folder stands aside until the new one is in place, and comes back if that fails. If the process
    ends in between, :func:`recover` brings it back.

    Raises
    ------
    StorageError
        If the disk is full or the place cannot be written; what was there before is still there.
    """
    with _told(folder):
        place = folder.resolve()
        place.parent.mkdir(parents=True, exist_ok=True)
        recover(folder)
        partial = _beside(place, _PARTIAL)
        try:
            partial.mkdir()
            with _locked(partial):
                fill(partial)
                for path in partial.iterdir():
                    _flush(path)
                _put(partial, place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _put(partial: Path, place: Path) -> None:
    if not place.exists():
        os.replace(partial, place)
        return
    aside = _beside(place, _REPLACED)
    aside.mkdir()
    with _locked(aside):
        try:
            os.replace(place, aside / "old")
            try:
                os.replace(partial, place)
            except OSError:
                os.replace(aside / "old", place)
                raise
        finally:
            if place.exists():
                shutil.rmtree(aside, ignore_errors=True)


def recover(folder: Path) -> None:
    """Put right what a process that ended while it wrote ``folder`` left beside it.

    A folder that stood aside comes back if nothing has taken its place. What nobody writes to any longer
    goes. Nothing is done where that is not allowed.
    """
    with suppress(OSError):
        place = folder.resolve()
        for aside in _abandoned(place, _REPLACED):
            if (aside / "old").exists() and not place.exists():
                os.replace(aside / "old", place)
            shutil.rmtree(aside, ignore_errors=True)
        _sweep(place)


def sweep(folder: Path) -> None:
    """Remove from a folder of ours all files that were never finished and that nobody writes to now."""
    for path in folder.glob(f"{_PARTIAL}*"):
        if _is_abandoned(path):
            _remove(path)


def check_writable(path: Path) -> None:
    """Refuse a path that cannot be written to, before the work whose result is to go there.

    Raises
    ------
    StorageError
        If no file or folder could be made there.
    """
    with _told(path):
        place = path.resolve()
        above = next(one for one in place.parents if one.exists())
        if not above.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        for folder in (above, place):
            if folder.is_dir() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _beside(place: Path, prefix: str) -> Path:
    return place.parent / f"{_prefix(place, prefix)}{secrets.token_hex(4)}"


def _prefix(place: Path, prefix: str) -> str:
    # A name may be as long as names get, so it is not made longer.
    return f"{prefix}{zlib.crc32(os.fsencode(place.name)):08x}-"


def _sweep(place: Path) -> None:
    for path in _abandoned(place, _PARTIAL):
        _remove(path)


def _abandoned(place: Path, prefix: str) -> list[Path]:
    found = place.parent.glob(f"{_prefix(place, prefix)}*")
    return [path for path in found if _is_abandoned(path)]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


if sys.platform == "win32":

    def _lock(handle: int) -> None:
        return None

    @contextmanager
    def _locked(folder: Path) -> Iterator[None]:
        yield

    def _is_abandoned(path: Path) -> bool:
        # Folders cannot be locked here; nothing takes a day to write.
        import time

        with suppress(OSError):
            return time.time() - path.stat().st_mtime > 86_400
        return False

else:
    import fcntl

    def _lock(handle: int) -> None:
        # The lock ends with the process, however it ends. Some network disks have none: then nothing
        # is ever taken for abandoned.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @contextmanager
    def _locked(folder: Path) -> Iterator[None]:
        handle = os.open(folder, os.O_RDONLY)
        try:
            _lock(handle)
            yield
        finally:
            os.close(handle)

    def _is_abandoned(path: Path) -> bool:
        try:
            handle = os.open(path, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(handle)
        return True


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what the system refuses into an error that names the path and what to do."""
    try:
        yield
    except StorageError:
        raise
    except BrokenPipeError:
        raise  # whoever read what we write has gone, which is no fault of the place
    except OSError as error:
        why = error.strerror or str(error)
        remedy = "name another path"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            why = f"the disk is full ({why})"
            remedy = "free some space, or name a path on another disk"
        elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            remedy = "choose a folder that you may write to"
        elif error.errno in {errno.EISDIR, errno.ENOTDIR, errno.EEXIST}:
            remedy = "name a path where no other file or folder is in the way"
        raise StorageError(f"cannot write {str(path)!r}: {why}", remedy=remedy) from error
