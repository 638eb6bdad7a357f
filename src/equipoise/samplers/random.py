"""Rows drawn at random: repeated, perturbed or dropped."""

from __future__ import annotations

from typing import Any

import numpy as np
from imblearn.base import BaseSampler
from imblearn.over_sampling import RandomOverSampler as _RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler as _RandomUnderSampler
from numpy.typing import NDArray

from equipoise.errors import DataError
from equipoise.samplers.base import Sampler
from equipoise.samplers.columns import explain_missing, not_numbers
from equipoise.samplers.origins import Made, Origins
from equipoise.samplers.refusals import listed

__all__ = ["RandomOverSampler", "RandomUnderSampler"]


class RandomOverSampler(Sampler, _RandomOverSampler):
    """Repeat rows of rare classes, drawn with replacement, as they are or perturbed.

    With ``shrinkage`` h, n rows and p columns, a repeated row gets normal noise added whose deviation is
    ``h * (4 / ((p + 2) n)) ** (1 / (p + 4))`` times that of the column in the class (a smoothed
    bootstrap). Without it, the columns may hold anything. Parameters, attributes and rows are those of
    ``imblearn.over_sampling.RandomOverSampler``; perturbed rows in single precision stay in it.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default "auto"
        Rows that a class is to have: see :class:`equipoise.samplers.SMOTE`.
    random_state : int or RandomState, optional
        Seed.
    shrinkage : float or dict, optional
        How much noise, at least 0: for all classes, or by class. None adds none.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows made of each class.
    sample_indices_ : int64 array, shape (m,)
        Row of the input that each row of the output repeats, perturbed or not.
    shrinkage_ : dict or None
        The noise by class.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`; a perturbed row has its row as its one parent.

    Raises
    ------
    DataError
        If ``shrinkage`` is given and a column is not of numbers.
    ValueError
        If ``shrinkage`` leaves a class out or is negative.

    References
    ----------
    Menardi, G. and Torelli, N. (2014). Training and assessing classification rules with imbalanced data.
    Data Mining and Knowledge Discovery 28.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import RandomOverSampler
    >>> X = np.array([["a"], ["b"], ["c"], ["d"]], dtype=object)
    >>> sampler = RandomOverSampler(random_state=0)
    >>> sampler.fit_resample(X, np.array([1, 0, 0, 0]))[0].ravel().tolist()
    ['a', 'b', 'c', 'd', 'a', 'a']
    """

    @property
    def _reads_columns(self) -> bool:  # type: ignore[override]
        return self.shrinkage is not None

    def _check_X_y(self, X: Any, y: Any, accept_sparse: Any = None) -> tuple[Any, Any, bool]:
        if self.shrinkage is None:
            checked: tuple[Any, Any, bool] = super()._check_X_y(X, y, accept_sparse)
            return checked
        try:
            checked = BaseSampler._check_X_y(self, X, y, accept_sparse)
        except (TypeError, ValueError) as error:
            names = self.__dict__.get("_names")
            wrong = not_numbers(X, names)
            if not wrong:
                explain_missing(X, y, type(self).__name__, error, names)
                raise
            raise DataError(
                "When shrinkage is not None, X needs to contain only numerical data, and "
                f"{listed(wrong)} {'hold' if len(wrong) > 1 else 'holds'} text or dates",
                remedy="leave shrinkage out, or these columns",
            ) from None
        return checked

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        if self.shrinkage is None:
            repeated: tuple[Any, NDArray[Any]] = super()._fit_resample(X, y)
            return repeated
        unit = _unit(X)
        X_out, y_out = super()._fit_resample(X if unit == 1 else X / unit, y)
        X_out = X_out if unit == 1 else X_out * unit
        if getattr(X, "dtype", None) == np.float32:
            X_out = X_out.astype(np.float32)
        kept, drawn = np.arange(len(y)), self.sample_indices_[len(y) :]
        self._origins = Origins(len(y), kept, [Made(drawn, drawn, np.zeros(len(drawn)))])
        return X_out, y_out

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = self.shrinkage is None
        return tags


def _unit(X: Any) -> float:
    """Return 1, or where squares would leave the range of floats a power of two of the size of the values."""
    if not isinstance(X, np.ndarray) or X.dtype.kind != "f":
        return 1.0
    top = float(np.abs(X).max(initial=0.0))
    return float(2.0 ** np.frexp(top)[1]) if 1e150 < top < np.inf else 1.0


class RandomUnderSampler(Sampler, _RandomUnderSampler):
    """Keep rows of common classes drawn at random.

    The columns may hold anything. Parameters, attributes and rows are those of
    ``imblearn.under_sampling.RandomUnderSampler``.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default "auto"
        Rows that a class is to have: ``"auto"`` as few as the smallest, ``"majority"``,
        ``"not minority"``, ``"not majority"``, ``"all"``, a ratio of the smallest to what is kept (two
        classes), or a dict of counts, or a function of ``y`` that returns one.
    random_state : int or RandomState, optional
        Seed.
    replacement : bool, default False
        Whether a row may be kept more than once.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows kept of each class that loses some.
    sample_indices_ : int64 array, shape (m,)
        Row of the input behind each row of the output, class by class.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    ValueError
        If more rows of a class are asked for than there are.

    References
    ----------
    Batista, G., Prati, R. and Monard, M. (2004). A study of the behavior of several methods for
    balancing machine learning training data. SIGKDD Explorations 6.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import RandomUnderSampler
    >>> X = np.array([["a"], ["b"], ["c"], ["d"]], dtype=object)
    >>> sampler = RandomUnderSampler(random_state=0)
    >>> sampler.fit_resample(X, np.array([1, 0, 0, 0]))[0].ravel().tolist()
    ['d', 'a']
    """

    _reads_columns = False
