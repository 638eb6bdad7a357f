"""Does a model keep on held-out rows what its trial promised?

For each seed a fifth of the rows is held out (copies of a row stay together, as in a trial), a trial is
run on the rest, the recommended model predicts the held-out rows, and the scores that it gets there are
set against those that the trial promised for it. Three readings of "agree" are printed, strictest first:

inside    the held-out score lies inside the promised 95 % interval. A small part of the data has an error
          of its own, so even a perfect promise is kept far less often than in 95 of 100 cases.
agree     it lies inside the promised interval widened for that error: by sqrt(1 + n / m), where n rows
          made the promise and m are held out. A perfect promise is kept in 95 of 100 cases.
overlap   the interval of the held-out rows overlaps the promised one.

    python benchmarks/holdout_agreement.py sms_spam --data FOLDER
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

import equipoise as eq
from equipoise.data.dataset import load_dataset
from equipoise.data.folds import make_folds

SETS = {
    "sms_spam": ("label", "linear"),
    "hate_speech_davidson": ("label", "linear"),
    "tab_thyroid_sick": ("target", "linear,forest,boosting"),
    "adult": ("income", "boosting"),
    "telco_churn": ("Churn", "linear,boosting"),
    "creditcard_fraud": ("Class", "boosting"),
}
STRATEGIES = "weights-balanced,weights-ens-0.999,random-over,random-under,mild-combination"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=SETS)
    parser.add_argument("--data", type=Path, required=True, help="folder of the parquet files")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--strategies", default=STRATEGIES)
    options = parser.parse_args()
    target, learner = SETS[options.name]
    path = options.data / f"{options.name}.parquet"
    frame = pl.read_parquet(path)
    dataset = load_dataset(path, target)
    tally: dict[str, list[tuple[bool, bool, bool]]] = {}
    start = time.perf_counter()
    for seed in range(options.seeds):
        split = make_folds(dataset.y, dataset.groups, dataset.time, 5, 1, 1000 + seed).splits[0]
        kept, held = frame[split.train], frame[split.test]
        result = eq.compare(
            kept, target=target, learner=learner, strategies=options.strategies, seed=seed
        )
        model = result.model()
        promised = model.about["promised"]
        p = model.predict_proba(held.drop(target))
        seen = eq.evaluate(
            held[target],
            np.asarray(p),
            classes=model.classes,
            labels=np.asarray(model.predict(held.drop(target))),
            seed=seed,
        ).summary["metrics"]
        chosen = result.summary["metric"]["name"]
        for name in dict.fromkeys([chosen, "f1_macro"]):
            then, now = promised[name], seen[name]
            wide = float(np.sqrt(1 + len(split.train) / len(split.test)))
            gap = now["mean"] - then["mean"]
            room = then["high"] - then["mean"] if gap > 0 else then["mean"] - then["low"]
            inside = then["low"] <= now["mean"] <= then["high"]
            agree = abs(gap) <= wide * room
            overlap = then["low"] <= now["high"] and now["low"] <= then["high"]
            tally.setdefault(name, []).append((inside, agree, overlap))
            print(
                f"seed {seed}  {name:<18} promised {then['mean']:.3f} ({then['low']:.3f} to {then['high']:.3f})  "
                f"held out {now['mean']:.3f} ({now['low']:.3f} to {now['high']:.3f})  "
                f"{'agree' if agree else 'DIFFER'}  {model.about['learner']}/{model.about['strategy']}"
                f"/{model.about['decision_rule']}",
                flush=True,
            )
    counts = {
        name: dict(
            zip(
                ("inside", "agree", "overlap"),
                (sum(c) for c in zip(*rows, strict=True)),
                strict=True,
            )
        )
        for name, rows in tally.items()
    }
    print(
        json.dumps(
            {
                "data": options.name,
                "holdouts": options.seeds,
                "seconds": round(time.perf_counter() - start),
                **counts,
            }
        )
    )
    sys.exit(any(one["agree"] < 0.9 * options.seeds for one in counts.values()))


if __name__ == "__main__":
    main()
