"""How often the test of two candidates is wrong, and how often it finds a true difference.

Draws many data sets with a rare class, cross-validates two procedures on each, and applies rival rules for the variance
of their difference. Scenarios named `null-*` have no true difference in expected performance, so the share of
rejections is the error rate; in the others it is the power. `p<.001` stands for a test that survives Holm's correction
over 50 candidates. Also measured: the error rates of Holm and of the tie set in whole families of candidates.

    python benchmarks/coverage_of_tests.py                       two minutes on one core
    python benchmarks/coverage_of_tests.py --trials 1000 --rows 500 1500 3000
    python benchmarks/coverage_of_tests.py --candidates 30 --rows 1000
    python benchmarks/coverage_of_tests.py --adult ../shared/data/adult.parquet --rows 2000
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.tree import DecisionTreeClassifier

from equipoise.stats import bootstrap_weights, holm, paired_difference, tied_with_best

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Scores = Callable[[Floats, Bools, Floats, np.random.Generator], tuple[Floats, Floats]]
"""(train X, train y, test X, rng) -> scores of the training rows, scores of the test rows."""

Draw = Callable[[int, np.random.Generator], tuple[Floats, Bools]]

METRICS = ("average precision", "macro F1")


def average_precision(y: Bools, scores: Floats, weights: NDArray[np.generic]) -> Floats:
    """Average precision per row of weights; scores without ties."""
    order = np.argsort(-scores, kind="stable")
    w = weights[:, order].astype(np.float32)
    hits = w * y[order]
    precision = np.cumsum(hits, axis=1) / np.maximum(np.cumsum(w, axis=1), 1)
    with np.errstate(invalid="ignore"):
        return (precision * hits).sum(axis=1, dtype=np.float64) / hits.sum(axis=1, dtype=np.float64)


def macro_f1(y: Bools, labels: Bools, weights: NDArray[np.generic]) -> Floats:
    """Macro F1 of a binary task per row of weights."""
    cells = np.stack([y & labels, y & ~labels, ~y & labels, ~y & ~labels], axis=1).astype(
        np.float32
    )
    tp, fn, fp, tn = (weights.astype(np.float32) @ cells).T.astype(np.float64)
    return np.asarray(tp / np.maximum(2 * tp + fp + fn, 1) + tn / np.maximum(2 * tn + fp + fn, 1))


def best_cut(y: Bools, scores: Floats) -> float:
    """Cut on the scores with the largest macro F1."""
    order = np.argsort(-scores)
    tp = np.cumsum(y[order])
    fp = np.cumsum(~y[order])
    fn = tp[-1] - tp
    tn = fp[-1] - fp
    gain = tp / np.maximum(2 * tp + fp + fn, 1) + tn / np.maximum(2 * tn + fp + fn, 1)
    return float(scores[order[int(np.argmax(gain))]])


def lda(x: Floats, y: Bools, test: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Linear discriminant with a little shrinkage, in closed form."""
    up, down = x[y].mean(axis=0), x[~y].mean(axis=0)
    centred = x - np.where(y[:, None], up, down)
    w = np.linalg.solve(centred.T @ centred + np.eye(x.shape[1]), up - down)
    w /= np.linalg.norm(w)
    return x @ w, test @ w


def tree(x: Floats, y: Bools, test: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A decision tree: its scores move most with the training rows. Ties are broken by chance."""
    seed = int(rng.integers(2**31))
    model = DecisionTreeClassifier(max_depth=6, min_samples_leaf=3, random_state=seed).fit(x, y)
    both = model.predict_proba(np.vstack([x, test]))[:, 1]
    both += rng.uniform(0, 1e-6, both.size)
    return both[: len(x)], both[len(x) :]


def boosting(x: Floats, y: Bools, test: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """LightGBM with 40 trees and bagging."""
    import lightgbm

    options = {"objective": "binary", "num_leaves": 15, "min_data_in_leaf": 10, "num_threads": 1}
    options |= {"bagging_fraction": 0.8, "bagging_freq": 1, "seed": int(rng.integers(2**31))}
    rows = lightgbm.Dataset(x, y.astype(float))
    model = lightgbm.train(options | {"verbosity": -1}, rows, 40)
    both = np.asarray(model.predict(np.vstack([x, test]), raw_score=True))
    both += rng.uniform(0, 1e-6, both.size)
    return both[: len(x)], both[len(x) :]


def on(columns: slice | list[int], learner: Scores = lda) -> Scores:
    """Procedure: the learner on some of the columns."""
    return lambda x, y, test, rng: learner(x[:, columns], y, test[:, columns], rng)


def undersampled(learner: Scores, ratio: int = 1) -> Scores:
    """Procedure: the learner on all rare rows and `ratio` times as many others; all are scored."""

    def procedure(
        x: Floats, y: Bools, test: Floats, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        rare, rest = np.flatnonzero(y), np.flatnonzero(~y)
        rows = np.concatenate([rare, rng.choice(rest, ratio * rare.size, replace=False)])
        _, scores = learner(x[rows], y[rows], np.vstack([x, test]), rng)
        return scores[: len(x)], scores[len(x) :]

    return procedure


# Eight informative columns, then noise. Equal strength of 0-3 and 4-7 makes them exchangeable.
SHIFT = np.r_[np.full(8, 0.6), np.zeros(24)]
SCENARIOS: dict[str, tuple[Scores, Scores]] = {
    "null-seeds": (undersampled(lda), undersampled(lda)),
    "null-noise": (on([*range(20)]), on([*range(8), *range(20, 32)])),
    "null-twins": (on(slice(0, 4)), on(slice(4, 8))),
    "null-tree-seeds": (undersampled(tree, 3), undersampled(tree, 3)),
    "null-tree-twins": (on([0, 1, 2, 3, 8, 9, 10], tree), on([4, 5, 6, 7, 11, 12, 13], tree)),
    "treatment": (lda, undersampled(lda)),
    "feature": (on(slice(0, 8)), on(slice(0, 7))),
}
REAL: dict[str, tuple[Scores, Scores]] = {
    "null-boosting-seeds": (boosting, boosting),
    "null-boosting-undersampled": (undersampled(boosting), undersampled(boosting)),
    "boosting-treatment": (boosting, undersampled(boosting)),
}


def gaussian(n: int, rng: np.random.Generator, rate: float = 0.05) -> tuple[Floats, Bools]:
    """Rows of two Gaussian classes, the rare one in exactly its share."""
    y = np.zeros(n, dtype=bool)
    y[: max(10, round(rate * n))] = True
    rng.shuffle(y)
    return rng.standard_normal((n, SHIFT.size)) + y[:, None] * SHIFT, y


def stratified(y: Bools, folds: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Fold of each row."""
    fold = np.empty(y.size, dtype=np.intp)
    for part in (np.flatnonzero(y), np.flatnonzero(~y)):
        fold[rng.permutation(part)] = np.arange(part.size) % folds
    return fold


def cross_validate(
    x: Floats,
    y: Bools,
    fold: NDArray[np.intp],
    procedure: Scores,
    weights: NDArray[np.generic],
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats]:
    """Values (folds, 2), pooled values (2,), bootstrap values (draws, 2) of one procedure, for both metrics."""
    scores, labels = np.empty(y.size), np.empty(y.size, dtype=bool)
    values = []
    for k in range(int(fold.max()) + 1):
        test = fold == k
        own, scores[test] = procedure(x[~test], y[~test], x[test], rng)
        labels[test] = scores[test] >= best_cut(y[~test], own)
        one = np.ones((1, int(test.sum())))
        values.append(
            [
                average_precision(y[test], scores[test], one)[0],
                macro_f1(y[test], labels[test], one)[0],
            ]
        )
    one = np.ones((1, y.size))
    pooled = np.r_[average_precision(y, scores, one), macro_f1(y, labels, one)]
    drawn = np.stack([average_precision(y, scores, weights), macro_f1(y, labels, weights)], axis=1)
    return np.array(values), pooled, drawn


def trial(
    x: Floats,
    y: Bools,
    pair: tuple[Scores, Scores],
    folds: int,
    repeats: int,
    draws: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats]:
    """Fold differences (J, 2), pooled difference (2,), bootstrap standard deviation (2,)."""
    weights = bootstrap_weights(y.size, draws, int(rng.integers(2**31)))
    parts = []
    for _ in range(repeats):
        fold = stratified(y, folds, rng)
        a, b = (cross_validate(x, y, fold, p, weights, rng) for p in pair)
        parts.append([p - q for p, q in zip(a, b, strict=True)])
    values = np.concatenate([p[0] for p in parts])
    drawn = np.mean([p[2] for p in parts], axis=0)
    return values, np.mean([p[1] for p in parts], axis=0), np.nanstd(drawn, axis=0, ddof=1)


def rules(
    values: Floats, pooled: Floats, boot: Floats, folds: int, rare: int
) -> Iterator[tuple[str, Floats, float]]:
    """Rival rules for all trials at once: name, t statistics, degrees of freedom. `boot` is V, a variance."""
    j, rho, own = values.shape[1], 1 / (folds - 1), values.var(axis=1, ddof=1)

    def t(centre: Floats, variance: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.nan_to_num(centre / np.sqrt(variance))

    nadeau_bengio = 1 / j + rho
    mean = values.mean(axis=1)
    yield "Nadeau-Bengio", t(mean, own * nadeau_bengio), j - 1
    yield "bootstrap alone, normal", t(pooled, boot), np.inf
    yield "bootstrap x Nadeau-Bengio, normal", t(pooled, boot * folds * nadeau_bengio), np.inf
    yield "bootstrap x 1.5, normal", t(pooled, boot * 1.5), np.inf
    few = max(16.0, rare / 3)
    for prior in sorted({8.0, 16.0, few, float(rare)}):
        df = prior + folds - 1
        mixed = (prior * boot + (folds - 1) * own / folds) / df
        mark = " [chosen]" * (prior == few)
        yield f"moderated, prior {prior:.0f}, x 1.5{mark}", t(pooled, mixed * 1.5), df
    df = few + folds - 1
    mixed = (few * boot + (folds - 1) * own / folds) / df
    for name, factor in (("(1 + rho)", 1 + rho), ("Nadeau-Bengio", folds * nadeau_bengio)):
        yield f"moderated x {name}", t(pooled, mixed * factor), df
    yield "moderated x 1.5, fold mean", t(mean, mixed * 1.5), df


def print_pairs(
    title: str, outcomes: list[tuple[Floats, Floats, Floats]], folds: int, rare: int
) -> None:
    """Print the share of rejections under each rule."""
    values, pooled, spread = (np.stack(part) for part in zip(*outcomes, strict=True))
    print(f"\n{title}", flush=True)
    for m, metric in enumerate(METRICS):
        print(
            f"  {metric}: mean difference {pooled[:, m].mean():+.4f}; pooled variance / bootstrap variance "
            f"{pooled[:, m].var() / np.mean(spread[:, m] ** 2):.2f}"
        )
        for name, t, df in rules(values[:, :, m], pooled[:, m], spread[:, m] ** 2, folds, rare):
            p = 2 * stats.t.sf(np.abs(t), df)
            print(
                f"    {name:40s} p<.05 {np.mean(p < 0.05):6.3f}   p<.001 {np.mean(p < 0.001):7.4f}"
            )


def run_pairs(
    args: argparse.Namespace, draw: Draw, scenarios: dict[str, tuple[Scores, Scores]]
) -> None:
    """Print one table per size and scenario."""
    for n in args.rows:
        for name in args.scenarios or scenarios:
            start, outcomes = time.perf_counter(), []
            for i in range(args.trials):
                rng = np.random.default_rng([args.seed, n, i])
                x, y = draw(n, rng)
                outcomes.append(
                    trial(x, y, scenarios[name], args.folds, args.repeats, args.draws, rng)
                )
            seconds = time.perf_counter() - start
            print_pairs(
                f"{name}, {n} rows, {args.repeats} x {args.folds} folds, {args.trials} trials, {seconds:.0f} s",
                outcomes,
                args.folds,
                int(y.sum()),
            )


def run_families(args: argparse.Namespace) -> None:
    """Print the error rates of Holm against a baseline, of the tie set and of the winner's interval.

    All candidates are undersampled LDA with their own seeds; in the mixed family two thirds lack half the columns.
    """
    poor = undersampled(on(slice(4, None)))
    for n in args.rows:
        for mixed in (False, True):
            good = args.candidates // 3 if mixed else args.candidates
            procedures = [undersampled(lda)] * good + [poor] * (args.candidates - good)
            tally: list[list[Floats]] = [[], []]
            for i in range(args.trials):
                rng = np.random.default_rng([args.seed, n, i, 1])
                x, y = gaussian(n, rng)
                fold, weights = stratified(y, args.folds, rng), bootstrap_weights(n, args.draws, i)
                runs = [cross_validate(x, y, fold, p, weights, rng) for p in procedures]
                for m in (0, 1):
                    values, drawn = (
                        np.stack([r[0][:, m] for r in runs]),
                        np.stack([r[2][:, m] for r in runs]),
                    )
                    tally[m].append(
                        judge(
                            values,
                            np.array([r[1][m] for r in runs]),
                            drawn,
                            good,
                            1 / (args.folds - 1),
                            int(y.sum()),
                        )
                    )
            print(
                f"\n{args.candidates} candidates, {good} of them equally good, {n} rows, {args.trials} trials"
            )
            for m, metric in enumerate(METRICS):
                any_holm, best_out, any_out, worse_out, tied = np.mean(tally[m], axis=0)
                print(
                    f"  {metric}: a false rejection against a baseline after Holm {any_holm:.3f}; a given one of the "
                    f"equally good left out of the tie set {best_out:.3f}, any of them {any_out:.3f}; "
                    f"worse ones left out {worse_out:.2f}; size of the tie set {tied:.1f}",
                    flush=True,
                )


def judge(
    values: Floats, pooled: Floats, drawn: Floats, good: int, rho: float, rare: int
) -> Floats:
    """One family: any false rejection against candidate 0, share and any of the good left out, share of the worse."""
    p = [
        paired_difference(
            values[0],
            values[k],
            rho,
            drawn[0],
            drawn[k],
            estimate=pooled[0] - pooled[k],
            rare_rows=rare,
        ).p
        for k in range(1, good)
    ]
    _, _, tied = tied_with_best(values, drawn, rho, 1, estimates=pooled, rare_rows=rare)
    worse = np.mean(~tied[good:]) if good < len(tied) else np.nan
    return np.array(
        [np.any(holm(p) <= 0.05), np.mean(~tied[:good]), np.any(~tied[:good]), worse, tied.sum()]
    )


def adult_rows(path: Path) -> Draw:
    """Draws of the adult table with a rare class of 5 %: codes for the categories, standardised."""
    import polars as pl

    frame = pl.read_parquet(path)
    y = (frame["income"].cast(pl.String).str.contains(">50K")).to_numpy()
    x = np.column_stack(
        [
            (c if c.dtype.is_numeric() else c.cast(pl.String).rank("dense"))
            .fill_null(-1)
            .cast(pl.Float64)
            .to_numpy()
            for c in frame.drop("income").iter_columns()
        ]
    )
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    rare, rest = np.flatnonzero(y), np.flatnonzero(~y)

    def draw(n: int, rng: np.random.Generator) -> tuple[Floats, Bools]:
        few = max(10, round(0.05 * n))
        rows = rng.permutation(
            np.r_[rng.choice(rare, few, replace=False), rng.choice(rest, n - few, replace=False)]
        )
        return x[rows], y[rows]

    return draw


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[500, 1500])
    parser.add_argument(
        "--scenarios", nargs="+", help="default: all; " + ", ".join([*SCENARIOS, *REAL])
    )
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument(
        "--candidates",
        type=int,
        default=0,
        help="judge whole families of so many candidates instead",
    )
    parser.add_argument(
        "--adult", type=Path, help="draw from this table and train LightGBM instead"
    )
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.candidates:
        run_families(args)
    elif args.adult:
        run_pairs(args, adult_rows(args.adult), REAL)
    else:
        run_pairs(args, gaussian, SCENARIOS)


if __name__ == "__main__":
    main()
