"""The losses as functions, for use without a module."""

from __future__ import annotations

from equipoise.losses.binary import weighted_bce
from equipoise.losses.cross_entropy import weighted_cross_entropy

__all__ = ["weighted_bce", "weighted_cross_entropy"]
