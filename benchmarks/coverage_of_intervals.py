"""Do the intervals of a trial hold the score that the model gets on new rows?

Draws many data sets from one population, runs a trial on each, trains the model on all rows and judges it
on 40,000 new rows of the population. Reported: how often the 95 % interval holds that score, and the root
mean square of (new score - promised score) / standard error implied by the interval, which is 1 for
intervals of the right width.

    python benchmarks/coverage_of_intervals.py --sets 100 --rows 1000 --learner linear
"""

from __future__ import annotations

import argparse
import json

import numpy as np

import equipoise as eq

METRICS = (
    "average_precision",
    "roc_auc",
    "log_loss",
    "brier",
    "f1_macro",
    "mcc",
    "balanced_accuracy",
)


def draw(rng: np.random.Generator, rows: int, rare: float, classes: int):
    """Twelve columns, six of which inform, with a curved part; ``rare`` is the share of the last class."""
    X = rng.normal(size=(rows, 12))
    score = (
        1.2 * X[:, 0] + 0.8 * X[:, 1] * X[:, 2] + 0.6 * X[:, 3] - 0.6 * X[:, 4] ** 2 + 0.4 * X[:, 5]
    )
    score = score + rng.logistic(size=rows)
    cuts = CUTS[rare][: classes - 1][::-1]
    return X, np.searchsorted(cuts, score)


def population_cuts(rare: float) -> list[float]:
    X = np.random.default_rng(99).normal(size=(400_000, 6))
    score = (
        1.2 * X[:, 0] + 0.8 * X[:, 1] * X[:, 2] + 0.6 * X[:, 3] - 0.6 * X[:, 4] ** 2 + 0.4 * X[:, 5]
    )
    score = score + np.random.default_rng(98).logistic(size=len(score))
    return [float(np.quantile(score, 1 - rare)), float(np.quantile(score, 1 - 4 * rare))]


CUTS: dict[float, list[float]] = {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--rare", type=float, default=0.05)
    parser.add_argument("--classes", type=int, default=2, choices=(2, 3))
    parser.add_argument("--learner", default="linear")
    parser.add_argument("--strategies", default="untreated,weights-balanced")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    CUTS[options.rare] = population_cuts(options.rare)
    new_X, new_y = draw(np.random.default_rng(12345), 40_000, options.rare, options.classes)
    found: dict[tuple[str, str], list[tuple[float, float, float, float]]] = {}
    for number in range(options.sets):
        rng = np.random.default_rng([options.seed, number])
        X, y = draw(rng, options.rows, options.rare, options.classes)
        result = eq.compare(
            X,
            y,
            learner=options.learner,
            strategies=options.strategies,
            metric="f1_macro",
            seed=number,
        )
        for one in result.summary["strategies"]:
            if not one["applicable"]:
                continue
            model = result.model(one["id"])
            truth = eq.evaluate(
                new_y,
                np.asarray(model.predict_proba(new_X)),
                labels=np.asarray(model.predict(new_X)),
                classes=model.classes,
                draws=2,
            ).summary["metrics"]
            for name in METRICS:
                if name in one["metrics"] and name in truth:
                    then = one["metrics"][name]
                    found.setdefault((name, one["id"]), []).append(
                        (then["mean"], then["low"], then["high"], truth[name]["mean"])
                    )
    rows = {}
    for (name, candidate), values in sorted(found.items()):
        mean, low, high, truth = np.array(values, dtype=float).T
        error = (high - low) / (2 * 1.96)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (truth - mean) / error
        z = z[np.isfinite(z)]  # no width: a model that never names the rare class
        inside = float(np.mean((low <= truth) & (truth <= high)))
        rows[f"{name} {candidate}"] = [round(inside, 3), round(float(np.sqrt(np.mean(z**2))), 2)]
        print(
            f"{name:<20}{candidate:<36} inside {inside:6.1%}   rms {np.sqrt(np.mean(z**2)):.2f}   "
            f"mean {z.mean():+.2f}"
        )
    print(json.dumps({**vars(options), "sets_seen": options.sets}))


if __name__ == "__main__":
    main()
