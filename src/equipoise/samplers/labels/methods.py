"""The names of the methods for label sets, and what they do to arrays, as the trial asks for it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from equipoise.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["LABEL_METHODS", "label_method", "resample_labels"]

LABEL_METHODS: dict[str, str] = {
    "ml-ros": "MLROS",
    "ml-rus": "MLRUS",
    "ml-smote": "MLSMOTE",
    "ml-tomek": "MLTL",
    "repeat-factor": "RepeatFactorOverSampler",
}
"""Class of :mod:`equipoise.samplers` under the name of each method."""

UNNAMED = ("MLeNN",)
"""Classes that no name stands for."""


def label_method(name: str) -> Any:
    """Return the class behind a name, importing what it needs.

    Parameters
    ----------
    name : str
        One of :data:`LABEL_METHODS`.

    Returns
    -------
    type

    Raises
    ------
    UsageError
        If there is no such method.

    Examples
    --------
    >>> from equipoise.samplers.labels.methods import label_method
    >>> label_method("ml-ros").__name__
    'MLROS'
    """
    if name not in LABEL_METHODS:
        raise UsageError(
            f"there is no method {name!r} for label sets",
            remedy=f"the methods are {', '.join(LABEL_METHODS)}",
        )
    return getattr(import_module("equipoise.samplers"), LABEL_METHODS[name])


def resample_labels(
    name: str, X: Any, Y: ArrayLike, seed: int, graph: Any = None
) -> tuple[NDArray[np.int64] | None, Any, NDArray[np.int64] | None]:
    """Resample a matrix and its label sets.

    Parameters
    ----------
    name : str
        One of :data:`LABEL_METHODS`, with the parameters that it has by default.
    X : float array or CSR matrix, shape (n, p)
        Rows without missing or infinite values. Methods that repeat or remove rows at random do not read them.
    Y : int64 array, shape (n, L)
        1 where a row has the label, else 0.
    seed : int
        Seed.
    graph : equipoise.samplers.engine.neighbours.Graph, optional
        Of the same rows, shared with others; ``"ml-tomek"`` looks for neighbours in it.

    Returns
    -------
    rows : int64 array, or None
        Rows of the input that the output copies, possibly repeated; None for all of them as they stand.
    X_new : array or CSR matrix, shape (s, p), or None
        Rows that were made, to be stacked below; None where none were.
    Y_new : int64 array, shape (s, L), or None
        Their label sets.

    Raises
    ------
    UsageError
        If there is no such method.
    DataError
        If the rows or label sets cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.labels.methods import resample_labels
    >>> Y = np.array([[1, 0, 0]] * 6 + [[1, 1, 0], [0, 1, 0], [0, 1, 1]])
    >>> rows, X_new, Y_new = resample_labels("ml-ros", np.zeros((9, 1)), Y, seed=0)
    >>> rows.tolist(), X_new, Y_new
    ([0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8], None, None)
    """
    # The names above are read where nothing is resampled, and these take a second to load.
    import numpy as np

    from equipoise.samplers.engine.neighbours import Graph
    from equipoise.samplers.generating import points

    kind, has = label_method(name), np.asarray(Y) == 1
    if name == "ml-tomek":
        return kind().choose(Graph(X, k=1) if graph is None else graph, has), None, None
    if name == "ml-smote":
        # A fold may leave a rare label fewer rows than the default asks for.
        made, sets = kind(k_neighbors="auto", random_state=seed).make(X, has)
        return None, *((points(X, made), sets.astype(np.int64)) if len(sets) else (None, None))
    return kind(random_state=seed).choose(has), None, None
