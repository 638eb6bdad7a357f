"""The trial against the loop that a competent person would write, on the same folds.

The loop puts encoder, sampler and learner of every strategy into an imbalanced-learn pipeline, fits it
on each fold, and tunes the threshold with TunedThresholdClassifierCV; folds and strategies are spread
over the same number of workers by joblib. The trial uses the same learner parameters. Of both are
reported the mean average precision of the folds, and the macro F1 of the out-of-fold labels at argmax and
tuned: the loop tunes by inner folds, the trial on bootstrap draws of the out-of-fold scores. Wall time
is what a person waits for; processor time does not change with what else the machine does.

    python benchmarks/compare_vs_naive.py adult --data FOLDER
    python benchmarks/compare_vs_naive.py sms_spam --data FOLDER
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import polars as pl
from joblib import Parallel, delayed

SETS = {
    "adult": ("income", "boosting"),
    "sms_spam": ("label", "linear"),
    "tab_thyroid_sick": ("target", "boosting"),
}
STRATEGIES = [
    "untreated",
    "weights-balanced",
    "weights-isns",
    "weights-ens-0.9",
    "weights-ens-0.99",
    "weights-ens-0.999",
    "weights-ens-0.9999",
    "random-over",
    "random-under",
    "mild-combination",
    "downsample-upweight",
    "upsample-downweight",
    "smote",
    "borderline-smote",
    "adasyn",
    "tomek",
    "nearmiss-1",
    "enn",
    "smote-tomek",
    "smote-enn",
]


def pipeline(strategy: str, learner: str, frame, y, seed: int):
    """Return the pipeline of a strategy, as one would write it by hand."""
    from imblearn.combine import SMOTEENN, SMOTETomek
    from imblearn.over_sampling import ADASYN, SMOTE, SMOTENC, BorderlineSMOTE, RandomOverSampler
    from imblearn.pipeline import Pipeline
    from imblearn.under_sampling import (
        EditedNearestNeighbours,
        NearMiss,
        RandomUnderSampler,
        TomekLinks,
    )
    from lightgbm import LGBMClassifier
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    counts = np.bincount(y)
    weight: object = None
    if strategy.startswith("weights-"):
        scheme = strategy.removeprefix("weights-")
        if scheme == "balanced":
            weights = len(y) / (2 * counts)
        elif scheme == "isns":
            weights = 1 / np.sqrt(counts)
        else:
            beta = float(scheme.removeprefix("ens-"))
            weights = (1 - beta) / (1 - beta**counts)
        weights = weights * len(y) / (weights * counts).sum()
        weight = dict(enumerate(weights))
    if learner == "linear":
        model = LogisticRegression(C=10.0, solver="newton-cg", max_iter=1000, class_weight=weight)
    else:
        model = LGBMClassifier(
            n_estimators=100,
            max_delta_step=1.0,
            n_jobs=1,
            verbosity=-1,
            class_weight=weight,
            random_state=seed,
        )
    text = [name for name in frame.columns if learner == "linear" and frame[name].dtype == object]
    if text or learner == "linear":
        words = TfidfVectorizer(
            ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[£$€!?]"
        )
        encode = ColumnTransformer([("text", words, frame.columns[0])])
    else:
        numbers = [c for c in frame.columns if frame[c].dtype.kind in "if"]
        categories = [c for c in frame.columns if c not in numbers]
        searching = strategy in (
            "borderline-smote",
            "adasyn",
            "tomek",
            "nearmiss-1",
            "enn",
            "smote-tomek",
            "smote-enn",
        )
        scale = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        level = (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False)
            if searching
            else OrdinalEncoder(
                handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
            )
        )
        encode = ColumnTransformer([("numbers", scale, numbers), ("categories", level, categories)])
    mixed = list(range(frame.shape[1]))[
        -len([c for c in frame.columns if frame[c].dtype.kind not in "if"]) :
    ]
    smote = SMOTE(random_state=seed)
    if learner != "linear" and any(frame[c].dtype.kind not in "if" for c in frame.columns):
        smote = SMOTENC(mixed, random_state=seed)
    ratio = counts.min() / counts.max()
    half = min(1.0, max(0.5, ratio))
    samplers = {
        "random-over": [RandomOverSampler(random_state=seed)],
        "random-under": [RandomUnderSampler(random_state=seed)],
        "mild-combination": [
            RandomOverSampler(sampling_strategy=max(np.sqrt(ratio), ratio), random_state=seed),
            RandomUnderSampler(sampling_strategy=max(half, np.sqrt(ratio)), random_state=seed),
        ],
        "downsample-upweight": [RandomUnderSampler(sampling_strategy=half, random_state=seed)],
        "upsample-downweight": [RandomOverSampler(random_state=seed)],
        "smote": [smote],
        "borderline-smote": [BorderlineSMOTE(random_state=seed)],
        "adasyn": [ADASYN(random_state=seed)],
        "tomek": [TomekLinks()],
        "nearmiss-1": [NearMiss(version=1)],
        "enn": [EditedNearestNeighbours()],
        "smote-tomek": [SMOTETomek(random_state=seed)],
        "smote-enn": [SMOTEENN(random_state=seed)],
    }
    steps = [("encode", encode)]
    steps += [(f"sample{i}", sampler) for i, sampler in enumerate(samplers.get(strategy, []))]
    return Pipeline([*steps, ("model", model)])


def naive_unit(strategy, learner, frame, y, train, test, seed):
    """Fit one strategy on one fold: once for argmax, and with inner folds for the threshold."""
    from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV

    warnings.simplefilter("ignore")
    began = time.process_time()
    part, labels = frame.iloc[train], y[train]
    plain = pipeline(strategy, learner, frame, labels, seed).fit(part, labels)
    inner = StratifiedKFold(5, shuffle=True, random_state=seed)
    tuned = TunedThresholdClassifierCV(
        pipeline(strategy, learner, frame, labels, seed), scoring="f1_macro", cv=inner
    ).fit(part, labels)
    score = plain.predict_proba(frame.iloc[test])[:, 1]
    labels = tuned.predict(frame.iloc[test])
    return strategy, test, score, labels, time.process_time() - began


def spread(gaps: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(gaps), 4),
        "lowest": round(min(gaps), 4),
        "highest": round(max(gaps), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=SETS)
    parser.add_argument("--data", type=Path, required=True, help="folder of the parquet files")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=1, help="runs of the trial; the loop runs once")
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    options = parser.parse_args()
    target, learner = SETS[options.name]
    names = options.strategies.split(",")
    path = options.data / f"{options.name}.parquet"

    import equipoise as eq
    from equipoise.compare.journal import Journal, read_fingerprint
    from equipoise.data.dataset import load_dataset
    from equipoise.data.folds import make_folds

    seconds, cpu = [], []
    for _ in range(options.runs):
        folder = Path(tempfile.mkdtemp())
        start, began = time.perf_counter(), time.process_time()
        result = eq.compare(
            path,
            target=target,
            learner=learner,
            strategies=names,
            metric="f1_macro",  # which lists every decision
            folds=options.folds,
            n_jobs=options.jobs,
            run_dir=folder,
        )
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - began)
    ours = {one["id"]: one for one in result.summary["strategies"] if one["applicable"]}

    # The loop gets the very same folds, so that only the work differs.
    from sklearn.metrics import average_precision_score, f1_score

    dataset = load_dataset(path, target)
    splits = make_folds(dataset.y, dataset.groups, dataset.time, options.folds, 1, 0).splits
    frame = pl.read_parquet(path).drop(target).to_pandas()
    for column in frame.columns:
        if frame[column].dtype.kind not in "if":
            frame[column] = frame[column].astype(object).where(frame[column].notna(), None)
    start = time.perf_counter()
    units = Parallel(n_jobs=options.jobs, verbose=5)(
        delayed(naive_unit)(name, learner, frame, dataset.y, split.train, split.test, 0)
        for split in splits
        for name in names
    )
    loop = time.perf_counter() - start

    print(
        f"{'strategy':<22}{'AP ours':>9}{'AP loop':>9}{'F1 ours':>9}{'F1 loop':>9}{'tuned':>9}{'loop':>9}{'cost there':>13}"
    )
    gaps: tuple[list[float], ...] = ([], [], [])
    spent: dict[str, float] = {}
    for unit in units:
        spent[unit[0]] = spent.get(unit[0], 0.0) + unit[-1]
    kept_in = folder / "journal"
    journal = Journal(kept_in, read_fingerprint(kept_in) or "")
    for name in names:
        score, label = np.empty(len(dataset.y)), np.empty(len(dataset.y), dtype=int)
        precisions, own = [], []
        for strategy, test, p, predicted, _ in units:
            if strategy == name:
                score[test], label[test] = p, predicted
                precisions.append(average_precision_score(dataset.y[test], p))
        for split in splits:
            record = journal.get(f"{learner}/{name}", 0, split.fold, (len(split.test), 2))
            if record is not None and record.scores is not None:
                own.append(average_precision_score(dataset.y[split.test], record.scores[:, 1]))
        theirs = (
            float(np.mean(precisions)),
            f1_score(dataset.y, score > 0.5, average="macro"),
            f1_score(dataset.y, label, average="macro"),
        )
        found = {one["decision"]: one for key, one in ours.items() if key.split("/")[1] == name}
        if not found:
            print(f"{name:<22} not applicable in the trial")
            continue
        mine = (
            float(np.mean(own)),
            found["argmax"]["metrics"]["f1_macro"]["mean"],
            found["tuned"]["metrics"]["f1_macro"]["mean"],
        )
        for kept, a, b in zip(gaps, mine, theirs, strict=True):
            kept.append(a - b)
        cells = [value for pair in zip(mine, theirs, strict=True) for value in pair]
        print(
            f"{name:<22}" + "".join(f"{value:>9.3f}" for value in cells) + f"{spent[name]:>11.0f} s"
        )
    loop_cpu = sum(unit[-1] for unit in units)
    print(
        json.dumps(
            {
                "data": options.name,
                "learner": learner,
                "folds": options.folds,
                "strategies": len(names),
                "trial_seconds": [round(s, 1) for s in seconds],
                "loop_seconds": round(loop, 1),
                "ratio": round(loop / statistics.median(seconds), 1),
                "trial_cpu_seconds": [round(s, 1) for s in cpu],
                "loop_cpu_seconds": round(loop_cpu, 1),
                "cpu_ratio": round(loop_cpu / statistics.median(cpu), 1),
                "gap_average_precision": spread(gaps[0]),
                "gap_f1_macro_argmax": spread(gaps[1]),
                "gap_f1_macro_tuned": spread(gaps[2]),
            }
        )
    )


if __name__ == "__main__":
    main()
