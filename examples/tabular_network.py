"""A small network on a table with a rare class: nine treatments, the symptoms, and pictures.

    python examples/tabular_network.py --out pictures            # two minutes on one core
    python examples/tabular_network.py --rows 1500 --steps 100   # a quick look

Needs `pip install 'equipoise[torch]'`. The default table is mammography (Woods et al. 1993; six
measurements of each spot on an image, 2.3 % of them microcalcifications), where it lies in
shared/data beside the checkout, else the page blocks that ship with the package: numbers only, as
SMOTE and its kin need them. Of mammography's 11,183 rows 3,334 are copies of others; they are left
out, since copies that fall on both sides of a split are remembered, not predicted.

Every row is judged once, by a network that never saw it: of five parts one is for judging, one for
choosing the threshold, three for training, in turn. Only training rows are ever resampled, and all
treatments get the same number of steps and start at the prior of what they train on.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import network_pictures
import numpy as np
import polars as pl
import torch
from torch import nn

from equipoise import samplers
from equipoise.data.dealing import deal
from equipoise.data.demo import demo_path
from equipoise.decisions import Decision, tune_bias
from equipoise.diagnose.after.calibration import event_ratio
from equipoise.diagnose.chance import share_range
from equipoise.losses import ImbalanceLoss, WeightedBCE, WeightedCrossEntropy
from equipoise.metrics import average_precision, confusion, get_metric, per_class
from equipoise.metrics.confusion import accuracy
from equipoise.schedules import start_at_prior
from equipoise.stats import bootstrap_weights, holm, paired_difference

DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "data" / "tab_mammography.parquet"
PARTS = 5
Loss = Callable[[np.ndarray], ImbalanceLoss]


def plain(y: np.ndarray) -> ImbalanceLoss:
    return WeightedCrossEntropy()


def weighted(y: np.ndarray) -> ImbalanceLoss:
    """Give class c the weight N / (C n_c)."""
    return WeightedCrossEntropy.from_labels(y, scheme="balanced")


def pos_weight(y: np.ndarray) -> ImbalanceLoss:
    """Weigh the rare class by majority / minority, for a network with one output."""
    rare = int(y.sum())
    return WeightedBCE(pos_weight=(len(y) - rare) / rare)


@dataclass(frozen=True)
class Treatment:
    name: str
    loss: Loss = plain
    sampler: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def resample(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, Any]:
        if self.sampler is None:
            return x, y, None
        sampler = getattr(samplers, self.sampler)(**self.options)
        return *sampler.fit_resample(x, y), sampler


SEED = {"random_state": 0}
TREATMENTS = [
    Treatment("untreated"),
    Treatment("weighted loss", weighted),
    Treatment("BCE with pos_weight", pos_weight),
    Treatment("random over", sampler="RandomOverSampler", options=SEED),
    Treatment("SMOTE", sampler="SMOTE", options=SEED | {"k_neighbors": "auto"}),
    Treatment("ADASYN", sampler="ADASYN", options=SEED),
    Treatment("random under", sampler="RandomUnderSampler", options=SEED),
    Treatment("Tomek links", sampler="TomekLinks"),
    Treatment("NearMiss", sampler="NearMiss"),
]


def read(path: Path | None, target: str | None, rows: int | None) -> tuple[Any, ...]:
    """Return features, 0/1 labels, groups that hold copies with contrary labels, and class names."""
    if path is None and not DEFAULT.exists():
        path, target = demo_path(), "illustration"
        print(f"no {DEFAULT.name} beside this checkout: the page blocks of the package are used")
    path, target = path or DEFAULT, target or "target"
    table = pl.read_csv(path) if path.suffix == ".csv" else pl.read_parquet(path)
    whole = table.height
    table = table.unique(maintain_order=True)
    print(f"{path.stem}: {whole:,} rows, of which {whole - table.height:,} are copies and left out")
    counts = table[target].value_counts(sort=True)
    names = [str(name) for name in counts[target]]
    if len(names) != 2:
        raise SystemExit(f"{target!r} has {len(names)} classes; this example is for two")
    numbers = table.drop(target).select(pl.selectors.numeric())
    if numbers.width < table.width - 1 or numbers.null_count().sum_horizontal()[0]:
        raise SystemExit("this example is for tables of numbers without missing values")
    x = numbers.to_numpy().astype(np.float64)
    y = (table[target].cast(str) == names[1]).to_numpy().astype(np.int64)
    if rows is not None and rows < len(y):
        kept = np.random.default_rng(0).permutation(len(y))[:rows]
        x, y = x[kept], y[kept]
    groups = np.unique(x, axis=0, return_inverse=True)[1].reshape(-1)
    print(f"{len(y):,} rows, {x.shape[1]} measurements, {y.sum():,} ({y.mean():.1%}) rare")
    return x, y, groups, ["common", "rare"] if set(names) <= {"0", "1"} else names


def train(x: np.ndarray, y: np.ndarray, loss: ImbalanceLoss, steps: int, seed: int) -> nn.Module:
    """Train a network of two hidden layers; it starts at the prior of the rows as the loss weighs them."""
    torch.manual_seed(seed)
    outputs = 1 if loss.target == "labels" else 2
    model = nn.Sequential(
        nn.Linear(x.shape[1], 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, outputs)
    )
    weights = loss.pos_weight if outputs == 1 else loss.weight
    start_at_prior(model, labels=y, weights=weights)
    features, labels = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    if outputs == 1:
        labels = labels[:, None].float()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    order = torch.empty(0, dtype=torch.int64)
    for _ in range(steps):
        if len(order) < 128:
            order = torch.randperm(len(labels))
        rows, order = order[:128], order[128:]
        optimizer.zero_grad()
        loss(model(features[rows]), labels[rows]).backward()
        optimizer.step()
        slower.step()
    return model.eval()


def log_p(model: nn.Module, x: np.ndarray) -> np.ndarray:
    """Return log-probabilities of both classes, whatever the number of outputs."""
    with torch.no_grad():
        z = model(torch.tensor(x, dtype=torch.float32)).double()
    if z.shape[1] == 1:
        z = torch.cat([torch.zeros_like(z), z], dim=1)
    return z.log_softmax(1).numpy()


@dataclass
class Trial:
    """What one treatment said about every row when it was judged."""

    log_p: np.ndarray
    argmax: np.ndarray
    tuned: np.ndarray
    precision: list[float] = field(default_factory=list)  # average precision of each part
    train_f1: list[float] = field(default_factory=list)
    test_f1: list[float] = field(default_factory=list)


def judge(x: np.ndarray, y: np.ndarray, part: np.ndarray, steps: int) -> dict[str, Trial]:
    n = len(y)
    blank = (np.zeros((n, 2)), np.zeros(n, np.int64), np.zeros(n, np.int64))
    trials = {t.name: Trial(*(one.copy() for one in blank)) for t in TREATMENTS}
    f1 = get_metric("f1", "binary")
    for fold in range(PARTS):
        print(f"part {fold + 1} of {PARTS} ...", file=sys.stderr, flush=True)
        test, inner = part == fold, part == (fold + 1) % PARTS
        fitted = ~(test | inner)
        middle, spread = x[fitted].mean(0), np.maximum(x[fitted].std(0), 1e-9)
        z = (x - middle) / spread
        for treatment in TREATMENTS:
            trial = trials[treatment.name]
            rows, labels, _ = treatment.resample(z[fitted], y[fitted])
            model = train(rows, labels, treatment.loss(labels), steps, seed=fold)
            said = log_p(model, z)
            cut = Decision("tuned", bias=tune_bias(y[inner], said[inner], f1))
            trial.log_p[test], trial.argmax[test] = said[test], said[test].argmax(1)
            trial.tuned[test] = cut.labels(said[test])
            trial.precision.append(average_precision(y[test], said[test, 1] - said[test, 0]))
            trial.train_f1.append(four(y[fitted], said[fitted].argmax(1))[3])
            trial.test_f1.append(four(y[test], trial.argmax[test])[3])
    return trials


def four(y: np.ndarray, said: np.ndarray) -> list[float]:
    matrix = confusion(y, said, 2)
    found = per_class(matrix)
    return [float(accuracy(matrix)), *(float(found[k][1]) for k in ("precision", "recall", "f1"))]


def print_table(y: np.ndarray, trials: dict[str, Trial]) -> None:
    heads = "accuracy  precision  recall     F1"
    print(f"\n{'':22}{'at argmax':36}   {'threshold tuned on inner rows':36}  average")
    print(f"{'treatment':22}{heads}      {heads}     precision")
    table = {}
    for name, trial in trials.items():
        table[name] = [*four(y, trial.argmax), *four(y, trial.tuned), np.mean(trial.precision)]
        a, b, score = table[name][:4], table[name][4:8], table[name][8]
        left, right = (f"{v[0]:8.3f} {v[1]:10.3f} {v[2]:7.3f} {v[3]:6.3f}" for v in (a, b))
        print(f"{name:22}{left}      {right}   {score:9.3f}")
    print("\nThe best by each of the four, all of which are to be as high as possible:")
    for at, how in ((0, "at argmax"), (4, "tuned")):
        best = (max(table, key=lambda name, i=at + i: table[name][i]) for i in range(4))
        pairs = zip(("accuracy", "precision", "recall", "F1"), best, strict=True)
        print(f"  {how}: " + ", ".join(f"{metric} {name}" for metric, name in pairs))


def print_symptoms(y: np.ndarray, trial: Trial) -> None:
    """Say which symptoms of imbalance the untreated network has, with numbers."""
    p, said = np.exp(trial.log_p[:, 1]), trial.argmax
    rare, prior = y == 1, y.mean()
    (_, false), (missed, hits) = confusion(y, said, 2)
    recall, specific = hits / (hits + missed), 1 - false / (~rare).sum()
    between = rare & (p > prior) & (said == 0)
    beyond = rare & (p > prior)
    called = said == 0
    expected = p[called].sum()
    sure = 1 - p[called & rare]
    gaps = np.subtract(trial.train_f1, trial.test_f1)
    train_f1, test_f1 = np.mean(trial.train_f1), np.mean(trial.test_f1)
    misses = share_range(said[rare] == 0)  # with the lower and upper end of Wilson's interval
    checks = [
        (
            1 - misses[1] < specific - 0.2,
            f"low minority recall: {recall:.0%} of the rare rows are found, {specific:.1%} of the common ones",
        ),
        (
            share_range(said[beyond] == 0)[1] > 0.2,
            f"a boundary pushed into the minority region: {beyond.sum()} rare rows have a probability above the "
            f"{prior:.1%} that they have overall, where rare rows are the denser ones, yet "
            f"{between.sum()} of them lie on the majority's side",
        ),
        (
            missed > 0 and misses[1] > 3 * false / (~rare).sum(),
            f"a lopsided confusion matrix: {missed:.0f} of {rare.sum()} rare rows are missed "
            f"({missed / rare.sum():.0%}), {false:.0f} of {(~rare).sum():,} common ones ({false / (~rare).sum():.2%})",
        ),
        (
            event_ratio(len(sure), expected)[1] > 1,
            f"overconfidence in the majority: among the rows it calls common it expects {expected:.0f} rare ones, and "
            f"there are {len(sure)}; it was {np.median(sure) if len(sure) else 0:.1%} sure of the common "
            "class on the median rare row that it missed",
        ),
        (
            gaps.mean() > 0.1 and (gaps > 0).all(),
            f"poor generalisation on the minority: F1 is {train_f1:.2f} on training rows and {test_f1:.2f} on others",
        ),
    ]
    print(
        "\nSymptoms of the untreated network, found where a 95 % interval, or every part, is beyond the bound:"
    )
    for found, words in checks:
        head = f"  {'found' if found else 'not found':11}"
        print(textwrap.fill(head + words, 112, subsequent_indent=" " * len(head)))


def words(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def print_tests(
    y: np.ndarray, part: np.ndarray, groups: np.ndarray, trials: dict[str, Trial]
) -> None:
    """Test the F1 at the tuned threshold of each treatment against untreated, paired."""
    draws = bootstrap_weights(len(y), 1000, seed=0, groups=groups)
    f1, boot, folds = {}, {}, {}
    for name, trial in trials.items():
        boot[name] = per_class(confusion(y, trial.tuned, 2, draws))["f1"][:, 1]
        f1[name] = four(y, trial.tuned)[3]
        folds[name] = [four(y[part == k], trial.tuned[part == k])[3] for k in range(PARTS)]
    names = [name for name in trials if name != "untreated"]
    # Of five parts one is judged and three are trained on.
    gains = [
        paired_difference(
            folds[name], folds["untreated"], 1 / 3, boot[name], boot["untreated"], repeats=1,
            estimate=f1[name] - f1["untreated"], rare_rows=int(y.sum()),
        )
        for name in names
    ]  # fmt: skip
    corrected = holm([gain.p for gain in gains])
    print("\nF1 at the tuned threshold, less that of untreated; p by Holm for all of them:")
    for name, gain, p in zip(names, gains, corrected, strict=True):
        print(f"  {name:22}{gain.mean:+.3f}  [{gain.low:+.3f}, {gain.high:+.3f}]  p {words(p)}")
    shown = {name: g.mean for name, g, p in zip(names, gains, corrected, strict=True) if p <= 0.05}
    better, worse = ([n for n, m in shown.items() if s * m > 0] for s in (1, -1))
    print(
        "shown to be better than untreated with a tuned threshold: " + (", ".join(better) or "none")
    )
    print("shown to be worse: " + (", ".join(worse) or "none"))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="CSV or Parquet, numbers only")
    parser.add_argument("--target", help="column of the two classes")
    parser.add_argument("--out", type=Path, default=Path("tabular-network"))
    parser.add_argument("--rows", type=int, help="use as many rows at most")
    parser.add_argument("--steps", type=int, default=600, help="of training, for every treatment")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)  # the network is too small for more to be of use
    x, y, groups, classes = read(given.data, given.target, given.rows)
    part = deal(y, groups, PARTS, np.random.default_rng(0))
    if min(np.bincount(part[y == 1], minlength=PARTS)) < 2:
        raise SystemExit(f"{y.sum()} rare rows are too few: give more rows")
    trials = judge(x, y, part, given.steps)
    print_table(y, trials)
    print_symptoms(y, trials["untreated"])
    print_tests(y, part, groups, trials)
    fitted = part > 1  # the training rows of the first turn
    written = network_pictures.draw_points(
        x[fitted], y[fitted], TREATMENTS, classes, given.out, train, log_p, given.steps
    )
    written += network_pictures.draw_confusions(y, trials, classes, given.out)
    print("\npictures:")
    for path in written:
        print(f"  {path}")


if __name__ == "__main__":
    main()
