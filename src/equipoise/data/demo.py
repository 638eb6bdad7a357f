"""The data that the demo runs on: one set ships with the package, another is fetched."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import tempfile
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

import narwhals as nw

from equipoise.errors import DataError, StorageError, UsageError
from equipoise.files import write_atomically

__all__ = ["DEMOS", "Demo", "demo_path", "load_demo"]


@dataclass(frozen=True)
class Demo:
    """A data set of the demo: its name, target, what it is about and where it comes from."""

    name: str
    target: str
    about: str
    source: str


DEMOS = {
    demo.name: demo
    for demo in (
        Demo(
            "page-blocks",
            "illustration",
            "5,472 blocks on scanned pages, ten measurements of each; 143 are illustrations. "
            "Which of the rest would a program take for one?",
            "Malerba 1995, UCI Machine Learning Repository, CC BY 4.0",
        ),
        Demo(
            "sms-spam",
            "label",
            "5,574 text messages, of which 747 are spam.",
            "Almeida and Hidalgo 2011, UCI Machine Learning Repository",
        ),
    )
}

_SMS_URL = "https://archive.ics.uci.edu/static/public/228/sms+spam+collection.zip"
_SMS_MEMBER = "SMSSpamCollection"
_SMS_SHA256 = "7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d"


def demo_path(name: str = "page-blocks") -> Path:
    """Return the path of a demo's data file; ``"sms-spam"`` is fetched the first time.

    Parameters
    ----------
    name : str, default "page-blocks"
        A key of :data:`DEMOS`.

    Returns
    -------
    pathlib.Path
        A CSV file with a header.

    Raises
    ------
    UsageError
        If there is no such demo.
    DataError
        If the file cannot be fetched, or is not the one that was published.

    Examples
    --------
    >>> from equipoise.data.demo import demo_path
    >>> demo_path().name
    'page_blocks.csv'
    """
    if name == "page-blocks":
        return Path(str(files("equipoise.data") / "demo" / "page_blocks.csv"))
    if name == "sms-spam":
        return _sms_spam()
    near = get_close_matches(name, DEMOS, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(f"there is no demo {name!r}", remedy=f"{hint}use {' or '.join(DEMOS)}")


def load_demo(name: str = "page-blocks") -> nw.DataFrame[Any]:
    """Return the rows of a demo as a frame.

    Parameters
    ----------
    name : str, default "page-blocks"
        A key of :data:`DEMOS`.

    Returns
    -------
    narwhals.DataFrame
        All columns, with the target among them.

    Examples
    --------
    >>> from equipoise.data.demo import load_demo
    >>> load_demo().shape
    (5472, 11)
    """
    from equipoise.data.reading import read_table

    return read_table(demo_path(name))


def _cache() -> Path:
    import pooch

    return Path(os.environ.get("EQUIPOISE_CACHE") or pooch.os_cache("equipoise"))


def _sms_spam() -> Path:
    """Return the messages as CSV in the cache, made from the checked original."""
    folder = _cache()
    original, table = folder / _SMS_MEMBER, folder / "sms-spam.csv"
    try:
        if not _is_original(original):
            _fetch(folder)
        if not table.exists():
            content = _as_csv(original.read_text(encoding="utf-8"))
            write_atomically(table, lambda file: file.write(content))
    except OSError as error:
        why = error.problem if isinstance(error, StorageError) else error.strerror or error
        raise StorageError(
            f"cannot keep the downloaded messages in {folder}: {why}",
            remedy="set EQUIPOISE_CACHE to a folder that can be written",
        ) from error
    return table


def _is_original(path: Path) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == _SMS_SHA256


def _fetch(folder: Path) -> None:
    import logging
    import zipfile

    import pooch
    import requests

    folder.mkdir(parents=True, exist_ok=True)
    by_hand = (
        f"download {_SMS_URL} elsewhere and put the file {_SMS_MEMBER} from it into {folder}, "
        "or run `equipoise demo`, which needs no network"
    )
    # The archive may be packed anew, the file in it may not change: so that is what is checked.
    pooch.get_logger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            archive = pooch.retrieve(
                _SMS_URL,
                known_hash=None,
                path=scratch,
                fname="sms.zip",
                downloader=pooch.HTTPDownloader(timeout=20),
            )
        except (requests.RequestException, TimeoutError) as error:
            raise DataError(
                f"cannot fetch {_SMS_URL} ({_reason(error)})", remedy=by_hand
            ) from error
        try:
            with zipfile.ZipFile(archive) as packed:
                content = packed.read(_SMS_MEMBER)
        except (zipfile.BadZipFile, KeyError) as error:
            raise DataError(
                f"what {_SMS_URL} answers is not an archive with {_SMS_MEMBER} in it",
                remedy=by_hand,
            ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != _SMS_SHA256:
        raise DataError(
            f"the file {_SMS_MEMBER} from {_SMS_URL} has the SHA-256 {found}, "
            f"the published one has {_SMS_SHA256}",
            remedy=by_hand,
        )
    write_atomically(folder / _SMS_MEMBER, lambda file: file.write(content))


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server says {response.status_code}"
    return "no connection to the server" if "Connection" in type(error).__name__ else str(error)


def _as_csv(text: str) -> bytes:
    # The original has no header and no quoting, and its messages hold quotation marks.
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["label", "message"])
    writer.writerows(line.split("\t", 1) for line in text.split("\n") if line)
    return out.getvalue().encode()
