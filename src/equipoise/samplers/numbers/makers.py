"""Samplers that make rows with rare targets: between two rows, around one, or whichever fits."""

from __future__ import annotations

from typing import Any, Literal

from equipoise.samplers.numbers.base import Maker

__all__ = ["SMOGN", "SMOTER", "GaussianNoiseOverSampler"]


class SMOTER(Maker):
    r"""Make rows with rare targets between a row and one of its nearest in the bump; thin the common ones.

    Each of the B bumps is brought to n / B rows. A rare bump that has fewer gets new rows: of each row a,
    as often as of the others, one of its k nearest b is drawn and a share s in [0, 1). The numbers of the
    new row are ``a + s (b - a)``, each category is that of a or of b, and its target is

    .. math:: (d_b y_a + d_a y_b) / (d_a + d_b)

    with the distances :math:`d_a, d_b` of the new row to a and to b; the mean of both where the
    distances are equal. Without categories that is :math:`y_a + s (y_b - y_a)`. Distances are those of
    :class:`equipoise.samplers.numbers.space.Space`: differences of numbers in units of their range, 1
    for categories that differ. Of neighbours at one distance the first row counts as nearer.

    Parameters
    ----------
    relevance : Relevance, callable, or points, optional
        Which targets matter; by default those beyond the whiskers of the box plot, see
        :meth:`equipoise.weights.relevance.Relevance.automatic`.
    threshold : float, default=0.8
        Relevance from which on a row is rare.
    sampling : {"balance", "extreme"}, default="balance"
        ``"extreme"`` gives the bumps shares of the n rows that are as the inverses of their sizes.
    k_neighbors : int, default=5
        Neighbours, k; all others of the bump where it has fewer. A row alone in its bump is repeated.
    categorical_features : "auto", or sequence of names, positions or bool, default="auto"
        Columns of categories; by default those of text, categories or true and false. A missing value
        is a category of its own.
    random_state : int or RandomState, optional
        Seed.
    n_jobs : int, optional
        Threads of the search; as many as matrix products may use by default.

    Attributes
    ----------
    relevance_, sample_indices_, origins_, parents_
        See :class:`equipoise.samplers.numbers.base.NumberSampler`.

    Raises
    ------
    DataError
        See :meth:`fit_resample`.

    References
    ----------
    L. Torgo, R. P. Ribeiro, B. Pfahringer and P. Branco, "SMOTE for Regression", EPIA 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.numbers import SMOTER
    >>> y = np.append(np.arange(12.0), [90.0, 94.0])
    >>> sampler = SMOTER(relevance=[(12, 0), (90, 1)], random_state=0)
    >>> X_new, y_new = sampler.fit_resample(10 * y[:, None], y)
    >>> y_new[-5:].round(1).tolist(), bool(np.allclose(X_new[:, 0], 10 * y_new))
    ([91.1, 91.9, 90.8, 92.1, 92.4], True)
    """

    _way = "smoter"

    def __init__(
        self,
        *,
        relevance: Any = None,
        threshold: float = 0.8,
        sampling: Literal["balance", "extreme"] = "balance",
        k_neighbors: int = 5,
        categorical_features: Any = "auto",
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.relevance = relevance
        self.threshold = threshold
        self.sampling = sampling
        self.k_neighbors = k_neighbors
        self.categorical_features = categorical_features
        self.random_state = random_state
        self.n_jobs = n_jobs


class SMOGN(Maker):
    r"""Make rows with rare targets between near rows, and by Gaussian noise where neighbours are far.

    As :class:`SMOTER`, but a neighbour b of a row a that is drawn only serves where it is nearer than
    half the median distance from a to all others of the bump. Where it is not, the new row is a with
    noise: each number and the target get normal noise of the standard deviation
    :math:`\min(\mathrm{median} / 2, \mathrm{pert}) \cdot sd`, with the sd of the column in the bump, and
    each category is drawn by its frequency in the bump.

    Parameters
    ----------
    relevance, threshold, sampling, k_neighbors, categorical_features, random_state, n_jobs
        As for :class:`SMOTER`.
    pert : float, default=0.02
        Largest noise, in standard deviations of the bump.

    Attributes
    ----------
    relevance_, sample_indices_, origins_, parents_
        See :class:`equipoise.samplers.numbers.base.NumberSampler`.

    Raises
    ------
    DataError
        See :meth:`fit_resample`.

    Notes
    -----
    Time and no memory beyond a block go with the square of the rows of a rare bump, for the medians.

    References
    ----------
    P. Branco, L. Torgo and R. P. Ribeiro, "SMOGN: a Pre-processing Approach for Imbalanced Regression",
    Proceedings of Machine Learning Research 74, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.numbers import SMOGN
    >>> y = np.append(np.arange(20.0), [90.0, 91.0, 92.0, 99.0])
    >>> sampler = SMOGN(relevance=[(20, 0), (90, 1)], k_neighbors=2, random_state=0)
    >>> X_new, y_new = sampler.fit_resample(y[:, None], y)
    >>> X_new.shape, y_new[-4:].round(1).tolist()
    ((24, 1), [91.6, 92.0, 99.0, 99.1])
    """

    _way = "smogn"

    def __init__(
        self,
        *,
        relevance: Any = None,
        threshold: float = 0.8,
        sampling: Literal["balance", "extreme"] = "balance",
        k_neighbors: int = 5,
        pert: float = 0.02,
        categorical_features: Any = "auto",
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.relevance = relevance
        self.threshold = threshold
        self.sampling = sampling
        self.k_neighbors = k_neighbors
        self.pert = pert
        self.categorical_features = categorical_features
        self.random_state = random_state
        self.n_jobs = n_jobs


class GaussianNoiseOverSampler(Maker):
    r"""Make rows with rare targets by Gaussian noise around rare rows; thin the common ones.

    Each of the B bumps is brought to n / B rows. A rare bump that has fewer gets rows of it, each as
    often as the others, to whose numbers and target come normal noise of the standard deviation
    :math:`\mathrm{pert} \cdot sd`, with the sd of the column in the bump. Categories are drawn by their
    frequency in the bump.

    Parameters
    ----------
    relevance, threshold, sampling, categorical_features, random_state
        As for :class:`SMOTER`.
    pert : float, default=0.1
        Noise, in standard deviations of the bump.

    Attributes
    ----------
    relevance_, sample_indices_, origins_, parents_
        See :class:`equipoise.samplers.numbers.base.NumberSampler`.

    Raises
    ------
    DataError
        See :meth:`fit_resample`.

    References
    ----------
    P. Branco, L. Torgo and R. P. Ribeiro, "Pre-processing approaches for imbalanced distributions in
    regression", Neurocomputing 343, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.numbers import GaussianNoiseOverSampler
    >>> y = np.append(np.arange(12.0), [90.0, 94.0])
    >>> sampler = GaussianNoiseOverSampler(relevance=[(12, 0), (90, 1)], random_state=0)
    >>> sampler.fit_resample(y[:, None], y)[1][-5:].round(1).tolist()
    [89.5, 90.4, 93.9, 93.6, 94.0]
    """

    _way = "gaussian-noise"

    def __init__(
        self,
        *,
        relevance: Any = None,
        threshold: float = 0.8,
        sampling: Literal["balance", "extreme"] = "balance",
        pert: float = 0.1,
        categorical_features: Any = "auto",
        random_state: Any = None,
    ) -> None:
        self.relevance = relevance
        self.threshold = threshold
        self.sampling = sampling
        self.pert = pert
        self.categorical_features = categorical_features
        self.random_state = random_state
