"""Checks of predictions: few alarms on right probabilities, hits on planted faults."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit, log_expit
from scipy.stats import norm

from equipoise.diagnose.after.boundary import PushedBoundary
from equipoise.diagnose.after.calibration import Miscalibrated, OverconfidentMajority
from equipoise.diagnose.after.confusion import Lopsided
from equipoise.diagnose.after.ranking import FewRows, FlatteringAuc
from equipoise.diagnose.after.recall import LowRareRecall, NeverPredicted, TrainingGap
from equipoise.diagnose.after.threshold import ThresholdOff
from equipoise.diagnose.finding import Finding
from equipoise.diagnose.sides import side_of
from equipoise.diagnose.subject import After

ALL = [
    LowRareRecall, PushedBoundary, Lopsided, OverconfidentMajority, TrainingGap, Miscalibrated,
    ThresholdOff, FlatteringAuc, FewRows, NeverPredicted,
]  # fmt: skip


def right(
    seed: int, n: int = 1500, share: float = 0.1, part: float = 3.0, cut: str = "argmax"
) -> After:
    """Draw two normal distributions and give the true probabilities."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(np.int64)
    X = rng.normal(size=(n, 3))
    X[:, 0] += part * y
    at = {
        "argmax": part / 2 - np.log(share / (1 - share)) / part,
        "equal recall": part / 2,
        "balance": brentq(
            lambda t: share * norm.sf(t - part) + (1 - share) * norm.sf(t) - share, -9, 9 + part
        ),
    }[cut]
    z = part * X[:, 0] - part**2 / 2 + np.log(share / (1 - share))
    return After(
        y, columns(z), (X[:, 0] > at).astype(np.int64), ["common", "rare"], features=X, seed=seed
    )


def columns(z: np.ndarray) -> np.ndarray:
    return np.column_stack([log_expit(-z), log_expit(z)])


def many(seed: int, n: int = 1500) -> After:
    """Draw three classes from the probabilities of a softmax."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 3)) * 2 + np.array([2.0, 0.0, -1.0])
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    p = np.exp(log_p)
    y = (rng.random((n, 1)) > np.cumsum(p, axis=1)[:, :-1]).sum(axis=1)
    return After(y, log_p, p.argmax(axis=1), ["a", "b", "c"], "multiclass", seed=seed)


def severities(check: Any, subjects: list[After]) -> Counter[str | None]:
    return Counter(check().examine(one).severity for one in subjects)


@pytest.mark.parametrize("check", [OverconfidentMajority, Miscalibrated, PushedBoundary])
def test_true_probabilities_raise_few_alarms(check: Any) -> None:
    subjects = [right(seed, n=800, cut="argmax") for seed in range(25)]
    if check is not PushedBoundary:
        subjects += [many(seed) for seed in range(25)]
    assert severities(check, subjects)[None] >= len(subjects) - 2


def test_equal_recall_and_balanced_errors_raise_few_alarms() -> None:
    equal = [right(seed, cut="equal recall") for seed in range(50)]
    assert severities(LowRareRecall, equal)[None] >= 48
    balanced = [right(seed, cut="balance") for seed in range(50)]
    assert severities(Lopsided, balanced)[None] >= 48


def test_the_best_threshold_raises_few_alarms() -> None:
    even = [right(seed, 300, share=0.45) for seed in range(5)]
    assert severities(ThresholdOff, even)[None] == 5


def test_equal_classes_are_left_alone() -> None:
    states = {check().examine(right(0, share=0.5)).state for check in ALL}
    assert states <= {"passed", "not applicable"}


def worse(subject: After, **changes: Any) -> After:
    from dataclasses import replace

    return replace(subject, _shared=type(subject._shared)(), **changes)


def test_a_cautious_threshold_is_found_by_four_checks() -> None:
    subject = right(0, n=4000)
    assert subject.log_p is not None
    shy = worse(subject, labels=(subject.log_p[:, 1] > np.log(0.97)).astype(np.int64))
    assert LowRareRecall().examine(shy).severity == "high"
    assert Lopsided().examine(shy).severity in ("high", "medium")
    assert PushedBoundary().examine(shy).severity == "high"
    off = ThresholdOff().examine(shy)
    assert off.severity in ("high", "medium")
    assert 0.2 < off.evidence["best_threshold"] < 0.8
    recall = LowRareRecall().examine(shy).evidence["classes"][0]
    rare = shy.y == 1
    assert recall["recall"]["value"] == pytest.approx(shy.labels[rare].mean())


def test_probabilities_of_balanced_training_are_found_off() -> None:
    subject = right(1, n=3000)
    assert subject.log_p is not None
    z = subject.log_p[:, 1] - subject.log_p[:, 0]
    moved = worse(subject, log_p=columns(z + np.log(9)))
    finding = Miscalibrated().examine(moved)
    assert finding.severity in ("high", "medium")
    line = finding.evidence["classes"][0]
    assert line["intercept"]["low"] < -np.log(9) < line["intercept"]["high"]
    sharp = Miscalibrated().examine(worse(subject, log_p=columns(3 * z)))
    assert sharp.severity == "high"
    assert sharp.evidence["classes"][0]["slope"]["value"] == pytest.approx(1 / 3, abs=0.1)


def test_a_model_too_sure_of_the_majority_is_found() -> None:
    subject = right(2, n=3000, part=2.0)
    assert subject.log_p is not None
    z = subject.log_p[:, 1] - subject.log_p[:, 0]
    sure = worse(subject, log_p=columns(np.where(z < 0, z - 3, z)))
    finding = OverconfidentMajority().examine(sure)
    called = subject.labels == 0
    expected = expit(z[called] - 3 * (z[called] < 0)).sum()
    assert finding.severity == "high"
    assert finding.evidence["called"][0]["expected"] == pytest.approx(expected)
    assert finding.evidence["called"][0]["others"] == (subject.y[called] == 1).sum()


def test_rows_known_by_heart_are_found() -> None:
    test, train = right(3, part=2.0), right(4, part=2.0)
    by_heart = worse(train, labels=train.y)
    assert TrainingGap().examine(test).state == "not applicable"
    assert TrainingGap().examine(worse(test, train=by_heart)).severity == "high"
    alike = [
        TrainingGap().examine(worse(right(s, cut="equal recall"), train=right(s + 50, cut="equal recall")))
        for s in range(30)
    ]  # fmt: skip
    assert [one.state for one in alike].count("passed") >= 29


def test_roc_auc_flatters_where_rows_are_very_rare() -> None:
    subject = right(5, n=20_000, share=0.004, part=2.5)
    finding = FlatteringAuc().examine(subject)
    assert finding.severity in ("medium", "low")
    from sklearn.metrics import average_precision_score, roc_auc_score

    one, z = finding.evidence["classes"][0], side_of(subject, 1).log_odds
    assert one["roc_auc"]["value"] == pytest.approx(roc_auc_score(subject.y, z))
    assert one["average_precision"]["value"] == pytest.approx(average_precision_score(subject.y, z))


def test_few_rows_are_found_and_the_row_that_counts_most() -> None:
    few, enough = right(6, n=300, share=0.08, part=2.0), right(6, n=20_000, part=3.0)
    finding = FewRows().examine(few)
    assert finding.severity in ("high", "medium")
    assert FewRows().examine(enough).state == "passed"
    from sklearn.metrics import average_precision_score

    most = finding.evidence["classes"][0]["most_influence"]
    z = side_of(few, 1).log_odds
    rest = np.arange(few.n) != most["row"]
    change = average_precision_score(few.y[rest], z[rest]) - average_precision_score(few.y, z)
    assert most["change"] == pytest.approx(change)


def recall_alone(rows: int, found: int) -> After:
    y = np.repeat([0, 1], [20 * rows, rows])
    return After(y, None, np.where(np.arange(len(y)) < 20 * rows + found, y, 0), ["c", "r"])


@pytest.mark.parametrize(
    ("rows", "severity"),
    [(10, "high"), (12, "medium"), (36, "medium"), (40, "low"), (92, "low"), (94, None)],
)
def test_what_rests_on_a_handful_is_judged_by_the_interval(rows: int, severity: str | None) -> None:
    # Wilson's interval of a half is 0.98 / sqrt(n + 1.96 ** 2) wide to each side.
    finding = FewRows().examine(recall_alone(rows, rows // 2))
    half = finding.evidence["classes"][0]["half_width"]
    assert half == pytest.approx(0.98 / np.sqrt(rows + 3.8416), rel=1e-3)
    assert finding.severity == severity


def test_thirty_rows_that_are_told_apart_are_enough() -> None:
    subject = right(0, n=600, share=0.05, part=7.0)
    assert subject.counts[1] < 40
    assert FewRows().examine(subject).state == "passed"


def test_one_row_that_moves_the_score_is_told() -> None:
    z = np.concatenate([np.linspace(-9, -1, 2000), np.linspace(-0.9, 2, 40), [5.0, 6.0]])
    y = (z > 4).astype(np.int64)
    y[np.linspace(0, 1999, 10).astype(int)] = 1
    subject = After(y, columns(z), (z > 0).astype(np.int64), ["common", "rare"])
    finding = FewRows().examine(subject)
    most = finding.evidence["classes"][0]["most_influence"]
    assert y[most["row"]] == 1
    assert 0.05 < abs(most["change"]) < 0.1
    assert finding.severity in ("high", "medium")


def test_what_is_certain_but_small_is_no_issue() -> None:
    y = np.repeat([0, 1], [80_000, 20_000])
    said = np.where(np.arange(100_000) % 50 == 0, 1 - y, y)  # 2 % of each class are missed
    said[80_000:81_000] = 0
    odds = np.where(y == 1, 3.0, -3.0)
    subject = After(y, columns(odds), said.astype(np.int64), ["common", "rare"])
    finding = LowRareRecall().examine(subject)
    gap = finding.evidence["classes"][0]["gap"]
    assert 0.04 < gap["low"] < gap["value"] < 0.05
    assert finding.state == "passed"


def test_a_class_never_predicted_is_as_severe_as_its_rows_tell() -> None:
    subject = many(0)
    lost = worse(subject, labels=np.where(subject.labels == 2, 0, subject.labels))
    finding = NeverPredicted().examine(lost)
    n = int((subject.y == 2).sum())
    assert finding.severity == "high"
    assert finding.evidence["classes"][0]["recall_at_most"] == pytest.approx(1 - 0.05 ** (1 / n))
    y = np.array([0] * 50 + [1])
    one = After(y, None, np.zeros(51, dtype=np.int64), ["common", "rare"])
    assert NeverPredicted().examine(one).severity == "low"


def test_labels_are_looked_at_one_by_one() -> None:
    parts = [right(seed, cut="equal recall") for seed in (7, 8, 9)]
    Y = np.column_stack([one.y for one in parts])
    odds = np.column_stack([side_of(one, 1).log_odds for one in parts])
    said = np.column_stack([one.labels for one in parts])
    said[:, 1] = 0
    subject = After(Y, odds, said, ["x", "ÿ", "never"], "multilabel", seed=0)
    assert [one["class"] for one in NeverPredicted().examine(subject).evidence["classes"]] == ["ÿ"]
    low = LowRareRecall().examine(subject)
    assert (low.severity, len(low.evidence["classes"])) == ("high", 3)
    assert Miscalibrated().examine(subject).state == "passed"
    assert ThresholdOff().examine(subject).evidence["classes"]
    assert all(
        isinstance(check().examine(subject), Finding)
        for check in ALL
        if "multilabel" in check.tasks
    )


def test_groups_of_copies_tell_no_more_than_their_rows() -> None:
    subject = right(10, n=400, share=0.1, part=1.0)
    assert subject.log_p is not None
    copies = worse(
        subject,
        y=np.repeat(subject.y, 20),
        log_p=np.repeat(subject.log_p, 20, axis=0),
        labels=np.repeat(subject.labels, 20),
        features=None,
        groups=np.repeat(np.arange(400), 20),
    )
    once = LowRareRecall().examine(subject).evidence["classes"][0]
    again = LowRareRecall().examine(copies).evidence["classes"][0]
    assert again["recall"] == pytest.approx(once["recall"])
    loose = Miscalibrated().examine(worse(copies, groups=None)).evidence["classes"][0]["p"]
    assert Miscalibrated().examine(copies).evidence["classes"][0]["p"] >= loose


@pytest.mark.parametrize("check", ALL)
@pytest.mark.parametrize(
    "y", [np.zeros(1, int), np.zeros(30, int), np.array([0] * 29 + [1]), np.arange(30) % 2]
)
def test_ugly_predictions_are_survived(check: Any, y: np.ndarray) -> None:
    n = len(y)
    for p in (np.full(n, 0.5), np.where(y == 1, 1.0, 0.0), np.where(y == 1, 0.0, 1.0)):
        with np.errstate(divide="ignore"):
            log_p = np.log(np.column_stack([1 - p, p]))
        subject = After(
            y.astype(np.int64),
            log_p,
            (p > 0.5).astype(np.int64),
            ["", "é" * 50],
            features=np.zeros((n, 2)),
        )
        assert isinstance(check().examine(subject), Finding)
        bare = After(y.astype(np.int64), None, np.zeros(n, dtype=np.int64), ["a", "b"])
        assert isinstance(check().examine(bare), Finding)
