"""Resampling of a file by methods that need all of its rows at once."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from equipoise.data.columns import assign_roles, find_column
from equipoise.data.labels import plain_scalars, rows_word, some
from equipoise.data.reading import read_table
from equipoise.errors import DataError, EquipoiseError, TargetError, UsageError
from equipoise.frames import build_frame, to_frame
from equipoise.samplers.amounts import check_amounts, row_rule
from equipoise.samplers.files.outcome import ResampledFile, check_added, class_counts, prior_shift
from equipoise.samplers.files.queries import write_query
from equipoise.samplers.methods import METHODS, check_parameters

__all__ = ["resample_at_once"]

_TAKES_CATEGORIES = ("smoten", "smotenc")
_TAKES_TEXTS = "text-augmentation"
_NEARMISS_NEIGHBOURS = 3
_CLEANED = ("auto", "all", "not minority", "not majority", "majority")
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
    _check_strategy(method, given, before)
    sampler, settled = _sampler(method, _by_label(given, before), seed, min(before.values()), X)
    try:
        X_new, y_new = sampler.fit_resample(X.to_native(), y.to_native())
    except EquipoiseError:
        raise
    except (ValueError, RuntimeError) as error:
        if "Unknown label type" in str(error):
            raise TargetError(
                f"column {target!r} holds fractions, which {method} does not take for classes",
                remedy="give the classes names or whole numbers, or use random-over or random-under",
            ) from None
        said = _in_order(" ".join(str(error).split()))[:300].rstrip(".")
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
    used = {**settled, **given}
    notes = (
        *_odd_categories(X, method, given),
        *_neighbours_that_lack(method, used, before, after),
    )
    shift = prior_shift(before, after)
    return ResampledFile(
        out, method, before, after, shift, row_number=row_number, parameters=used, notes=notes
    )


def _in_order(said: str) -> str:
    """Return a message with the members of sets sorted: their order changes from run to run."""
    return re.sub(
        r"\{([^{}:]*)\}", lambda found: "{" + ", ".join(sorted(found[1].split(", "))) + "}", said
    )


def _check_strategy(method: str, given: Mapping[str, Any], before: Mapping[Any, int]) -> None:
    """Refuse amounts in the words in which the methods that draw at random refuse them."""
    if "sampling_strategy" not in given or callable(given["sampling_strategy"]):
        return
    strategy, kind = given["sampling_strategy"], METHODS[method].kind()._sampling_type
    if kind != "clean-sampling":
        like = "random-over" if kind == "over-sampling" else "random-under"
        row_rule(like, {"sampling_strategy": strategy})(dict(before))
        return
    if isinstance(strategy, str) and strategy in _CLEANED:
        return
    if not isinstance(strategy, list):
        raise UsageError(
            f"sampling_strategy={strategy!r} cannot be used: {method} finds out itself how many rows go",
            remedy=f"use {', '.join(_CLEANED)}, or a list of the classes to take rows from",
        )
    texts = [str(label) for label in before]
    unknown = [label for label in strategy if str(label) not in texts]
    if unknown:
        raise UsageError(
            f"sampling_strategy names {unknown[0]!r}, which is no class",
            remedy=f"the classes are {some(list(before))}",
        )


def _odd_categories(X: Any, method: str, given: Mapping[str, Any]) -> list[str]:
    """Say which columns are categories to the method and look like something else."""
    if method not in _TAKES_CATEGORIES or "categorical_features" in given:
        return []
    names = [name for name in X.columns if not X[name].dtype.is_numeric()]
    looks = {
        "id": ("like an identifier", "leave it out of the file"),
        "number": ("like numbers", "turn it into numbers first"),
        "date": ("like dates", "turn it into numbers first"),
        "text": ("like free text", "leave it out of the file"),
    }
    return [
        f"column {column.name!r} is taken for a category and looks {looks[column.role][0]}: "
        f"{looks[column.role][1]}"
        for column in assign_roles(X.select(names), None)
        if column.role in looks
    ]


def _neighbours_that_lack(
    method: str, used: Mapping[str, Any], before: Mapping[Any, int], after: Mapping[Any, int]
) -> list[str]:
    """Say for which classes fewer neighbours were looked for than the method does by default."""
    kind = METHODS[method].sampler
    if kind == "NearMiss":
        k = used["n_neighbors"]
        few = k == min(before.values()) < _NEARMISS_NEIGHBOURS
        return [f"n_neighbors={k}, as the smallest class has {rows_word(k)}"] * few
    steps = used.get("smote")
    combined = isinstance(steps, Mapping)
    asked = steps if isinstance(steps, Mapping) else used
    holder = METHODS["smote"].kind() if combined else METHODS[method].kind()
    name = "n_neighbors" if kind == "ADASYN" else "k_neighbors"
    if asked.get(name) != "auto":
        return []
    default, most = inspect.signature(holder).parameters[name].default, max(before.values())
    return [
        f"class {label!r} has 1 row: all that is made of it are copies"
        if n == 1
        else f"class {label!r} has {n} rows: {name}={n - 1} for it"
        for label, n in before.items()
        # Rows that were made may be gone again.
        if n <= default and (after[label] > n or (combined and n < most))
    ]


def _by_label(given: Mapping[str, Any], before: Mapping[Any, int]) -> dict[str, Any]:
    """Return parameters with amounts by label, of which JSON knows the text alone."""
    strategy = given.get("sampling_strategy")
    texts = {str(label): label for label in before}
    if isinstance(strategy, list):
        return {**given, "sampling_strategy": [texts[str(label)] for label in strategy]}
    if not isinstance(strategy, Mapping):
        return dict(given)
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


def _sampler(
    method: str, given: dict[str, Any], seed: int, smallest: int, X: Any
) -> tuple[Any, dict[str, Any]]:
    """Return the sampler, and the parameters that were settled as nothing was said about them."""
    from equipoise.samplers.asking import AUTO  # loads imbalanced-learn, which takes seconds

    made: Any = METHODS[method].kind()
    kind, implied = METHODS[method].sampler, METHODS[method].implied
    # As many neighbours as there are, unless the user says otherwise: files hold small classes too.
    takes = made._parameter_constraints
    settled: dict[str, Any] = {name: "auto" for name in _NEIGHBOURS if AUTO in takes.get(name, ())}
    if kind == "NearMiss":
        settled["n_neighbors"] = min(_NEARMISS_NEIGHBOURS, smallest)
    elif kind in ("SMOTETomek", "SMOTEENN"):
        settled["smote"] = {"k_neighbors": "auto"}
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
    steps = {}
    if "smote" in settled:
        strategy = given.get("sampling_strategy", "auto")
        steps["smote"] = METHODS["smote"].kind()(
            sampling_strategy=strategy, random_state=seed, **settled["smote"]
        )
    return sampler.set_params(**{**settled, **steps, **given, **seeded}), settled
