"""Rows drawn at random by their labels: those of rare labels repeated, those of common ones removed."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.samplers.labels.base import LabelSampler, Resampled, real_between, seeded
from equipoise.samplers.labels.imbalance import imbalance_ratios
from equipoise.samplers.origins import Origins
from equipoise.weights.repeats import repeat_factors, rows_by_factor

__all__ = ["MLROS", "MLRUS", "RepeatFactorOverSampler"]

Has = NDArray[np.bool_]
Rows = NDArray[np.int64]


class _Drawing(LabelSampler):
    """Base of those that read labels only, so that the columns may hold anything."""

    _reads_columns = False

    def choose(self, has: Has) -> Rows:
        """Choose rows by their labels.

        Parameters
        ----------
        has : bool array, shape (n, L)
            Whether the row has the label.

        Returns
        -------
        int64 array, shape (m,)
            Rows of the input; one that is repeated stands there more than once.
        """
        raise NotImplementedError

    def _fit_resample(self, X: Any, has: Has) -> Resampled:
        return Origins(len(has), self.choose(has)), None, None


class MLROS(_Drawing):
    """Repeat rows of rare labels, drawn with replacement.

    A label is rare if its imbalance ratio ``IRLbl = n_max / n`` is above the mean over the labels. In
    rounds, one row of each rare label is drawn and repeated. A label whose ratio has come down to the
    mean, which is that of the input throughout, is left out from then on. It ends when ``percentage`` of
    n rows were added, or no label is left. As in the paper, the number is looked at between rounds, so
    that up to one row less than there are rare labels may be added beyond it. Labels that no row has are
    left out.

    Parameters
    ----------
    percentage : float, default 25.0
        Rows to add at most, in percent of those given; above 0, at most 1000.
    random_state : int or RandomState, optional
        Seed.

    Attributes
    ----------
    sample_indices_ : int64 array, shape (m,)
        Row of the input that each row of the output copies: all of them, then those repeated.
    labels_, sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.labels.base.LabelSampler`.

    Raises
    ------
    UsageError
        If a parameter cannot be used.
    TargetError
        If ``Y`` holds anything but 0 and 1, or has one column.

    References
    ----------
    Charte, F., Rivera, A. J., del Jesus, M. J. and Herrera, F. (2015). Addressing imbalance in multilabel
    classification: measures and random resampling algorithms. Neurocomputing 163.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import MLROS
    >>> Y = np.array([[1, 0, 0]] * 6 + [[1, 1, 0], [0, 1, 0], [0, 1, 1]])
    >>> X = np.arange(9)[:, None]
    >>> X_out, Y_out = MLROS(percentage=20, random_state=0).fit_resample(X, Y)
    >>> X_out[9:].ravel().tolist(), Y_out.sum(axis=0).tolist()
    ([8, 8], [7, 5, 3])
    """

    def __init__(self, percentage: float = 25.0, *, random_state: Any = None) -> None:
        self.percentage = percentage
        self.random_state = random_state

    def choose(self, has: Has) -> Rows:
        """Choose rows by their labels: all, then those repeated.

        Parameters
        ----------
        has : bool array, shape (n, L)
            Whether the row has the label.

        Returns
        -------
        int64 array, shape (m,)
        """
        left = len(has) * real_between(self.percentage, "percentage", 0, 1000) / 100
        random = seeded(self.random_state)
        counts = has.sum(axis=0)
        ratio, mean = imbalance_ratios(counts)
        rare = np.flatnonzero(ratio > mean).tolist()
        bags = {j: np.flatnonzero(has[:, j]) for j in rare}
        added = []
        while left > 0 and rare:
            for j in list(rare):
                row = bags[j][random.randint(len(bags[j]))]
                added.append(row)
                counts += has[row]
                left -= 1
                if counts.max() / counts[j] <= mean:
                    rare.remove(j)
        return np.append(np.arange(len(has)), np.array(added, dtype=np.int64))


class MLRUS(_Drawing):
    """Remove rows of common labels, drawn without replacement.

    A label is common if its imbalance ratio ``IRLbl = n_max / n`` is below the mean over the labels. In
    rounds, one row of each common label is drawn and removed. A label whose ratio has come up to the
    mean, which is that of the input throughout, or that has no row left to draw, is left out from then
    on. It ends when ``percentage`` of n rows were removed, or no label is left. As in the paper, the
    number is looked at between rounds, so that up to one row less than there are common labels may be
    removed beyond it.

    Parameters
    ----------
    percentage : float, default 10.0
        Rows to remove at most, in percent of those given; above 0 and below 100.
    spare_rare : bool, default True
        Whether rows that have a rare label, of a ratio above the mean, are never removed. The authors'
        own package spares them; others draw from all rows of a common label.
    random_state : int or RandomState, optional
        Seed.

    Attributes
    ----------
    sample_indices_ : int64 array, shape (m,)
        Row of the input behind each row of the output, ascending.
    labels_, sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.labels.base.LabelSampler`.

    Raises
    ------
    UsageError
        If a parameter cannot be used.
    TargetError
        If ``Y`` holds anything but 0 and 1, or has one column.

    References
    ----------
    Charte, F., Rivera, A. J., del Jesus, M. J. and Herrera, F. (2015). Addressing imbalance in multilabel
    classification: measures and random resampling algorithms. Neurocomputing 163.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import MLRUS
    >>> Y = np.array([[1, 0, 0]] * 6 + [[1, 1, 0], [0, 1, 0], [0, 1, 1]])
    >>> X = np.arange(9)[:, None]
    >>> X_out, Y_out = MLRUS(percentage=20, random_state=0).fit_resample(X, Y)
    >>> X_out.ravel().tolist(), Y_out.sum(axis=0).tolist()
    ([0, 1, 2, 3, 4, 5, 8], [6, 1, 1])
    """

    def __init__(
        self, percentage: float = 10.0, *, spare_rare: bool = True, random_state: Any = None
    ) -> None:
        self.percentage = percentage
        self.spare_rare = spare_rare
        self.random_state = random_state

    def choose(self, has: Has) -> Rows:
        """Choose the rows that stay.

        Parameters
        ----------
        has : bool array, shape (n, L)
            Whether the row has the label.

        Returns
        -------
        int64 array
            Rows, ascending.
        """
        share = real_between(self.percentage, "percentage", 0, 100, ends="()") / 100
        left = len(has) * share
        random = seeded(self.random_state)
        counts = has.sum(axis=0)
        ratio, mean = imbalance_ratios(counts)
        common = np.flatnonzero(ratio < mean).tolist()
        stays: Has = np.zeros(len(has), dtype=np.bool_)
        if self.spare_rare:
            stays |= has[:, ratio > mean].any(axis=1)
        # In a random order, the next that is still there is one drawn from all that are.
        drawn = {
            j: iter(random.permutation(np.flatnonzero(has[:, j] & ~stays)).tolist()) for j in common
        }
        gone = np.zeros(len(has), dtype=np.bool_)
        while left > 0 and common:
            for j in list(common):
                row = next((row for row in drawn[j] if not gone[row]), None)
                if row is None:
                    common.remove(j)
                    continue
                gone[row] = True
                counts -= has[row]
                left -= 1
                if not counts[j] or counts.max() / counts[j] >= mean:
                    common.remove(j)
        kept: Rows = np.flatnonzero(~gone)
        return kept


class RepeatFactorOverSampler(_Drawing):
    r"""Repeat each row as often as the rarest of its labels asks for.

    With :math:`f_j` the share of rows that have label j, a row stands in the output :math:`r_i = \max_j
    \max(1, \sqrt{t / f_j})` times in expectation, j over its labels: the whole part of :math:`r_i`, and
    once more with the probability of the fraction. Every row is there at least once; rows without labels
    are there once. :class:`equipoise.schedules.RepeatFactorSampler` does the same anew in each epoch.

    Parameters
    ----------
    threshold : float or "auto", default "auto"
        The share t below which a label is rare, in (0, 1]. ``"auto"`` is the harmonic mean of the shares
        of the labels that have rows: the share at which the imbalance ratio ``IRLbl`` equals its mean,
        so that the rare labels are those of :class:`MLROS`.
    random_state : int or RandomState, optional
        Seed.

    Attributes
    ----------
    threshold_ : float
        The share t that was used.
    repeat_factors_ : float64 array, shape (n,)
        :math:`r_i` of each row of the input.
    sample_indices_ : int64 array, shape (m,)
        Row of the input that each row of the output copies: all of them, then those repeated.
    labels_, sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.labels.base.LabelSampler`.

    Raises
    ------
    UsageError
        If a parameter cannot be used.
    TargetError
        If ``Y`` holds anything but 0 and 1.

    References
    ----------
    Gupta, A., Dollar, P. and Girshick, R. (2019). LVIS: a dataset for large vocabulary instance
    segmentation. CVPR.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import RepeatFactorOverSampler
    >>> Y = np.array([[1, 0]] * 15 + [[1, 1]])
    >>> X = np.arange(16)[:, None]
    >>> sampler = RepeatFactorOverSampler(threshold=9 / 16, random_state=0)
    >>> X_out, Y_out = sampler.fit_resample(X, Y)
    >>> X_out[16:].ravel().tolist(), sampler.repeat_factors_[15].item()
    ([15, 15], 3.0)
    """

    _several = False

    def __init__(
        self, threshold: float | Literal["auto"] = "auto", *, random_state: Any = None
    ) -> None:
        self.threshold = threshold
        self.random_state = random_state

    def choose(self, has: Has) -> Rows:
        """Choose rows by their labels: all, then those repeated.

        Parameters
        ----------
        has : bool array, shape (n, L)
            Whether the row has the label.

        Returns
        -------
        int64 array, shape (m,)
        """
        random = seeded(self.random_state)
        counts = has.sum(axis=0)
        if self.threshold == "auto":
            self.threshold_ = float(counts.max() / imbalance_ratios(counts)[1] / len(has))
        else:
            self.threshold_ = real_between(self.threshold, "threshold", 0, 1)
        factors = repeat_factors(counts, len(has), self.threshold_)
        self.repeat_factors_ = rows_by_factor(has.T, factors, len(has))
        whole = np.floor(self.repeat_factors_)
        more = random.uniform(size=len(has)) < self.repeat_factors_ - whole
        times = whole.astype(np.int64) - 1 + more
        every: Rows = np.arange(len(has))
        return np.append(every, np.repeat(every, times))
