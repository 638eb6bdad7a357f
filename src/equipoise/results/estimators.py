"""Fitted estimators as bytes: skops, with the same check on the way out as on the way in."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from equipoise.errors import ModelError, UsageError
from equipoise.learners.linear import FittedEstimator, FittedLinear
from equipoise.results.trees import check_forest

__all__ = ["pack", "pack_any", "trusted_names", "unpack", "unpack_any"]

# Types that skops does not trust by itself and that our own learners need. Each only holds data: a
# name is added after looking at what building it can do.
_TRUSTED = [
    "equipoise.ensembles.self_paced.SelfPacedEnsembleClassifier",
    "imblearn.ensemble._bagging.BalancedBaggingClassifier",
    "imblearn.ensemble._easy_ensemble.EasyEnsembleClassifier",
    "imblearn.ensemble._forest.BalancedRandomForestClassifier",
    "imblearn.ensemble._weight_boosting.RUSBoostClassifier",
    "imblearn.pipeline.Pipeline",
    "imblearn.under_sampling._prototype_selection._random_under_sampler.RandomUnderSampler",
    "imblearn.utils._tags.InputTags",
    "imblearn.utils._tags.SamplerTags",
    "imblearn.utils._tags.Tags",
    "sklearn.tree._tree.Tree",  # what it holds is checked after loading
    "sklearn.utils._bunch.Bunch",
]


def trusted_names(trusted: str | Iterable[str]) -> list[str]:
    """List the names of types that a caller trusts.

    Raises
    ------
    UsageError
        If they are no names.
    """
    names: list[Any] = [trusted] if isinstance(trusted, str) else list(trusted)
    odd = [name for name in names if not isinstance(name, str)]
    if odd:
        raise UsageError(
            f"trusted holds {odd[0]!r}, which is no name",
            remedy="write types as text with their module, such as 'mypackage.MyEstimator'",
        )
    return names


def pack(fitted: FittedEstimator, trusted: list[str]) -> bytes:
    """Return the bytes of the estimator of ``fitted``, once they are known to load again.

    Raises
    ------
    ModelError
        If they would not; why not, and what to do.
    """
    linear = isinstance(fitted, FittedLinear)
    return pack_any(
        fitted.estimator,
        trusted,
        lambda content: unpack(content, fitted.n_classes, linear, "the model", trusted),
    )


def pack_any(
    estimator: Any, trusted: list[str], load: Callable[[bytes], object] | None = None
) -> bytes:
    """Return the bytes of an estimator, or of a list of them, as :func:`pack` does.

    Raises
    ------
    ModelError
        As for :func:`pack`, where ``load`` says whether they load again, or :func:`unpack_any`.
    """
    import skops.io

    kind = type(estimator).__name__
    try:
        content: bytes = skops.io.dumps(estimator)
    except Exception as error:
        # A learner of the caller's own may hold anything, and skops refuses in many ways.
        raise ModelError(
            f"a {kind} cannot be stored ({type(error).__name__}: {error})",
            remedy="use a learner of equipoise, or store the estimator yourself",
        ) from error
    nameless = [name for name in _unknown(content, []) if "<" in name]  # such as mymodule.<lambda>
    if nameless:
        raise ModelError(
            f"a {kind} that holds {nameless[0]} cannot be stored: it has no name to load it by",
            remedy="use a function of a library, or one that is written with def in a module of yours",
        )
    unknown = _unknown(content, trusted)
    if unknown:
        raise ModelError(
            f"a {kind} cannot be stored as it is: it holds what equipoise does not know to be safe to "
            f"load ({', '.join(unknown[:5])})",
            remedy=f"if you trust it, save the model with .save(folder, trusted={[*trusted, *unknown]}) "
            "and give equipoise.load the same names",
        )
    try:
        load(content) if load is not None else unpack_any(content, "the model", trusted)
    except Exception as error:
        raise ModelError(
            f"a {kind} cannot be stored: it does not load again ({type(error).__name__}: {error})",
            remedy="define its parts by name in a module that can be imported",
        ) from error
    return content


def unpack(
    content: bytes, n_classes: int, linear: bool, what: str, trusted: list[str]
) -> FittedEstimator:
    """Rebuild the estimator, unless it holds a type that neither we nor the caller trusts.

    Raises
    ------
    ModelError
        If it does, or its trees are damaged.
    ValueError
        If it is no classifier of these classes.
    """
    estimator = unpack_any(content, what, trusted)
    known = np.asarray(estimator.classes_)
    scores = "decision_function" if linear else "predict_proba"
    if not hasattr(estimator, scores) or not set(known.tolist()) <= set(range(n_classes)):
        raise ValueError(f"{type(estimator).__name__} does not tell the classes apart")
    return (FittedLinear if linear else FittedEstimator)(estimator, n_classes)


def unpack_any(content: bytes, what: str, trusted: list[str]) -> Any:
    """Rebuild what :func:`pack_any` made.

    Raises
    ------
    ModelError
        As for :func:`unpack`.
    """
    import skops.io

    unknown = _unknown(content, trusted)
    if unknown:
        raise ModelError(
            f"{what} holds types that are not known to be safe: {', '.join(unknown[:5])}",
            remedy="where you know what each of them does and trust whoever made the model, name them "
            "in equipoise.load(folder, trusted=[...])",
        )
    with warnings.catch_warnings():
        # It says that trees are not looked into, which is done next.
        warnings.simplefilter("ignore")
        estimator: Any = skops.io.loads(content, trusted=sorted({*_TRUSTED, *trusted}))
    check_forest(estimator)
    return estimator


def _unknown(content: bytes, trusted: list[str]) -> list[str]:
    import skops.io

    return sorted({*skops.io.get_untrusted_types(data=content)} - {*_TRUSTED, *trusted})
