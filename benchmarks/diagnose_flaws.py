"""Are the known flaws of real data found? ``python benchmarks/diagnose_flaws.py FOLDER [NAME ...]``

FOLDER holds the parquet files. For each documented flaw: the check that should say it, and what it said; then the other
issues, seconds of the processor, seconds of the clock and memory for each file. All checks run, each file in a process of its
own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

# Of each file: the target, and by check what it should say among other things.
FLAWS: dict[str, tuple[str, dict[str, str]]] = {
    "sms_spam": ("label", {"EQ101": "", "EQ105": "403", "EQ107": "487"}),
    "SMSSpamCollection": ("label", {"EQ101": "", "EQ105": "403", "EQ107": "487"}),
    "hate_speech_davidson": ("label", {"EQ101": "", "EQ102": "hate"}),
    "scifact": ("label", {"EQ101": "", "EQ113": "split"}),
    "womens_ecommerce": ("Rating", {"EQ101": "", "EQ112": "Recommended IND"}),
    # 37 texts of the test part are those of a training row to the last sign, 115 to the last letter.
    "goemotions": ("LABELS", {"EQ107": "115", "EQ113": "split", "EQ116": "grief"}),
    "creditcard_fraud": ("Class", {"EQ101": "492", "EQ105": "1,081", "EQ114": "Time"}),
    "adult": ("income", {"EQ101": ""}),
    "telco_churn": ("Churn", {"EQ101": "", "EQ113": "customerID"}),
    # 3,334 rows repeat another with its target; one more has the other target.
    "tab_mammography": ("target", {"EQ101": "", "EQ105": "3,335", "EQ106": ""}),
    "tab_thyroid_sick": ("target", {"EQ101": ""}),
    "tab_abalone": ("target", {"EQ101": ""}),
    "tab_abalone_19": ("target", {"EQ101": "", "EQ103": "32"}),
    "tab_satimage": ("target", {"EQ101": ""}),
    "tab_pen_digits": ("target", {"EQ101": ""}),
    "tab_wine_quality": ("target", {"EQ101": ""}),
    "tab_ecoli": ("target", {"EQ101": "35"}),
    "tab_car_eval_34": ("target", {"EQ101": ""}),
    "tab_sick_euthyroid": ("target", {"EQ101": ""}),
    "insurance_charges": ("charges", {"EQ117": "1.5"}),
    "rand_health_costs": ("meddol", {"EQ112": "", "EQ113": "zper", "EQ117": ""}),
}
NO_LABELS = ("text", "id", "split")


def look(folder: Path, name: str) -> None:
    """Diagnose one file and print what was said."""
    import polars

    import equipoise as eq

    target, known = FLAWS[name]
    path = folder / f"{name}.parquet"
    frame: object = path
    if not path.exists():
        # The original file of messages has neither a header nor quotes.
        text = (folder / f"{name}.tsv").read_text(encoding="utf-8")
        lines = [line.split("\t", 1) for line in text.split("\n") if line]
        frame = polars.DataFrame(lines, schema=["label", "text"], orient="row")
    given: object = target
    if target == "LABELS":
        given = [c for c in polars.read_parquet_schema(path) if c not in NO_LABELS]
    began = time.perf_counter()
    found = eq.diagnose(frame, given)
    for code, words in known.items():
        one = found[code]
        mark = "found " if one.state in ("issue", "tip") and words in one.summary else "MISSED"
        print(f"{name:22} {mark} {code} {one.severity or one.state:7} {one.summary}")
    rest = [f"{one.code} {one.severity}" for one in found.issues if one.code not in known]
    print(f"{name:22} besides: {', '.join(rest) or 'no issue'}")
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
