"""SMOGN beside imbreg's: time and peak memory, both in one run, each run a process of its own.

The two draw at random, each in its own way, so their rows differ; what is compared is that both return about as many
rows, as many of them rare. imbreg is no part of the project: without it only ours is measured.

    pip install --no-deps --target peer imbreg
    python benchmarks/smogn.py --peer peer                  1,000 to 8,000 rows of both, 28,000 of ours
    python benchmarks/smogn.py --peer peer --sizes 28000 --limit 3600

The rows are standard normal, 59 columns by default, one in seven of them rounded; the target is log-normal. Rare is what
has a relevance of 0.8 by the box plot, about an eighth of the rows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

SIZES = [1_000, 2_000, 4_000, 8_000]
LARGE = 28_000
K, PERT, THRESHOLD = 5, 0.02, 0.8


def draw(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, columns))
    X[:, ::7] = np.round(X[:, ::7])
    return X, np.exp(X[:, 1] + 0.5 * rng.standard_normal(rows))


def high_water() -> float:
    """Return the peak of the resident set, in MB."""
    text = Path("/proc/self/status").read_text()
    return int(next(line for line in text.splitlines() if "VmHWM" in line).split()[1]) / 1024


def run_one(job: dict[str, Any]) -> None:
    """Resample once, in this process, and print what it took."""
    X, y = draw(job["rows"], job["columns"])
    if job["who"] == "ours":
        from equipoise.samplers.numbers import SMOGN

        sampler = SMOGN(k_neighbors=K, pert=PERT, threshold=THRESHOLD, random_state=job["seed"])
        before, start = high_water(), time.perf_counter()
        y_out = sampler.fit_resample(X, y)[1]
    else:
        import pandas as pd

        smogn_regress = peer_function(job["peer"])

        frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).assign(y=y)
        before, start = high_water(), time.perf_counter()
        out = smogn_regress(frame, thr_rel=THRESHOLD, k=K, pert=PERT, seed=job["seed"])
        y_out = out["y"].to_numpy()
    seconds = time.perf_counter() - start
    far = float((y_out > np.quantile(y, 0.9)).mean())
    found = {"seconds": seconds, "mb": high_water() - before, "rows": len(y_out), "far": far}
    print(json.dumps(found))


def peer_function(folder: str) -> Any:
    """Return the peer's function without importing its whole package, whose plots want matplotlib."""
    root = Path(folder) if folder else Path(str(distribution("imbreg").locate_file("")))
    package = ModuleType("imbreg")
    package.__path__ = [str(root / "imbreg")]
    sys.modules["imbreg"] = package
    return import_module("imbreg.resampling").smogn_regress


def measure(who: str, rows: int, given: argparse.Namespace) -> list[dict[str, float]] | str:
    """Return what each run took, or why there is nothing."""
    found = []
    for seed in range(given.runs if who == "ours" else given.peer_runs):
        job = {"who": who, "rows": rows, "columns": given.columns, "seed": seed, "peer": given.peer}
        command = [sys.executable, __file__, "--job", json.dumps(job)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=given.limit, check=True
            )
        except subprocess.TimeoutExpired:
            return f"not done in {given.limit:g} s"
        except subprocess.CalledProcessError as error:
            return f"failed: {error.stderr.strip().splitlines()[-1]}"
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return found


def told(found: list[dict[str, float]] | str) -> str:
    if isinstance(found, str):
        return found
    seconds = [one["seconds"] for one in found]
    memory = statistics.median(one["mb"] for one in found)
    return (
        f"{statistics.median(seconds):9.3f} s ({min(seconds):.3f} to {max(seconds):.3f}, {len(found)} runs), "
        f"{memory:6.0f} MB more, {found[0]['rows']:,} rows, {found[0]['far']:.1%} of them in the top tenth"
    )


def peer_version(folder: str | None) -> str | None:
    """Return the version of the peer, or say how to get it."""
    try:
        if folder is None:
            return distribution("imbreg").version
        return next(d.version for d in distributions(path=[folder]) if d.name == "imbreg")
    except (PackageNotFoundError, StopIteration):
        print(
            f"imbreg is not in {folder or 'this environment'}, so only ours is measured; to get it:\n"
            "    pip install --no-deps --target FOLDER imbreg, then --peer FOLDER",
            file=sys.stderr,
        )
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="folder into which imbreg was installed")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="rows, for both")
    parser.add_argument("--large", type=int, default=LARGE, help="rows, for ours alone")
    parser.add_argument("--columns", type=int, default=59)
    parser.add_argument("--runs", type=int, default=5, help="of ours at each size")
    parser.add_argument("--peer-runs", type=int, default=1, help="of theirs at each size")
    parser.add_argument("--limit", type=float, default=600, help="seconds of a run")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        run_one(json.loads(given.job))
        return
    version = peer_version(given.peer)
    given.peer = given.peer or ""
    for rows in given.sizes:
        print(f"{rows:,} rows x {given.columns} columns")
        ours = measure("ours", rows, given)
        print(f"  equipoise       {told(ours)}")
        if version is None:
            continue
        theirs = measure("theirs", rows, given)
        print(f"  imbreg {version:<8} {told(theirs)}")
        if not isinstance(ours, str) and not isinstance(theirs, str):
            ratio = statistics.median(one["seconds"] for one in theirs) / statistics.median(
                one["seconds"] for one in ours
            )
            print(f"  theirs / ours   {ratio:9.1f}", flush=True)
    if given.large:
        print(f"{given.large:,} rows x {given.columns} columns")
        print(f"  equipoise       {told(measure('ours', given.large, given))}")


if __name__ == "__main__":
    main()
