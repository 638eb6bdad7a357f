"""Files and folders are written whole or not at all, and what a killed process left is put right."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from equipoise.errors import StorageError, UsageError
from equipoise.files import check_writable, recover, sweep, write_atomically, write_folder

# Writes into a place, and stops for ever at a point: to be killed there, or to hold its lock.
STOPS = """
import os, sys, time
from pathlib import Path
from equipoise.files import write_atomically, write_folder

def stop(*_):
    print("now", flush=True)
    time.sleep(60)

def fill(folder):
    (folder / "a").write_text("new")
    if when == "fill":
        stop()

when, place = sys.argv[1], Path(sys.argv[2])
if when == "file":
    write_atomically(place, stop)
replace = os.replace
def stopping(source, target):
    if when == "swap" and Path(target) == place:
        stop()
    replace(source, target)
    if when == "after" and Path(target) == place:
        stop()
os.replace = stopping
write_folder(place, fill)
"""


def stopped(when: str, place: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", STOPS, when, str(place)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def old(place: Path) -> Path:
    write_folder(place, lambda folder: (folder / "a").write_text("old"))
    return place


def test_a_file_of_an_ended_process_goes_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    place = tmp_path / "x.csv"
    process = stopped("file", place)
    try:
        write_atomically(place, lambda file: file.write(b"1"))
        sweep(tmp_path)
        assert len(names(tmp_path)) == 2
    finally:
        kill(process)
    write_atomically(tmp_path / "other.csv", lambda file: file.write(b"2"))
    assert len(names(tmp_path)) == 3  # which only the same file, or a sweep of the folder, cleans
    write_atomically(place, lambda file: file.write(b"3"))
    assert names(tmp_path) == ["other.csv", "x.csv"]
    kill(stopped("file", place))
    sweep(tmp_path)
    assert names(tmp_path) == ["other.csv", "x.csv"]


@pytest.mark.parametrize(("when", "content"), [("fill", "old"), ("swap", "old"), ("after", "new")])
def test_a_folder_is_there_after_a_kill_at_any_moment(
    when: str, content: str, tmp_path: Path
) -> None:
    place = old(tmp_path / "model")
    process = stopped(when, place)
    before = names(tmp_path)
    assert len(before) > 1
    try:
        recover(place)
        assert names(tmp_path) == before  # as long as someone is at it
    finally:
        kill(process)
    recover(place)
    assert names(tmp_path) == ["model"]
    assert (place / "a").read_text() == content
    kill(stopped(when, place))
    old(place)
    assert names(tmp_path) == ["model"]
    assert (place / "a").read_text() == "old"


def test_what_others_left_stays(tmp_path: Path) -> None:
    for name in (".partial-1", ".replaced-2", ".partial-mine.txt"):
        (tmp_path / name).mkdir()
    old(tmp_path / "model")
    recover(tmp_path / "model")
    assert names(tmp_path) == [".partial-1", ".partial-mine.txt", ".replaced-2", "model"]


@pytest.mark.parametrize("error", [UsageError("no", remedy="yes"), KeyError("x"), OSError(28, "x")])
def test_a_failure_in_between_leaves_what_was_there(error: Exception, tmp_path: Path) -> None:
    def fail(_: object) -> None:
        raise error

    (tmp_path / "x").write_text("old")
    old(tmp_path / "model")
    kind = StorageError if isinstance(error, OSError) else type(error)
    with pytest.raises(kind):
        write_atomically(tmp_path / "x", fail)
    with pytest.raises(kind):
        write_folder(tmp_path / "model", fail)
    assert names(tmp_path) == ["model", "x"]
    assert (tmp_path / "x").read_text() + (tmp_path / "model" / "a").read_text() == "oldold"


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", lambda file: file.write(b"new"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_permissions_are_those_of_the_umask(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_atomically(tmp_path / "x", lambda file: None)
        old(tmp_path / "model")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "model").stat().st_mode) == 0o750


def test_a_name_as_long_as_names_get(tmp_path: Path) -> None:
    write_atomically(tmp_path / ("é" * 127), lambda file: file.write(b"1"))
    with pytest.raises(StorageError, match="cannot write"):
        write_atomically(tmp_path / ("é" * 128), lambda file: file.write(b"1"))
    assert len(names(tmp_path)) == 1


def test_a_place_that_cannot_be_written_is_found_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    check_writable(tmp_path / "a" / "b")
    with pytest.raises(StorageError, match="Not a directory; name a path"):
        check_writable(tmp_path / "file" / "b")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StorageError, match="Permission denied; choose a folder"):
        check_writable(tmp_path / "a" / "b")
