"""The tabular example prints what it promises, and its numbers are right."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

torch = pytest.importorskip("torch")
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = [
    "untreated",
    "weighted loss",
    "BCE with pos_weight",
    "random over",
    "SMOTE",
    "ADASYN",
    "random under",
    "Tomek links",
    "NearMiss",
]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import tabular_network

    yield tabular_network
    for name in ("tabular_network", "network_pictures", "pictures"):
        sys.modules.pop(name, None)


def test_what_it_prints_and_draws(
    example: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr(example, "DEFAULT", tmp_path / "not_there.parquet")
    monkeypatch.setattr(example.network_pictures, "CELLS", 20)
    monkeypatch.setattr(example.network_pictures, "SHOWN", 60)
    threads = torch.get_num_threads()
    try:
        example.main(["--rows", "1500", "--steps", "30", "--out", str(tmp_path / "out")])
    finally:
        torch.set_num_threads(threads)
    text = capsys.readouterr().out
    assert "the page blocks of the package are used" in text
    for name in NAMES:
        (line,) = re.findall(rf"^{name} +((?:[\d.]+ +){{8}}[\d.]+)$", text, re.MULTILINE)
        assert all(0 <= float(number) <= 1 for number in line.split())
    symptoms = text[text.index("Symptoms") : text.index("F1 at the tuned")]
    assert len(re.findall(r"^  (?:not found|found) ", symptoms, re.MULTILINE)) == 5
    assert len(re.findall(r"\[[+-][\d.]+, [+-][\d.]+\]  p [<\d]", text)) == 8
    assert "shown to be better than untreated" in text
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    pictures = ("confusion_argmax", "confusion_tuned", "regions", "resampled")
    assert names == [f"{name}.{kind}" for name in pictures for kind in ("png", "svg")]
    assert (tmp_path / "out" / "regions.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    drawn = (tmp_path / "out" / "regions.svg").read_text(encoding="utf-8")
    assert all(name in drawn for name in NAMES)
    assert drawn.count(">made yes row<") == 1  # the legend


def test_losses_and_metrics_are_those_of_the_textbook(example: Any) -> None:
    y = np.repeat([0, 1], [90, 10])
    assert example.weighted(y).weight.tolist() == pytest.approx([100 / 180, 100 / 20])
    assert float(example.pos_weight(y).pos_weight) == 9
    said = np.random.default_rng(0).integers(0, 2, 100)
    scores = (accuracy_score, precision_score, recall_score, f1_score)
    assert example.four(y, said) == pytest.approx([score(y, said) for score in scores])


def test_two_outputs_and_one_say_the_same_kind_of_thing(example: Any) -> None:
    x = np.random.default_rng(0).normal(size=(50, 3))
    y = (x[:, 0] > 0.8).astype(np.int64)
    for loss in (example.plain(y), example.pos_weight(y)):
        model = example.train(x, y, loss, 150, seed=0)
        log_p = example.log_p(model, x)
        assert np.exp(log_p).sum(axis=1) == pytest.approx(1)
        assert (log_p.argmax(axis=1) == y).mean() > 0.9


def test_copies_are_left_out(example: Any, tmp_path: Path, capsys: Any) -> None:
    place = tmp_path / "a.csv"
    place.write_text("u,v,kind\n1,2,b\n1,2,b\n1,2,a\n3,4,b\n")
    x, y, groups, names = example.read(place, "kind", None)
    assert (x.shape, y.tolist(), names) == ((3, 2), [0, 1, 0], ["b", "a"])
    assert groups[0] == groups[1] != groups[2]  # contrary labels stay on one side
    assert "of which 1 are copies" in capsys.readouterr().out
    place.write_text("u,v,kind\n1,x,b\n2,y,a\n")
    with pytest.raises(SystemExit, match="tables of numbers"):
        example.read(place, "kind", None)


def test_rows_to_judge_and_to_choose_by_are_not_trained_on(
    example: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = np.arange(60.0)[:, None], np.tile([0, 0, 1], 20)
    part = np.arange(60) // 3 % example.PARTS
    trained = []

    def train(rows: Any, labels: Any, *_: Any, seed: int) -> None:
        trained.append((rows, labels))

    monkeypatch.setattr(example, "TREATMENTS", example.TREATMENTS[:1])
    monkeypatch.setattr(example, "train", train)
    monkeypatch.setattr(example, "log_p", lambda _, z: np.log(np.full((len(z), 2), 0.5)))
    trials = example.judge(x, y, part, steps=1)
    assert list(trials) == ["untreated"]
    assert len(trained) == example.PARTS
    for fold, (rows, labels) in enumerate(trained):
        own = x[(part != fold) & (part != (fold + 1) % example.PARTS)]
        np.testing.assert_allclose(rows, (own - own.mean()) / own.std())
        assert len(labels) == len(own)


def test_symptoms_are_told_from_health(example: Any, capsys: Any) -> None:
    y = np.repeat([0, 1], [900, 100])
    right = np.where(y == 1, 0.99, 0.01)
    sick = np.where((y == 1) & (np.arange(1000) % 2 == 0), 0.9, 0.01)
    sick[-61::2] = 0.3  # on the majority's side, though three times as likely as any row
    for p, words in ((right, ["not found"] * 5), (sick, ["found"] * 5)):
        trial = SimpleNamespace(
            log_p=np.log(np.column_stack([1 - p, p])),
            argmax=(p > 0.5).astype(np.int64),
            train_f1=[0.99],
            test_f1=[0.99 if words[0] == "not found" else 0.6],
        )
        example.print_symptoms(y, trial)
        text = capsys.readouterr().out
        assert re.findall(r"^  ((?:not )?found) ", text, re.MULTILINE) == words


def test_regions_cover_what_is_called_rare(example: Any) -> None:
    low, high = np.array([-1.0, -2.0]), np.array([1.0, 2.0])

    def ring(_: Any, x: np.ndarray) -> np.ndarray:
        rare = np.abs(x[:, 0]) > 0.5  # two pieces in every line
        return np.column_stack([~rare, rare]).astype(float)

    runs = example.network_pictures._runs(None, ring, low, high)
    area = sum((run["a2"] - run["a"]) * (run["b2"] - run["b"]) for run in runs)
    assert len(runs) == 2 * example.network_pictures.CELLS
    assert area == pytest.approx(4.0, rel=0.05)
