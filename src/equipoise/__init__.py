"""Equipoise: find the imbalance, try the treatments honestly, say which to use.

Examples
--------
>>> import equipoise as eq
>>> eq.__version__
'0.1.0'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from equipoise.diagnose.run import diagnose as diagnose
    from equipoise.diagnose.run import diagnose_predictions as diagnose_predictions
    from equipoise.jobs.comparing import compare as compare
    from equipoise.jobs.training import train as train
    from equipoise.results.comparison import Comparison as Comparison
    from equipoise.results.diagnosis import Diagnosis as Diagnosis
    from equipoise.results.evaluation import Evaluation as Evaluation
    from equipoise.results.evaluation import evaluate as evaluate
    from equipoise.results.loading import load as load
    from equipoise.results.model import Model as Model

# Where each public name lives. None is imported before it is asked for: the import of the package
# has to take a fraction of a second, and the parts behind these names take more.
_PUBLIC = {
    "Comparison": "equipoise.results.comparison",
    "Diagnosis": "equipoise.results.diagnosis",
    "Evaluation": "equipoise.results.evaluation",
    "Model": "equipoise.results.model",
    "diagnose_predictions": "equipoise.diagnose.run",
    "evaluate": "equipoise.results.evaluation",
    "load": "equipoise.results.loading",
    "train": "equipoise.jobs.training",
}

# Rooms, reachable as attributes; `compare` is also callable, see `equipoise.rooms`.
_ROOMS = frozenset(
    {
        "cli",
        "compare",
        "data",
        "decisions",
        "diagnose",
        "ensembles",
        "errors",
        "frames",
        "integrations",
        "learners",
        "losses",
        "metrics",
        "report",
        "results",
        "samplers",
        "schedules",
        "stats",
        "strategies",
        "weights",
    }
)

__all__ = [
    "Comparison",
    "Diagnosis",
    "Evaluation",
    "Model",
    "__version__",
    "compare",
    "diagnose",
    "diagnose_predictions",
    "evaluate",
    "load",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        value = getattr(import_module(_PUBLIC[name]), name)
        globals()[name] = value
        return value
    if name in _ROOMS:
        return import_module(f"equipoise.{name}")
    raise AttributeError(f"module 'equipoise' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
