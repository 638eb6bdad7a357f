"""The report is a function of the summary, and is written whole or not at all."""

from __future__ import annotations

import copy
import json
import os
import stat
from pathlib import Path

import pytest

from equipoise.errors import StorageError
from equipoise.report import render_html, write_report

from .conftest import Render
from .synthetic_summaries import loss, one_learner_no_strategies, untreated


def test_the_same_summary_gives_the_same_bytes(render: Render) -> None:
    page = render("loss")
    render_html(untreated())
    assert render_html(loss()) == page.html


def test_a_summary_that_went_through_a_file_gives_the_same_bytes(render: Render) -> None:
    page = render("untreated")
    assert render_html(json.loads(json.dumps(page.summary))) == page.html


def test_the_summary_is_left_as_it_was() -> None:
    summary = one_learner_no_strategies()
    before = copy.deepcopy(summary)
    render_html(summary)
    assert summary == before


def test_the_file_is_the_page_in_a_folder_made_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "report.html"
    summary = one_learner_no_strategies()
    for _ in range(2):
        write_report(summary, path)
        assert path.read_text(encoding="utf-8") == render_html(summary)
    assert os.listdir(path.parent) == ["report.html"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_a_path_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").write_text("")
    (tmp_path / "file").write_text("kept")
    for path in (tmp_path / "taken", tmp_path / "file" / "report.html"):
        with pytest.raises(StorageError, match="cannot write") as caught:
            write_report(one_learner_no_strategies(), path)
        assert str(path) in str(caught.value)
        assert "in the way" in str(caught.value.remedy)
    assert (tmp_path / "file").read_text() == "kept"
    assert sorted(os.listdir(tmp_path)) == ["file", "taken"]


def test_a_full_disk_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left") as caught:
        write_report(one_learner_no_strategies(), path)
    assert "free some space" in str(caught.value.remedy)
    assert os.listdir(tmp_path) == ["report.html"]
    assert path.read_text() == "old"
