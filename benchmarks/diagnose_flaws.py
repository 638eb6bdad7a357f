"""Are the known flaws of real data found? ``python benchmarks/diagnose_flaws.py FOLDER [NAME ...]``

FOLDER holds the parquet files. For each documented flaw: the check that should say it, and what it said; at the end
seconds of the processor, seconds of the clock and memory for each file. All checks run, each file in a process of its
own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

FLAWS: dict[str, tuple[str, list[str], dict[str, str]]] = {
    "sms_spam": ("label", ["EQ105", "EQ107"], {}),
    "hate_speech_davidson": ("label", ["EQ101", "EQ102"], {}),
    "scifact": ("label", ["EQ113"], {}),
    "womens_ecommerce": ("Rating", ["EQ112"], {}),
    "goemotions": ("LABELS", ["EQ107", "EQ113", "EQ116"], {}),
    "creditcard_fraud": ("Class", ["EQ105", "EQ114"], {}),
    "adult": ("income", ["EQ101"], {}),
    "telco_churn": ("Churn", ["EQ113"], {}),
    "tab_mammography": ("target", ["EQ105"], {}),
    "tab_abalone_19": ("target", ["EQ103"], {}),
    "insurance_charges": ("charges", ["EQ117"], {}),
    "rand_health_costs": ("meddol", ["EQ112", "EQ113", "EQ117"], {}),
}
NO_LABELS = ("text", "id", "split")


def look(folder: Path, name: str) -> None:
    """Diagnose one file and print what was said."""
    import polars

    import equipoise as eq

    target, codes, options = FLAWS[name]
    path = folder / f"{name}.parquet"
    given: object = target
    if target == "LABELS":
        given = [c for c in polars.read_parquet_schema(path) if c not in NO_LABELS]
    began = time.perf_counter()
    found = eq.diagnose(path, given, **options)
    for code in codes:
        one = found[code]
        mark = "found " if one.state in ("issue", "tip") else "MISSED"
        print(f"{name:22} {mark} {code} {one.severity or one.state:7} {one.summary}")
    usage = getrusage(RUSAGE_SELF)
    print(
        f"{name:22} {usage.ru_utime + usage.ru_stime:.0f} s of the processor, {time.perf_counter() - began:.0f} s, "
        f"{usage.ru_maxrss / 2**20:.2f} GB, {len(repr(found).splitlines())} lines",
        flush=True,
    )


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        look(Path(sys.argv[2]), sys.argv[3])
    else:
        for name in sys.argv[2:] or FLAWS:
            subprocess.run([sys.executable, __file__, "--one", sys.argv[1], name], check=False)
