"""The promises of a sampler, each a check that can fail; yours can take them too.

A check is a function of a sampler and a :class:`~equipoise.testing.tables.Table`, and raises an
AssertionError that says which promise is broken. Which checks apply follows from the tags and
parameters of the sampler: sparse matrices where its tags say so, draws without a seed where it has a
``random_state``, the order of rows where it has none, parents and weights where it derives from
:class:`equipoise.samplers.base.Sampler`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

from imblearn.over_sampling.base import BaseOverSampler
from imblearn.under_sampling.base import BaseCleaningSampler, BaseUnderSampler

from equipoise.errors import UsageError
from equipoise.testing import sampler_kinds as kinds
from equipoise.testing import sampler_labels as labels
from equipoise.testing import sampler_rows as rows
from equipoise.testing import sampler_use as use
from equipoise.testing import sampler_values as values
from equipoise.testing.tables import KINDS, Table

__all__ = ["OPTIONAL", "check_sampler", "parametrize_with_sampler_checks", "sampler_checks"]

OPTIONAL = frozenset(
    {
        "check_lengths_must_agree",
        "check_lone_row",
        "check_missing_values",
        "check_polars_stays",
        "check_pyarrow_stays",
    }
)
"""Checks of what imbalanced-learn does not ask of its samplers: other tables, and errors that say what is wrong."""

Check = Callable[[Any, Table], None]

_ANY: list[Check] = [
    kinds.check_numpy_stays,
    kinds.check_lists_stay,
    kinds.check_polars_stays,
    kinds.check_pyarrow_stays,
    kinds.check_input_is_left_alone,
    kinds.check_parameters_are_left_alone,
    kinds.check_clones_with_its_parameters,
    kinds.check_pickles,
    rows.check_classes_move,
    rows.check_same_seed_same_rows,
    rows.check_global_generator_is_left_alone,
    labels.check_text_labels,
    labels.check_boolean_labels,
    labels.check_negative_labels,
    labels.check_labels_of_two_dimensions,
    labels.check_one_class_is_refused,
    labels.check_lone_row,
    labels.check_lengths_must_agree,
    values.check_duplicates,
    use.check_works_in_a_pipeline,
]
_COLUMNS: list[Check] = [
    kinds.check_float32_stays,
    values.check_constant_columns,
    values.check_missing_values,
    values.check_infinite_values,
]
_NUMBERS: list[Check] = [
    values.check_huge_values,
    values.check_tiny_values,
    values.check_no_class_is_near_another,
]
_ORIGINS: list[Check] = [
    rows.check_copies_are_copies,
    rows.check_parents_are_shares,
    rows.check_labels_are_those_of_a_parent,
    rows.check_weights_are_those_of_the_parents,
    rows.check_groups_are_those_of_a_parent,
    rows.check_carries_further_values,
    rows.check_prior_offset,
    rows.check_nothing_is_stale,
    use.check_routes_weights,
]


def sampler_checks(
    sampler: Any, *, table: str | None = None, optional: bool = True
) -> Iterator[tuple[str, Callable[[], None]]]:
    """List the checks that apply to a sampler.

    Parameters
    ----------
    sampler : sampler
        An object with ``fit_resample``, scikit-learn's parameters and imbalanced-learn's tags. It is
        cloned, never fitted. There are 60, 24 and 12 rows of three classes, so that numbers of
        neighbours below 12 will do.
    table : {"numbers", "mixed", "categories", "text"}, optional
        What the columns hold: four numbers; a category in column 0 and three numbers; whole numbers
        that stand for categories; texts. By default ``"mixed"`` where there is a parameter
        ``categorical_features``, ``"text"`` where the tags say that it takes texts in one dimension,
        else ``"numbers"``.
    optional : bool, default True
        Whether to list those of :data:`OPTIONAL` too.

    Yields
    ------
    name : str
        Name of the check.
    check : callable
        Takes nothing; raises an AssertionError where the promise is broken.

    Raises
    ------
    UsageError
        If ``table`` is none of these, or ``sampler`` is a class or lacks parameters or tags.

    Examples
    --------
    >>> from equipoise.samplers import TomekLinks
    >>> from equipoise.testing import sampler_checks
    >>> checks = dict(sampler_checks(TomekLinks()))
    >>> checks["check_parents_are_shares"]()
    >>> "check_no_seed_draws_anew" in checks  # it draws nothing
    False
    """
    if isinstance(sampler, type) or not hasattr(sampler, "fit_resample"):
        raise UsageError(f"{sampler!r} is no sampler", remedy="give an instance with fit_resample")
    lacking = [name for name in ("get_params", "__sklearn_tags__") if not hasattr(sampler, name)]
    if lacking:
        raise UsageError(
            f"{type(sampler).__name__} has no {' and no '.join(lacking)}, so it can be neither cloned "
            "nor searched over",
            remedy="derive it from equipoise.samplers.base.Sampler and a base of imbalanced-learn, such as "
            "imblearn.over_sampling.base.BaseOverSampler, or at least from sklearn.base.BaseEstimator",
        )
    rows_of = Table(_kind(sampler) if table is None else table)
    if rows_of.kind not in KINDS:
        raise UsageError(f"table={table!r} is not known", remedy=f"use one of {', '.join(KINDS)}")
    for check in _applicable(sampler, rows_of):
        if optional or check.__name__ not in OPTIONAL:
            yield check.__name__, partial(check, sampler, rows_of)


def _kind(sampler: Any) -> str:
    if "categorical_features" in sampler.get_params(deep=False):
        return "mixed"
    tags = sampler.__sklearn_tags__().input_tags
    return "text" if tags.string and tags.one_d_array else "numbers"


def _applicable(sampler: Any, table: Table) -> list[Check]:
    tags = sampler.__sklearn_tags__().input_tags
    draws = "random_state" in sampler.get_params(deep=False)
    columns = table.kind != "text"
    chosen = list(_ANY)
    if find_spec("pandas"):
        chosen.append(kinds.check_pandas_stays)
    if tags.sparse and columns:
        chosen.append(kinds.check_sparse_stays)
    chosen += [rows.check_no_seed_draws_anew] if draws else []
    # Categories are full of ties, which the order of the rows may break.
    if not draws and table.kind == "numbers":
        chosen.append(rows.check_row_order_does_not_matter)
    chosen += _COLUMNS if columns else []
    if columns and isinstance(sampler, (BaseOverSampler, BaseUnderSampler, BaseCleaningSampler)):
        chosen.append(rows.check_untouched_classes_stay_whole)
    chosen += _NUMBERS if table.numbers else []
    if hasattr(type(sampler), "parents_"):
        chosen += _ORIGINS
        chosen += [rows.check_new_rows_lie_between_parents] if table.numbers else []
    return chosen


def check_sampler(
    sampler: Any,
    *,
    table: str | None = None,
    expected_failures: Mapping[str, str] | None = None,
    optional: bool = True,
) -> None:
    """Run every check that applies to a sampler.

    Parameters
    ----------
    sampler, table, optional
        See :func:`sampler_checks`.
    expected_failures : dict of str to str, optional
        Checks that cannot hold, by name, and why. Each has to fail: one that holds is reported.

    Raises
    ------
    AssertionError
        If a promise is broken; the message lists all of them, and says which are optional.

    Examples
    --------
    >>> from equipoise.samplers import TomekLinks
    >>> from equipoise.testing import check_sampler
    >>> check_sampler(TomekLinks())

    One of imbalanced-learn's own, with what it does not promise left out:

    >>> from imblearn.under_sampling import RandomUnderSampler
    >>> check_sampler(RandomUnderSampler(), optional=False)
    """
    excused = dict(expected_failures or {})
    broken = []
    beyond = False
    for name, check in sampler_checks(sampler, table=table, optional=optional):
        try:
            check()
        except Exception as error:  # noqa: BLE001 - whatever a sampler raises is a finding
            if excused.pop(name, None) is None:
                beyond = beyond or name in OPTIONAL
                title = f"{name} (optional)" if name in OPTIONAL else name
                broken.append(
                    f"{title}: {type(error).__name__}: {error}".replace("AssertionError: ", "")
                )
    broken += [f"{name}: holds, or does not apply, though excused" for name in excused]
    if broken:
        way = "\nLeave what is optional out by optional=False, or excuse single checks by expected_failures."
        raise AssertionError(
            f"{type(sampler).__name__} breaks {len(broken)} promise{'s' * (len(broken) != 1)}:\n  "
            + "\n  ".join(broken)
            + way * beyond
        )


def parametrize_with_sampler_checks(
    samplers: Sequence[Any],
    *,
    table: str | Callable[[Any], str | None] | None = None,
    expected_failures: Callable[[Any], Mapping[str, str]] | None = None,
    optional: bool = True,
) -> Any:
    """Make a pytest test of each check of each sampler.

    Parameters
    ----------
    samplers : sequence of samplers
        What to check.
    table : str, or callable from a sampler to one, optional
        See :func:`sampler_checks`.
    expected_failures : callable, optional
        From a sampler to the checks that cannot hold, and why; these are marked as strict failures.
    optional : bool, default True
        See :func:`sampler_checks`.

    Returns
    -------
    pytest.MarkDecorator
        For a function of ``check``, which takes nothing.

    Examples
    --------
    >>> from equipoise.samplers import MildCombination
    >>> from equipoise.testing import parametrize_with_sampler_checks
    >>> @parametrize_with_sampler_checks([MildCombination()])
    ... def test_sampler(check):
    ...     check()
    """
    import pytest

    cases = []
    seen: Counter[str] = Counter()
    for sampler in samplers:
        title = type(sampler).__name__
        seen[title] += 1
        kind = table(sampler) if callable(table) else table
        excused = dict(expected_failures(sampler)) if expected_failures else {}
        for name, check in sampler_checks(sampler, table=kind, optional=optional):
            marks = (
                [pytest.mark.xfail(reason=excused[name], strict=True)] if name in excused else []
            )
            label = f"{title}{seen[title]}-{name}"
            cases.append(pytest.param(check, marks=marks, id=label))
    return pytest.mark.parametrize("check", cases)
