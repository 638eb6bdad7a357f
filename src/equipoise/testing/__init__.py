"""Checks that any implementation of our interfaces has to pass, ours or yours."""

from __future__ import annotations

from equipoise.testing.samplers import (
    check_sampler,
    parametrize_with_sampler_checks,
    sampler_checks,
)
from equipoise.testing.tables import Table

__all__ = ["Table", "check_sampler", "parametrize_with_sampler_checks", "sampler_checks"]
