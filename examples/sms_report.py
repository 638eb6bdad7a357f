"""The tables at the end of the experiment, and the same as a document."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import expit
from sms_calibration import print_calibration, taken_back
from sms_data import ALPHAS, GAMMAS, nearest_copies
from sms_verdicts import (
    MESSAGE,
    SEEDS,
    UNDECIDED,
    Bench,
    Finding,
    joint,
    judge,
    label_metrics,
)

from equipoise.metrics import confusion, per_class

COLUMNS = ("precision", "recall", "F1", "macro F1", "average precision")
NEAR = 0.5  # of the letters in fives that two messages have: the same campaign in other words


def print_all(
    results: Mapping[str, Any],
    args: argparse.Namespace,
    titles: Mapping[str, str],
    hand: list[float],
) -> dict[str, Any]:
    """Print every table, and return what they hold as a document that JSON can take."""
    data, p = results["data"], results["p"]
    y = data.y[data.test]
    bench = Bench(y, data.groups[data.test])
    document: dict[str, Any] = {"data": _data(results, args, hand)}
    reports = {arm: report(y, values) for arm, values in p.items()}
    for arm, one in reports.items():
        _print_report(titles[arm], one)
    values = {arm: bench.values(probability) for arm, probability in p.items()}
    document["metrics"] = _metrics(bench, values, p, titles)
    focal = {"focal": (2.0, args.alpha)}
    if results["focal"]:
        focal["focal-tuned"] = (results["focal"]["gamma"], results["focal"]["alpha"])
    back = taken_back(results["offset"], focal)
    document["calibration"] = print_calibration(bench, p, back, titles)
    document["message"] = _message(results, back, titles)
    findings = judge(bench, values, results["message"])
    document["claims"] = _claims(findings, args.seeds)
    document["ranking"] = _ranking(bench, values, titles)
    document["without near copies"] = _without_copies(results, findings, titles)
    document["reports"] = reports
    return document


def report(y: np.ndarray, p: np.ndarray) -> dict[str, dict[str, float]]:
    """Return the classification report at argmax, its numbers averaged over the seeds."""
    each = per_class(np.stack([confusion(y, one > 0.5, 2) for one in p]))
    names = ("precision", "recall", "f1", "support")
    mean = {name: each[name].mean(axis=0) for name in names}
    share = mean["support"] / mean["support"].sum()
    out = {
        label: {name: float(mean[name][c]) for name in names}
        for c, label in enumerate(("ham", "spam"))
    }
    for label, weights in (("macro avg", np.full(2, 0.5)), ("weighted avg", share)):
        out[label] = {name: float(mean[name] @ weights) for name in names[:3]}
        out[label]["support"] = float(len(y))
    accuracy = np.mean([label_metrics(y, one)["accuracy"] for one in p])
    return out | {"accuracy": {"f1": float(accuracy), "support": float(len(y))}}


def _print_report(title: str, one: Mapping[str, Mapping[str, float]]) -> None:
    print(f"\n{title}\n{'':14}{'precision':>10}{'recall':>10}{'f1':>10}{'support':>10}")
    for label in ("ham", "spam", "accuracy", "macro avg", "weighted avg"):
        row = one[label]
        shown = [f"{row[n]:.3f}" if n in row else "" for n in ("precision", "recall", "f1")]
        print(
            f"{label:14}" + "".join(f"{text:>10}" for text in shown) + f"{row['support']:>10,.0f}"
        )


def _data(
    results: Mapping[str, Any], args: argparse.Namespace, hand: list[float]
) -> dict[str, Any]:
    data, focal, weights = results["data"], results["focal"], results["weights"]
    spam = {part: int(data.y[rows].sum()) for part, rows in _parts(data)}
    sizes = {part: len(rows) for part, rows in _parts(data)}
    copies = len(data.y) - len(np.unique(data.groups))
    shared = np.intersect1d(data.groups[data.train], data.groups[data.test]).size
    print(
        f"{len(data.y):,} messages, {int(data.y.sum()):,} spam; {copies:,} repeat the letters of another"
    )
    for part in sizes:
        print(f"{part}: {sizes[part]:,} messages, {spam[part]:,} spam")
    print(
        f"messages of the test part that repeat the letters of one of the training part: {shared}"
    )
    print(f"{args.model}, {_seeds(args.seeds)}; optimizer steps: {_steps(results['steps'])}")
    print("weights by inverse frequency: ham {:.3f}, spam {:.3f}".format(*weights), end="")
    print("; by hand: ham {:g}, spam {:g}".format(*hand))
    print(
        "  (for training both are scaled to a mean of 1 over the training rows; their ratio stays)"
    )
    print(
        f"focal loss: gamma 2, alpha {args.alpha:g}, the weight of spam; that of ham is 1 - alpha"
    )
    if focal:
        print(
            "  tuned: gamma {gamma:g}, alpha {alpha:g}, by linear heads on the frozen encoder in three inner folds "
            "of the\n  training part. Macro F1 there {f1_macro:.3f}, plain cross-entropy {untreated:.3f}: the first "
            "is the best of {tried}, so it\n  flatters, and the second was not picked. The gap is no gain; the "
            "claim below is judged on test rows.\n  Gamma 0 with alpha 0.5 is plain cross-entropy: the nearer the "
            "choice is to that, the less its claim can show".format(
                **focal, tried=len(GAMMAS) * len(ALPHAS)
            )
        )
    print("Labels are by argmax, that is at probability 0.5; reports are means over the seeds.")
    return {
        "messages": len(data.y), "copies": copies, "test_rows_repeated_in_train": int(shared),
        "rows": sizes, "spam": spam, "seeds": args.seeds, "model": args.model, "steps": results["steps"],
        "inverse_weights": weights, "hand_weights": hand, "alpha": args.alpha, "focal_tuned": focal or None,
    }  # fmt: skip


def _parts(data: Any) -> list[tuple[str, np.ndarray]]:
    return [("training", data.train), ("test", data.test)]


def _seeds(count: int) -> str:
    return "one seed" if count == 1 else f"{count} seeds"


def _steps(steps: Mapping[str, int]) -> str:
    if len(set(steps.values())) == 1:
        return f"{next(iter(steps.values())):,} in every arm"
    return ", ".join(f"{arm} {count:,}" for arm, count in steps.items())


def _metrics(
    bench: Bench, values: Mapping[str, Any], p: Mapping[str, np.ndarray], titles: Mapping[str, str]
) -> dict[str, Any]:
    print(
        "\nSpam, mean over seeds (average precision with its 95 % interval over test rows and seeds)"
    )
    head = "".join(f"{name:>10}" for name in COLUMNS[:4])
    print(f"{'':28}{head}  {'average precision':22}{'mean p':>7}")
    out = {}
    for arm, (points, drawn) in values.items():
        row: dict[str, Any] = {name: float(points[name].mean()) for name in (*COLUMNS, "accuracy")}
        low, high = bench.interval(points["average precision"], drawn["average precision"])
        row["average precision interval"] = [low, high]
        row["mean probability"] = float(p[arm].mean())
        row["by seed"] = {name: points[name].tolist() for name in COLUMNS}
        shown = "".join(f"{row[name]:>10.3f}" for name in COLUMNS[:4])
        ap = f"{row['average precision']:.3f} ({low:.3f} to {high:.3f})"
        print(f"{titles[arm]:28}{shown}  {ap:22}{row['mean probability']:>7.3f}")
        out[arm] = row
    print(
        f"mean p: mean probability of spam over the test rows, of which {bench.y.mean():.3f} are spam"
    )
    return out


def _message(
    results: Mapping[str, Any], back: Mapping[str, Any], titles: Mapping[str, str]
) -> dict[str, Any]:
    print('\nProbability that "Call to claim your prize!" is spam: mean and range over seeds')
    print(f"{'':28}{'as it comes':24}with what the loss or the sampling moved taken back")
    out = {}
    for arm, z in results["message"].items():
        corrected = None if back[arm] is None else expit(back[arm](z)).tolist()
        row = {"raw": expit(z).tolist(), "offset": results["offset"][arm], "corrected": corrected}
        print(f"{titles[arm]:28}{_range(row['raw']):24}{_range(corrected or [])}".rstrip())
        out[arm] = row
    return out


def _range(values: list[float]) -> str:
    if not values:
        return ""
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def _claims(findings: list[Finding], seeds: int) -> list[dict[str, Any]]:
    if not findings:
        return []
    print(
        "\nClaims: difference to untreated, and intervals that are meant to hold together at 95 % over "
        f"{len(findings)} tests"
    )
    print(f"{'':48}{'':12}{'difference and interval':30}verdict")
    for one in findings:
        gap, unit = (
            one.difference,
            "log-odds" if one.claim.measure == MESSAGE else one.claim.measure,
        )
        shown = f"{gap.mean:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"
        if not math.isfinite(gap.low):
            shown = f"{gap.mean:+.3f} (no interval)"
        print(f"{one.claim.text:48}{unit:12}{shown:30}{one.verdict}")
    parts = [
        one.verdict
        for one in findings
        if one.claim.arm == "bias-init" and one.claim.measure != MESSAGE
    ]
    if parts:
        print(f"bias initialisation: all metrics improve, taken together: {joint(parts)}")
    print(
        "undecided: the interval contains 0, or there is none. Metrics are of spam, where not macro. All is said of\n"
        "one split and one training set. Those of the message are differences of the log-odds of one text, which say nothing of\n"
        f"calibration, and only seeds vary there: {_power(seeds)}"
    )
    return [
        {"claim": one.claim.text, "arm": one.claim.arm, "measure": one.claim.measure,
         "claimed": "more" if one.claim.more else "less", "difference": _number(one.difference.mean),
         "interval": [_number(one.difference.low), _number(one.difference.high)],
         "p": _number(one.difference.p), "verdict": one.verdict}
        for one in findings
    ]  # fmt: skip


def _power(seeds: int) -> str:
    if seeds < SEEDS:
        return f"below {SEEDS} seeds nothing is\ndecided, since how seeds vary is not known."
    if seeds < 5:
        return (
            f"{seeds} seeds can decide few of them, 5 and more do better. In simulated tables of equal\n"
            "arms with three seeds, 2 to 10 % had a wrong verdict where 5 % should: doubt what is barely decided."
        )
    return f"each arm has the spread of its own {seeds} seeds."


def _without_copies(
    results: Mapping[str, Any], findings: list[Finding], titles: Mapping[str, str]
) -> dict[str, Any]:
    """Judge again without the test messages that nearly repeat one to train on."""
    data = results["data"]
    y = data.y[data.test]
    near = nearest_copies(data) >= NEAR
    counts = [f"{int((near & (y == c)).sum())} of {int((y == c).sum())}" for c in (1, 0)]
    print(
        f"\nTest messages that share half or more of their letters, in fives, with a training message: {counts[0]} "
        f"spam,\n{counts[1]} ham. The rows of a trial are split as they come: a campaign has messages on both sides."
    )
    out: dict[str, Any] = {"spam": int(near[y == 1].sum()), "ham": int(near[y == 0].sum())}
    far = ~near
    if near.any() and len(np.unique(y[far])) == 2:
        bench = Bench(y[far], data.groups[data.test][far])
        p = {arm: values[:, far] for arm, values in results["p"].items()}
        values = {arm: bench.values(one) for arm, one in p.items()}
        print("Without them:")
        out["metrics"] = _metrics(bench, values, p, titles)
        again = judge(bench, values, results["message"])
        moved = [
            f"{one.claim.text} ({one.claim.measure}): {one.verdict}, was {was.verdict}"
            for was, one in zip(findings, again, strict=True)
            if was.verdict != one.verdict
        ]
        out["verdicts that change"] = moved
        print("Verdicts on the claims that change: " + ("; ".join(moved) or "none") + ".")
    return out


def _ranking(bench: Bench, values: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    others = [arm for arm in values if arm != "untreated"]
    if "untreated" not in values or not others:
        return {}
    level = 1 - 0.05 / len(others)
    gaps = {
        arm: bench.compare(values[arm], values["untreated"], "average precision", level)
        for arm in others
    }
    named = {
        "better": [titles[arm] for arm, gap in gaps.items() if gap.low > 0],
        "worse": [titles[arm] for arm, gap in gaps.items() if gap.high < 0],
    }
    said = [f"{word} {', '.join(arms)}" for word, arms in named.items() if arms] or [UNDECIDED]
    count = "one test" if len(others) == 1 else f"{len(others)} tests together"
    spread = max(gaps.values(), key=lambda gap: abs(gap.mean))
    print(
        f"\nWithout a threshold: average precision against untreated, {count}: "
        f"{'; '.join(said)}; largest difference {spread.mean:+.3f}."
    )
    print(
        "What differs in recall and precision but not here is the threshold moved, not the ranking."
    )
    return {
        arm: {"difference": _number(gap.mean), "interval": [_number(gap.low), _number(gap.high)]}
        for arm, gap in gaps.items()
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
