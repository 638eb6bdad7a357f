"""``equipoise weights``: numbers, words, and code that runs."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight

from equipoise.cli.classes import Classes
from equipoise.cli.screen import Screen
from equipoise.cli.weighing import weigh
from equipoise.cli.weights import _tell
from equipoise.data.reading import read_table
from equipoise.weights import SCHEMES, class_weights
from equipoise.weights.snippets import SNIPPETS, weight_code

from .conftest import Run, document


@pytest.fixture
def spam(tmp_path: Path) -> Path:
    pl.DataFrame({"x": range(10), "kind": ["ham"] * 8 + ["spam"] * 2}).write_csv(
        tmp_path / "spam.csv"
    )
    return tmp_path / "spam.csv"


@pytest.fixture
def stars(tmp_path: Path) -> Path:
    """Three classes whose labels are numbers that do not sort as their texts do; one has one row."""
    y = [10] * 12 + [2] * 3 + [1]
    pl.DataFrame({"x": range(16), "stars": y}).write_csv(tmp_path / "stars.csv")
    return tmp_path / "stars.csv"


def by_scheme(content: dict[str, Any]) -> dict[str, list[float]]:
    return {one["scheme"]: one["weights"] for one in content["weights"]}


def executed(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "snippet", "exec"), names)
    return names


def test_help_and_shared_options(run: Run) -> None:
    outcome = run("weights", "--help")
    assert outcome.status == 0
    for option in ("--scheme", "--beta", "--given", "--cost", "--code", "--json", "--quiet"):
        assert option in outcome.out
    panels = re.split(r"─ (\w+) ─", outcome.out)
    assert "--cost" in panels[panels.index("Weights") + 1]
    assert "Trial" not in panels


def test_the_published_example(run: Run, shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "sms_spam.parquet"
    content = document(run("weights", file, "-t", "label", "--json"), "weights")
    assert [one["rows"] for one in content["classes"]] == [4827, 747]  # type: ignore[attr-defined]
    np.testing.assert_allclose(by_scheme(content)["balanced"], [5574 / 9654, 5574 / 1494])
    # 0.576 and 3.784 are of four fifths of the rows, of which 589 were spam.
    frame = pl.DataFrame(read_table(file).to_native())
    ham, rare = (frame.filter(pl.col("label") == one) for one in ("ham", "spam"))
    pl.concat([ham.head(3869), rare.head(589)]).write_parquet(tmp_path / "part.parquet")
    said = run("weights", tmp_path / "part.parquet", "-t", "label", "--code", "pytorch").out
    assert "0.576118,  # 0: 'ham'" in said
    assert "3.78438,  # 1: 'spam'" in said


def test_the_table(spam: Path, run: Run) -> None:
    outcome = run("weights", spam, "-t", "kind")
    assert outcome.status == 0
    head, *rows = [line.split("  ") for line in outcome.out.splitlines()[:3]]
    head, *rows = [[cell.strip() for cell in line if cell.strip()] for line in (head, *rows)]
    assert head[:3] == ["class", "rows", "share"]
    assert head[3:] == [*SCHEMES[:3], "ens 0.999", SCHEMES[4], "offset of balanced"]
    assert rows[0][:5] == ["ham", "8", "80.00%", "0.625", "0.4"]
    assert rows[1][:5] == ["spam", "2", "20.00%", "2.5", "1.6"]
    assert rows[1][-1] == f"{math.log(4) / 2:+.4g}"
    assert f"by {math.log(4):+.4g} in log-odds of 'spam'" in outcome.out
    assert "divides the odds by 4" in outcome.out
    for title in SNIPPETS.values():
        assert f"# {title}, weights balanced" in outcome.out
    assert "split the file first" in outcome.err
    assert run("weights", spam, "-t", "kind", "--quiet").err == ""


def test_the_document_holds_what_the_library_says(stars: Path, run: Run) -> None:
    content: Any = document(run("weights", stars, "-t", "stars", "--json"), "weights")
    assert [one["label"] for one in content["classes"]] == ["1", "2", "10"]
    assert [one["rows"] for one in content["classes"]] == [1, 3, 12]
    assert sum(one["share"] for one in content["classes"]) == pytest.approx(1)
    assert content["rows"] == 16
    assert content["positive"] is None
    y = [10] * 12 + [2] * 3 + [1]
    assert list(by_scheme(content)) == list(SCHEMES)
    for scheme, w in by_scheme(content).items():
        np.testing.assert_allclose(w, class_weights(y, scheme))
    for one in content["weights"]:
        assert one["beta"] == (0.999 if one["scheme"] == "ens" else None)
        offset = np.log(one["weights"]) - np.log(one["weights"]).mean()
        np.testing.assert_allclose(one["prior_offset"], offset)
    assert content["code"]["scheme"] == "balanced"
    assert list(content["code"]["snippets"]) == ["pytorch", "trainer", "sklearn", "lightgbm"]


def test_schemes_and_betas_that_are_asked_for(spam: Path, run: Run) -> None:
    command = ("weights", spam, "-t", "kind", "--json")
    asked = ("-s", "isns,ens", "-s", "ins", "--beta", 0.9, "--beta", 0.99, "--beta", 0.9)
    content: Any = document(run(*command, *asked), "weights")
    found = [(one["scheme"], one["beta"]) for one in content["weights"]]
    assert found == [("isns", None), ("ens", 0.9), ("ens", 0.99), ("ins", None)]
    assert content["code"]["scheme"] == "isns"
    content = document(run(*command, "--given", "spam=10,ham=0.576", "-s", "ins"), "weights")
    assert content["weights"][0]["weights"] == [0.576, 10]
    assert content["code"]["scheme"] == "given"
    assert "moves the prior by 0" not in run("weights", spam, "-t", "kind").out
    said = run("weights", spam, "-t", "kind", "--given", "ham=2,spam=2").out
    assert "given weighs all classes alike: nothing to correct" in said


def test_costs_by_the_positive_class(spam: Path, run: Run) -> None:
    command = ("weights", spam, "-t", "kind", "--cost", "fn=10,fp=1", "--json")
    w = by_scheme(document(run(*command), "weights"))["cost"]
    assert w[1] / w[0] == pytest.approx(10)
    assert np.average(w, weights=[8, 2]) == pytest.approx(1)
    content = document(run(*command, "--positive", "ham"), "weights")
    assert content["positive"] == "ham"
    w = by_scheme(content)["cost"]
    assert w[0] / w[1] == pytest.approx(10)


def test_costs_from_a_file(stars: Path, run: Run) -> None:
    table = "truth,10,1,2\n10,0,1,1\n1,20,0,10\n2,5,5,0\n"
    (stars.parent / "cost.csv").write_text(table)
    cost = ("--cost", stars.parent / "cost.csv")
    w = by_scheme(document(run("weights", stars, "-t", "stars", *cost, "--json"), "weights"))[
        "cost"
    ]
    np.testing.assert_allclose(np.divide(w, w[2]), [15, 5, 1])


def test_all_code_does_as_the_weights_say(spam: Path, run: Run) -> None:
    import torch

    def code(name: str) -> dict[str, Any]:
        return executed(run("weights", spam, "-t", "kind", "--code", name).out)

    w, target = torch.tensor([0.625, 2.5]), torch.tensor([0, 1, 1])
    logits = torch.tensor([[0.3, -0.2], [1.0, 0.5], [-0.5, 0.1]])
    plain = torch.nn.functional.cross_entropy(logits, target, reduction="none")
    expected = (w[target] * plain).sum() / w[target].sum()
    torch.testing.assert_close(code("pytorch")["loss"](logits, target), expected)
    one = logits[:, 1] - logits[:, 0]
    found = code("bce")["loss"](one, target.double())
    torch.testing.assert_close(found.float(), (w[target] * plain).mean())
    assert code("sklearn")["class_weight"] == {"ham": 0.625, "spam": 2.5}
    X, y = np.arange(10.0)[:, None], ["ham"] * 8 + ["spam"] * 2
    own = LogisticRegression(class_weight="balanced").fit(X, y)
    np.testing.assert_allclose(code("sklearn")["model"].fit(X, y).coef_, own.coef_)
    assert code("lightgbm")["model"].get_params()["class_weight"] == {"ham": 0.625, "spam": 2.5}


def test_code_for_the_trainer_runs(spam: Path, run: Run) -> None:
    import torch

    loss = executed(run("weights", spam, "-t", "kind", "--code", "trainer").out)["loss"]
    logits, target = torch.tensor([[0.3, -0.2], [1.0, 0.5]]), torch.tensor([0, 1])
    plain = torch.nn.functional.cross_entropy(logits, target, reduction="none")
    found = loss({"logits": logits}, target, num_items_in_batch=torch.tensor(2))
    torch.testing.assert_close(found, (torch.tensor([0.625, 2.5]) * plain).sum() / 2)


@pytest.mark.parametrize(
    "how", [("-s", "isns"), ("-s", "ens"), ("--given", "ham=0.01,spam=3")], ids=str
)
def test_code_has_weights_of_mean_one_where_a_factor_matters(
    how: tuple[str, str], spam: Path, run: Run
) -> None:
    """The mean loss of the rows of the file is that without weights where all cost the same."""
    import torch

    content: Any = document(run("weights", spam, "-t", "kind", *how, "--json"), "weights")
    raw, code = np.array(content["weights"][0]["weights"]), content["code"]["snippets"]
    even = raw / np.average(raw, weights=[8, 2])
    assert abs(np.average(raw, weights=[8, 2]) - 1) > 1e-4  # else there is nothing to scale
    np.testing.assert_allclose(executed(code["pytorch"])["weight"], raw, rtol=1e-5)
    np.testing.assert_allclose(executed(code["trainer"])["weight"], even, rtol=1e-5)
    for name in ("sklearn", "lightgbm"):
        found = executed(code[name])["class_weight"]
        np.testing.assert_allclose([found["ham"], found["spam"]], even, rtol=1e-5)
    target = torch.tensor([0] * 8 + [1] * 2)
    for name in ("pytorch", "bce", "trainer"):
        loss = executed(code[name])["loss"]
        if name == "bce":
            value = loss(torch.zeros(10), target.float())
        else:
            logits = torch.zeros(10, 2)
            value = loss(logits, target) if name == "pytorch" else loss({"logits": logits}, target)
        assert float(value) == pytest.approx(math.log(2), rel=1e-5)
    for name in ("bce", "trainer", "sklearn", "lightgbm"):
        assert " mean " in code[name]
    assert "do not subtract the offset" in code["lightgbm"]


def test_lightgbm_weighs_the_class_that_it_sorts_last(tmp_path: Path, run: Run) -> None:
    """The rare class comes first in order: its weight is that of the negatives there."""
    rng = np.random.default_rng(0)
    y = np.array(["anomaly"] * 20 + ["normal"] * 80)
    X = rng.normal(size=(100, 2)) + (y == "normal")[:, None]
    pl.DataFrame({"kind": y}).write_csv(tmp_path / "in.csv")
    command = ("weights", tmp_path / "in.csv", "-t", "kind")
    code = run(*command, "--code", "lightgbm").out
    assert "scale_pos_weight=0.25, of 'normal' (code 1)" in code
    model = executed(code)["model"]
    bce = run(*command, "--code", "bce").out
    assert "1.0 for 'anomaly', 0.0 for 'normal'" in bce
    assert "[4.0]" in bce
    assert "[0.25]" in run(*command, "--code", "bce", "--positive", "normal").out
    options = {"verbose": -1, "n_jobs": 1, "min_child_weight": 0, "n_estimators": 5}
    w = np.where(y == "normal", 0.625, 2.5)
    plain = type(model)(**options).fit(X, y, sample_weight=w).predict_proba(X)
    np.testing.assert_allclose(model.set_params(**options).fit(X, y).predict_proba(X), plain)
    # The other way: the same weights up to a factor, and a start that they have no part in.
    made = [
        type(model)(**options, **scale, boost_from_average=start)
        .fit(X, y, sample_weight=None if scale else w / 2.5)
        .predict_proba(X)
        for start in (False, True)
        for scale in ({"scale_pos_weight": 0.25}, {})
    ]
    np.testing.assert_allclose(made[0], made[1], rtol=1e-6)
    assert np.abs(made[2] - made[3]).max() > 0.1


def test_more_classes(stars: Path, run: Run) -> None:
    made = executed(run("weights", stars, "-t", "stars", "--code", "lightgbm").out)
    expected = compute_class_weight(
        "balanced", classes=np.array([1, 2, 10]), y=[10] * 12 + [2] * 3 + [1]
    )
    found = made["model"].get_params()["class_weight"]
    assert list(found) == [1, 2, 10]
    np.testing.assert_allclose(list(found.values()), expected, rtol=1e-5)
    said = run("weights", stars, "-t", "stars").out
    assert "subtract it from the\nlogits" in said
    assert "one logit" not in said


def test_labels_stay_data_within_code() -> None:
    labels = ['a"\n__import__("os").abort()', "b'\\", "c\x1b[2J\u2028d\u202e", "é" * 200]
    for name, code in weight_code(sorted(labels), [1.0, 2.0, 3.0, 4.0]).items():
        assert "\x1b" not in code
        assert "\u202e" not in code
        if name in ("sklearn", "lightgbm"):
            assert list(executed(code)["class_weight"]) == sorted(labels)
        elif name == "pytorch":
            assert executed(code)["weight"] == [1, 2, 3, 4]
    for labels in ([False, True], [0.5, 1.5], [-3, 7]):
        code = weight_code(labels, [1.0, 2.0])
        assert executed(code["sklearn"])["class_weight"] == dict(zip(labels, [1, 2], strict=True))


def test_rows_without_a_target(tmp_path: Path, run: Run) -> None:
    (tmp_path / "in.csv").write_text("x,y\n" + "1,a\n" * 6 + "2,\n" * 3 + "3,b\n" * 2)
    command = ("weights", tmp_path / "in.csv", "-t", "y")
    outcome = run(*command)
    assert outcome.status == 1
    assert "'y' is missing in 3 of 11 rows" in outcome.err
    assert "--drop-missing-target" in outcome.err
    outcome = run(*command, "--drop-missing-target", "--json")
    assert "3 rows without 'y' were left out" in outcome.err
    np.testing.assert_allclose(by_scheme(document(outcome, "weights"))["ins"], [0.5, 1.5])


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["a"] * 5, "one class only: 'a' in all 5 rows"),
        ([f"text {i}" for i in range(30)], "30 different values in 30 rows"),
        ([str(i / 7) for i in range(60)] * 2, "numbers that measure"),
    ],
)
def test_targets_that_hold_no_classes(
    cells: list[str], words: str, tmp_path: Path, run: Run
) -> None:
    pl.DataFrame({"x": 1, "y": cells}).write_csv(tmp_path / "in.csv")
    outcome = run("weights", tmp_path / "in.csv", "-t", "y")
    assert outcome.status == 1
    assert outcome.out == ""
    assert words in outcome.err


def test_kinds_that_name_no_class(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "in.parquet"
    pl.DataFrame({"y": [{"a": 1}, {"a": 2}]}).write_parquet(path)
    assert "a list or a record in each row" in run("weights", path, "-t", "y").err
    pl.DataFrame({"y": [["a"], ["b"], ["a"]]}).write_parquet(path)
    assert "a list or a record" not in run("weights", path, "-t", "y").err
    days = pl.Series("y", ["2024-01-01", "2024-01-02", "2024-01-01"]).str.to_date()
    days.to_frame().write_parquet(path)
    assert "of the kind date" in run("weights", path, "-t", "y").err


BAD = [
    # options, words
    ([], ["--target COL", "x, kind"]),
    (["-t", "kimd"], ["'kimd'", "did you mean 'kind'"]),
    (["-t", "x,kimd"], ["'kimd'", "did you mean 'kind'"]),
    (["-t", "kind", "-s", "balance"], ["'balance'", "did you mean 'balanced'"]),
    (["-t", "kind", "-s", ","], ["names no scheme"]),
    (["-t", "kind", "--beta", "1"], ["beta=1", "[0, 1)"]),
    (["-t", "kind", "-s", "ins", "--beta", "0.9"], ["--beta is for the scheme ens"]),
    (["-t", "kind", "--given", "ham=1"], ["no weight is given for class 'spam'"]),
    (["-t", "kind", "--given", "ham"], ["label=weight"]),
    (["-t", "kind", "--given", "ham=1,spam=2", "--cost", "fn=1,fp=1"], ["--given and --cost"]),
    (["-t", "kind", "--cost", "fn=1,fp=0"], ["class 'ham' cost nothing"]),
    (["-t", "kind", "--positive", "span"], ["'span'", "did you mean 'spam'"]),
    (["-t", "kind", "--code", "torch"], ["'torch'", "did you mean 'pytorch'"]),
]


@pytest.mark.parametrize(("options", "words"), BAD, ids=lambda one: str(one)[:60])
def test_wrong_usage_is_one_message(
    options: list[str], words: list[str], spam: Path, run: Run
) -> None:
    outcome = run("weights", spam, *options)
    assert outcome.status == 2
    assert outcome.out == ""
    error, hint = outcome.err.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    assert "bug" not in hint
    for word in words:
        assert word in outcome.err


def test_what_two_classes_have(stars: Path, run: Run) -> None:
    for options in (["--code", "bce"], ["--positive", "1"], ["--cost", "fn=1,fp=2"]):
        outcome = run("weights", stars, "-t", "stars", *options)
        assert outcome.status == 2
        assert "two classes" in outcome.err


def test_the_code_alone_is_the_document_of_one(spam: Path, run: Run) -> None:
    outcome = run("weights", spam, "-t", "kind", "--code", "sklearn", "--json")
    content: Any = document(outcome, "weights")
    assert list(content["code"]["snippets"]) == ["sklearn"]
    alone = run("weights", spam, "-t", "kind", "--code", "sklearn")
    assert alone.out == content["code"]["snippets"]["sklearn"] + "\n"
    assert alone.err == ""


def test_a_terminal_of_80_columns_cuts_no_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen, out = Screen(quiet=True), io.StringIO()
    screen._consoles["out"] = Console(
        file=out, width=80, force_terminal=True, color_system=None, markup=False
    )
    classes = Classes(["a rather long label of a class", "b", "c"], [284_315, 4_163, 492], None)
    columns = weigh(
        classes, [(one, 0.999 if one == "ens" else None) for one in SCHEMES], None, None
    )
    _tell(screen, classes, columns, {"pytorch": "x = " + "1 + " * 40 + "1"})
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    assert "median-" in lines[0]
    table = " ".join(lines[: lines.index("")])
    for one in columns:
        assert all(f" {w:.4g} " in f"{table} " for w in one.weights)
    assert all(f"{value:+.4g}" in table for value in columns[0].offset)
    # Code is never broken, whatever the width.
    assert max(map(len, capsys.readouterr().out.splitlines())) > 80
