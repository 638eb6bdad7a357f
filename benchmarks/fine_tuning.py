"""One step of fine-tuning, in full and in half precision, and what a whole fit would take by it.

    python benchmarks/fine_tuning.py                     the encoder of the extra `text`, all cores
    python benchmarks/fine_tuning.py --device cuda --steps 50
    python benchmarks/fine_tuning.py --model FOLDER --tokens 128

A step is forward, backward and optimiser for one batch of made tokens through ImbalanceTrainer's loss.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any


def step_seconds(given: argparse.Namespace, half: bool) -> list[float]:
    import torch
    from transformers import AutoModelForSequenceClassification

    from equipoise.integrations.hf import trainer_loss
    from equipoise.learners.neural.pretrained import place_of
    from equipoise.losses import WeightedCrossEntropy

    torch.manual_seed(0)
    place = place_of(given.model)
    model: Any = AutoModelForSequenceClassification.from_pretrained(place, num_labels=2)
    model = model.to(given.device).train()
    compute = trainer_loss(WeightedCrossEntropy([0.6, 3.8]).to(given.device))
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-5, fused=given.device == "cuda")
    ids = torch.randint(1000, 20_000, (given.batch, given.tokens), device=given.device)
    labels = torch.randint(0, 2, (given.batch,), device=given.device)
    took = []
    for _ in range(given.steps + 2):
        start = time.perf_counter()
        with torch.autocast(given.device, torch.bfloat16, enabled=half):
            outputs = model(input_ids=ids, attention_mask=torch.ones_like(ids))
        compute(outputs, labels, given.batch).backward()
        optimiser.step()
        optimiser.zero_grad()
        if given.device == "cuda":
            torch.cuda.synchronize()
        took.append(time.perf_counter() - start)
    return took[2:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rows", type=int, default=4459, help="of the fit that is told")
    given = parser.parse_args()

    import torch

    from equipoise.learners.neural.pretrained import half_precision

    able = half_precision(torch.device(given.device))
    for half in (False, True) if able else (False,):
        took = step_seconds(given, half)
        middle = statistics.median(took)
        print(
            f"{'bfloat16' if half else 'float32':10}{middle:8.3f} s a step of {given.batch} x "
            f"{given.tokens} ({min(took):.3f}-{max(took):.3f}), "
            f"{middle * given.rows / given.batch / 60:.1f} minutes an epoch of {given.rows:,} rows",
            flush=True,
        )
    if not able:
        print("bfloat16  has no instructions on this device")


if __name__ == "__main__":
    main()
