"""Samplers under imbalanced-learn's names.

``TomekLinks`` and ``EditedNearestNeighbours`` are our own and give the same rows faster; the mild and the
prior-keeping ones are new; the others are imbalanced-learn's.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "ADASYN": "equipoise.samplers.smote",
    "BorderlineSMOTE": "equipoise.samplers.borderline",
    "DownsampleUpweight": "equipoise.samplers.mild",
    "EditedNearestNeighbours": "equipoise.samplers.cleaning",
    "KMeansSMOTE": "equipoise.samplers.kmeans",
    "MildCombination": "equipoise.samplers.mild",
    "NearMiss": "imblearn.under_sampling",
    "RandomOverSampler": "imblearn.over_sampling",
    "RandomUnderSampler": "imblearn.under_sampling",
    "SMOTE": "equipoise.samplers.smote",
    "SMOTEENN": "imblearn.combine",
    "SMOTEN": "imblearn.over_sampling",
    "SMOTENC": "equipoise.samplers.nominal",
    "SMOTETomek": "imblearn.combine",
    "SVMSMOTE": "equipoise.samplers.borderline",
    "TomekLinks": "equipoise.samplers.cleaning",
    "UpsampleDownweight": "equipoise.samplers.mild",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    # imbalanced-learn takes seconds to import, which only those who resample should wait for.
    if name not in _HOMES:
        raise AttributeError(f"module 'equipoise.samplers' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
