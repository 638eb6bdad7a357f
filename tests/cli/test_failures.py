"""Every failure is told in one message, and every way out has its exit status."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from equipoise.cli.failures import as_known
from equipoise.errors import DataError, StorageError

from .conftest import Run

COMMAND = [sys.executable, "-m", "equipoise"]


def broken(*_: object, **__: object) -> None:
    raise KeyError("nobody expected this")


def test_a_bug_is_named_and_not_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("equipoise.strategies.get_strategy", broken)
    outcome = run("strategies", "smote")
    assert outcome.status == 1
    assert outcome.out == ""
    assert "KeyError" in outcome.err
    assert "equipoise/cli/strategies.py:" in outcome.err
    assert "--debug" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_bug_is_shown_when_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("equipoise.strategies.get_strategy", broken)
    assert "Traceback" in run("strategies", "smote", "--debug").err


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_interrupt_says_that_the_run_goes_on(
    table: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("equipoise.jobs.comparing.compare", interrupted)
    outcome = run("compare", table, "-t", "kind", "-o", tmp_path / "run")
    assert outcome.status == 130
    assert "same command again" in outcome.err
    assert "where it stopped" in outcome.err


def test_interrupt_elsewhere_promises_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("equipoise.strategies.get_strategy", interrupted)
    outcome = run("strategies", "smote")
    assert outcome.status == 130
    assert outcome.err == "interrupted\n"


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a.csv"), "the disk is full 'a.csv'"),
        (PermissionError(errno.EACCES, "Permission denied", "a.csv"), "no permission for 'a.csv'"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "a"), "cannot use 'a': is a directory"),
        (MemoryError(), "there is not enough memory"),
        (RuntimeError("LightGBM: std::bad_alloc"), "there is not enough memory (LightGBM: std::b"),
    ],
)
def test_what_the_system_refuses(error: BaseException, problem: str) -> None:
    known = as_known(error, debug=False)
    assert isinstance(known, StorageError)
    assert known.problem.startswith(problem)
    assert known.remedy


def test_our_own_errors_stay_as_they_are() -> None:
    error = DataError("a", remedy="b")
    assert as_known(error, debug=False) is error


def test_a_reader_that_leaves_is_no_error() -> None:
    process = subprocess.Popen(
        [*COMMAND, "strategies"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    message = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert b"Traceback" not in message
    assert b"BrokenPipe" not in message
    assert b"error" not in message


def test_killed_by_ctrl_c_in_earnest(table: Path, tmp_path: Path) -> None:
    """A real signal in the middle of a trial ends it at once, and the command then ends it."""
    command = [
        *(*COMMAND, "compare", str(table), "-t", "kind", "-o", str(tmp_path / "run")),
        *("-l", "linear", "--folds", "3", "-j", "1", "-s"),
        "weights-balanced,weights-isns,random-over,random-under,smote,adasyn,tomek,enn",
    ]
    journal = tmp_path / "run" / "journal"
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(list(journal.glob("r*.npz"))) < 2 and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("the trial was over before the signal came")
    assert process.returncode == 130
    assert "same command again" in message
    assert "Traceback" not in message
    again = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "from the journal" in again.stderr


@pytest.mark.skipif(os.name != "posix", reason="there is no such shell here")
def test_closed_streams() -> None:
    def shell(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", f'"$0" -m equipoise strategies {line}', sys.executable],
            capture_output=True,
            text=True,
            check=False,
        )

    for line in (">&-", "--json >&-"):
        done = shell(line)
        assert done.returncode == 1
        assert done.stderr.startswith("error: stdout is closed")
        assert "hint: " in done.stderr
        assert "Traceback" not in done.stderr
    assert "smote" in shell("2>&-").stdout
    assert shell("smote >&- 2>&-").returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize(
    ("arguments", "status", "problem"),
    [
        (["strategies"], 1, "error: the disk is full"),
        (["strategies", "--json"], 1, "error: the disk is full"),
        (["strategies", "smoot", "--json"], 2, "error: there is no strategy 'smoot'"),
        (["strategies", "--jsn", "--json"], 2, "error: no such option"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else None,
)
def test_a_full_disk_under_stdout(arguments: list[str], status: int, problem: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == status
    error, hint = done.stderr.splitlines()
    assert error.startswith(problem)
    assert hint.startswith("hint: ")


def test_an_error_as_json_whose_reader_has_left() -> None:
    process = subprocess.Popen(
        [*COMMAND, "strategies", "smoot", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    lines = process.stderr.read().splitlines()
    process.stderr.close()
    assert process.wait(timeout=60) == 2
    assert [line.partition(b":")[0] for line in lines] == [b"error", b"hint"]


def test_no_colour_when_asked() -> None:
    """A terminal gets colours, unless NO_COLOR is set."""
    pty = pytest.importorskip("pty")

    def on_a_terminal(**more: str) -> str:
        inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
        parent, child = pty.openpty()
        process = subprocess.Popen(
            [*COMMAND, "strategies", "smoot"],
            stdout=subprocess.DEVNULL,
            stderr=child,
            env={**inherited, "TERM": "xterm-256color", "COLUMNS": "80", **more},
        )
        os.close(child)
        seen = b""
        while True:
            try:
                piece = os.read(parent, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
        os.close(parent)
        process.wait(timeout=60)
        return seen.decode()

    assert "\x1b[1;31m" in on_a_terminal()
    assert "\x1b[1;31m" not in on_a_terminal(NO_COLOR="1")
