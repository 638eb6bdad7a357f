"""Ensembles made for imbalance: our own, and imbalanced-learn's, imported when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from equipoise.ensembles.offsets import balanced_prior_offset

if TYPE_CHECKING:
    from imblearn.ensemble import (
        BalancedBaggingClassifier,
        BalancedRandomForestClassifier,
        EasyEnsembleClassifier,
        RUSBoostClassifier,
    )

    from equipoise.ensembles.self_paced import SelfPacedEnsembleClassifier

__all__ = [
    "BalancedBaggingClassifier",
    "BalancedRandomForestClassifier",
    "EasyEnsembleClassifier",
    "RUSBoostClassifier",
    "SelfPacedEnsembleClassifier",
    "balanced_prior_offset",
]


def __getattr__(name: str) -> Any:
    if name == "SelfPacedEnsembleClassifier":
        from equipoise.ensembles.self_paced import SelfPacedEnsembleClassifier

        return SelfPacedEnsembleClassifier
    if name in __all__:
        import imblearn.ensemble

        return getattr(imblearn.ensemble, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
