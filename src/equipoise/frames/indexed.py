"""Tables of pandas, whose columns may be of types that numpy does not have, and whose rows have an index."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

__all__ = ["copied_back", "is_pandas", "plain_numbers"]

_EXACT = (np.dtype(np.float64), np.dtype(np.float32))


def is_pandas(data: Any) -> bool:
    """Say whether data are a frame of pandas.

    Parameters
    ----------
    data : object

    Returns
    -------
    bool

    Examples
    --------
    >>> from equipoise.frames import is_pandas
    >>> is_pandas([[1.0]])
    False
    """
    return nw.dependencies.is_pandas_dataframe(data)


def plain_numbers(frame: Any) -> Any:
    """Return a frame whose nullable numbers are numpy's own: true and false, and what misses some, as floats.

    Text of nullable types that misses some becomes objects with None, which scikit-learn's encoders know.

    Parameters
    ----------
    frame : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        The same where there are none.

    Examples
    --------
    >>> import pandas as pd
    >>> from equipoise.frames import plain_numbers
    >>> plain_numbers(pd.DataFrame({"n": pd.array([1, None], dtype="Int64")}))["n"].tolist()
    [1.0, nan]
    """
    out = frame
    for place, dtype in enumerate(frame.dtypes):
        if not (numeric := _is_nullable(dtype)) and not str(dtype).startswith("string"):
            continue
        column = frame.iloc[:, place]
        if not numeric:
            if (gone := column.isna()).any():
                out = frame.copy(deep=False) if out is frame else out
                out.isetitem(place, column.astype(object).mask(gone, None))
            continue
        kind = np.dtype(np.float32 if str(dtype).lower() in ("float32", "float[pyarrow]") else "f8")
        if dtype.kind in "iu" and not column.isna().any():
            kind = dtype.numpy_dtype
        out = frame.copy(deep=False) if out is frame else out
        out.isetitem(place, column.to_numpy(dtype=kind, na_value=np.nan))
    return out


def _is_nullable(dtype: Any) -> bool:
    if isinstance(dtype, np.dtype) or _is_sparse(dtype):
        return False
    return dtype.kind in "iufb" or str(dtype).startswith("decimal")


def _is_sparse(dtype: Any) -> bool:
    return str(dtype).startswith("Sparse")


def copied_back(frame: Any, out: Any, copied: NDArray[np.int64]) -> Any:
    """Return rows that were copied by way of an array as they stand in their frame, to the last bit.

    Parameters
    ----------
    frame : pandas.DataFrame, n rows
        What came in.
    out : pandas.DataFrame, m rows
        What came out, with the same columns.
    copied : int64 array, shape (m,)
        Row of ``frame`` that each is, or -1 where it was made.

    Returns
    -------
    pandas.DataFrame
        With the types of ``frame`` and the index of ``out``.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from equipoise.frames import copied_back
    >>> frame = pd.DataFrame({"n": [2**60 + 1]})
    >>> out = pd.DataFrame({"n": [float(2**60), 7.0]})
    >>> copied_back(frame, out, np.array([0, -1]))["n"].tolist()
    [1152921504606846977, 7]
    """
    dtypes = list(frame.dtypes)
    if all(dtype in _EXACT or _is_sparse(dtype) for dtype in dtypes):
        return out
    import pandas as pd

    kept, made = np.flatnonzero(copied >= 0), np.flatnonzero(copied < 0)
    whole = frame.iloc[copied[kept]]
    if len(made):
        new = out.iloc[made]
        columns = [_cast(new.iloc[:, j], dtype) for j, dtype in enumerate(dtypes)]
        added = pd.concat(columns, axis=1)
        added.columns = frame.columns
        whole = pd.concat([whole, added], ignore_index=True)
        order = np.concatenate([kept, made])
        if (order[1:] < order[:-1]).any():
            whole = whole.iloc[np.argsort(order)]
    return whole.set_axis(out.index, axis=0)


def _cast(column: Any, dtype: Any) -> Any:
    if column.dtype == dtype:
        return column
    if str(dtype).startswith("decimal"):
        from decimal import Decimal

        scale = dtype.pyarrow_dtype.scale
        texts = [Decimal(f"{value:.{scale}f}") for value in column.astype(np.float64)]
        return type(column)(texts, index=column.index, dtype=dtype, name=column.name)
    if column.dtype.kind == "f" and dtype.kind in "iu":
        column = np.trunc(column)
    return column.astype(bool).astype(dtype) if dtype.kind == "b" else column.astype(dtype)
