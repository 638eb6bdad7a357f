"""Twenty-eight emotions of short texts, several a text: do sample weights help, and whom?

    python examples/emotions.py --data goemotions.parquet --out runs/emotions       # minutes on two cores
    python examples/emotions.py --data goemotions.parquet --rows 4000               # a quick look

GoEmotions (Demszky et al. 2020; 54,263 comments, 28 labels of which grief has 96 rows) on the vectors of a frozen
sentence encoder, by the protocol of `equipoise compare`: iteratively stratified folds, copies of a text on one side,
the same heads for all. What is compared is F0.5, the mean over the labels. Three questions:

- Which of the weights 1 / n (INS), 1 / sqrt(n) (ISNS) and by effective numbers (ENS) is best here?
- Is it better than no weights, under the decision as trained and once each label has its own threshold?
- If it gains, does the gain come from the rare labels?

Needs `pip install 'equipoise[text]'`. The same command goes on where it ended.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import polars as pl

import equipoise as eq
from equipoise.compare.events import Stage, UnitDone
from equipoise.errors import EquipoiseError

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "goemotions.parquet"
STRATEGIES = (
    "untreated,weights-ins,weights-isns,weights-ens-0.9,weights-ens-0.999,weights-ens-0.9999,"
    "pos-weight,pos-weight-sqrt,focal,asymmetric,distribution-balanced,repeat-factor,ml-ros"
)
OTHERS = ("text", "id", "split")
SCHEMES = ("weights-ins", "weights-isns", "weights-ens")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", default=str(SHARED))
    parser.add_argument("--rows", type=int, help="take so many rows, for a quick look")
    parser.add_argument("--learner", default="embedding")
    parser.add_argument("--strategies", default=STRATEGIES)
    parser.add_argument("--metric", default="fbeta:0.5")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="folder of the run, with the report")
    asked = parser.parse_args()
    if not Path(asked.data).is_file():
        sys.exit(f"there is no file {asked.data}; give --data goemotions.parquet")
    frame = pl.read_parquet(asked.data)
    if asked.rows:
        frame = frame.sample(min(asked.rows, len(frame)), seed=asked.seed)
    labels = [name for name in frame.columns if name not in OTHERS]
    try:
        found = eq.compare(
            frame.select("text", *labels),
            labels,
            learner=asked.learner,
            strategies=asked.strategies,
            metric=asked.metric,
            text="text",
            folds=asked.folds,
            seed=asked.seed,
            run_dir=asked.out,
            on_event=tell,
        )
    except EquipoiseError as error:
        sys.exit(f"{error.problem}; {error.remedy}")
    show(found.summary)
    if asked.out:
        print(f"\nlabel by label, in order of support: {Path(asked.out) / 'report.html'}")
    return 0


def tell(event: object) -> None:
    """Say on a terminal how far it is."""
    if not sys.stderr.isatty():
        return
    if isinstance(event, UnitDone):
        print(f"\r{event.done} of {event.total} trainings ", end="", file=sys.stderr, flush=True)
    elif isinstance(event, Stage):
        print(f"\r{event.text} ", end="", file=sys.stderr, flush=True)


def show(summary: dict[str, Any]) -> None:
    """Print scores, the three answers, and the verdict."""
    about, metric = summary["labels"], summary["metric"]
    print(
        f"{summary['data']['rows']:,} texts, {len(summary['classes'])} labels, {about['cardinality']:.2f} a text, mean "
        f"imbalance ratio {about['mean_ir']:.1f}\n"
    )
    entries = [one for one in summary["strategies"] if one["applicable"]]
    print(
        f"{'candidate':<44}{metric['title'] + ' (95 % interval)':<28}{'macro F1':<24}against untreated"
    )
    for one in entries:
        change = one["difference"]
        words = "-"
        if change:
            words = f"{change['mean']:+.3f}, {p_words(change)}"
        print(f"{one['id']:<44}{value(one, metric['name']):<28}{value(one, 'f1_macro'):<24}{words}")
    for decision in ("argmax", "tuned"):
        print(f"\n{'as trained' if decision == 'argmax' else 'with a threshold for each label'}:")
        answer(summary, entries, decision)
    print()
    print(summary["verdict"]["headline"])
    print(summary["verdict"]["reason"])


def value(one: dict[str, Any], name: str) -> str:
    found = one["metrics"][name]
    return f"{found['mean']:.3f}  {found['low']:.3f} to {found['high']:.3f}"


def p_words(change: dict[str, Any]) -> str:
    p = change["p_corrected"]
    return "p below 0.001" if p < 0.001 else f"p {p:.3f}"


def answer(summary: dict[str, Any], entries: list[dict[str, Any]], decision: str) -> None:
    """Say which scheme is best under one decision, and where its gain comes from."""
    name = summary["metric"]["name"]
    mine = [
        one for one in entries if one["decision"] == decision and one["name"].startswith(SCHEMES)
    ]
    if not mine:
        print("  no scheme of weights was tried")
        return
    plain = next(
        one for one in entries if one["name"] == "untreated" and one["decision"] == decision
    )
    best = max(mine, key=lambda one: one["metrics"][name]["mean"])
    print(
        f"  best of INS, ISNS and ENS: {best['name']}, {value(best, name)}; untreated {value(plain, name)}"
    )
    rows = {(row["id"], row["side"]): row for row in summary["sides"]["rows"]}
    print(
        "  F0.5 by support, against no weights under the same decision (p corrected for all candidates and sides):"
    )
    for side in summary["sides"]["names"]:
        row = rows[best["id"], side["name"]]
        change = row.get("difference")
        said = "the baseline itself"
        if change:
            shown = change["p_corrected"] <= 0.05
            word = ("gain" if change["mean"] > 0 else "loss") if shown else "not shown"
            said = (
                f"{change['mean']:+.3f} ({change['low']:+.3f} to {change['high']:+.3f}), {p_words(change)}: "
                f"{word}"
            )
        print(f"    {side['name']:<14} {side['about']:<34} {row['mean']:.3f}  {said}")


if __name__ == "__main__":
    sys.exit(main())
