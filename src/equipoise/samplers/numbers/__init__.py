"""Samplers for numeric targets, where the rows are rare whose target is.

``relevance`` says which targets matter; the rows that do are repeated or made, the others thinned.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "GaussianNoiseOverSampler": "equipoise.samplers.numbers.makers",
    "SMOGN": "equipoise.samplers.numbers.makers",
    "SMOTER": "equipoise.samplers.numbers.makers",
    "TailOverSampler": "equipoise.samplers.numbers.tails",
    "TailUnderSampler": "equipoise.samplers.numbers.tails",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    # The trial resamples matrices, and need not wait for what reads tables.
    if name not in _HOMES:
        raise AttributeError(f"module 'equipoise.samplers.numbers' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
