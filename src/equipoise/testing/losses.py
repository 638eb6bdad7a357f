"""The promises of a loss, each a check that can fail; yours can take them too.

A check is a function of a loss and a :class:`~equipoise.testing.loss_values.Batch`, and raises an
AssertionError that says which promise is broken.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from equipoise.errors import UsageError
from equipoise.testing import loss_use as use
from equipoise.testing import loss_values as values
from equipoise.testing.loss_values import Batch

__all__ = ["check_loss", "loss_checks"]

_CHECKS: list[Callable[[Any, Batch], None]] = [
    values.check_terms,
    values.check_reductions,
    values.check_adds_up_over_parts,
    values.check_rows_do_not_mix,
    values.check_ignored_items,
    values.check_no_rows,
    values.check_sample_weight,
    values.check_gradient,
    values.check_extreme_logits,
    values.check_right_is_better,
    use.check_input_is_left_alone,
    use.check_state,
    use.check_exports,
    values.check_prior_offset,
    use.check_kinds_of_targets,
    use.check_refusals,
]


def loss_checks(loss: Any, n_classes: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """List the checks of a loss.

    Parameters
    ----------
    loss : ImbalanceLoss
        A module with ``target``, ``reduction``, ``ignore_index``, ``terms`` and ``prior_offset``; see
        :class:`equipoise.losses.ImbalanceLoss`. It is left as it is.
    n_classes : int
        Columns of the logits that it is made for.

    Yields
    ------
    name : str
        Name of the check.
    check : callable
        Takes nothing; raises an AssertionError where the promise is broken.

    Raises
    ------
    UsageError
        If it is no such module.

    Examples
    --------
    >>> from equipoise.losses import FocalLoss
    >>> from equipoise.testing import loss_checks
    >>> checks = dict(loss_checks(FocalLoss(), 3))
    >>> checks["check_adds_up_over_parts"]()
    """
    wanted = ("target", "reduction", "ignore_index", "terms", "prior_offset")
    missing = [name for name in wanted if not hasattr(loss, name)]
    if missing or isinstance(loss, type) or loss.target not in ("classes", "labels"):
        raise UsageError(
            f"{loss!r} is no loss{' without ' + ', '.join(missing) if missing else ''}",
            remedy="give an instance of a class derived from equipoise.losses.ImbalanceLoss",
        )
    for check in _CHECKS:
        # A batch of its own, so that no check lives on what another has done.
        yield check.__name__, partial(_run, check, loss, n_classes)


def _run(check: Callable[[Any, Batch], None], loss: Any, n_classes: int) -> None:
    check(copy.deepcopy(loss), Batch(loss.target, n_classes))


def check_loss(
    loss: Any, n_classes: int, *, expected_failures: Mapping[str, str] | None = None
) -> None:
    """Run every check of a loss.

    Parameters
    ----------
    loss, n_classes
        See :func:`loss_checks`.
    expected_failures : dict of str to str, optional
        Checks that cannot hold, by name, and why. Each has to fail: one that holds is reported.

    Raises
    ------
    AssertionError
        If a promise is broken; the message lists all of them.

    Examples
    --------
    >>> from equipoise.losses import FocalLoss
    >>> from equipoise.testing import check_loss
    >>> check_loss(FocalLoss(), 3)
    """
    excused = dict(expected_failures or {})
    broken = []
    for name, check in loss_checks(loss, n_classes):
        try:
            check()
        except Exception as error:  # noqa: BLE001 - whatever a loss raises is a finding
            if excused.pop(name, None) is None:
                broken.append(
                    f"{name}: {type(error).__name__}: {error}".replace("AssertionError: ", "")
                )
    broken += [f"{name}: holds, or does not apply, though excused" for name in excused]
    if broken:
        raise AssertionError(
            f"{type(loss).__name__} breaks {len(broken)} promise{'s' * (len(broken) != 1)}:\n  "
            + "\n  ".join(broken)
        )
