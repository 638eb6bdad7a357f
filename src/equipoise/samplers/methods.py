"""The names of the methods, as on the command line and in the catalogue, and the classes behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from equipoise.errors import UsageError

__all__ = ["METHODS", "Method", "check_parameters", "known_method"]


@dataclass(frozen=True)
class Method:
    """What a name stands for.

    Attributes
    ----------
    sampler : str
        Name of a class of :mod:`equipoise.samplers`.
    implied : dict
        Parameters of it that the name settles.
    """

    sampler: str
    implied: Mapping[str, Any] = field(default_factory=dict)

    def kind(self) -> Any:
        """Return the class, importing what it needs."""
        from equipoise import samplers

        return getattr(samplers, self.sampler)


METHODS: dict[str, Method] = {
    "adasyn": Method("ADASYN"),
    "all-knn": Method("AllKNN"),
    "borderline-smote": Method("BorderlineSMOTE"),
    "cluster-centroids": Method("ClusterCentroids"),
    "condensed-nearest-neighbour": Method("CondensedNearestNeighbour"),
    "downsample-upweight": Method("DownsampleUpweight"),
    "enn": Method("EditedNearestNeighbours"),
    "instance-hardness-threshold": Method("InstanceHardnessThreshold"),
    "kmeans-smote": Method("KMeansSMOTE"),
    "mild-combination": Method("MildCombination"),
    "nearmiss-1": Method("NearMiss", {"version": 1}),
    "nearmiss-2": Method("NearMiss", {"version": 2}),
    "nearmiss-3": Method("NearMiss", {"version": 3}),
    "neighbourhood-cleaning-rule": Method("NeighbourhoodCleaningRule"),
    "one-sided-selection": Method("OneSidedSelection"),
    "random-over": Method("RandomOverSampler"),
    "random-under": Method("RandomUnderSampler"),
    "repeated-edited-nearest-neighbours": Method("RepeatedEditedNearestNeighbours"),
    "smote": Method("SMOTE"),
    "smote-enn": Method("SMOTEENN"),
    "smote-tomek": Method("SMOTETomek"),
    "smoten": Method("SMOTEN"),
    "smotenc": Method("SMOTENC"),
    "svm-smote": Method("SVMSMOTE"),
    "text-augmentation": Method("TextAugmentation"),
    "tomek": Method("TomekLinks"),
    "upsample-downweight": Method("UpsampleDownweight"),
}
"""Every resampling method under its name."""

_SHORT = {"mild": "mild-combination", "nearmiss": "nearmiss-1"}


def _bare(name: str) -> str:
    return re.sub(r"[-_\s]", "", name).casefold()


def known_method(name: str) -> str:
    """Return the full name of a method.

    Parameters
    ----------
    name : str
        A name of :data:`METHODS`, ``"mild"``, or the name of a class, in whatever case; ``NearMiss`` is its
        version 1.

    Returns
    -------
    str

    Raises
    ------
    UsageError
        If there is no such method; the remedy is the nearest name, and all.

    Examples
    --------
    >>> from equipoise.samplers.methods import METHODS, known_method
    >>> known_method("mild")
    'mild-combination'
    >>> known_method("TomekLinks"), known_method("SMOTE_ENN")
    ('tomek', 'smote-enn')
    >>> METHODS["nearmiss-2"].sampler
    'NearMiss'
    """
    from equipoise.data.labels import nearest  # only where a name is looked up: it loads libraries

    bare = _bare(name)
    for known, method in METHODS.items():
        if bare == _bare(known) or (bare == _bare(method.sampler) and not method.implied):
            return known
    if bare in _SHORT:
        return _SHORT[bare]
    near = nearest(name.casefold(), list(METHODS))
    hint = f"did you mean {near!r}? " if near else ""
    raise UsageError(
        f"there is no method {name!r}", remedy=f"{hint}the methods are {', '.join(METHODS)}"
    )


def check_parameters(given: Iterable[str], known: Iterable[str], method: str) -> None:
    """Refuse parameters that a method does not have.

    Parameters
    ----------
    given, known : iterable of str
        Names that were given, and those that there are.
    method : str
        Name of the method, for messages.

    Raises
    ------
    UsageError
        If one is unknown; the remedy is the nearest name, and all.

    Examples
    --------
    >>> from equipoise.samplers.methods import check_parameters
    >>> check_parameters(["ratio"], ["over", "ratio"], "mild-combination")
    """
    from equipoise.data.labels import nearest

    names = [name for name in known if name != "random_state"]
    for name in given:
        if name == "random_state":
            raise UsageError("random_state is the seed", remedy="give it as the seed")
        if name not in names:
            near = nearest(name, names)
            hint = f"did you mean {near!r}? " if near else ""
            raise UsageError(
                f"{method} has no parameter {name!r}",
                remedy=f"{hint}it has {', '.join(names) or 'none'}",
            )
