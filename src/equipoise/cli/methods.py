"""The methods of ``equipoise resample``, and those of them that need the whole file at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.errors import DataError, EquipoiseError, TargetError, UsageError

if TYPE_CHECKING:
    from equipoise.samplers.files.streaming import ResampledFile

__all__ = [
    "check_parameters",
    "known_method",
    "method_names",
    "read_parameters",
    "resample_in_memory",
]

# Names of the catalogue, and of classes whose own name does not split into words.
_NAMES = {
    "EditedNearestNeighbours": "enn",
    "KMeansSMOTE": "kmeans-smote",
    "NearMiss": "nearmiss",
    "RandomOverSampler": "random-over",
    "RandomUnderSampler": "random-under",
    "SMOTEENN": "smote-enn",
    "SVMSMOTE": "svm-smote",
    "TomekLinks": "tomek",
}
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TAKES_CATEGORIES = ("smoten", "smotenc")
_TAKES_TEXTS = "text-augmentation"
_NEIGHBOURS = ("k_neighbors", "n_neighbors", "m_neighbors")


def method_names() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the class of :mod:`equipoise.samplers` behind each method, and the parameters it implies."""
    from equipoise import samplers

    out: dict[str, tuple[str, dict[str, Any]]] = {}
    for kind in samplers.__all__:
        if kind == "ResampledClassifier":
            continue  # it trains on what samplers return
        name = _NAMES.get(kind, _WORDS.sub("-", kind).lower())
        if kind == "NearMiss":
            out |= {f"{name}-{version}": (kind, {"version": version}) for version in (1, 2, 3)}
        else:
            out[name] = (kind, {})
    return dict(sorted(out.items()))


def known_method(method: str) -> str:
    """Return the name of a method, or say which is the nearest.

    Raises
    ------
    UsageError
    """
    from equipoise.data.labels import nearest

    names = method_names()
    method = "mild-combination" if method == "mild" else method
    if method in names:
        return method
    near = nearest(method, list(names))
    hint = f"did you mean {near!r}? " if near else ""
    raise UsageError(
        f"there is no method {method!r}", remedy=f"{hint}the methods are {', '.join(names)}"
    )


def read_parameters(given: Iterable[str] | None) -> dict[str, Any]:
    """Read ``--param NAME=VALUE``: values are JSON, or else text.

    Raises
    ------
    UsageError
    """
    out: dict[str, Any] = {}
    for one in given or ():
        name, sign, value = one.partition("=")
        if not sign or not name.strip() or not value:
            raise UsageError(
                f"--param {one!r} does not say which parameter has which value",
                remedy="write --param NAME=VALUE, such as --param k_neighbors=3",
            )
        try:
            out[name.strip()] = json.loads(value)
        except ValueError:
            out[name.strip()] = value
    return out


def check_parameters(given: Iterable[str], known: Iterable[str], method: str) -> None:
    """Refuse parameters that a method does not have.

    Raises
    ------
    UsageError
    """
    from equipoise.data.labels import nearest

    names = [name for name in known if name != "random_state"]
    for name in given:
        if name == "random_state":
            raise UsageError("--param random_state is the seed", remedy="use --seed N")
        if name not in names:
            near = nearest(name, names)
            hint = f"did you mean {near!r}? " if near else ""
            raise UsageError(
                f"{method} has no parameter {name!r}",
                remedy=f"{hint}it has {', '.join(names) or 'none'}",
            )


def resample_in_memory(
    file: Path,
    out: Path,
    target: str,
    method: str,
    given: dict[str, Any],
    seed: int,
    rows: str | None,
) -> ResampledFile:
    """Resample a file by a method that needs all of it at once.

    Raises
    ------
    UsageError
        If a column or parameter cannot be used.
    DataError
        If the file cannot be read, or holds what the method cannot take.
    """
    import numpy as np

    from equipoise.data.columns import find_column
    from equipoise.data.reading import read_table
    from equipoise.frames import build_frame, to_frame
    from equipoise.samplers.amounts import check_amounts
    from equipoise.samplers.files.lazy_files import write_query
    from equipoise.samplers.files.streaming import ResampledFile, prior_shift

    frame = read_table(file)
    y = find_column(frame, target, "target column")
    names = frame.columns
    if rows is not None and rows in names:
        raise UsageError(
            f"{str(file)!r} has a column {rows!r} already", remedy="name it otherwise with --rows"
        )
    before = _classes(y, target)
    X = frame.drop(target)
    if method != _TAKES_TEXTS:
        _refuse_columns(X, method)
    given = {**given}
    strategy = given.get("sampling_strategy")
    if isinstance(strategy, dict):
        # Names within JSON are text, whatever the labels are.
        texts = {str(label): label for label in before}
        amounts = check_amounts(strategy).items()
        given["sampling_strategy"] = {texts.get(str(k), k): n for k, n in amounts}
    sampler = _sampler(method, given, seed, min(before.values()), X)
    try:
        X_new, y_new = sampler.fit_resample(X.to_native(), y.to_native())
    except EquipoiseError:
        raise
    except (ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:300].rstrip(".")
        if isinstance(error, TypeError):  # a parameter of a type that it cannot have is both
            raise UsageError(said, remedy="correct --param NAME=VALUE") from None
        raise DataError(
            f"{method} cannot resample this file ({said})",
            remedy="change it by --param NAME=VALUE, or use random-over",
        ) from None
    made = to_frame(X_new)
    made = made.rename(dict(zip(made.columns, X.columns, strict=True)))
    labels = build_frame({target: y_new})[target]
    made = made.with_columns(labels).select(names)
    if rows is not None:
        source = getattr(sampler, "sample_indices_", None)
        if source is None:
            raise UsageError(f"{method} does not say which row is which", remedy="leave --rows out")
        numbers = [None if row < 0 else int(row) for row in np.asarray(source)]
        made = made.with_columns(build_frame({rows: numbers})[rows])
    counts = _count(labels)
    after = {label: counts.get(label, 0) for label in before}
    write_query(made.to_native().lazy(), out)
    return ResampledFile(out, method, before, after, prior_shift(before, after), None, rows)


def _classes(y: Any, target: str) -> dict[Any, int]:
    from equipoise.data.labels import missing_labels, natural_key, plain_scalars, rows_word

    counts = _count(y)
    absent, words = missing_labels(list(counts))
    missing = sum(n for n, gone in zip(counts.values(), absent, strict=True) if gone)
    if missing:
        raise TargetError(
            f"column {target!r} is missing in {missing:,} of {rows_word(len(y))}{words}",
            remedy="fill the labels in, or take those rows out of the file first",
        )
    if len(counts) == 1:
        raise TargetError(
            f"column {target!r} has one class only: {plain_scalars(y)[0]!r} in all {rows_word(len(y))}",
            remedy="name a target with at least two classes, or give data that hold both",
        )
    return {label: counts[label] for label in sorted(counts, key=natural_key)}


def _count(labels: Any) -> dict[Any, int]:
    from collections import Counter

    from equipoise.data.labels import plain_scalars

    return dict(Counter(plain_scalars(labels)))


def _refuse_columns(X: Any, method: str) -> None:
    from equipoise.data.labels import rows_word

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
                remedy="use --method smotenc, which takes categories beside numbers, or random-over or "
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
    from equipoise import samplers
    from equipoise.samplers.generating import AUTO

    kind, implied = method_names()[method]
    made: Any = getattr(samplers, kind)
    # As many neighbours as there are, unless the user says otherwise: files hold small classes too.
    takes = made._parameter_constraints
    settled: dict[str, Any] = {
        name: "auto" for name in _NEIGHBOURS if name in takes and AUTO in takes[name]
    }
    if kind == "NearMiss":
        settled["n_neighbors"] = min(3, smallest)
    elif kind in ("SMOTETomek", "SMOTEENN"):
        strategy = given.get("sampling_strategy", "auto")
        settled["smote"] = samplers.SMOTE(
            sampling_strategy=strategy, random_state=seed, k_neighbors="auto"
        )
    if method == "smotenc":
        places = [j for j, name in enumerate(X.columns) if not X[name].dtype.is_numeric()]
        if "categorical_features" not in given and not 0 < len(places) < len(X.columns):
            raise DataError(
                f"{'all' if places else 'no'} columns are categories, and smotenc is for both",
                remedy=f"use {'smoten' if places else 'smote'}, or name the columns of categories: "
                "--param 'categorical_features=[0, 3]'",
            )
        sampler = made(given.get("categorical_features", places))
    else:
        sampler = made(**implied)
    known = sampler.get_params(deep=False)
    check_parameters(given, set(known) - set(implied), method)
    seeded = {"random_state": seed} if "random_state" in known else {}
    return sampler.set_params(**{**settled, **given, **seeded})
