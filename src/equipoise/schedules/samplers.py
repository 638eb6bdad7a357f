"""Which rows the next epoch shows: class by class, by repeat factor, or by the last F1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import UsageError
from equipoise.schedules.streams import RowSampler, allot, cycled
from equipoise.weights.ranges import check_number
from equipoise.weights.reading import as_array
from equipoise.weights.repeats import repeat_factors, rows_by_factor

__all__ = [
    "ClassAwareSampler",
    "DynamicSampler",
    "RepeatFactorSampler",
]


class ClassAwareSampler(RowSampler):
    r"""Draw a class, then one of its rows, both in rounds.

    The stream goes through all classes in random order before any comes again, and so do the rows
    of each class, so that every class gets the share :math:`1/C` and no row is repeated before
    the others of its class were drawn.

    Parameters
    ----------
    labels : tensor, array or list, shape (n,) or (n, C)
        Codes or names of the classes, or a multi-hot matrix; there a row comes by any of its
        labels, so frequent labels that go along with rare ones are drawn more than :math:`1/C`.
    classes : int or sequence, default=None
        The number of classes or their names in order; what the labels show by default. Classes
        without rows are passed over.
    num_samples : int, default=None
        Rows per epoch over all ranks; n by default.
    seed : int, default=0
        With the epoch it fixes the stream, on every rank alike.
    rank, num_replicas : int, default=None
        This process and how many there are; those of ``torch.distributed`` where it is
        initialised, else 0 and 1. Pass ``num_replicas=1`` where the loader itself deals the
        batches out to the ranks, as accelerate and the Hugging Face Trainer do.

    Attributes
    ----------
    shares, prior_offset : tensor, shape (C,), float64
        Expected share of each class, and its shift in log-odds; None for a multi-hot matrix.

    Raises
    ------
    UsageError, TargetError
        The labels or a parameter cannot be used.

    References
    ----------
    L. Shen, Z. Lin and Q. Huang, "Relay Backpropagation for Effective Learning of Deep
    Convolutional Neural Networks", ECCV 2016.

    Examples
    --------
    >>> from equipoise.schedules import ClassAwareSampler
    >>> labels = ["ham"] * 6 + ["spam"] * 2
    >>> sampler = ClassAwareSampler(labels)
    >>> sorted(labels[row] for row in sampler)
    ['ham', 'ham', 'ham', 'ham', 'spam', 'spam', 'spam', 'spam']
    >>> sampler.set_epoch(1)  # another draw
    """

    def __init__(
        self,
        labels: Any,
        *,
        classes: int | Sequence[Any] | None = None,
        num_samples: int | None = None,
        seed: int = 0,
        rank: int | None = None,
        num_replicas: int | None = None,
    ) -> None:
        super().__init__(labels, classes, num_samples, seed, rank, num_replicas, many=True)

    def _draw(self, generator: np.random.Generator) -> NDArray[np.int64]:
        order = cycled(self._present, self.num_samples, generator)
        times = np.bincount(order, minlength=len(self.counts))
        stream = np.empty(self.num_samples, dtype=np.int64)
        stream[np.argsort(order, kind="stable")] = np.concatenate(
            [cycled(self._members[c], int(times[c]), generator) for c in self._present]
        )
        return stream

    def _shares(self) -> NDArray[np.float64]:
        if not self.multi_label:
            return (self.counts > 0) / len(self._present)
        chance = np.zeros(self._rows)
        for c in self._present:
            chance[self._members[c]] += 1 / (self.counts[c] * len(self._present))
        return np.array([chance[rows].sum() for rows in self._members])


class RepeatFactorSampler(RowSampler):
    r"""Show every row, and those of rare classes more often.

    With :math:`f_c` the share of rows that carry class c, its factor is
    :math:`r_c = \max(1, \sqrt{t / f_c})`, and a row is shown as often as the largest factor among
    its labels says. Fractions are rounded at random in every epoch. The length of an epoch is the
    sum of the factors, rounded up, and stays the same: all factors are stretched by the ratio
    of the two (less than 1 + 1/n), and one random shift rounds them all, so that a row is shown
    either the whole number below or above its factor, as often as the fraction says, and at least
    once.

    Parameters
    ----------
    labels : tensor, array or list, shape (n,) or (n, C)
        Codes or names of the classes, or a multi-hot matrix. Rows without a label are shown once.
    threshold : float in (0, 1]
        The share t below which a class is shown more often; 1 is square-root sampling of all.
    classes, seed, rank, num_replicas
        As for :class:`ClassAwareSampler`.

    Attributes
    ----------
    repeat_factors : ndarray, shape (n,), float64
        How often each row is expected in an epoch, before the stretch.
    shares, prior_offset : tensor, shape (C,), float64
        Expected share of each class, and its shift in log-odds; None for a multi-hot matrix.

    Raises
    ------
    UsageError, TargetError
        The labels or a parameter cannot be used.

    References
    ----------
    A. Gupta, P. Dollar and R. Girshick, "LVIS: A Dataset for Large Vocabulary Instance
    Segmentation", CVPR 2019.

    Examples
    --------
    >>> from equipoise.schedules import RepeatFactorSampler
    >>> sampler = RepeatFactorSampler([0, 0, 0, 0, 0, 0, 0, 1], threshold=0.5)
    >>> sampler.repeat_factors
    array([1., 1., 1., 1., 1., 1., 1., 2.])
    >>> sorted(sampler)
    [0, 1, 2, 3, 4, 5, 6, 7, 7]
    """

    def __init__(
        self,
        labels: Any,
        threshold: float,
        *,
        classes: int | Sequence[Any] | None = None,
        seed: int = 0,
        rank: int | None = None,
        num_replicas: int | None = None,
    ) -> None:
        super().__init__(labels, classes, None, seed, rank, num_replicas, many=True)
        self.threshold = check_number("threshold", threshold, high=1.0, open_low=True)
        factors = repeat_factors(self.counts, self._rows, self.threshold)
        self.repeat_factors = rows_by_factor(self._members, factors, self._rows)
        # Rounding errors of the sum are no reason for one more row.
        self.num_samples = math.ceil(self.repeat_factors.sum() * (1 - 1e-12))

    def _draw(self, generator: np.random.Generator) -> NDArray[np.int64]:
        # In the order of the rows, neighbours would be rounded up in turn.
        order = generator.permutation(self._rows)
        times = allot(self.repeat_factors[order], self.num_samples, generator)
        return generator.permutation(np.repeat(order, times))

    def _shares(self) -> NDArray[np.float64]:
        sums = np.array([self.repeat_factors[rows].sum() for rows in self._members])
        out: NDArray[np.float64] = sums / self.repeat_factors.sum()
        return out


class DynamicSampler(RowSampler):
    r"""Give each class a share of the next epoch by how badly it did in the last one.

    After each epoch pass the F1 of every class on rows held out from training:
    :math:`s_c \propto 1 - F1_c`, smoothed as :math:`s \leftarrow \lambda s + (1 - \lambda) s^{new}`,
    and kept from 0 by a floor: :math:`(1 - \phi) s_c + \phi / C` is drawn. The first epoch is
    balanced, which is what an F1 of 0 everywhere gives.

    Parameters
    ----------
    labels : tensor, array or list, shape (n,)
        Codes or names of the classes.
    floor : float in [0, 1], default=0.1
        The part :math:`\phi` of an epoch that is dealt out evenly; 0 is the paper's.
    smoothing : float in [0, 1), default=0.5
        The part :math:`\lambda` of the old shares that is kept; 0 is the paper's.
    classes, num_samples, seed, rank, num_replicas
        As for :class:`ClassAwareSampler`.

    Attributes
    ----------
    shares, prior_offset : tensor, shape (C,), float64
        Expected share of each class in the coming epoch, and its shift in log-odds.

    Raises
    ------
    UsageError, TargetError
        The labels or a parameter cannot be used.

    References
    ----------
    S. Pouyanfar et al., "Dynamic Sampling in Convolutional Neural Networks for Imbalanced Data
    Classification", MIPR 2018.

    Examples
    --------
    >>> from equipoise.schedules import DynamicSampler
    >>> sampler = DynamicSampler([0] * 90 + [1] * 10, floor=0, smoothing=0)
    >>> sampler.update([0.9, 0.6])
    >>> sampler.shares
    tensor([0.2000, 0.8000], dtype=torch.float64)
    """

    def __init__(
        self,
        labels: Any,
        floor: float = 0.1,
        smoothing: float = 0.5,
        *,
        classes: int | Sequence[Any] | None = None,
        num_samples: int | None = None,
        seed: int = 0,
        rank: int | None = None,
        num_replicas: int | None = None,
    ) -> None:
        super().__init__(labels, classes, num_samples, seed, rank, num_replicas)
        self.floor = check_number("floor", floor, high=1.0)
        self.smoothing = check_number("smoothing", smoothing, high=1.0, open_high=True)
        self._target = np.full(len(self._present), 1 / len(self._present))

    def update(self, f1_per_class: Any) -> None:
        """Set the shares of the next epoch; every rank must pass the same numbers.

        Parameters
        ----------
        f1_per_class : array-like, shape (C,)
            F1 of each class, from 0 to 1. That of a class without rows is not looked at.

        Raises
        ------
        UsageError
            The numbers are not one per class, or not from 0 to 1.
        """
        f1 = as_array(f1_per_class)
        if f1.shape != (len(self.classes),) or f1.dtype.kind not in "iufb":
            raise UsageError(
                f"F1 of shape {f1.shape} is given for {len(self.classes)} classes",
                remedy="pass one number per class in order, as f1_score(..., average=None, labels=)",
            )
        f1 = f1[self._present].astype(np.float64)
        if not ((f1 >= 0) & (f1 <= 1)).all():
            raise UsageError(
                f"F1 {f1.tolist()} is not from 0 to 1 throughout",
                remedy="pass 0 for a class that is never predicted, and fractions, not percent",
            )
        lack = 1 - f1
        new = lack / lack.sum() if lack.sum() > 0 else np.full(len(lack), 1 / len(lack))
        self._target = self.smoothing * self._target + (1 - self.smoothing) * new

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over seed, epoch and shares."""
        if state.get("kind") == type(self).__name__:
            target = np.asarray(state.get("target", []), dtype=np.float64)
            if target.shape != self._target.shape:
                raise UsageError(
                    f"the state has shares of {len(target)} classes, {len(self._target)} have rows",
                    remedy="load it into a sampler of the same labels",
                )
        super().load_state_dict(state)
        self._target = target

    def _more(self) -> dict[str, Any]:
        return {**super()._more(), "target": self._target.tolist()}

    def _drawn(self) -> NDArray[np.float64]:
        out: NDArray[np.float64] = (1 - self.floor) * self._target + self.floor / len(self._present)
        return out

    def _draw(self, generator: np.random.Generator) -> NDArray[np.int64]:
        order = generator.permutation(len(self._present))
        times = allot(self._drawn()[order], self.num_samples, generator)
        parts = [
            cycled(self._members[self._present[k]], int(count), generator)
            for k, count in zip(order, times, strict=True)
        ]
        return generator.permutation(np.concatenate(parts))

    def _shares(self) -> NDArray[np.float64]:
        out = np.zeros(len(self.classes))
        out[self._present] = self._drawn()
        return out
