"""The checks of data against counts done by hand, and their silence on clean data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import equipoise as eq
from equipoise.diagnose.reading import read_before
from equipoise.diagnose.registry import known_checks
from equipoise.diagnose.run import examine

OWN = {f"EQ{n}" for n in (101, 102, 103, 104, 105, 106, 107, 112, 113, 114, 116, 117)}


def look(data, target, **options):
    """Run our checks alone, without those that need neighbours."""
    subject = read_before(data, target, **options)
    checks = [one for one in known_checks("before") if one.code in OWN]
    return {one.code: one for one in examine(checks, subject)}


def clean(n: int = 400, rare: float = 0.1, seed: int = 0):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < rare * n).astype(int)
    x = rng.normal(size=(n, 3)) + 1.5 * y[:, None] * [1, 0, 0]
    return {"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": y}


@pytest.mark.parametrize("name", ["digits", "wine"])
def test_silent_on_clean_data(name: str) -> None:
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    found = look(X, y)
    assert not [one.summary for one in found.values() if one.state in ("issue", "tip")]


def test_ratio_is_counted() -> None:
    found = look(clean(), "y")["EQ101"]
    assert found.state == "tip"
    assert found.evidence["counts"] == {"0": 360, "1": 40}
    assert found.evidence["ratio"] == 9
    assert (
        found.evidence["share_of_smallest"]["low"]
        < 0.1
        < found.evidence["share_of_smallest"]["high"]
    )


def test_harm_is_found_where_it_is_and_not_where_classes_are_apart() -> None:
    assert look(clean(), "y")["EQ102"].state == "issue"
    apart = clean()
    apart["a"] = apart["a"] + 20 * apart["y"]
    assert look(apart, "y")["EQ102"].state == "passed"


def test_harm_that_is_certain_but_small_is_no_issue() -> None:
    data = clean(n=4000, rare=0.2)
    data["a"] = data["a"] + 3 * data["y"]
    found = look(data, "y")["EQ102"]
    now, then = (found.evidence[k]["1"] for k in ("recall", "recall_when_classes_count_alike"))
    assert now["high"] < found.evidence["recall_of_largest"]["low"]
    assert 0 < then["value"] - now["value"] < 0.05
    assert found.state == "passed"


def test_harm_is_not_blamed_on_rarity_where_columns_say_nothing() -> None:
    data = clean(seed=3)
    data["a"] = np.random.default_rng(5).normal(size=400)
    found = look(data, "y")["EQ102"]
    now, then = (
        found.evidence[k]["1"]["value"] for k in ("recall", "recall_when_classes_count_alike")
    )
    assert now == 0
    assert then < 0.75  # what a coin would find


@pytest.mark.parametrize(("rows", "severity"), [(5, "high"), (10, "medium"), (30, "low")])
def test_few_rows_by_what_they_can_show(rows: int, severity: str) -> None:
    data = clean(rare=rows / 400)
    assert look(data, "y")["EQ103"].severity == severity


def test_copies_are_no_rows_of_their_own() -> None:
    data = clean(rare=0.15)
    for name in "abc":
        data[name][:60] = np.repeat(data[name][:10], 6)
    found = look(data, "y")
    assert found["EQ103"].evidence["rows_of_few"] == {"1": 10}
    assert found["EQ105"].severity == "high"
    assert found["EQ105"].evidence["rows_beyond_first"] == 50
    assert found["EQ105"].evidence["beyond_first_by_class"] == {"1": 50}
    # Of six copies that five folds deal out, the others are all in the same fold once in 5 ** 5.
    share = found["EQ105"].evidence["share_met_in_random_folds"]
    assert share == pytest.approx(60 / 400 * (1 - 5.0**-5))


def test_conflicts_are_counted() -> None:
    data = clean()
    for name in "abc":
        data[name][100:104] = data[name][:4]  # rows 0 to 3 are rare, 100 to 103 are not
        data[name][104] = data[name][0]
    found = look(data, "y")["EQ106"]
    assert found.evidence["rows"] == 9
    assert found.evidence["sets"] == 4
    assert found.evidence["wrong_at_least"] == 4
    assert set(found.evidence["examples"]) == {0, 1, 2, 3, 100, 101, 102, 103, 104}


def test_near_copies_of_texts() -> None:
    y = ["ham"] * 40 + ["spam"] * 10
    rng = np.random.default_rng(0)
    words = rng.choice(
        ["see", "you", "at", "home", "win", "cash", "now", "call", "me", "later"], (50, 8)
    )
    texts = [" ".join(row) for row in words]
    texts[1] = texts[0].upper() + "!!"
    found = look({"t": texts, "y": y}, "y")
    assert found["EQ105"].state == "passed"
    assert found["EQ107"].evidence["near"] == 1


def test_second_file() -> None:
    data = clean()
    other = {
        name: np.concatenate([np.asarray(one)[:30], -np.asarray(one)[:20]])
        for name, one in clean().items()
    }
    other["y"] = ["0"] * 45 + ["2"] * 5
    found = look(data, "y", other=other)
    assert found["EQ104"].severity == "high"
    assert found["EQ104"].evidence["not_in_first"] == {"the second data": {"2": 5}}
    assert found["EQ107"].evidence["copies_of_first"] == {"the second data": 30}
    same = look(data, "y", other=clean(seed=1))
    assert same["EQ104"].state == "passed"
    assert same["EQ107"].state == "passed"


def test_absence_by_chance_is_a_tip_and_beyond_chance_an_issue() -> None:
    data = clean(rare=0.1)
    few = {name: np.asarray(one)[50:55] for name, one in clean(seed=1).items()}
    many = {name: np.asarray(one)[50:250] for name, one in clean(seed=1).items()}
    assert look(data, "y", other=few)["EQ104"].state == "tip"
    found = look(data, "y", other=many)["EQ104"]
    assert found.severity == "medium"
    assert found.evidence["chance"] == pytest.approx((1 - 0.0743) ** 200, rel=0.05)


def test_split_column_ids_and_groups() -> None:
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(100), 4)
    y = (rng.random(100) < 0.2).astype(int)[person]
    data = {
        "person": rng.permutation(10_000)[:100][person],
        "sex": rng.choice(["f", "m"], 100)[person],
        "born": rng.integers(1930, 2000, 100)[person],
        "value": rng.normal(size=400),
        "split": ["train"] * 300 + ["test"] * 100,
        "row_id": [f"r{i:04d}" for i in rng.permutation(400)],
        "y": y,
    }
    found = look(data, "y")["EQ113"]
    assert found.severity == "high"
    assert found.evidence["ids"] == ["row_id"]
    assert found.evidence["split"] == "split"
    assert found.evidence["groups"][0]["column"] == "person"
    assert set(found.evidence["groups"][0]["constant"]) >= {"sex", "born"}
    assert look(data, "y", group="person")["EQ113"].state == "tip"


def test_change_along_time() -> None:
    rng = np.random.default_rng(0)
    n = 2000
    t = np.arange(n) * 3
    steady = (rng.random(n) < 0.1).astype(int)
    rising = (rng.random(n) < np.linspace(0.02, 0.3, n)).astype(int)
    noise = rng.normal(size=n)
    assert (
        look({"t": t, "x": noise, "y": steady}, "y", roles={"t": "number"})["EQ114"].state == "tip"
    )
    found = look({"t": t, "x": noise, "y": rising}, "y", roles={"t": "number"})["EQ114"]
    assert found.severity == "medium"
    assert "--time t" in found.action


def test_labels_and_numbers() -> None:
    rng = np.random.default_rng(0)
    Y = (rng.random((800, 3)) < [0.5, 0.3, 0.01]).astype(int)
    data = {"x": rng.normal(size=800), **{f"l{j}": Y[:, j] for j in range(3)}}
    found = look(data, ["l0", "l1", "l2"])["EQ116"]
    counts = Y.sum(axis=0)
    assert found.evidence["irlbl"]["l2"] == pytest.approx(counts.max() / counts[2])
    assert found.severity == ("high" if counts[2] < 16 else "medium")
    skewed = look(
        {"x": rng.normal(size=500), "y": np.exp(2 * rng.normal(size=500))}, "y", task="regression"
    )
    assert skewed["EQ117"].state == "issue"
    normal = look({"x": rng.normal(size=500), "y": rng.normal(size=500)}, "y", task="regression")
    assert normal["EQ117"].state == "passed"
    assert normal["EQ117"].evidence["tail_share"]["value"] == pytest.approx(0.28, abs=0.06)


def test_columns_that_tell_the_target() -> None:
    data = clean()
    data["paid"] = np.where(np.asarray(data["y"]) == 1, 3.5, 0.0)
    assert look(data, "y")["EQ112"].severity == "high"


def test_a_quick_look_inside_a_trial() -> None:
    from equipoise.data.dataset import load_dataset
    from equipoise.diagnose.run import findings_of

    found = findings_of(load_dataset(clean(), "y"), mute=["EQ102"])
    states = {one["code"]: one["state"] for one in found}
    assert states["EQ102"] == "muted"
    assert states["EQ101"] == "tip"


FLAWS = [
    (
        "sms_spam",
        "label",
        {"EQ105": {"rows_beyond_first": 403}, "EQ107": {"rows_beyond_first": 487}},
    ),
    ("telco_churn", "Churn", {"EQ113": {"ids": ["customerID"]}}),
    ("tab_mammography", "target", {"EQ105": {"rows_beyond_first": 3335}}),
    ("tab_abalone_19", "target", {"EQ103": {"rows_of_few": {"1": 32}}}),
    ("scifact", "label", {"EQ113": {"split": "split"}}),
    ("insurance_charges", "charges", {"EQ117": {}}),
]


@pytest.mark.parametrize(("name", "target", "flaws"), FLAWS, ids=[one[0] for one in FLAWS])
def test_documented_flaws_are_found(shared_data: Path, name: str, target: str, flaws: dict) -> None:
    subject = read_before(shared_data / f"{name}.parquet", target)
    checks = [one for one in known_checks("before") if one.code in flaws]
    for found in examine(checks, subject):
        assert found.state in ("issue", "tip"), found.summary
        for key, value in flaws[found.code].items():
            assert found.evidence[key] == value


def test_renderings() -> None:
    found = eq.diagnose(clean(), "y", mute=["EQ109", "EQ115"])
    assert len(repr(found).splitlines()) <= 41
    assert all(len(line) <= 80 for _, line in found.lines(80))
    assert found.frame()["code"].n_unique() == len(found.findings)
    assert found["EQ109"].state == "muted"
    assert found.kinds[0] == "classes"
    assert "layer" in found.plot("classes").to_dict()
    import json

    assert json.loads(found.to_json())["kind"] == "diagnosis"
