"""Samplers that repeat rows with rare targets, or drop rows with common ones."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.samplers.numbers.base import NumberSampler
from equipoise.samplers.numbers.bumps import Bump
from equipoise.samplers.numbers.core import drop_common, repeat_rare
from equipoise.samplers.numbers.making import NewRows, together
from equipoise.samplers.numbers.tables import Table

__all__ = ["TailOverSampler", "TailUnderSampler"]

Rows = NDArray[np.int64]


class _Tail(NumberSampler):
    """Looks at the target only, so that columns may hold anything."""

    def __init__(
        self,
        *,
        relevance: Any = None,
        threshold: float = 0.8,
        sampling: Literal["balance", "extreme"] = "balance",
        random_state: Any = None,
    ) -> None:
        self.relevance = relevance
        self.threshold = threshold
        self.sampling = sampling
        self.random_state = random_state

    def _rows(self, bumps: list[Bump], random: Any) -> Rows:
        raise NotImplementedError

    def _resample(
        self, table: Table, y: Any, bumps: list[Bump], random: Any
    ) -> tuple[Rows, NewRows]:
        return self._rows(bumps, random), together([], 0, 0)


class TailOverSampler(_Tail):
    r"""Repeat rows whose target is rare, and keep all others.

    With N common rows and B rare bumps, each of these is repeated up to N / B rows. Every row of a bump
    is repeated as often as the others, but for a draw of those that come once more.

    Parameters
    ----------
    relevance : Relevance, callable, or points, optional
        Which targets matter; by default those beyond the whiskers of the box plot, see
        :meth:`equipoise.weights.relevance.Relevance.automatic`.
    threshold : float, default=0.8
        Relevance from which on a row is rare.
    sampling : {"balance", "extreme"}, default="balance"
        ``"extreme"`` repeats a bump of n rows up to :math:`(N / B)^2 / n`, all of them ten times the
        input at most.
    random_state : int or RandomState, optional
        Seed.

    Attributes
    ----------
    relevance_, sample_indices_, origins_, parents_
        See :class:`equipoise.samplers.numbers.base.NumberSampler`.

    References
    ----------
    P. Branco, L. Torgo and R. P. Ribeiro, "Pre-processing approaches for imbalanced distributions in
    regression", Neurocomputing 343, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.numbers import TailOverSampler
    >>> y = np.append(np.arange(5.0), [90.0, 95.0])
    >>> sampler = TailOverSampler(relevance=[(4, 0), (90, 1)], random_state=0)
    >>> sampler.fit_resample(y[:, None], y)[1].tolist()[7:]
    [90.0, 95.0, 95.0]
    """

    def _rows(self, bumps: list[Bump], random: Any) -> Rows:
        return repeat_rare(bumps, self.sampling, random)


class TailUnderSampler(_Tail):
    r"""Drop rows whose target is common at random, and keep all rare ones.

    With R rare rows and B common bumps, R / B rows of each of these are kept.

    Parameters
    ----------
    relevance : Relevance, callable, or points, optional
        Which targets matter; see :class:`TailOverSampler`.
    threshold : float, default=0.8
        Relevance from which on a row is rare.
    sampling : {"balance", "extreme"}, default="balance"
        ``"extreme"`` keeps :math:`(R / B)^2 / n` of a bump of n rows.
    random_state : int or RandomState, optional
        Seed.

    Attributes
    ----------
    relevance_, sample_indices_, origins_, parents_
        See :class:`equipoise.samplers.numbers.base.NumberSampler`.

    References
    ----------
    L. Torgo, R. P. Ribeiro, B. Pfahringer and P. Branco, "SMOTE for Regression", EPIA 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.numbers import TailUnderSampler
    >>> y = np.append(np.arange(20.0), [90.0, 95.0])
    >>> sampler = TailUnderSampler(relevance=[(19, 0), (90, 1)], random_state=0)
    >>> sampler.fit_resample(y[:, None], y)[1].tolist()
    [1.0, 18.0, 90.0, 95.0]
    """

    def _rows(self, bumps: list[Bump], random: Any) -> Rows:
        return drop_common(bumps, self.sampling, random)
