"""Samplers beside imbalanced-learn's: time, peak memory and the same output, both in one run.

Each run is a process of its own. The ratio of a method is printed only if the outputs are identical: the same rows in
the same order, or for centroids the same to 1e-8. Where theirs does not end in time, it is a lower end, and the
outputs are not compared. A run that fails, as for want of memory, is told in its line, and the table goes on. Memory
is what resampling added to the resident set at its peak.

    python benchmarks/samplers.py                               all methods, both data sets; more than an hour
    python benchmarks/samplers.py --data normal --only SMOTE TomekLinks
    python benchmarks/samplers.py --growth                      Tomek links of 0.45, 0.9 and 1.8 million rows
    python benchmarks/samplers.py --large                       Tomek links of 6 million rows, 12 GB

The file of credit card payments (Dal Pozzolo 2015) is looked for at --card: parquet, the label in the column Class.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

# Method, parameters, and the ratio that is aimed at; None means no slower.
CARD: list[tuple[str, dict[str, Any], float | None]] = [
    ("TomekLinks", {}, 300),
    ("EditedNearestNeighbours", {}, 40),
    ("SMOTETomek", {"random_state": 0}, 20),
    ("SMOTEENN", {"random_state": 0}, 20),
    ("AllKNN", {}, 20),
    ("RepeatedEditedNearestNeighbours", {}, 20),
    ("NeighbourhoodCleaningRule", {}, 20),
    ("OneSidedSelection", {"random_state": 0}, 20),
]
NORMAL: list[tuple[str, dict[str, Any], float | None]] = [
    ("RandomOverSampler", {"random_state": 0}, None),
    ("RandomUnderSampler", {"random_state": 0}, None),
    ("SMOTE", {"random_state": 0}, None),
    ("ADASYN", {"random_state": 0}, None),
    ("BorderlineSMOTE", {"random_state": 0}, None),
    ("TomekLinks", {}, 30),
    ("EditedNearestNeighbours", {}, 10),
    ("SMOTETomek", {"random_state": 0}, 5),
    ("SMOTEENN", {"random_state": 0}, 5),
    ("NearMiss", {"version": 2}, 10),
    ("NearMiss", {"version": 1}, None),
    ("NearMiss", {"version": 3}, None),
]
# What a model bounds, on fewer rows.
MIDDLE: list[tuple[str, dict[str, Any], float | None]] = [
    ("SVMSMOTE", {"random_state": 0}, 3),
    ("InstanceHardnessThreshold", {"random_state": 0}, 3),
    ("ClusterCentroids", {"random_state": 0}, 3),
    ("KMeansSMOTE", {"random_state": 0, "cluster_balance_threshold": 0.05}, None),
]
SMALL = [("CondensedNearestNeighbour", {"random_state": 0}, 100)]
CODES = [("SMOTEN", {"random_state": 0}, 3)]
MIXED = [("SMOTENC", {"random_state": 0, "categorical_features": list(range(10, 20))}, 3)]
PLANS = {
    "card": CARD,
    "normal": NORMAL,
    "middle": MIDDLE,
    "small": SMALL,
    "codes": CODES,
    "mixed": MIXED,
}


def draw(rows: int, columns: int, rare: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < rare).astype(np.int64)
    X = rng.standard_normal((rows, columns))
    X[y == 1] += 2 / np.sqrt(columns)
    return X, y


def load(name: str, card: Path) -> tuple[np.ndarray, np.ndarray]:
    if name == "card":
        import polars as pl

        frame = pl.read_parquet(card)
        X = frame.drop("Class").to_numpy().astype(np.float64)
        X -= X.mean(axis=0)
        X /= X.std(axis=0)
        return np.ascontiguousarray(X), frame["Class"].to_numpy().astype(np.int64)
    if name == "normal":
        return draw(100_000, 20, 0.05)
    if name in ("middle", "small"):
        return draw(20_000, 20, 0.05)
    if name in ("codes", "mixed"):
        X, y = draw(100_000, 20, 0.05)
        coded = np.clip(np.round(X * 1.5), -4, 4)
        if name == "mixed":
            coded[:, :10] = X[:, :10]
        return coded, y
    rows, columns, rare = name.split("x")
    return draw(int(rows), int(columns), float(rare))


def high_water() -> float:
    """Return the peak of the resident set since the last reset, in MB."""
    text = Path("/proc/self/status").read_text()
    return (
        int(next(line for line in text.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
    )


def run_one(job: dict[str, Any]) -> None:
    """Resample once, in this process, and print time and memory; the rows go to a file."""
    import warnings
    from importlib import import_module

    warnings.simplefilter("ignore")
    if job["library"] == "ours":
        module: Any = import_module("equipoise.samplers")
    else:
        from imblearn import combine, over_sampling, under_sampling

        module = {
            name: getattr(room, name)
            for room in (combine, over_sampling, under_sampling)
            for name in room.__all__
        }
    kind = module[job["method"]] if isinstance(module, dict) else getattr(module, job["method"])
    sampler = kind(**job["parameters"])
    X, y = load(job["data"], Path(job["card"]))
    # Libraries that load on first use are not what is measured.
    with contextlib.suppress(ValueError):
        kind(**job["parameters"]).fit_resample(*draw(400, 20, 0.2))
    Path("/proc/self/clear_refs").write_text("5")
    before = high_water()
    start, cpu = time.perf_counter(), time.process_time()
    X_out, y_out = sampler.fit_resample(X, y)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = high_water() - before
    if job["out"]:
        np.savez(job["out"], X=X_out, y=y_out)
    print(json.dumps({"wall": wall, "cpu": cpu, "mb": peak, "rows": len(y_out)}))


def measure(job: dict[str, Any], limit: float) -> dict[str, Any] | str:
    """Return what a run took, or why there is no telling."""
    try:
        done = subprocess.run(
            [sys.executable, __file__, "--job", json.dumps(job)],
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"over {limit:g}"
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr, flush=True)
        return "failed"
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def same(a: Path, b: Path, method: str) -> bool:
    one, two = np.load(a), np.load(b)
    if one["X"].shape != two["X"].shape or not np.array_equal(one["y"], two["y"]):
        return False
    if method == "ClusterCentroids":
        return bool(np.allclose(one["X"], two["X"], atol=1e-8))
    return bool(np.array_equal(one["X"], two["X"]))


def spread(values: list[float]) -> str:
    return f"{min(values):.2f}-{max(values):.2f}" if len(values) > 1 else ""


def compare(data: str, given: argparse.Namespace) -> None:
    print(f"\n{data}")
    print(
        f"{'method':34}{'theirs s':>10}{'ours s':>10}{'spread':>13}{'ratio':>8}{'aim':>6}"
        f"{'theirs MB':>11}{'ours MB':>9}  output"
    )
    for method, parameters, aim in PLANS[data]:
        if given.only and method not in given.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            job = {"method": method, "parameters": parameters, "data": data, "card": given.card}
            outs = {side: Path(folder) / f"{side}.npz" for side in ("ours", "theirs")}
            our = repeated({**job, "library": "ours", "out": str(outs["ours"])}, given)
            their = repeated({**job, "library": "theirs", "out": str(outs["theirs"])}, given)
            name = method + "".join(f" {v}" for k, v in parameters.items() if k == "version")
            output = "not compared"
            if not isinstance(our, str) and not isinstance(their, str):
                output = "identical" if same(outs["ours"], outs["theirs"], method) else "DIFFERS"
        print(line(name, our, their, aim, output, given.limit), flush=True)


def repeated(job: dict[str, Any], given: argparse.Namespace) -> list[dict[str, Any]] | str:
    """Measure some times, slow ones of theirs once; or say why one of them has no result."""
    done: list[dict[str, Any]] = []
    while len(done) < given.repeats:
        one = measure(job, given.limit)
        if isinstance(one, str):
            return one
        done.append(one)
        if job["library"] == "theirs" and done[0]["wall"] >= 20:
            break
    return done


def line(
    name: str,
    our: list[dict[str, Any]] | str,
    their: list[dict[str, Any]] | str,
    aim: float | None,
    output: str,
    limit: float,
) -> str:
    seconds, middles, memory = [], [], []
    for side in (their, our):
        told = isinstance(side, str)
        middles.append(limit if told else statistics.median(one["wall"] for one in side))
        seconds.append(side if told else f"{middles[-1]:.2f}")
        memory.append("" if told else f"{side[0]['mb']:.0f}")
    walls = "" if isinstance(our, str) else spread([one["wall"] for one in our])
    ratio = "-"
    if output == "identical":
        ratio = f"{middles[0] / middles[1]:.1f}"
    elif not isinstance(our, str) and isinstance(their, str) and their.startswith("over"):
        ratio = f">{middles[0] / middles[1]:.0f}"
    return (
        f"{name:34}{seconds[0]:>10}{seconds[1]:>10}{walls:>13}{ratio:>8}{aim or 1:6.0f}"
        f"{memory[0]:>11}{memory[1]:>9}  {output}"
    )


def grow(sizes: list[str], given: argparse.Namespace) -> None:
    print(f"{'Tomek links, rows x columns x rare':40}{'s':>8}{'cpu s':>8}{'MB':>8}{'kept':>10}")
    for size in sizes:
        job = {"method": "TomekLinks", "parameters": {}, "data": size, "card": "", "out": ""}
        done = measure({**job, "library": "ours"}, given.limit)
        if isinstance(done, str):
            print(f"{size:40}{done:>8}", flush=True)
            continue
        print(
            f"{size:40}{done['wall']:8.1f}{done['cpu']:8.1f}{done['mb']:8.0f}{done['rows']:10}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="*", choices=list(PLANS), default=list(PLANS))
    parser.add_argument("--only", nargs="*", help="names of methods")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=1800, help="seconds that a run may take")
    parser.add_argument("--card", default="../shared/data/creditcard_fraud.parquet")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        run_one(json.loads(given.job))
    elif given.growth:
        grow(["450000x20x0.05", "900000x20x0.05", "1800000x20x0.05"], given)
    elif given.large:
        grow(["1500000x50x0.000333", "3000000x50x0.000333", "6000000x50x0.000333"], given)
    else:
        for data in given.data:
            compare(data, given)


if __name__ == "__main__":
    main()
