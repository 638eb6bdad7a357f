"""Rows of common labels removed where the rows nearest to them have other label sets."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.data.label_imbalance import label_imbalance
from equipoise.errors import UsageError
from equipoise.samplers.engine.neighbours import Graph
from equipoise.samplers.labels.base import LabelSampler, Resampled, real_between
from equipoise.samplers.labels.imbalance import adjusted_hamming, imbalance_ratios
from equipoise.samplers.origins import Origins
from equipoise.samplers.refusals import require_neighbours

__all__ = ["MLTL", "MLeNN"]

Has = NDArray[np.bool_]
Rows = NDArray[np.int64]

_CONCURRENT = 0.3  # SCUMBLE above which rare and common labels come together too often


class _Cleaning(LabelSampler):
    """Base of those that search among all rows and remove some."""

    n_jobs: int | None

    def choose(self, graph: Graph, has: Has) -> Rows:
        """Choose the rows that stay, by a search that others share.

        Parameters
        ----------
        graph : equipoise.samplers.engine.neighbours.Graph
            The rows, and the nearest others of each.
        has : bool array, shape (n, L)
            Whether the row has the label.

        Returns
        -------
        int64 array
            Rows, ascending.
        """
        raise NotImplementedError

    def _wanted(self, rows: int) -> int:
        """Return how many neighbours of each of so many rows are asked for."""
        raise NotImplementedError

    def _fit_resample(self, X: Any, has: Has) -> Resampled:
        k = self._wanted(len(has))
        return Origins(len(has), self.choose(Graph(X, k=k, n_jobs=self.n_jobs), has)), None, None


class MLTL(_Cleaning):
    r"""Remove rows of common labels from Tomek links: pairs of nearest neighbours of distant label sets.

    Two rows are a link if each is the nearest neighbour of the other and their label sets are further
    apart than a threshold, by :math:`|A \triangle B| / (|A| + |B|)`, from 0, the same set, to 1, no label
    in common. Of a link, the rows go that have a common label, of an imbalance ratio ``IRLbl = n_max / n``
    below the mean over the labels, and no rare one, above it; that may be both. Where several rows are
    at the same least distance, the lowest counts, and a row is no neighbour of itself.

    It searches the nearest neighbour of all rows that may go, and of those that these point to.

    Parameters
    ----------
    threshold : float or "auto", default "auto"
        Distance in [0, 1) that label sets must exceed. ``"auto"`` goes by the authors' rule: with
        ``g = 1 / sqrt(MeanIR)``, it is 0.5 for g above 0.5, 0.3 for g above 0.3, else 0.15; and 0.5
        where rare and common labels come together much (SCUMBLE above 0.3).
    mutual : bool, default True
        Whether each must be the nearest of the other, as in Tomek's definition. The authors' program is
        content if the row that goes has the other for its nearest, and removes far more.
    spare_rare : bool, default True
        Whether rows that have a rare label stay. The authors' program does not look at that.
    n_jobs : int, optional
        Threads of the search.

    Attributes
    ----------
    threshold_ : float
        The threshold that was used.
    sample_indices_ : int64 array, shape (rows kept,)
        Row of the input behind each row of the output, ascending.
    labels_, sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.labels.base.LabelSampler`.

    Raises
    ------
    DataError
        If the columns hold text, or missing or infinite values.
    TargetError
        If ``Y`` holds anything but 0 and 1, or has one column.
    UsageError
        If a parameter cannot be used.

    References
    ----------
    Pereira, R. M., Costa, Y. M. G. and Silla, C. N. (2020). MLTL: a multi-label approach for the Tomek
    link undersampling algorithm. Neurocomputing 383. Charte, F., Rivera, A. J., del Jesus, M. J. and
    Herrera, F. (2014). MLeNN: a first approach to heuristic multilabel undersampling. Intelligent Data
    Engineering and Automated Learning (the distance of label sets).

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import MLTL
    >>> X = np.array([[0.0], [0.1], [3.0], [3.1], [7.0]])
    >>> Y = np.array([[1, 0], [0, 1], [1, 0], [1, 0], [1, 1]])
    >>> sampler = MLTL()
    >>> sampler.fit_resample(X, Y)[0].ravel().tolist(), sampler.threshold_
    ([0.1, 3.0, 3.1, 7.0], 0.5)
    """

    def __init__(
        self,
        threshold: float | Literal["auto"] = "auto",
        *,
        mutual: bool = True,
        spare_rare: bool = True,
        n_jobs: int | None = None,
    ) -> None:
        self.threshold = threshold
        self.mutual = mutual
        self.spare_rare = spare_rare
        self.n_jobs = n_jobs

    def choose(self, graph: Graph, has: Has) -> Rows:
        """Choose the rows that stay, by a search that others share.

        Parameters
        ----------
        graph : equipoise.samplers.engine.neighbours.Graph
            The rows, and the nearest others of each.
        has : bool array, shape (n, L)
            Whether the row has the label.

        Returns
        -------
        int64 array
            Rows, ascending.
        """
        ratio, mean = imbalance_ratios(has.sum(axis=0))
        self.threshold_ = self._settled(has, mean)
        every: Rows = np.arange(len(has))
        if len(has) < 2:
            return every
        may_go = has[:, ratio < mean].any(axis=1)
        if self.spare_rare:
            may_go &= ~has[:, ratio > mean].any(axis=1)
        rows: Rows = np.flatnonzero(may_go)
        other = graph.nearest(rows, 1)[:, 0]
        far = adjusted_hamming(has[rows], has[other]) > self.threshold_
        rows, other = rows[far], other[far]
        if self.mutual:
            rows = rows[graph.nearest(other, 1)[:, 0] == rows]
        return np.delete(every, rows)

    def _wanted(self, rows: int) -> int:
        return 1

    def _settled(self, has: Has, mean: float) -> float:
        if self.threshold != "auto":
            return real_between(self.threshold, "threshold", 0, 1, ends="[)")
        even = 1 / np.sqrt(mean)
        if even > 0.5 or label_imbalance(has).scumble > _CONCURRENT:
            return 0.5
        return 0.3 if even > 0.3 else 0.15


class MLeNN(_Cleaning):
    r"""Remove rows without rare labels of which at least half the nearest rows have distant label sets.

    A row stays if it has a label of an imbalance ratio ``IRLbl = n_max / n`` above the mean over the
    labels. Any other goes if, of its k nearest rows, at least k / 2 have label sets that are further from
    its own than a threshold, by :math:`|A \triangle B| / (|A| + |B|)`. All rows are judged before any is
    removed. At equal distances the lowest row is the nearer one, and a row is no neighbour of itself.

    Parameters
    ----------
    n_neighbors : int, default 3
        Neighbours, k, of a row.
    threshold : float, default 0.75
        Distance in [0, 1) that label sets must exceed.
    n_jobs : int, optional
        Threads of the search.

    Attributes
    ----------
    sample_indices_ : int64 array, shape (rows kept,)
        Row of the input behind each row of the output, ascending.
    labels_, sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.labels.base.LabelSampler`.

    Raises
    ------
    DataError
        If there are no more rows than k, or the columns hold text, or missing or infinite values.
    TargetError
        If ``Y`` holds anything but 0 and 1, or has one column.
    UsageError
        If a parameter cannot be used.

    References
    ----------
    Charte, F., Rivera, A. J., del Jesus, M. J. and Herrera, F. (2014). MLeNN: a first approach to
    heuristic multilabel undersampling. Intelligent Data Engineering and Automated Learning.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import MLeNN
    >>> X = np.array([[0.0], [0.1], [3.0], [3.1], [7.0]])
    >>> Y = np.array([[1, 0], [0, 1], [1, 0], [1, 0], [1, 1]])
    >>> MLeNN(n_neighbors=1).fit_resample(X, Y)[0].ravel().tolist()
    [0.1, 3.0, 3.1, 7.0]
    """

    def __init__(
        self, n_neighbors: int = 3, *, threshold: float = 0.75, n_jobs: int | None = None
    ) -> None:
        self.n_neighbors = n_neighbors
        self.threshold = threshold
        self.n_jobs = n_jobs

    def choose(self, graph: Graph, has: Has) -> Rows:
        """Choose the rows that stay, by a search that others share.

        Parameters
        ----------
        graph : equipoise.samplers.engine.neighbours.Graph
            The rows, and the nearest others of each.
        has : bool array, shape (n, L)
            Whether the row has the label.

        Returns
        -------
        int64 array
            Rows, ascending.
        """
        k = self._wanted(len(has))
        threshold = real_between(self.threshold, "threshold", 0, 1, ends="[)")
        ratio, mean = imbalance_ratios(has.sum(axis=0))
        rows: Rows = np.flatnonzero(~has[:, ratio > mean].any(axis=1))
        near = graph.nearest(rows, k)
        other = sum(
            (adjusted_hamming(has[rows], has[near[:, i]]) > threshold).astype(np.int64)
            for i in range(k)
        )
        return np.delete(np.arange(len(has)), rows[np.asarray(other) >= k / 2])

    def _wanted(self, rows: int) -> int:
        k: Any = self.n_neighbors
        whole = isinstance(k, int | np.integer) and not isinstance(k, bool)
        if not (whole and k >= 1):
            raise UsageError(
                f"n_neighbors={k!r} cannot be used", remedy="use a whole number from 1"
            )
        require_neighbours("MLeNN", "n_neighbors", int(k), None, rows)
        return int(k)
