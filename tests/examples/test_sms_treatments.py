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
    bench = verdicts.Bench(y, np.arange(len(y)), draws=500)
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
    gap = verdicts.seed_difference(np.array([9.0]), np.array([1.0]))
    assert gap.mean == 8.0
    assert verdicts.verdict(gap.low, gap.high, True) == "undecided"


@pytest.mark.parametrize("level", [0.95, 1 - 0.05 / 15])
def test_the_message_has_the_test_of_welch(verdicts: ModuleType, level: float) -> None:
    from scipy.stats import ttest_ind

    a, b = np.array([1.5, 3.0, 0.1]), np.array([1.0, 1.2, 0.9])
    gap = verdicts.seed_difference(a, b, level)
    known = ttest_ind(a, b, equal_var=False)
    assert gap.p == pytest.approx(known.pvalue)
    assert gap.df == pytest.approx(known.df)
    assert (gap.low, gap.high) == pytest.approx(tuple(known.confidence_interval(level)))


def test_an_arm_of_wide_spread_is_not_judged_by_the_others(verdicts: ModuleType) -> None:
    # A spread pooled over nine arms, the others of spread 1, calls it different in 15 % of trials.
    random = np.random.default_rng(1)
    wrong = 0
    for _ in range(2000):
        gap = verdicts.seed_difference(random.normal(0, 4, 3), random.normal(0, 1, 3), 0.99)
        wrong += gap.low > 0 or gap.high < 0
    assert wrong / 2000 < 0.025


def test_seeds_count_with_their_own_degrees_of_freedom(verdicts: ModuleType) -> None:
    from scipy.stats import ttest_rel

    y = truth()
    bench = verdicts.Bench(y, np.arange(len(y)), draws=100)
    a, b = np.array([0.9, 0.7, 0.86]), np.array([0.6, 0.62, 0.66])
    still = {"recall": np.full(100, 0.8)}
    # Rows that tell nothing leave the paired t test over seeds.
    gap = bench.compare(({"recall": a}, still), ({"recall": b}, still), "recall")
    known = ttest_rel(a, b)
    assert gap.df == pytest.approx(2)
    assert gap.p == pytest.approx(known.pvalue)
    assert (gap.low, gap.high) == pytest.approx(tuple(known.confidence_interval(0.95)))
    # Seeds that agree leave the draws of rows, with a degree of freedom for three rows of spam.
    drawn = {"recall": np.random.default_rng(0).normal(0.8, 0.01, 100)}
    gap = bench.compare(({"recall": b + 0.02}, drawn), ({"recall": b}, still), "recall")
    assert gap.df == pytest.approx(130 / 3)
    assert gap.standard_error == pytest.approx(drawn["recall"].std(ddof=1))


def test_parts_of_a_variance_by_satterthwaite(verdicts: ModuleType) -> None:
    gap = verdicts.welch(1.0, [(0.04, 40.0), (0.02, 2.0)])
    assert gap.standard_error == pytest.approx(0.06**0.5)
    assert gap.df == pytest.approx(0.06**2 / (0.04**2 / 40 + 0.02**2 / 2))
    assert verdicts.welch(0.0, [(0.0, 2.0)]).p == 1
    assert verdicts.welch(0.1, [(0.0, 2.0)]).p == 0


def test_no_true_difference_is_rarely_called_one(verdicts: ModuleType) -> None:
    # Arms of one law, whose seeds move the threshold.
    random = np.random.default_rng(3)
    y = np.repeat([0, 1], [200, 40])
    wrong = 0
    for trial in range(100):
        bench = verdicts.Bench(y, np.arange(len(y)), draws=100, seed=trial)
        base = np.where(y == 1, 2.0, -2.0) + random.normal(0, 1.6, len(y))
        shift = random.normal(0, 1.0, (2, 3, 1)) + random.normal(0, 0.5, (2, 3, len(y)))
        one, other = (bench.values(1 / (1 + np.exp(-base - part))) for part in shift)
        gap = bench.compare(one, other, "recall", 0.95)
        wrong += gap.low > 0 or gap.high < 0
    assert wrong <= 12  # 5 expected


def test_calibration(verdicts: ModuleType) -> None:
    from scipy.special import expit, logit

    calibration = importlib.import_module("sms_calibration")
    y = truth()
    bench = verdicts.Bench(y, np.arange(len(y)), draws=500)
    fair = calibration.bias(bench, logit(np.full((3, 1000), 0.13)))
    over = calibration.bias(bench, logit(np.full((3, 1000), 0.3)))
    assert fair.mean == pytest.approx(0, abs=1e-12)
    assert fair.low < 0 < fair.high
    assert over.mean == pytest.approx(0.17)
    assert over.low > 0
    # The share of 1,000 draws of a coin of 0.13.
    assert over.standard_error == pytest.approx((0.13 * 0.87 / 1000) ** 0.5, rel=0.1)
    # Log-odds that are half as large as they should be, and twice as large.
    random = np.random.default_rng(0)
    z = random.normal(-1, 2, 1000)
    bench = verdicts.Bench((random.random(1000) < expit(z)).astype(int), np.arange(1000), draws=50)
    for factor in (0.5, 1.0, 2.0):
        found = calibration.slope(bench, np.tile(z * factor, (3, 1)))
        assert found.low < 1 / factor - 1 < found.high
        assert (found.low < 0 < found.high) == (factor == 1)


def test_two_seeds_decide_nothing(verdicts: ModuleType) -> None:
    y = truth()
    bench = verdicts.Bench(y, np.arange(len(y)), draws=200)
    for seeds, decided in ((2, False), (3, True)):
        values = {
            "untreated": bench.values(said(y, 0.5, 0.01, seeds)),
            "arm": bench.values(said(y, 0.0, 0.01, seeds)),
        }
        found = bench.compare(values["arm"], values["untreated"], "recall")
        assert (verdicts.verdict(found.low, found.high, True) == "confirmed") == decided
        low, high = bench.interval(*(part["recall"] for part in values["untreated"]))
        assert 0.3 < low < high < 0.7


def test_near_copies_of_training_messages(treatments: ModuleType) -> None:
    sms_data = importlib.import_module("sms_data")
    texts = [
        "abcdefgh",
        "call now to claim",
        "xyz",
        "ABCDE fgh!",
        "call now to claim it",
        "zzzzzzzz",
        "ab",
    ]
    data = sms_data.Data(texts, np.zeros(7, int), np.arange(7), np.arange(3), np.arange(3, 7))

    def fives(text: str) -> set[str]:
        return {text[i : i + 5] for i in range(len(text) - 4)}

    one, other = fives("callnowtoclaim"), fives("callnowtoclaimit")
    assert sms_data.nearest_copies(data) == pytest.approx(
        [1, len(one & other) / len(one | other), 0, 0]
    )


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, 0.25), (0.5, 0.9), (0.0, 0.75)])
def test_focal_probabilities_come_back(treatments: ModuleType, gamma: float, alpha: float) -> None:
    from scipy.optimize import minimize_scalar
    from scipy.special import expit

    calibration = importlib.import_module("sms_calibration")
    for p in (0.05, 0.5, 0.9):

        def expected(z: float, p: float = p) -> float:
            q = expit(z)
            spam = alpha * p * (1 - q) ** gamma * np.log(q)
            return float(-spam - (1 - alpha) * (1 - p) * q**gamma * np.log1p(-q))

        z = minimize_scalar(expected, bounds=(-12, 12), method="bounded", options={"xatol": 1e-9}).x
        assert expit(calibration.unfocused(np.array([z]), gamma, alpha)) == pytest.approx(
            [p], abs=1e-4
        )


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
    assert "is the best of 20" in printed.out
    document = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert document["data"]["test_rows_repeated_in_train"] == 0
    assert document["data"]["focal_tuned"]["gamma"] > 0
    saved = np.load(out / "runs" / "untreated.0.npy")
    bias = document["calibration"]["untreated"]["raw"]["bias"]["value"]
    row = document["metrics"]["untreated"]
    rows, spam = document["data"]["rows"]["test"], document["data"]["spam"]["test"]
    assert bias == pytest.approx(row["mean probability"] - spam / rows)
    said = document["message"]["focal-tuned"]
    assert said["corrected"] is not None
    assert document["message"]["untreated"]["corrected"] is None
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
