"""A model that is named as a folder is looked for there, and not on a hub."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from equipoise.errors import UsageError
from equipoise.learners.choice import choose_learners


@pytest.mark.parametrize(
    "name", ["./nope", "/does/not/exist", "../nope", "~/nope", ".\\nope", "C:\\nope", "a/b/nope"]
)
def test_a_folder_that_is_not_there_is_named(name):
    with pytest.raises(UsageError) as told:
        choose_learners(f"transformer:{name}", 100, 0, True)
    assert told.value.problem == f"there is no folder {name!r}"
    assert ("home folder" in told.value.remedy) == name.startswith("~")


def test_a_file_is_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.bin").touch()
    with pytest.raises(UsageError, match="no folder"):
        choose_learners("transformer:./model.bin", 100, 0, True)


def test_a_folder_and_a_name_on_a_hub_go_on(tmp_path, monkeypatch):
    looked = []
    monkeypatch.setattr("equipoise.learners.transformer._load_extras", looked.clear)
    # A stand-in, as torch takes long to import.
    there = SimpleNamespace(check_model=looked.append)
    monkeypatch.setitem(sys.modules, "equipoise.learners.neural.pretrained", there)
    for name in (str(tmp_path), "owner/name", "name"):
        choose_learners(f"transformer:{name}", 100, 0, True)
        assert looked == [name]
