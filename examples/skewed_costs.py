"""Numbers with a heavy tail: what each treatment does to the top 5 % and to the rest.

    python examples/skewed_costs.py                       # yearly medical costs of families
    python examples/skewed_costs.py --data insurance_charges.parquet --target charges --group ""
    python examples/skewed_costs.py --data mine.csv --target cost --group person --drop "*_cost"

The default is the RAND Health Insurance Experiment (Newhouse 1993; 20,190 years of 5,908 persons), where it
lies in shared/data beside the checkout. Its other spending columns are parts or forms of the target and are left
out; all years of a person stay on one side of a split. Visits and admissions of the same year stay in: this asks
what a year costs, not what the next one will.

One trial by the protocol of `equipoise compare`; the same command goes on where it ended.
"""

from __future__ import annotations

import argparse
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import polars as pl

import equipoise as eq
from equipoise.compare.events import UnitDone
from equipoise.data.reading import read_table
from equipoise.errors import EquipoiseError

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", default=str(SHARED / "rand_health_costs.parquet"))
    parser.add_argument("--target", default="meddol")
    parser.add_argument("--group", default="zper", help="column of persons; empty for none")
    parser.add_argument(
        "--drop",
        default="rownames,*dol,lnmeddol,binexp",
        help="patterns of columns that give the target away, by commas",
    )
    parser.add_argument("--learner", default="linear,boosting")
    parser.add_argument("--strategies", default="default")
    parser.add_argument("--focus", help="such as top5%%: what is compared, instead of the RMSE")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--out", help="folder of the run")
    asked = parser.parse_args()
    try:
        frame = read_table(asked.data).to_native()
    except EquipoiseError as error:
        sys.exit(f"{error.problem}; {error.remedy}")
    frame = pl.DataFrame(frame)
    patterns = [one.strip() for one in asked.drop.split(",") if one.strip()]
    dropped = [
        name
        for name in frame.columns
        if name not in (asked.target, asked.group) and any(fnmatch(name, p) for p in patterns)
    ]
    print(f"left out: {', '.join(dropped) or 'no column'}")
    try:
        found = eq.compare(
            frame.drop(dropped),
            asked.target,
            task="regression",
            learner=asked.learner,
            strategies=asked.strategies,
            focus=asked.focus,
            group=asked.group or None,
            folds=asked.folds,
            run_dir=asked.out,
            on_event=tell,
        )
    except EquipoiseError as error:
        sys.exit(f"{error.problem}; {error.remedy}")
    show(found.summary)
    return 0


def tell(event: object) -> None:
    """Say on a terminal how far it is."""
    if isinstance(event, UnitDone) and sys.stderr.isatty():
        print(f"\r{event.done} of {event.total} trainings ", end="", file=sys.stderr, flush=True)


def show(summary: dict[str, Any]) -> None:
    """Print what each treatment does to the tail, to the rest, and to the 95th percentile."""
    about = summary["target"]
    print(
        f"{summary['data']['rows']:,} rows, {summary['data']['target']}: median {about['median']:,.0f}, mean "
        f"{about['mean']:,.0f}, 95th percentile {about['q95']:,.0f}, largest {about['max']:,.0f}, skewness "
        f"{about['skewness']:.1f}"
    )
    sides = {(row["id"], row["side"]): row for row in summary["sides"]["rows"]}
    (top, rest) = (one["name"] for one in summary["sides"]["names"])
    for one in summary["sides"]["names"]:
        print(f"{one['name']}: {one['about']}")
    print(
        "\nMAE against the untreated model of the same learner; * where p < 0.05, corrected by Holm"
    )
    head = (
        "candidate",
        "top 5 %",
        "change",
        "rest",
        "change",
        "RMSE",
        "bias",
        "coverage",
        "pinball",
    )
    print(f"{head[0]:<44}" + "".join(f"{name:>12}" for name in head[1:]))
    for one in summary["strategies"]:
        if not one["applicable"]:
            continue
        cells = []
        for side in (top, rest):
            row = sides[one["id"], side]
            difference = row.get("difference")
            mark = "*" if difference and difference["p_corrected"] <= 0.05 else " "
            change = f"{difference['mean']:+,.1f}{mark}" if difference else "- "
            cells += [f"{row['mean']:,.1f}", change]
        value = {
            name: one["metrics"][name]["mean"] for name in ("rmse", "bias", "coverage", "pinball")
        }
        cells += [f"{value['rmse']:,.1f}", f"{value['bias']:+,.1f}"]
        cells += [f"{value['coverage']:.3f}", f"{value['pinball']:,.2f}"]
        print(f"{one['id']:<44}" + "".join(f"{cell:>12}" for cell in cells))
    for one in summary["strategies"]:
        if not one["applicable"]:
            print(f"{one['id']:<44}  not applicable: {one['why_not']}")
    best = min(
        (one for one in summary["strategies"] if one["applicable"]),
        key=lambda one: one["metrics"]["pinball"]["mean"],
    )
    share = best["metrics"]["coverage"]
    print(
        f"\nSmallest pinball loss of the 95th percentile: {best['id']}; "
        f"{share['mean']:.1%} of the rows lie at or below it (95 % interval {share['low']:.1%} to {share['high']:.1%}). "
        "The percentiles were not compared by a test."
    )
    print()
    print(summary["verdict"]["headline"])
    print(summary["verdict"]["reason"])


if __name__ == "__main__":
    sys.exit(main())
