"""``equipoise resample``: any method on a file, in numbers and words."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from equipoise.cli.ending import cleaning_up
from equipoise.cli.resample import Method
from equipoise.samplers.amounts import RANDOM_METHODS
from equipoise.samplers.files import memory
from equipoise.samplers.methods import METHODS

from .conftest import Run, document


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    """Numbers around a target that is neither first nor last."""
    rng = np.random.default_rng(0)
    kind = np.where(rng.random(300) < 0.15, "rare", "common")
    size = rng.normal(size=300) + (kind == "rare")
    frame = pl.DataFrame({"size": size, "kind": kind, "count": rng.integers(0, 9, 300)})
    frame.write_csv(tmp_path / "numbers.csv")
    return tmp_path / "numbers.csv"


def test_help_and_shared_options(run: Run) -> None:
    outcome = run("resample", "--help")
    assert outcome.status == 0
    for option in ("--method", "--param", "--rows", "--weight", "--out", "--json", "--quiet"):
        assert option in outcome.out


def test_the_help_names_all_methods_and_those_of_any_size_apart() -> None:
    (option,) = Method.__metadata__
    lazy, _, others = option.help.partition("which take files of any size")
    names = [
        re.split(r",? or |, ", part.partition(". ")[0].strip(" ,;")) for part in (lazy, others)
    ]
    assert set(names[0]) == set(RANDOM_METHODS)
    assert {name.removeprefix("or ") for name in names[1]} == set(METHODS) - set(RANDOM_METHODS)


@pytest.mark.parametrize("method", [*RANDOM_METHODS, "mild", "smote", "adasyn", "tomek", "enn"])
def test_any_method_on_a_file(method: str, numbers: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out.parquet"
    command = ("resample", numbers, "-t", "kind", "--method", method, "-o", out)
    content = document(run(*command, "--rows", "row", "--seed", 1, "--json"), "resampling")
    given, made = pl.read_csv(numbers), pl.read_parquet(out)
    weight = ["sample_weight"] if content["weight"] else []
    assert made.columns == [*given.columns, *weight, "row"]
    for part, frame in (("before", given), ("after", made)):
        counts = dict(frame.group_by("kind").len().iter_rows())
        assert {one["label"]: one[part] for one in content["classes"]} == counts  # type: ignore[attr-defined]
        assert content["rows"][part] == len(frame)  # type: ignore[index]
    real = made.filter(pl.col("row").is_not_null())
    np.testing.assert_allclose(real["size"], given["size"].gather(real["row"]))
    again = tmp_path / "again.parquet"
    told = run(*command[:-1], again, "--rows", "row", "--seed", 1)
    assert told.status == 0
    assert pl.read_parquet(again).equals(made)
    assert told.out.splitlines()[-1] == str(again)
    assert "rare" in told.out
    assert "note: to judge" in told.err


def test_the_shift_is_told_as_it_is_to_be_undone(numbers: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out.csv"
    command = ("resample", numbers, "-t", "kind", "-o", out, "--method")
    counts = dict(pl.read_csv(numbers).group_by("kind").len().iter_rows())
    shift = math.log(counts["common"] / counts["rare"])
    said = run(*command, "random-under").out
    assert f"{shift:+.4g} in log-odds of 'rare'" in said
    assert f"corrected by {-shift:+.4g}" in said
    assert f"divides the odds by {math.exp(shift):.4g}" in said
    assert "a model that estimates probabilities" in said
    assert "trees" not in said
    assert "trees hardly move when rows are repeated" in run(*command, "random-over").out
    for method in ("smote", "tomek"):
        said = run(*command, method).out
        assert "corrects the prior only, so calibrate on rows as they were" in said
        assert "estimates probabilities" not in said
    assert "'w'" in run(*command, "upsample-downweight", "--weight", "w").out
    assert pl.read_csv(out).columns[-1] == "w"
    even = ("--param", f'sampling_strategy={{"rare": {counts["rare"]}}}')
    assert "nothing to correct" in run(*command, "random-over", *even).out
    quiet = run(*command, "random-under", "--quiet")
    assert quiet.err == ""
    assert quiet.out.splitlines()[-1] == str(out)


def test_more_classes_and_numbers_as_labels(tmp_path: Path, run: Run) -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([2, 10, 1], [60, 20, 10])
    pl.DataFrame({"x": rng.normal(size=90), "y": y}).write_csv(tmp_path / "in.csv")
    command = ("resample", tmp_path / "in.csv", "-t", "y", "-o", tmp_path / "out.csv", "--method")
    for method in ("random-over", "smote"):
        strategy = ("--param", 'sampling_strategy={"10": 33, "1": 12}')
        content = document(run(*command, method, *strategy, "--json"), "resampling")
        labels = [(one["label"], one["after"]) for one in content["classes"]]  # type: ignore[attr-defined]
        assert labels == [("1", 12), ("2", 60), ("10", 33)]
        said = run(*command, method).out
        assert "made to sum to 1: 1 " in said
        assert ("prior only" in said) == (method == "smote")
        assert ("trees" in said) == (method == "random-over")


def test_a_shift_that_is_rounding_is_no_shift(tmp_path: Path, run: Run) -> None:
    pl.DataFrame({"x": 0, "y": ["a"] * 49 + ["b"] * 7 + ["c"] * 7}).write_csv(tmp_path / "in.csv")
    command = ("resample", tmp_path / "in.csv", "-t", "y", "-o", tmp_path / "out.csv")
    twice = ("--method", "random-over", "--param", 'sampling_strategy={"a": 147, "b": 21, "c": 21}')
    content = document(run(*command, *twice, "--json"), "resampling")
    assert [one["prior_offset"] for one in content["classes"]] == [0, 0, 0]  # type: ignore[attr-defined]
    assert "nothing to correct" in run(*command, *twice).out


def test_parameters_reach_the_method(numbers: Path, tmp_path: Path, run: Run) -> None:
    command = ("resample", numbers, "-t", "kind", "-o", tmp_path / "out.csv", "--json", "--method")
    found = {}
    for method, name, value in (
        ("smote", "sampling_strategy", 0.5),
        ("downsample-upweight", "ratio", 3),
        ("mild", "over", 0.9),
    ):
        content = document(run(*command, method, "--param", f"{name}={value}"), "resampling")
        settled = {"k_neighbors": "auto"} if method == "smote" else {}
        assert content["parameters"] == {name: value, **settled}
        after = [one["after"] for one in content["classes"]]  # type: ignore[attr-defined]
        found[method] = round(after[0] / after[1], 1)
    assert found == {"smote": 2.0, "downsample-upweight": 3.0, "mild": 1.1}


BAD = [
    # options, status, words
    (["-t", "kimd", "--method", "smote"], 2, ["'kimd'", "did you mean 'kind'"]),
    (["-t", "kimd", "--method", "random-over"], 2, ["'kimd'", "did you mean 'kind'"]),
    (["--method", "smote"], 2, ["--target COL", "size, kind"]),
    (["-t", "kind"], 2, ["--method"]),
    (["-t", "kind", "--method", "smoot"], 2, ["'smoot'", "did you mean 'smote'"]),
    (["-t", "kind", "--method", "smote", "--param", "k_neighbours=3"], 2, ["'k_neighbors'"]),
    (["-t", "kind", "--method", "smote", "--param", "k_neighbors=many"], 2, ["k_neighbors"]),
    (["-t", "kind", "--method", "smote", "--param", "k_neighbors"], 2, ["NAME=VALUE"]),
    (["-t", "kind", "--method", "smote", "--param", "random_state=1"], 2, ["--seed"]),
    (["-t", "kind", "--method", "smote", "--param", "row_number=r"], 2, ["use --rows"]),
    (["-t", "kind", "--method", "smote", "--weight", "w"], 2, ["weight='w'"]),
    (["-t", "kind", "--method", "random-over", "--param", "ratio=2"], 2, ["'ratio'"]),
    (["-t", "kind", "--method", "mild", "--param", "ratio=0"], 2, ["ratio=0"]),
    (["-t", "kind", "--method", "mild", "--rows", "size"], 2, ["'size' already"]),
    (["-t", "kind", "--method", "tomek", "--rows", "size"], 2, ["'size' already"]),
    (["-t", "kind", "--method", "tomek", "--seed", "-1"], 2, ["seed"]),
    (["-t", "kind", "--method", "smotenc"], 1, ["no columns are categories", "use smote"]),
]


@pytest.mark.parametrize(("options", "status", "words"), BAD, ids=lambda one: str(one)[:60])
def test_what_cannot_be_done_is_one_message(
    options: list[str], status: int, words: list[str], numbers: Path, run: Run
) -> None:
    outcome = run("resample", numbers, "-o", numbers.parent / "out.csv", *options)
    assert outcome.status == status
    assert outcome.out == ""
    error, hint = outcome.err.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    assert "bug" not in hint
    for word in words:
        assert word in outcome.err
    assert [path.name for path in numbers.parent.iterdir()] == ["numbers.csv"]


@pytest.mark.parametrize("method", ["smote", "random-over"])
def test_places_that_cannot_be_written(method: str, numbers: Path, run: Run) -> None:
    before = numbers.read_bytes()
    command = ("resample", numbers, "-t", "kind", "--method", method, "-o")
    for place, word in (
        (numbers, "the input itself"),
        (numbers.parent / "out.xlsx", "what kind of file"),
        (numbers.parent, "is a folder"),
        (numbers.parent / "absent" / "out.csv", "there is no folder"),
    ):
        outcome = run(*command, place)
        assert outcome.status == 2
        assert word in outcome.err
    assert numbers.read_bytes() == before
    assert run(*command[:-1]).status == 2


def test_columns_that_a_method_cannot_take(table: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out.csv"
    for method in ("smote", "tomek"):
        outcome = run("resample", table, "-t", "kind", "--method", method, "-o", out)
        assert outcome.status == 1
        assert "column 'shade' holds text" in outcome.err
        assert "smotenc" in outcome.err
        assert "random-over" in outcome.err
    (tmp_path / "gaps.csv").write_text("x,kind\n" + "1,a\n,a\n2,a\n" * 9 + "1,b\n" * 8)
    command = ("resample", tmp_path / "gaps.csv", "-t", "kind", "-o", out, "--method")
    outcome = run(*command, "smote")
    assert outcome.status == 1
    assert "column 'x' is missing in 9 of 35 rows" in outcome.err
    assert "fill missing values in" in outcome.err
    assert not out.exists()
    assert run(*command, "random-over").status == 0
    assert len(pl.read_csv(out)) == 54


@pytest.mark.parametrize("method", ["smote", "random-over"])
def test_targets_that_cannot_be_used(method: str, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "in.csv"
    command = ("resample", path, "-t", "kind", "-o", tmp_path / "out.csv", "--method", method)
    path.write_text("x,kind\n" + "1,a\n" * 9 + "2,\n" * 3 + "3,b\n" * 5)
    outcome = run(*command)
    assert outcome.status == 1
    assert "'kind' is missing in 3 of 17 rows" in outcome.err
    path.write_text("x,kind\n" + "1,a\n" * 9)
    outcome = run(*command)
    assert outcome.status == 1
    assert "one class only: 'a'" in outcome.err
    assert not (tmp_path / "out.csv").exists()


def test_texts_are_changed_where_one_column_is_named(tmp_path: Path, run: Run) -> None:
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = [f"{i},see you at {i} by the river,ham" for i in range(12)]
    rows += [f"{i},call {i} now to claim your prize,spam" for i in range(4)]
    path.write_text("id,message,kind\n" + "\n".join(rows) + "\n")
    command = ("resample", path, "-t", "kind", "-o", out, "--method", "text-augmentation")
    outcome = run(*command)
    assert outcome.status == 2
    assert "name the column of texts" in outcome.err
    assert run(*command, "--param", "column=message").status == 0
    made = pl.read_csv(out)
    assert made["kind"].value_counts()["count"].to_list() == [12, 12]
    assert made["message"].n_unique() > 20


@pytest.mark.parametrize("rare", [1, 3])
@pytest.mark.parametrize(
    "method",
    [
        "smote",
        "adasyn",
        "smote-tomek",
        "smote-enn",
        "smotenc",
        "smoten",
        "nearmiss-1",
        "nearmiss-3",
    ],
)
def test_small_classes_get_the_neighbours_that_there_are(
    method: str, rare: int, tmp_path: Path, run: Run
) -> None:
    rng = np.random.default_rng(1)
    kind = ["b"] * 40 + ["a"] * rare
    frame = pl.DataFrame({"x": rng.normal(size=40 + rare), "z": np.arange(40 + rare) % 7})
    if method == "smotenc":
        frame = frame.with_columns(pl.Series("shade", ["red", "blue"] * 20 + ["red"] * rare))
    frame.with_columns(pl.Series("kind", kind)).write_csv(tmp_path / "in.csv")
    command = ("resample", tmp_path / "in.csv", "-t", "kind", "-o", tmp_path / "out.csv", "--json")
    content = document(run(*command, "--method", method), "resampling")
    after = {one["label"]: one["after"] for one in content["classes"]}  # type: ignore[attr-defined]
    assert after["a"] >= rare
    if method == "smote":
        assert after == {"a": 40, "b": 40}
    if "nearmiss" in method:
        return
    # What is said by --param is kept, and then rightly blamed.
    name = "n_neighbors" if method == "adasyn" else "k_neighbors"
    if method not in ("smote-tomek", "smote-enn"):
        outcome = run(*command, "--method", method, "--param", f"{name}=4")
        assert outcome.status == 1
        assert f"{name}=4" in outcome.err


@pytest.mark.parametrize("method", ["smote-tomek", "smote-enn"])
def test_amounts_reach_the_step_that_makes_rows(
    method: str, numbers: Path, tmp_path: Path, run: Run
) -> None:
    command = ("resample", numbers, "-t", "kind", "-o", tmp_path / "out.csv", "--json")
    rare = []
    for strategy in (0.4, 1.0):
        given = ("--method", method, "--param", f"sampling_strategy={strategy}")
        content = document(run(*command, *given), "resampling")
        rare += [one["after"] for one in content["classes"] if one["label"] == "rare"]  # type: ignore[attr-defined]
    assert rare[0] < 0.6 * rare[1]


@pytest.mark.parametrize("method", ["random-over", "random-under", "smote", "nearmiss-1"])
@pytest.mark.parametrize(
    "rows", ['"many"', "null", "[3]", "2.5", "1" + "0" * 400], ids=lambda one: one[:6]
)
def test_amounts_that_are_no_numbers(
    method: str, rows: str, numbers: Path, tmp_path: Path, run: Run
) -> None:
    out = tmp_path / "out.csv"
    command = ("resample", numbers, "-t", "kind", "--method", method, "-o", out)
    outcome = run(*command, "--param", f'sampling_strategy={{"rare": {rows}}}')
    assert outcome.status == 2
    assert "rows of class 'rare'" in outcome.err
    assert "hint: use a whole number" in outcome.err


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Numbers of 40 rows of n and 3 of p."""
    x = np.random.default_rng(0).normal(size=(43, 2))
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": ["n"] * 40 + ["p"] * 3})
    frame.write_csv(tmp_path / "small.csv")
    return tmp_path / "small.csv"


def test_fewer_neighbours_than_usual_are_told(small: Path, tmp_path: Path, run: Run) -> None:
    command = ("resample", small, "-t", "y", "-o", tmp_path / "out.parquet", "--method")
    told = run(*command, "smote")
    assert "note: class 'p' has 3 rows: k_neighbors=2 for it" in told.err
    made = pl.read_parquet(tmp_path / "out.parquet")
    content = document(run(*command, "adasyn", "--json"), "resampling")
    assert content["parameters"] == {"n_neighbors": "auto"}
    assert content["notes"] == ["class 'p' has 3 rows: n_neighbors=2 for it"]
    content = document(run(*command, "smote-tomek", "--json"), "resampling")
    assert content["parameters"] == {"smote": {"k_neighbors": "auto"}}
    assert content["notes"] == ["class 'p' has 3 rows: k_neighbors=2 for it"]
    # What is noted is what was done, and with what is recorded a program comes to the same rows.
    said = document(run(*command, "smote", "--param", "k_neighbors=2", "--json"), "resampling")
    assert said["notes"] == []
    assert pl.read_parquet(tmp_path / "out.parquet").equals(made)
    run(*command, "smote", "--param", "k_neighbors=auto")
    assert pl.read_parquet(tmp_path / "out.parquet").equals(made)
    # A class that stays as it is has no need of neighbours.
    kept = ("--param", 'sampling_strategy={"n": 50}')
    assert document(run(*command, "smote", *kept, "--json"), "resampling")["notes"] == []
    content = document(run(*command, "nearmiss-1", "--json"), "resampling")
    assert content["parameters"] == {"n_neighbors": 3}
    assert content["notes"] == []
    lone = tmp_path / "lone.csv"
    lone.write_text("".join(small.read_text().splitlines(True)[:-2]))
    told = run("resample", lone, *command[2:], "smote")
    assert "note: class 'p' has 1 row: all that is made of it are copies" in told.err
    assert len(pl.read_parquet(tmp_path / "out.parquet").filter(y="p").unique()) == 1
    content = document(run("resample", lone, *command[2:], "nearmiss-2", "--json"), "resampling")
    assert content["parameters"] == {"n_neighbors": 1}
    assert content["notes"] == ["n_neighbors=1, as the smallest class has 1 row"]


def test_a_class_without_rows_left_is_a_warning(tmp_path: Path, run: Run) -> None:
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    lines = [f"{i % 12},{i % 12},{'p' if i < 12 else 'n'}" for i in range(120)]
    path.write_text("a,b,y\n" + "\n".join(lines) + "\n")
    command = ("resample", path, "-t", "y", "-o", out, "--method", "enn", "--quiet")
    all_of = ("--param", "sampling_strategy=all", "--param", "kind_sel=mode")
    outcome = run(*command, *all_of)
    assert outcome.status == 0
    assert set(pl.read_csv(out)["y"]) == {"n"}
    assert outcome.err.startswith("warning: enn left no row of class 'p', which had 12: ")
    assert "warning" in run(*command, *all_of, "--json").err


def test_a_method_that_leaves_nothing_is_refused(tmp_path: Path, run: Run) -> None:
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text("a,b,y\n" + "1,1,p\n1,1,n\n" * 20)
    command = ("resample", path, "-t", "y", "-o", out, "--method", "enn")
    outcome = run(*command, "--param", "sampling_strategy=all", "--param", "kind_sel=all")
    assert outcome.status == 1
    assert outcome.err.startswith("error: EditedNearestNeighbours removed every row")
    assert not out.exists()


@pytest.mark.parametrize("name", ["TomekLinks", "tomeklinks", "Tomek"])
def test_methods_go_by_the_names_of_their_classes(
    name: str, numbers: Path, tmp_path: Path, run: Run
) -> None:
    command = ("resample", numbers, "-t", "kind", "-o", tmp_path / "out.csv", "--json")
    content = document(run(*command, "--method", name), "resampling")
    assert content["method"] == "tomek"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_measured_target_is_refused_by_all_methods(suffix: str, tmp_path: Path, run: Run) -> None:
    rng = np.random.default_rng(0)
    for values, refused in ((rng.normal(size=60), True), (rng.integers(0, 3, 60) + 0.5, False)):
        frame = pl.DataFrame({"x": rng.normal(size=60), "y": values})
        path = tmp_path / f"in{suffix}"
        frame.write_csv(path) if suffix == ".csv" else frame.write_parquet(path)
        said = []
        for method in ("random-over", "smote", "tomek"):
            outcome = run("resample", path, "-t", "y", "-o", tmp_path / "o.csv", "--method", method)
            said.append(outcome.err)
            # A few fractions may be names, to methods that look at nothing else.
            assert outcome.status == int(refused or method != "random-over")
        assert "column 'y' " in said[1]
        assert "column 'y' " in said[2]
        if refused:
            assert said[0] == said[1] == said[2]
            assert "column 'y' has 60 different numbers" in said[0]
    frame = pl.DataFrame({"x": rng.normal(size=90), "y": [float(i % 45) for i in range(90)]})
    frame.write_csv(tmp_path / "whole.csv")
    command = ("resample", tmp_path / "whole.csv", "-t", "y", "-o", tmp_path / "o.csv")
    assert run(*command, "--method", "random-over").status == 0


@pytest.mark.parametrize("strategy", ["foo", '{"q": 20}', "7", "[]", '{"rare": 1}', "0.01", "null"])
def test_amounts_are_refused_in_the_same_words(
    strategy: str, numbers: Path, tmp_path: Path, run: Run
) -> None:
    command = ("resample", numbers, "-t", "kind", "-o", tmp_path / "o.csv", "--param")
    said = {
        method: run(*command, f"sampling_strategy={strategy}", "--method", method)
        for method in ("random-over", "smote", "adasyn", "smote-enn", "random-under", "nearmiss-1")
    }
    for method, like in (
        ("smote", "random-over"),
        ("adasyn", "random-over"),
        ("smote-enn", "random-over"),
        ("nearmiss-1", "random-under"),
    ):
        if said[like].status:
            assert said[like].status == 2
            assert said[method] == said[like]
    assert said["smote"].status == 2
    outcome = run(*command, f"sampling_strategy={strategy}", "--method", "tomek")
    if strategy != "[]":
        assert outcome.status == 2
        assert "tomek finds out itself how many rows go" in outcome.err


def test_cleaners_take_a_list_of_classes_by_their_text(tmp_path: Path, run: Run) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"x": rng.normal(size=80), "y": [0] * 50 + [1] * 30})
    frame.write_csv(tmp_path / "in.csv")
    command = ("resample", tmp_path / "in.csv", "-t", "y", "-o", tmp_path / "o.csv", "--json")
    content = document(
        run(*command, "--method", "tomek", "--param", 'sampling_strategy=["1"]'), "resampling"
    )
    zero, one = (each["after"] for each in content["classes"])  # type: ignore[attr-defined]
    assert zero == 50
    assert one < 30
    outcome = run(*command[:-1], "--method", "tomek", "--param", "sampling_strategy=[2]")
    assert outcome.status == 2
    assert "names 2, which is no class" in outcome.err


def test_sets_in_messages_of_libraries_are_in_order(numbers: Path, run: Run) -> None:
    command = ("resample", numbers, "-t", "kind", "-o", numbers.parent / "o.csv", "--method")
    said = run(*command, "borderline-smote", "--param", "kind=foo").err
    assert "{'borderline-1', 'borderline-2'}" in said
    assert memory._in_order("{'b', 'a'} and {'d', 'c'}") == "{'a', 'b'} and {'c', 'd'}"
    assert memory._in_order("{'b': 1, 'a': 2}") == "{'b': 1, 'a': 2}"


def test_categories_that_look_like_something_else_are_named(tmp_path: Path, run: Run) -> None:
    frame = pl.DataFrame(
        {
            "customer": [f"{i}-X{i * 7 % 13}" for i in range(60)],
            "total": [str(i * 1.5) if i % 9 else " " for i in range(60)],
            "shade": ["red", "blue"] * 30,
            "size": np.random.default_rng(0).normal(size=60),
            "y": ["n"] * 45 + ["p"] * 15,
        }
    )
    frame.write_csv(tmp_path / "in.csv")
    command = ("resample", tmp_path / "in.csv", "-t", "y", "-o", tmp_path / "o.csv", "--json")
    content = document(run(*command, "--method", "smotenc"), "resampling")
    first, second = content["notes"]  # type: ignore[misc]
    assert first.startswith(
        "column 'customer' is taken for a category and looks like an identifier"
    )
    assert second.startswith("column 'total' is taken for a category and looks like numbers")
    told = run(*command, "--method", "smotenc", "--param", "categorical_features=[0, 1, 2]")
    assert document(told, "resampling")["notes"] == []


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (["--rows", "a", "--rows", "b"], "--rows"),
        (["--method", "tomek"], "--method"),
        (["-t", "x"], "--target"),
        (["--seed", "1", "--seed=1"], "--seed"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_options_of_one_value_are_given_once(
    more: list[str], name: str, small: Path, run: Run
) -> None:
    out = small.parent / "o.csv"
    outcome = run("resample", small, "-t", "y", "-o", out, "--method", "random-over", *more)
    assert outcome.status == 2
    assert outcome.err.startswith(f"error: {name} is given 2 times and takes one value")
    assert not out.exists()
    twice = ("--param", 'sampling_strategy="all"', "--quiet", "-q")
    assert run("resample", small, "-t", "y", "-o", out, "--method", "smote", *twice).status == 0


@pytest.mark.skipif(os.name != "posix", reason="signals are sent here as on POSIX")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_leaves_nothing_behind(how: signal.Signals, tmp_path: Path) -> None:
    y = np.arange(2_200_000) % 11 == 0
    pl.DataFrame({"x": np.arange(len(y)), "y": y}).write_parquet(tmp_path / "in.parquet")
    command = ("resample", tmp_path / "in.parquet", "-t", "y", "-o", tmp_path / "out.csv")
    process = subprocess.Popen(
        [sys.executable, "-m", "equipoise", *map(str, command), "--method", "random-over"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in tmp_path.glob(".partial-*")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    assert process.returncode == (-how if how == signal.SIGTERM else 130)
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_a_signal_to_end_is_as_before_when_the_work_is_done(
    small: Path, tmp_path: Path, run: Run
) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    run("resample", small, "-t", "y", "-o", tmp_path / "o.csv", "--method", "random-over")
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert signal.set_wakeup_fd(-1) == -1
    done: list[int] = []
    thread = threading.Thread(target=lambda: done.append(_entered()))
    thread.start()
    thread.join()
    assert done == [1]


def _entered() -> int:
    with cleaning_up():
        return 1
