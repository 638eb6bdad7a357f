"""How long the resampling of a large file takes, and how much memory, beside copying the file.

Writes a Parquet file of N rows and 5 columns into a temporary folder, copies it with the same engine (scan, then
sink), and resamples it, each in a process of its own. Resident memory is read every 20 ms while it runs; pages of the
file that the system keeps in its cache do not count, those that the process maps do.

    python benchmarks/streaming.py                         100 million rows, minutes on two cores, 4 GB of disk
    python benchmarks/streaming.py --rows 5000000 --sorted --rare 0.0001
    python benchmarks/streaming.py --kind csv --rows 5000000 --methods random-under
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GROUP = 1_000_000
METHODS = ("random-under", "random-over", "mild-combination", "downsample-upweight")
COPY = """
import sys, polars as pl
from equipoise.samplers.files.queries import write_query
from pathlib import Path
source, out = map(Path, sys.argv[1:3])
query = pl.scan_parquet(source) if source.suffix == ".parquet" else pl.scan_csv(source, infer_schema=False)
write_query(query, out)
"""
RESAMPLE = """
import sys
from equipoise.samplers.files import resample_file
resample_file(sys.argv[1], sys.argv[2], "label", sys.argv[3])
"""


def make(path: Path, rows: int, rare: float, ordered: bool) -> None:
    writer = None
    for start in range(0, rows, GROUP):
        rng, n = np.random.default_rng(start), min(GROUP, rows - start)
        row = np.arange(start, start + n)
        is_rare = row < rare * rows if ordered else rng.random(n) < rare
        columns = {
            "amount": rng.lognormal(size=n),
            "score": rng.normal(size=n).astype(np.float32),
            "count": rng.integers(0, 1000, n),
            "shade": np.array(["red", "green", "blue"])[rng.integers(0, 3, n)],
            "label": np.where(is_rare, "rare", "common"),
        }
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()


def measure(command: list[str]) -> tuple[float, float, int, int]:
    """Return seconds, those of all cores together, and peaks in MB: all that is resident, less mapped files."""
    start = time.perf_counter()
    process = subprocess.Popen(command)
    peak = own = 0
    while True:
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        sizes = dict(line.split(":", 1) for line in lines)
        if "VmHWM" in sizes:
            peak = int(sizes["VmHWM"].split()[0]) // 1024
            own = max(own, int(sizes["RssAnon"].split()[0]) // 1024)
        time.sleep(0.02)
    process.returncode = status  # it was waited for here
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, peak, own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--rare", type=float, default=0.05, help="share of the rare class")
    parser.add_argument("--sorted", action="store_true", help="all rare rows first")
    parser.add_argument("--kind", choices=["parquet", "csv"], default="parquet")
    parser.add_argument("--methods", nargs="*", default=METHODS)
    given = parser.parse_args()
    need = given.rows * (40 if given.kind == "parquet" else 150)
    if shutil.disk_usage(tempfile.gettempdir()).free < 1.5 * need:
        raise SystemExit(f"about {need / 1e9:.0f} GB of disk are needed")
    with tempfile.TemporaryDirectory() as folder:
        source, out = (Path(folder, name) for name in ("data.parquet", f"out.{given.kind}"))
        make(source, given.rows, given.rare, given.sorted)
        if given.kind == "csv":
            measure([sys.executable, "-c", COPY, str(source), str(source.with_suffix(".csv"))])
            source = source.with_suffix(".csv")
        size = source.stat().st_size / 1e9
        print(f"{given.rows:,} rows, {size:.2f} GB, {os.cpu_count()} cores")
        heads = ("s", "ratio", "s of cores", "ratio", "rows out", "ns/row", "peak MB", "no file")
        print(f"{'':20}" + "".join(f"{head:>12}" for head in heads))
        copied = None
        for name in ("copy", *given.methods):
            code, more = (COPY, []) if name == "copy" else (RESAMPLE, [name])
            command = [sys.executable, "-c", code, str(source), str(out), *more]
            seconds, cores, peak, own = measure(command)
            copied = copied or (seconds, cores)
            rows = count(out)
            print(
                f"{name:20}{seconds:12.1f}{seconds / copied[0]:12.2f}{cores:12.1f}"
                f"{cores / copied[1]:12.2f}{rows:12,}{1e9 * seconds / rows:12.0f}{peak:12,}{own:12,}",
                flush=True,
            )
            out.unlink()


def count(path: Path) -> int:
    if path.suffix == ".parquet":
        return int(pq.ParquetFile(path).metadata.num_rows)
    with path.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b"")) - 1


if __name__ == "__main__":
    main()
