"""Resampling of a file by methods that need all of its rows at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from equipoise.data.columns import find_column
from equipoise.data.labels import plain_scalars, rows_word
from equipoise.data.reading import read_table
from equipoise.errors import DataError, EquipoiseError, UsageError
from equipoise.frames import build_frame, to_frame
from equipoise.samplers.amounts import check_amounts
from equipoise.samplers.files.outcome import ResampledFile, check_added, class_counts, prior_shift
from equipoise.samplers.files.queries import write_query
from equipoise.samplers.methods import METHODS, check_parameters

__all__ = ["resample_at_once"]

_TAKES_CATEGORIES = ("smoten", "smotenc")
_TAKES_TEXTS = "text-augmentation"
_NEIGHBOURS = ("k_neighbors", "n_neighbors", "m_neighbors")


def resample_at_once(
    source: Path,
    out: Path,
    target: str,
    method: str,
    given: Mapping[str, Any],
    *,
    seed: int,
    row_number: str | None,
) -> ResampledFile:
    """Read a file, resample its rows by a sampler, and write what that returns.

    Parameters
    ----------
    source, out : Path
    target : str
        Column of the classes.
    method : str
        A name of :data:`equipoise.samplers.methods.METHODS`.
    given : dict
        Parameters of its class. Amounts may be asked for by the text of a label; as many neighbours are
        looked for as there are, up to the default, where nothing else is said.
    seed : int
    row_number : str or None
        Column to add with the number of the row in ``source``, null where the row was made.

    Returns
    -------
    ResampledFile

    Raises
    ------
    UsageError
        If a column or parameter cannot be used.
    DataError
        If the file cannot be read, or holds what the method cannot take.
    StorageError
        If ``out`` cannot be written.
    """
    frame = read_table(source)
    y = find_column(frame, target, "target column")
    names = frame.columns
    check_added([row_number], names, source)
    counts = Counter(plain_scalars(y))
    before = class_counts(list(counts), list(counts.values()), target)
    X = frame.drop(target)
    if method != _TAKES_TEXTS:
        _refuse_columns(X, method)
    sampler = _sampler(method, _by_label(given, before), seed, min(before.values()), X)
    try:
        X_new, y_new = sampler.fit_resample(X.to_native(), y.to_native())
    except EquipoiseError:
        raise
    except (ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:300].rstrip(".")
        if isinstance(error, TypeError):  # a parameter of a type that it cannot have is both
            raise UsageError(said, remedy="correct the value of that parameter") from None
        raise DataError(
            f"{method} cannot resample this file ({said})",
            remedy="change its parameters, or use random-over",
        ) from None
    made = to_frame(X_new)
    made = made.rename(dict(zip(made.columns, X.columns, strict=True)))
    labels = build_frame({target: y_new})[target]
    made = made.with_columns(labels).select(names)
    if row_number is not None:
        source_rows = getattr(sampler, "sample_indices_", None)
        if source_rows is None:
            raise UsageError(
                f"{method} does not say which row is which",
                remedy=f"leave the column {row_number!r} of row numbers out",
            )
        numbers = [None if row < 0 else int(row) for row in np.asarray(source_rows)]
        made = made.with_columns(build_frame({row_number: numbers})[row_number])
    counts = Counter(plain_scalars(labels))
    after = {label: counts[label] for label in before}
    write_query(made.to_native().lazy(), out)
    return ResampledFile(
        out, method, before, after, prior_shift(before, after), row_number=row_number
    )


def _by_label(given: Mapping[str, Any], before: Mapping[Any, int]) -> dict[str, Any]:
    """Return parameters with amounts by label, of which JSON knows the text alone."""
    strategy = given.get("sampling_strategy")
    if not isinstance(strategy, Mapping):
        return dict(given)
    texts = {str(label): label for label in before}
    amounts = check_amounts(strategy).items()
    return {**given, "sampling_strategy": {texts.get(str(k), k): n for k, n in amounts}}


def _refuse_columns(X: Any, method: str) -> None:
    if not X.columns:
        raise DataError("the file has no column but the target", remedy="use random-over instead")
    for name in X.columns:
        series = X[name]
        numeric = series.dtype.is_numeric()
        if not numeric and series.dtype.is_nested():
            raise DataError(
                f"column {name!r} holds lists or records, which {method} cannot take",
                remedy="leave the column out, or use random-over or random-under, which take any",
            )
        if not numeric and method not in _TAKES_CATEGORIES:
            raise DataError(
                f"column {name!r} holds {_kind(series)}, and {method} works on numbers",
                remedy="use smotenc, which takes categories beside numbers, or random-over or "
                "random-under, which take any; or turn the column into numbers first",
            )
        missing = series.null_count()
        if series.dtype.is_float():
            missing += int(series.is_nan().sum())
        if missing:
            raise DataError(
                f"column {name!r} is missing in {missing:,} of {rows_word(len(X))}, and {method} needs "
                "every value",
                remedy="fill missing values in first, or use random-over or random-under, which take them",
            )


def _kind(series: Any) -> str:
    kind = str(series.dtype).partition("(")[0].lower()
    return {"string": "text", "categorical": "text", "enum": "text", "boolean": "true/false"}.get(
        kind, f"values of the type {kind}"
    )


def _sampler(method: str, given: dict[str, Any], seed: int, smallest: int, X: Any) -> Any:
    from equipoise.samplers.asking import AUTO  # loads imbalanced-learn, which takes seconds

    made: Any = METHODS[method].kind()
    kind, implied = METHODS[method].sampler, METHODS[method].implied
    # As many neighbours as there are, unless the user says otherwise: files hold small classes too.
    takes = made._parameter_constraints
    settled: dict[str, Any] = {name: "auto" for name in _NEIGHBOURS if AUTO in takes.get(name, ())}
    if kind == "NearMiss":
        settled["n_neighbors"] = min(3, smallest)
    elif kind in ("SMOTETomek", "SMOTEENN"):
        strategy = given.get("sampling_strategy", "auto")
        settled["smote"] = METHODS["smote"].kind()(
            sampling_strategy=strategy, random_state=seed, k_neighbors="auto"
        )
    if method == "smotenc":
        places = [j for j, name in enumerate(X.columns) if not X[name].dtype.is_numeric()]
        if "categorical_features" not in given and not 0 < len(places) < len(X.columns):
            raise DataError(
                f"{'all' if places else 'no'} columns are categories, and smotenc is for both",
                remedy=f"use {'smoten' if places else 'smote'}, or name the columns of categories: "
                "categorical_features=[0, 3]",
            )
        sampler = made(given.get("categorical_features", places))
    else:
        sampler = made(**implied)
    known = sampler.get_params(deep=False)
    check_parameters(given, sorted(set(known) - set(implied)), method)
    seeded = {"random_state": seed} if "random_state" in known else {}
    return sampler.set_params(**{**settled, **given, **seeded})
