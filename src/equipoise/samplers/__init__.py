"""Samplers under imbalanced-learn's names, with its parameters and its rows.

They are faster, take any kind of table, and know where each row of their output came from. New here are
``MildCombination``, ``DownsampleUpweight``, ``UpsampleDownweight``, ``TextAugmentation``, and
``ResampledClassifier``, which trains on what any of them returns.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "ADASYN": "equipoise.samplers.smote",
    "AllKNN": "equipoise.samplers.repeated",
    "BorderlineSMOTE": "equipoise.samplers.borderline",
    "ClusterCentroids": "equipoise.samplers.centroids",
    "CondensedNearestNeighbour": "equipoise.samplers.condensing",
    "DownsampleUpweight": "equipoise.samplers.mild",
    "EditedNearestNeighbours": "equipoise.samplers.cleaning",
    "InstanceHardnessThreshold": "equipoise.samplers.hardness",
    "KMeansSMOTE": "equipoise.samplers.kmeans",
    "MLROS": "equipoise.samplers.labels.random",
    "MLRUS": "equipoise.samplers.labels.random",
    "MLSMOTE": "equipoise.samplers.labels.mlsmote",
    "MLTL": "equipoise.samplers.labels.cleaning",
    "MLeNN": "equipoise.samplers.labels.cleaning",
    "MildCombination": "equipoise.samplers.mild",
    "NearMiss": "equipoise.samplers.nearmiss",
    "NeighbourhoodCleaningRule": "equipoise.samplers.repeated",
    "OneSidedSelection": "equipoise.samplers.condensing",
    "RandomOverSampler": "equipoise.samplers.random",
    "RandomUnderSampler": "equipoise.samplers.random",
    "RepeatFactorOverSampler": "equipoise.samplers.labels.random",
    "RepeatedEditedNearestNeighbours": "equipoise.samplers.repeated",
    "ResampledClassifier": "equipoise.samplers.classifier",
    "SMOTE": "equipoise.samplers.smote",
    "SMOTEENN": "equipoise.samplers.combining",
    "SMOTEN": "equipoise.samplers.nominal",
    "SMOTENC": "equipoise.samplers.nominal",
    "SMOTETomek": "equipoise.samplers.combining",
    "SVMSMOTE": "equipoise.samplers.borderline",
    "TextAugmentation": "equipoise.samplers.text.augmentation",
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
