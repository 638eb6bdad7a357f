"""Checks that any implementation of our interfaces has to pass, ours or yours."""

from __future__ import annotations

from equipoise.testing.losses import check_loss, loss_checks
from equipoise.testing.samplers import (
    OPTIONAL,
    check_sampler,
    parametrize_with_sampler_checks,
    sampler_checks,
)
from equipoise.testing.tables import Table

__all__ = [
    "OPTIONAL",
    "Table",
    "check_loss",
    "check_sampler",
    "loss_checks",
    "parametrize_with_sampler_checks",
    "sampler_checks",
]
