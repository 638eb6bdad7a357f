"""Losses, samplers, metrics and schedules for the Trainer of Hugging Face."""

from __future__ import annotations

from equipoise.extras import load_extra

for _package in ("torch", "transformers", "accelerate"):
    load_extra(_package, "hf", "equipoise.integrations.hf")

from equipoise.integrations.hf.callbacks import (
    DynamicSamplingCallback,
    ScheduleCallback,
)
from equipoise.integrations.hf.loss import trainer_loss
from equipoise.integrations.hf.metrics import compute_metrics
from equipoise.integrations.hf.trainer import ImbalanceTrainer

__all__ = [
    "DynamicSamplingCallback",
    "ImbalanceTrainer",
    "ScheduleCallback",
    "compute_metrics",
    "trainer_loss",
]
