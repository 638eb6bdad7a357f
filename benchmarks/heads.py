"""The heads of a trial on sentence vectors: trained together, one by one, and by scikit-learn.

Each head is one treatment of one fold: row weights, repeated rows, focal and shifted losses. Together are trained, as
in a trial, those of a fold. All three minimise the same penalised loss, so that their scores are compared as well. Of
scikit-learn, which has no other losses, the weighted cross-entropies alone, and with its own tolerance, by which it
stops earlier.

    python benchmarks/heads.py                          one thread, the messages of --data
    python benchmarks/heads.py --made 5574 --columns 384   made vectors, where the encoder is not installed
    python benchmarks/heads.py --device cuda            the same on a graphics card
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def draw(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, columns)) * np.geomspace(1, 0.05, columns)
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    score = 12 * X[:, :20] @ rng.standard_normal(20) + rng.logistic(size=rows)
    return X.astype(np.float32), (score > np.quantile(score, 0.87)).astype(np.int64)


def read(path: str) -> tuple[np.ndarray, np.ndarray]:
    import polars as pl

    from equipoise.learners.neural.sentences import DEFAULT_ENCODER, load_encoder

    frame = pl.read_parquet(path)
    y = np.unique(frame["label"].to_numpy(), return_inverse=True)[1]
    return load_encoder(DEFAULT_ENCODER).encode(frame["text"].to_list()), y.astype(np.int64)


def trainings(X: np.ndarray, y: np.ndarray, folds: int, plain: bool) -> list[list[Any]]:
    """Return for each fold what its strategies train on: its rows as one matrix, some drawn anew."""
    from sklearn.model_selection import StratifiedKFold

    from equipoise.learners.base import Loss, Training

    rng = np.random.default_rng(1)
    losses = [
        None,
        Loss("focal", {"gamma": 2.0}),
        Loss("balanced-softmax"),
        Loss("vs", {"gamma": 0.15, "tau": 1.0}),
    ]
    out = []
    for part, _ in StratifiedKFold(folds, shuffle=True, random_state=0).split(X, y):
        shared = np.ascontiguousarray(X[part])
        jobs = []
        for k in range(20):
            rows = np.arange(len(part)) if k % 4 else rng.choice(len(part), len(part))
            own = y[part][rows]
            weight = np.where(own == 1, 1.0 + k / 2, 1.0)
            loss = None if plain else losses[k % 4]
            jobs.append(Training(shared, own, 2, weight / weight.mean(), loss, rows=rows))
        out.append(jobs)
    return out


def by_peer(jobs: list[Any], X: np.ndarray) -> list[np.ndarray]:
    from sklearn.linear_model import LogisticRegression

    out = []
    for job in jobs:
        peer = LogisticRegression(C=10.0, max_iter=1000)
        peer.fit(job.X[job.rows], job.y, sample_weight=job.sample_weight)
        out.append(peer.decision_function(X))
    return out


def scores(fitted: list[Any], X: np.ndarray) -> list[np.ndarray]:
    return [np.diff(one.log_proba(X), axis=1)[:, 0] for one in fitted]


def timed(work: Callable[[], Any], repeats: int) -> tuple[Any, list[float]]:
    took = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = work()
        took.append(time.perf_counter() - start)
    return found, took


def told(name: str, took: list[float], base: float, far: float | None) -> None:
    middle = statistics.median(took)
    spread = f"{min(took):.2f}-{max(took):.2f}"
    apart = "" if far is None else f"   scores apart by {far:.4f} at most"
    print(f"{name:24}{middle:9.2f} s  {spread:>14}   ratio {middle / base:6.1f}{apart}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data/sms_spam.parquet")
    parser.add_argument("--made", type=int, help="rows of made vectors instead")
    parser.add_argument("--columns", type=int, default=384)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    given = parser.parse_args()

    import torch
    from threadpoolctl import threadpool_limits

    from equipoise.learners.embedding import Embedding
    from equipoise.learners.neural import heads

    heads._device = lambda: torch.device(given.device)
    X, y = draw(given.made, given.columns) if given.made else read(given.data)
    learner = Embedding()
    with threadpool_limits(1):
        for plain in (False, True):
            parts = trainings(X, y, given.folds, plain)
            jobs = [job for part in parts for job in part]
            what = "cross-entropies" if plain else "losses of all kinds"
            print(f"{len(jobs)} heads of {given.folds} folds, {len(X):,} x {X.shape[1]}, {what}")

            def together(parts: list[list[Any]] = parts) -> list[Any]:
                return [head for part in parts for head in learner.fit_many(part)]

            ours, took = timed(together, given.repeats)
            base = statistics.median(took)
            reference = scores(ours, X)
            told("together, fold by fold", took, base, None)
            alone, took = timed(lambda jobs=jobs: [learner.fit(job) for job in jobs], given.repeats)
            pairs = zip(scores(alone, X), reference, strict=True)
            told("one by one", took, base, max(float(np.abs(a - b).max()) for a, b in pairs))
            if plain:
                theirs, took = timed(lambda jobs=jobs: by_peer(jobs, X), 1)
                pairs = zip(theirs, reference, strict=True)
                told("scikit-learn", took, base, max(float(np.abs(a - b).max()) for a, b in pairs))


if __name__ == "__main__":
    main()
