"""What comes out is of the kind that went in, and what went in is left alone."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import joblib
import narwhals as nw
import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning

from equipoise.testing.tables import Table, promise, resample, seeded, values_of

__all__ = [
    "check_clones_with_its_parameters",
    "check_float32_stays",
    "check_input_is_left_alone",
    "check_lists_stay",
    "check_numpy_stays",
    "check_pandas_stays",
    "check_parameters_are_left_alone",
    "check_pickles",
    "check_polars_stays",
    "check_pyarrow_stays",
    "check_sparse_stays",
]


def _same(got: Any, expected: Any, what: str) -> None:
    got, expected = values_of(got), values_of(expected)
    promise(got.shape == expected.shape, f"{what}: {got.shape}, of an array {expected.shape}")
    if expected.dtype.kind in "fiub":
        close = np.allclose(got.astype(np.float64), expected.astype(np.float64), rtol=1e-5)
    else:
        close = bool((got == expected).all())
    promise(close, f"{what}: other values than those of an array")


def check_numpy_stays(sampler: Any, table: Table) -> None:
    """Give arrays for arrays, of the same dtype and columns, as many labels as rows."""
    X, y = table.rows()
    y = y.astype(np.int32)
    _, X_out, y_out = resample(sampler, X, y)
    promise(type(X_out) is np.ndarray, f"X is {type(X_out).__name__}, not an array")
    promise(type(y_out) is np.ndarray, f"y is {type(y_out).__name__}, not an array")
    promise(X_out.dtype == X.dtype, f"X became {X_out.dtype} from {X.dtype}")
    promise(y_out.dtype == y.dtype, f"y became {y_out.dtype} from {y.dtype}")
    promise(X_out.shape[1:] == X.shape[1:], f"rows became {X_out.shape[1:]} from {X.shape[1:]}")
    promise(y_out.shape == X_out.shape[:1], f"{len(X_out)} rows and labels of {y_out.shape}")


def check_float32_stays(sampler: Any, table: Table) -> None:
    """Keep columns of float32 as float32."""
    X, y = table.rows()
    X = X.astype(np.float32)
    _, X_out, _ = resample(sampler, X, y)
    promise(X_out.dtype == np.float32, f"X became {X_out.dtype} from float32")


def check_lists_stay(sampler: Any, table: Table) -> None:
    """Give lists for lists, with the values that arrays give."""
    X, y = table.rows()
    _, X_out, y_out = resample(sampler, X.tolist(), y.tolist())
    promise(type(X_out) is list, f"X is {type(X_out).__name__}, not a list")
    promise(type(y_out) is list, f"y is {type(y_out).__name__}, not a list")
    _, X_array, y_array = resample(sampler, X, y)
    _same(X_out, X_array, "X of a list")
    _same(y_out, y_array, "y of a list")


def _check_frame(sampler: Any, table: Table, library: Any) -> None:
    X, y = table.rows()
    labels = nw.from_dict({"kind": y}, backend=library)["kind"].cast(nw.Int32).to_native()
    frame = table.frame(X, library)
    _, X_out, y_out = resample(sampler, frame, labels)
    promise(type(X_out) is type(frame), f"X is {type(X_out)}, not {type(frame)}")
    promise(type(y_out) is type(labels), f"y is {type(y_out)}, not {type(labels)}")
    ours = nw.from_native(y_out, series_only=True)
    promise(ours.dtype == nw.Int32, f"y became {ours.dtype} from Int32")
    if library != "pyarrow":  # whose columns have no names of their own
        promise(ours.name == "kind", f"y is named {ours.name!r} instead of 'kind'")
    _, X_array, y_array = resample(sampler, X if X.ndim > 1 else X.astype(str), y)
    _same(X_out, X_array if X.ndim > 1 else X_array[:, None], f"X of {library}")
    _same(y_out, y_array, f"y of {library}")
    if not table.numbers:
        return
    types = {"second": nw.Float32(), "third": nw.Int64()}
    given = nw.from_native(table.frame((X * 100).round(), library, types), eager_only=True)
    if table.kind == "mixed":
        given = given.with_columns(nw.Series.from_numpy("first", X[:, 0], backend=library))
    out = nw.from_native(resample(sampler, given.to_native(), y)[1], eager_only=True)
    promise(out.schema == given.schema, f"columns became {out.schema} from {given.schema}")


def check_pandas_stays(sampler: Any, table: Table) -> None:
    """Keep frames and series of pandas what they are: names, types of columns, values of an array."""
    _check_frame(sampler, table, "pandas")


def check_polars_stays(sampler: Any, table: Table) -> None:
    """Keep frames and series of polars what they are: names, types of columns, values of an array."""
    _check_frame(sampler, table, "polars")


def check_pyarrow_stays(sampler: Any, table: Table) -> None:
    """Keep tables of pyarrow what they are: names, types of columns, values of an array."""
    _check_frame(sampler, table, "pyarrow")


def check_sparse_stays(sampler: Any, table: Table) -> None:
    """Keep the format of sparse matrices, and give the rows that dense ones give."""
    X, y = table.rows()
    X[np.abs(X) < 0.3] = 0
    _, X_array, y_array = resample(sampler, X, y)
    for build in (sp.csr_matrix, sp.csc_matrix):
        with warnings.catch_warnings():
            # A method may have to look at dense rows; saying so is no fault.
            warnings.simplefilter("ignore", DataConversionWarning)
            _, X_out, y_out = resample(sampler, build(X), y)
        promise(sp.issparse(X_out), f"X is {type(X_out).__name__}, not sparse")
        promise(X_out.format == build(X).format, f"X became {X_out.format} from {build.__name__}")
        _same(X_out, X_array, f"X of {build.__name__}")
        _same(y_out, y_array, f"y of {build.__name__}")


def check_input_is_left_alone(sampler: Any, table: Table) -> None:
    """Write to none of the rows and labels that are given, which may be read-only."""
    X, y = table.rows()
    X_given, y_given = X.copy(), y.copy()
    resample(sampler, X_given, y_given)
    promise((X_given == X).all(), "the rows that were given have changed")
    promise((y_given == y).all(), "the labels that were given have changed")
    X_given.setflags(write=False)
    y_given.setflags(write=False)
    try:
        resample(sampler, X_given, y_given)
    except ValueError as error:
        raise AssertionError(f"read-only rows are refused: {error}") from error


def check_parameters_are_left_alone(sampler: Any, table: Table) -> None:
    """Keep the parameters the same objects, and do not fit estimators among them."""
    X, y = table.rows()
    ours = seeded(sampler)
    before = ours.get_params(deep=False)
    digest = {name: joblib.hash(value) for name, value in before.items()}
    ours.fit_resample(X, y)
    for name, value in ours.get_params(deep=False).items():
        kept = value is before[name] and joblib.hash(value) == digest[name]
        promise(kept, f"the parameter {name} has changed to {value!r}")


def check_clones_with_its_parameters(sampler: Any, table: Table) -> None:
    """Clone to the same parameters and repr and nothing fitted; a deep copy resamples alike."""
    X, y = table.rows()
    ours = seeded(sampler)
    expected = ours.fit_resample(X, y)[0]
    fresh = clone(ours)
    promise(repr(fresh) == repr(ours), f"the clone of {ours!r} is {fresh!r}")
    fitted = [name for name in vars(fresh) if name.endswith("_") and name not in fresh.get_params()]
    promise(not fitted, f"a clone is fitted already: {fitted}")
    _same(fresh.fit_resample(X, y)[0], expected, "X of a clone")
    _same(copy.deepcopy(ours).fit_resample(X, y)[0], expected, "X of a deep copy")


def check_pickles(sampler: Any, table: Table) -> None:
    """Resample alike after pickling, before a fit and after, and keep what was found."""
    X, y = table.rows()
    ours = seeded(sampler)
    fresh = pickle.loads(pickle.dumps(ours))
    expected = ours.fit_resample(X, y)[0]
    _same(fresh.fit_resample(X, y)[0], expected, "X after pickling")
    back = pickle.loads(pickle.dumps(ours))
    lost = set(vars(ours)) - set(vars(back))
    promise(not lost, f"lost in pickling: {sorted(lost)}")
    if hasattr(type(ours), "parents_"):
        promise(abs(back.parents_ - ours.parents_).sum() == 0, "parents_ change in pickling")
    _same(back.fit_resample(X, y)[0], expected, "X after pickling what is fitted")
