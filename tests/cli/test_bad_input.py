"""Whatever is wrong with the input: one message with the remedy, and nothing half written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Outcome, Run, rows, write_csv

HEADER = "size,kind"


def lines(*body: str, header: str = HEADER) -> str:
    return "\n".join([header, *body]) + "\n"


def two_classes(n: int = 40) -> list[str]:
    return [f"{i % 17}.5,{'rare' if i % 5 == 0 else 'common'}" for i in range(n)]


BAD: dict[str, tuple[str, list[str], list[str]]] = {
    # name: content, options, words that the message must hold
    "empty file": ("", ["-t", "kind"], ["empty", "header"]),
    "no rows": (lines(), ["-t", "kind"], ["no rows"]),
    "wrong column": (lines(*two_classes()), ["-t", "kinds"], ["'kinds'", "did you mean 'kind'"]),
    "no target": (lines(*two_classes()), [], ["--target COL", "size, kind"]),
    "one class": (lines(*(f"{i},only" for i in range(30))), ["-t", "kind"], ["'only'"]),
    "all different": (lines(*(f"{i % 7},name{i}" for i in range(200))), ["-t", "kind"], ["differ"]),
    "class of one row": (
        lines(*two_classes(), "1,lonely"),
        ["-t", "kind"],
        ["'lonely'", "--drop-rare-classes"],
    ),
    "missing target": (lines(*two_classes(), "1,"), ["-t", "kind"], ["--drop-missing-target"]),
    "duplicated names": (
        lines(*(f"1,{row}" for row in two_classes()), header="size,size,kind"),
        ["-t", "kind"],
        ["'size'", "rename"],
    ),
    "ragged rows": (lines(*two_classes(), "1,2,3,4"), ["-t", "kind"], ["hint: "]),
    "unknown strategy": (
        lines(*two_classes()),
        ["-t", "kind", "-s", "smoot"],
        ["did you mean 'smote'"],
    ),
    "unknown learner": (
        lines(*two_classes()),
        ["-t", "kind", "-l", "lineal"],
        ["did you mean 'linear'"],
    ),
    "unknown metric": (lines(*two_classes()), ["-t", "kind", "-m", "f1_makro"], ["f1_macro"]),
    "role without a role": (lines(*two_classes()), ["-t", "kind", "--role", "size"], ["COL=ROLE"]),
    "unknown role": (lines(*two_classes()), ["-t", "kind", "--role", "size=numbr"], ["number"]),
    "one fold": (lines(*two_classes()), ["-t", "kind", "--folds", "1"], ["folds"]),
    "bad cost": (lines(*two_classes()), ["-t", "kind", "--cost", "fn=ten"], ["ten"]),
    "huge cost": (lines(*two_classes()), ["-t", "kind", "--cost", "fn=1e308,fp=1"], ["too large"]),
    "cost without end": (lines(*two_classes()), ["-t", "kind", "--cost", "fn=inf,fp=1"], ["inf"]),
    "cost in a folder": (lines(*two_classes()), ["-t", "kind", "--cost", "."], ["directory"]),
    "role of the target": (
        lines(*two_classes()),
        ["-t", "kind", "--role", "kind=ignored"],
        ["'kind' is the target"],
    ),
    "other task": (
        lines(*two_classes()),
        ["-t", "kind", "--task", "regression"],
        ["a regression target numbers", "leave --task out"],
    ),
}


@pytest.fixture
def fails(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run a command that has to fail cleanly."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Outcome:
        before = sorted(tmp_path.rglob("*"))
        outcome = run(*arguments)
        assert outcome.status in (1, 2)
        assert outcome.out == ""
        message = outcome.err.splitlines()
        assert message[-2].startswith("error: "), outcome.err
        assert message[-1].startswith("hint: ")
        assert sum(line.startswith("error: ") for line in message) == 1
        assert "Traceback" not in outcome.err
        assert "bug in Equipoise" not in outcome.err
        assert max(map(len, message)) < 700
        made = [path for path in sorted(tmp_path.rglob("*")) if path not in before]
        assert not [path for path in made if not path.is_dir() and path.name != "plan.json"], made
        return outcome

    return call


@pytest.mark.parametrize("name", BAD)
def test_one_message_with_the_remedy(
    name: str, tmp_path: Path, fails: Callable[..., Outcome]
) -> None:
    content, options, words = BAD[name]
    path = tmp_path / "things.csv"
    path.write_text(content, encoding="utf-8")
    outcome = fails("compare", path, *options)
    for word in words:
        assert word in outcome.err


def test_wrong_usage_is_two_and_bad_data_is_one(
    tmp_path: Path, fails: Callable[..., Outcome]
) -> None:
    path = tmp_path / "things.csv"
    path.write_text(lines(*two_classes()), encoding="utf-8")
    assert fails("compare", path, "-t", "kinds").status == 2
    path.write_text(lines(*(f"{i},only" for i in range(30))), encoding="utf-8")
    assert fails("compare", path, "-t", "kind").status == 1


def test_binary_file(tmp_path: Path, fails: Callable[..., Outcome]) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(bytes(range(256)) * 20)
    assert "binary" in fails("compare", path, "-t", "kind").err


def test_a_file_that_is_not_what_its_name_says(
    tmp_path: Path, fails: Callable[..., Outcome]
) -> None:
    path = tmp_path / "things.parquet"
    path.write_text(lines(*two_classes()), encoding="utf-8")
    assert "things.parquet" in fails("compare", path, "-t", "kind").err


def test_numbers_among_the_words_of_the_target_are_pointed_out(tmp_path: Path, run: Run) -> None:
    path = write_csv(
        tmp_path / "things.csv",
        [(*row[:3], row[3] if i % 4 else "7") for i, row in enumerate(rows(90))],
    )
    quick = ("-l", "linear", "-s", "untreated", "--folds", 3, "-j", 1)
    outcome = run("compare", path, "-t", "kind", "-o", tmp_path / "run", *quick)
    assert outcome.status == 0
    assert "'kind' holds both numbers ('7') and words" in outcome.err


def test_missing_file_names_the_nearest(tmp_path: Path, fails: Callable[..., Outcome]) -> None:
    (tmp_path / "things.csv").write_text(lines(*two_classes()), encoding="utf-8")
    assert "things.csv" in fails("compare", tmp_path / "thing.csv", "-t", "kind").err


def test_a_cell_of_five_megabytes(tmp_path: Path, run: Run) -> None:
    body = [*two_classes(60), f"1.5,{'x' * 5_000_000}"]
    path = tmp_path / "things.csv"
    path.write_text(lines(*body), encoding="utf-8")
    outcome = run("compare", path, "-t", "kind", "-o", tmp_path / "run")
    assert outcome.status == 1
    assert len(outcome.err) < 3000


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to the superuser")
def test_no_permission_to_read(tmp_path: Path, fails: Callable[..., Outcome]) -> None:
    path = tmp_path / "things.csv"
    path.write_text(lines(*two_classes()), encoding="utf-8")
    path.chmod(0)
    assert "permission" in fails("compare", path, "-t", "kind").err


def test_a_run_folder_that_cannot_be_made(tmp_path: Path, fails: Callable[..., Outcome]) -> None:
    path = write_csv(tmp_path / "things.csv", rows(80))
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    outcome = fails("compare", path, "-t", "kind", "-o", tmp_path / "file" / "run")
    assert "cannot write" in outcome.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk(
    finished: Path, table: Path, tmp_path: Path, fails: Callable[..., Outcome]
) -> None:
    out = tmp_path / "out.csv"
    out.symlink_to("/dev/full")
    outcome = fails("predict", finished / "model", table, "-o", out)
    assert "disk is full" in outcome.err


def test_a_disk_that_fills_up_leaves_the_old_file(
    finished: Path,
    table: Path,
    tmp_path: Path,
    fails: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("old", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "disk is full" in fails("predict", finished / "model", table, "-o", out).err
    assert out.read_text(encoding="utf-8") == "old"


def test_a_folder_that_is_no_model(
    table: Path, tmp_path: Path, fails: Callable[..., Outcome]
) -> None:
    fails("predict", tmp_path, table)


def test_a_folder_that_is_no_run(tmp_path: Path, fails: Callable[..., Outcome]) -> None:
    assert "result.json" in fails("report", tmp_path).err


def test_prediction_without_a_column_of_the_model(
    finished: Path, tmp_path: Path, fails: Callable[..., Outcome]
) -> None:
    path = tmp_path / "new.csv"
    path.write_text("size,shade\n1.0,red\n", encoding="utf-8")
    assert "there is no column 'noise'" in fails("predict", finished / "model", path).err
    path.write_text("sise,column_4\n1.0,red\n", encoding="utf-8")
    outcome = fails("predict", finished / "model", path)
    assert "3 columns are not in the data: 'size', 'noise', 'shade'" in outcome.err
    assert "hint: did you mean 'sise' for 'size'?\n" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "things.csv", "-t", "kind", "-o", ""),
        ("compare", "things.csv", "-t", "kind", "-m", ""),
        ("compare", "things.csv", "-t", "kind", "-l", ""),
        ("compare", "things.csv", "-t", "kind", "-s", ""),
        ("compare", "things.csv", "-t", "kind", "--metric="),
        ("train", "things.csv", "-t", "kind", "-o", "model", "--decision", ""),
        ("report", ""),
        ("",),
    ],
)
def test_nothing_given_is_wrong_usage(
    arguments: tuple[str, ...], fails: Callable[..., Outcome]
) -> None:
    outcome = fails(*arguments)
    assert outcome.status == 2
    assert "is empty" in outcome.err


@pytest.mark.parametrize("option", ["--seed=-1", "--seed=4294967296", "--jobs=0", "--jobs=-1"])
@pytest.mark.parametrize("verb", ["compare", "train", "demo", "evaluate"])
def test_numbers_out_of_range_are_wrong_usage(
    verb: str, option: str, table: Path, fails: Callable[..., Outcome]
) -> None:
    if verb == "evaluate" and "jobs" in option:
        pytest.skip("it has no such option")
    named = {"demo": [], "train": [table, "-t", "kind", "-o", "model"]}
    outcome = fails(verb, *named.get(verb, [table, "-t", "kind"]), option)
    assert outcome.status == 2
    assert "cannot be used" in outcome.err
    assert "hint: give " in outcome.err


def test_a_name_that_is_no_text_is_refused_at_once(fails: Callable[..., Outcome]) -> None:
    outcome = fails("compare", os.fsdecode(b"bad\xff.csv"), "-t", "kind")
    assert outcome.status == 2
    assert "'bad\\udcff.csv' is not UTF-8" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "{}.csv", "-t", "kind"),
        ("compare", "{table}", "-t", "kind", "-o", "{}"),
        ("train", "{table}", "-t", "kind", "-o", "{}"),
        ("predict", "{}", "{table}"),
        ("report", "{}"),
    ],
)
def test_a_name_that_is_too_long(
    arguments: tuple[str, ...], table: Path, fails: Callable[..., Outcome]
) -> None:
    outcome = fails(*(one.format("x" * 300, table=table) for one in arguments))
    assert "file name too long" in outcome.err
    assert "shorter name" in outcome.err


@pytest.mark.parametrize("verb", ["predict", "report"])
def test_a_file_goes_where_one_can_be(
    verb: str, finished: Path, table: Path, tmp_path: Path, fails: Callable[..., Outcome]
) -> None:
    given = (finished / "model", table) if verb == "predict" else (finished,)
    suffix = "csv" if verb == "predict" else "html"
    (tmp_path / f"folder.{suffix}").mkdir()
    before = (finished / "result.json").read_bytes()
    for out, said in (
        (f"missing/out.{suffix}", "there is no folder 'missing'"),
        (f"folder.{suffix}", "is a folder"),
        (str(finished / "result.json"), f"hint: use a name that ends in .{suffix}"),
    ):
        outcome = fails(verb, *given, "-o", out)
        assert outcome.status == 2
        assert said in outcome.err
    assert (finished / "result.json").read_bytes() == before


@pytest.mark.parametrize("verb", ["compare", "train"])
def test_a_folder_does_not_go_where_a_file_is(
    verb: str, table: Path, tmp_path: Path, fails: Callable[..., Outcome]
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    outcome = fails(verb, table, "-t", "kind", "-o", "file")
    assert "'file" in outcome.err


@pytest.mark.parametrize(("column", "option"), [("kind", "--target"), ("shade", "--prediction")])
def test_labels_are_no_groups(
    column: str, option: str, table: Path, fails: Callable[..., Outcome]
) -> None:
    outcome = fails("evaluate", table, "-t", "kind", "-p", "shade", "--group", column)
    assert outcome.status == 2
    assert f"{column!r} is given for both {option} and --group" in outcome.err


def test_the_hint_of_a_prediction_is_of_what_prediction_has(
    finished: Path, tmp_path: Path, fails: Callable[..., Outcome]
) -> None:
    path = tmp_path / "new.csv"
    path.write_text("size,noise,shade\nbig,1.0,red\n", encoding="utf-8")
    assert "or train with --role size=category" in fails("predict", finished / "model", path).err


def test_a_word_for_nothing_is_pointed_out_as_a_class(tmp_path: Path, run: Run) -> None:
    body = [(*row[:3], row[3] if i % 4 else "None") for i, row in enumerate(rows(90))]
    path = write_csv(tmp_path / "things.csv", body)
    quick = ("-l", "linear", "-s", "untreated", "--folds", 3, "-j", 1)
    outcome = run("compare", path, "-t", "kind", "-o", tmp_path / "run", *quick)
    assert outcome.status == 0
    assert "'None' of 'kind' counts as a class" in outcome.err
