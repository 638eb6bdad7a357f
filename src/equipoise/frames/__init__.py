"""Data frames of every kind, read through narwhals; no other room imports their libraries.

``tables`` makes one kind of frame of any, ``columns`` reads the values of one column, and ``native`` is for
rows that go back into the library they came from, those of pandas in ``indexed``.
"""

from __future__ import annotations

from equipoise.frames.columns import (
    BLANKS,
    epoch_seconds,
    float_values,
    level_codes,
    parse_numbers,
    reads_as_date,
    string_codes,
    string_series,
    text_values,
)
from equipoise.frames.indexed import copied_back, is_pandas, plain_numbers
from equipoise.frames.native import (
    append_rows,
    category_codes,
    is_arrow_array,
    is_category,
    is_number,
    number_array,
    put_columns,
    text_like,
    wrap_native,
)
from equipoise.frames.tables import build_frame, column_name, scan_bytes, to_frame

__all__ = [
    "BLANKS",
    "append_rows",
    "build_frame",
    "category_codes",
    "column_name",
    "copied_back",
    "epoch_seconds",
    "float_values",
    "is_arrow_array",
    "is_category",
    "is_number",
    "is_pandas",
    "level_codes",
    "number_array",
    "parse_numbers",
    "plain_numbers",
    "put_columns",
    "reads_as_date",
    "scan_bytes",
    "string_codes",
    "string_series",
    "text_like",
    "text_values",
    "to_frame",
    "wrap_native",
]
