"""The experiment on SMS Spam: its verdicts on known probabilities, and a small run that is taken up again."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers")
pytest.importorskip("accelerate")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
WORDS = [
    "free",
    "prize",
    "claim",
    "call",
    "win",
    "now",
    "ok",
    "see",
    "you",
    "later",
    "home",
    "dinner",
    "at",
    "the",
    "for",
    "me",
]


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module("sms_verdicts")


@pytest.fixture
def treatments(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module("sms_treatments")


def truth() -> np.ndarray:
    return np.repeat([0, 1], [870, 130])


def said(y: np.ndarray, missed: float, false: float, seeds: int = 3) -> np.ndarray:
    """Probabilities by seed whose labels miss a share of the spam and accuse a share of the ham."""
    random = np.random.default_rng(5)
    wrong = random.random((seeds, len(y))) < np.where(y == 1, missed, false)
    return np.where((y == 1) ^ wrong, 0.9, 0.1)


def judged(verdicts: ModuleType, arm: np.ndarray, z: Any, claims: list[Any]) -> list[Any]:
    y = truth()
    bench = verdicts.Bench(y, np.arange(len(y)), 4000, draws=500)
    probabilities = {"untreated": said(y, 0.2, 0.01), "arm": arm}
    values = {name: bench.values(p) for name, p in probabilities.items()}
    message = {"untreated": np.array([1.0, 1.2, 0.9]), "arm": np.asarray(z)}
    return verdicts.judge(bench, values, message, claims)


def test_verdicts_on_known_probabilities(verdicts: ModuleType) -> None:
    y = truth()
    claim = verdicts.Claim
    claims = [
        claim("more recall", "arm", "recall", True),
        claim("less recall", "arm", "recall", False),
        claim("another accuracy", "arm", "accuracy", True),
        claim("surer of the message", "arm", verdicts.MESSAGE, True),
        claim("less sure of it", "arm", verdicts.MESSAGE, False),
        claim("of an arm that was not run", "absent", "recall", True),
    ]
    # All spam found, at the price of ham that is called spam: accuracy hardly changes.
    found = judged(verdicts, said(y, 0.0, 0.04), [9.0, 9.3, 8.8], claims)
    assert [one.verdict for one in found] == [
        "confirmed",
        "refuted",
        "undecided",
        "confirmed",
        "refuted",
    ]
    recall = found[0].difference
    base = said(y, 0.2, 0.01)[:, y == 1]
    assert recall.mean == pytest.approx(1 - (base > 0.5).mean(), abs=1e-12)
    assert recall.low < recall.mean < recall.high


def test_the_same_probabilities_decide_nothing(verdicts: ModuleType) -> None:
    claims = [
        verdicts.Claim("", "arm", measure, True)
        for measure in ("recall", "F1", "macro F1", verdicts.MESSAGE)
    ]
    found = judged(verdicts, said(truth(), 0.2, 0.01), [1.0, 1.2, 0.9], claims)
    assert {one.verdict for one in found} == {"undecided"}
    assert all(one.difference.p == 1 for one in found)


def test_one_seed_leaves_the_message_undecided(verdicts: ModuleType) -> None:
    gaps = verdicts.seed_differences({"untreated": np.array([1.0]), "arm": np.array([9.0])})
    gap = gaps["arm"]
    assert gap.mean == 8.0
    assert verdicts.verdict(gap.low, gap.high, True) == "undecided"


def test_of_two_arms_the_message_has_the_paired_t_test(verdicts: ModuleType) -> None:
    from scipy.stats import ttest_rel

    a, b = np.array([1.5, 2.0, 1.1]), np.array([1.0, 1.9, 1.0])
    gap = verdicts.seed_differences({"untreated": b, "arm": a})["arm"]
    known = ttest_rel(a, b)
    assert gap.p == pytest.approx(known.pvalue)
    assert (gap.low, gap.high) == pytest.approx(tuple(known.confidence_interval(0.95)))


def test_more_arms_tell_more_of_how_seeds_vary(verdicts: ModuleType) -> None:
    # By simulation: intervals of the level asked for, though there are two seeds only.
    random = np.random.default_rng(1)
    held = []
    for _ in range(1000):
        table = random.normal(0, 2, 2) + random.normal(0, 0.5, (8, 2))
        z = dict(zip(["untreated", *"abcdefg"], table, strict=True))
        gap = verdicts.seed_differences(z)["a"]
        held.append(gap.low < 0 < gap.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)
    assert gap.df == 7


def test_more_claims_widen_the_intervals(verdicts: ModuleType) -> None:
    claim = verdicts.Claim("", "arm", "recall", True)
    arm = said(truth(), 0.1, 0.01)
    alone = judged(verdicts, arm, [1, 1, 1], [claim])[0].difference
    among = judged(verdicts, arm, [1, 1, 1], [claim] * 15)[0].difference
    assert among.mean == alone.mean
    assert among.high - among.low > 1.3 * (alone.high - alone.low)


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (["confirmed", "confirmed"], "confirmed"),
        (["confirmed", "undecided"], "undecided"),
        (["confirmed", "undecided", "refuted"], "refuted"),
    ],
)
def test_a_claim_of_several_parts(verdicts: ModuleType, parts: list[str], whole: str) -> None:
    assert verdicts.joint(parts) == whole


def test_draws_of_seeds_have_the_variance_of_their_mean(verdicts: ModuleType) -> None:
    values = np.array([0.1, 0.5, 0.6])
    drawn = verdicts.seed_draws(3, 200_000, 0) @ values
    assert drawn.mean() == pytest.approx(values.mean(), abs=2e-3)
    assert drawn.var() == pytest.approx(values.var(ddof=1) / 3, rel=0.02)


def test_label_metrics_of_draws_are_those_of_repeated_rows(verdicts: ModuleType) -> None:
    from sklearn.metrics import f1_score, precision_score, recall_score

    random = np.random.default_rng(0)
    y, p = random.integers(0, 2, 40), random.random(40)
    weights = random.integers(0, 4, (3, 40)).astype(np.uint8)
    out = verdicts.label_metrics(y, p, weights)
    for b, weight in enumerate(weights):
        true, label = np.repeat(y, weight), np.repeat(p > 0.5, weight)
        assert out["precision"][b] == pytest.approx(precision_score(true, label))
        assert out["recall"][b] == pytest.approx(recall_score(true, label))
        assert out["F1"][b] == pytest.approx(f1_score(true, label))
        assert out["macro F1"][b] == pytest.approx(f1_score(true, label, average="macro"))


def test_recipes_resample_training_rows_only(treatments: ModuleType) -> None:
    y = np.repeat([0, 1], [90, 10])
    focal = {"gamma": 1.0, "alpha": 0.75}
    made = {arm: treatments.recipe(arm, y, 0, focal, 0.25) for arm in treatments.ARMS}
    counts = {arm: np.bincount(y[one.rows]).tolist() for arm, one in made.items()}
    assert counts["untreated"] == counts["focal"] == counts["bias-init"] == [90, 10]
    assert counts["upsampling"] == counts["up-downweight"] == [90, 90]
    assert counts["downsampling"] == counts["down-upweight"] == [10, 10]
    for arm in ("up-downweight", "down-upweight"):
        one = made[arm]
        assert np.bincount(y[one.rows], one.weight) / one.weight.sum() == pytest.approx([0.9, 0.1])
        assert one.weight.mean() == pytest.approx(1)
        assert one.offset == pytest.approx(0, abs=1e-12)
    for arm in ("upsampling", "downsampling", "inverse-weights"):
        assert made[arm].offset == pytest.approx(np.log(9))
    assert made["hand-weights"].offset == pytest.approx(np.log(10 / 0.576))
    assert made["focal"].offset is None
    assert float(made["focal-tuned"].loss.gamma) == 1.0


def test_batches_keep_their_rows_and_are_sorted_within(treatments: ModuleType) -> None:
    lengths = np.random.default_rng(0).integers(1, 50, 70)
    sampler = treatments.SortedBatches(lengths, 32, seed=3)
    first = list(sampler)
    assert sorted(first) == list(range(70))
    plain = np.random.default_rng([3, 0]).permutation(70)
    for start in (0, 32, 64):
        rows = first[start : start + 32]
        assert set(rows) == set(plain[start : start + 32].tolist())
        assert (np.diff(lengths[rows]) >= 0).all()
    sampler.set_epoch(1)
    assert list(sampler) != first


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one narrow layer with a tokenizer of a few words."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "!", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
        )
    ).save_pretrained(folder)
    return folder


def messages(path: Path, rows: int = 120) -> Path:
    random = np.random.default_rng(0)
    lines = []
    for i in range(rows):
        spam = i % 5 == 0
        pool = WORDS[:6] if spam else WORDS[5:]
        lines.append(f"{'spam' if spam else 'ham'}\t{' '.join(random.choice(pool, 6))}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_run_and_the_same_command_again(
    treatments: ModuleType,
    encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out"
    command = ["--data", str(messages(tmp_path / "sms.tsv")), "--out", str(out), "--seeds", "1"]
    command += ["--model", str(encoder), "--json", str(tmp_path / "all.json")]
    arms = ["--arms", "untreated,focal-tuned"]
    assert treatments.main([*command, *arms]) == 0
    printed = capsys.readouterr()
    assert "[2/2] focal loss, tuned, seed 0: step 3/3" in printed.err
    assert "untreated\n" in printed.out
    assert "focal loss, tuned, beats the baseline" in printed.out
    document = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert document["data"]["test_rows_repeated_in_train"] == 0
    assert document["data"]["focal_tuned"]["gamma"] > 0
    saved = np.load(out / "runs" / "untreated.0.npy")
    assert len(saved) == document["data"]["rows"]["test"]
    assert ((saved > 0) & (saved < 1)).all()
    support = document["reports"]["untreated"]
    assert support["spam"]["support"] == document["data"]["spam"]["test"]
    assert [claim["verdict"] for claim in document["claims"]] == ["undecided"]

    def refuse(*given: Any) -> None:
        raise AssertionError("trained again")

    with monkeypatch.context() as patched:
        patched.setattr(treatments, "train", refuse)
        patched.setattr(treatments, "tune_focal", refuse)
        assert treatments.main([*command, *arms]) == 0
    again = capsys.readouterr()
    assert again.out == printed.out
    assert again.err == ""

    # What was lost is made anew, and comes out the same.
    (out / "runs" / "untreated.0.json").unlink()
    assert treatments.main([*command, *arms]) == 0
    assert np.array_equal(np.load(out / "runs" / "untreated.0.npy"), saved)
    capsys.readouterr()

    # Other settings do not mix with what is there.
    assert treatments.main([*command, *arms, "--epochs", "2"]) == 2
    assert "other settings: epochs; name another folder by --out" in capsys.readouterr().err


def test_wrong_use_names_the_remedy(
    treatments: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--data", str(tmp_path / "none.tsv"), "--out", str(tmp_path)]
    assert treatments.main(given) == 1
    assert "there is no file" in capsys.readouterr().err
    assert treatments.main([*given, "--arms", "smote"]) == 2
    assert "there is no arm 'smote'; use some of untreated, bias-init" in capsys.readouterr().err
