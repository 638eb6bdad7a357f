"""The heads of a trial on sentence vectors: trained together, one by one, and by scikit-learn.

Each head is one treatment of one fold: of --data those that `equipoise compare` tries by default, else 20 made ones with
row weights, repeated rows, focal and shifted losses. Together are trained, as in a trial, those of a fold. All minimise
the same penalised loss, so that their scores are compared as well. One by one they are trained by the same search, which
then pays for its coordinates each time, and, on one fold, by torch's own L-BFGS with the modules of equipoise.losses
until its slopes are as small. Scores of LDAM, whose cosines have several optima, are not compared. Of scikit-learn, which
has no other losses, weighted cross-entropies alone: with its own tolerance, by which it stops earlier, and with one by
which it comes as near.

    python benchmarks/heads.py                          one thread, the messages of --data
    python benchmarks/heads.py --made 5574 --columns 384   made vectors, where the encoder is not installed
    python benchmarks/heads.py --device cuda            the same on a graphics card
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np


def draw(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, columns)) * np.geomspace(1, 0.05, columns)
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    score = 12 * X[:, :20] @ rng.standard_normal(20) + rng.logistic(size=rows)
    return X.astype(np.float32), (score > np.quantile(score, 0.87)).astype(np.int64)


def of_trial(path: str, folds: int) -> tuple[np.ndarray, list[list[Any]]]:
    """Return the vectors of a file's texts, and for each fold what the strategies of a trial train on."""
    from equipoise.compare.fold import Fold
    from equipoise.compare.plan import make_plan
    from equipoise.data.dataset import load_dataset
    from equipoise.data.folds import make_folds
    from equipoise.errors import NotApplicable

    dataset = load_dataset(path, target="label")
    drawn = make_folds(dataset.y, dataset.groups, folds=folds, seed=0)
    plan = make_plan(dataset, drawn, "embedding", "default", 0)
    out = []
    for split in drawn.splits:
        fold, jobs = Fold(dataset, split, 0, plan.material), []
        for part in plan.parts:
            try:
                prepared = fold.prepare(part.learner, part.strategy)
            except NotApplicable:
                continue
            if (
                prepared.on_rows_of_fold
            ):  # the others, with rows of their own, are trained apart in a trial too
                jobs.append(prepared.training)
        out.append(jobs)
    return plan.material.vectors()[0], out


def made(rows: int, columns: int, folds: int) -> tuple[np.ndarray, list[list[Any]]]:
    """Return made vectors, and for each fold what 20 strategies train on, some on rows drawn anew."""
    from sklearn.model_selection import StratifiedKFold

    from equipoise.learners.base import Loss, Training

    X, y = draw(rows, columns)
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
            weight /= weight.mean()
            jobs.append(Training(shared, own, 2, weight, losses[k % 4], rows=rows))
        out.append(jobs)
    return X, out


def plain(parts: list[list[Any]]) -> list[list[Any]]:
    """Return the same without their losses: weighted cross-entropies."""
    return [[replace(job, loss=None) for job in jobs] for jobs in parts]


def by_peer(jobs: list[Any], X: np.ndarray, tolerance: float) -> list[np.ndarray]:
    from sklearn.linear_model import LogisticRegression

    out = []
    for job in jobs:
        peer = LogisticRegression(C=10.0, max_iter=10_000, tol=tolerance)
        rows = slice(None) if job.rows is None else job.rows
        peer.fit(job.X[rows], job.y, sample_weight=job.sample_weight)
        out.append(peer.decision_function(X))
    return out


def by_torch(jobs: list[Any], X: np.ndarray) -> list[np.ndarray]:
    """Minimise what a head minimises as a user of torch would: one module, one search."""
    import torch

    from equipoise.learners.losses import make_loss

    out = []
    for job in jobs:
        rows = slice(None) if job.rows is None else job.rows
        features, y = torch.from_numpy(job.X[rows]), torch.from_numpy(job.y)
        weight = (
            torch.ones(len(y))
            if job.sample_weight is None
            else torch.from_numpy(job.sample_weight).float()
        )
        module, linear = make_loss(job.loss, job.y, 2), torch.nn.Linear(X.shape[1], 1)
        cosine = _cosine(job)
        with torch.no_grad():
            linear.bias.zero_()
            # A cosine needs a direction to start from: from one class to the other, as in ours.
            means = [features[y == c].mean(dim=0) for c in (0, 1)]
            linear.weight.copy_(means[1] - means[0] if cosine else torch.zeros_like(means[0]))
        search = torch.optim.LBFGS(
            linear.parameters(), max_iter=2000, max_eval=4000, tolerance_grad=1e-6, tolerance_change=1e-10,
            line_search_fn="strong_wolfe",
        )  # fmt: skip

        def closure(
            features: Any = features, y: Any = y, weight: Any = weight, module: Any = module,
            linear: Any = linear, search: Any = search, cosine: bool = cosine,
        ) -> Any:  # fmt: skip
            search.zero_grad()
            w = linear.weight / linear.weight.norm() if cosine else linear.weight
            z = torch.nn.functional.linear(features, w, linear.bias)
            terms = module.terms(torch.nn.functional.pad(z, (1, 0)), y, sample_weight=weight)
            loss = terms.sum() / weight.sum()
            if not cosine:
                loss = loss + (w**2).sum() / (2 * 10.0 * len(y))
            loss.backward()
            return loss

        search.step(closure)
        with torch.no_grad():
            out.append(linear(torch.from_numpy(X))[:, 0].double().numpy())
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

    heads.best_device = lambda: torch.device(given.device)
    learner = Embedding()
    with threadpool_limits(1):
        if given.made:
            X, drawn = made(given.made, given.columns, given.folds)
        else:
            X, drawn = of_trial(given.data, given.folds)
        for parts, what in ((drawn, "losses of all kinds"), (plain(drawn), "cross-entropies")):
            jobs = [job for part in parts for job in part]
            print(f"{len(jobs)} heads of {given.folds} folds, {len(X):,} x {X.shape[1]}, {what}")

            def together(parts: list[list[Any]] = parts) -> list[Any]:
                return [head for part in parts for head in learner.fit_many(part)]

            ours, took = timed(together, given.repeats)
            base = statistics.median(took)
            reference = scores(ours, X)
            told("together, fold by fold", took, base, None)
            alone, took = timed(lambda jobs=jobs: [learner.fit(job) for job in jobs], given.repeats)
            told("one by one", took, base, apart(scores(alone, X), reference))
            if what != "cross-entropies":
                first = parts[0]
                print(f"{len(first)} of these heads, of one fold")
                ours, took = timed(lambda first=first: learner.fit_many(first), given.repeats)
                base = statistics.median(took)
                told("together", took, base, None)
                theirs, took = timed(lambda first=first: by_torch(first, X), 1)
                pairs = zip(first, theirs, scores(ours, X), strict=True)
                same = [pair for job, *pair in pairs if not _cosine(job)]
                told("torch, one by one", took, base, apart(*zip(*same, strict=True)))
                continue
            for name, tolerance in (("scikit-learn", 1e-4), ("scikit-learn, tol=1e-6", 1e-6)):
                theirs, took = timed(lambda jobs=jobs, by=tolerance: by_peer(jobs, X, by), 1)
                told(name, took, base, apart(theirs, reference))


def _cosine(job: Any) -> bool:
    return job.loss is not None and job.loss.name == "ldam"


def apart(some: Any, others: Any) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(some, others, strict=True))


if __name__ == "__main__":
    main()
