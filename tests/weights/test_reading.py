"""Labels are read alike by class weights, losses and samplers, and none that is missing is a class."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from equipoise.errors import TargetError, UsageError
from equipoise.losses import FocalLoss, LDAMLoss, WeightedCrossEntropy
from equipoise.schedules import ClassAwareSampler, start_at_prior
from equipoise.weights import class_weights
from equipoise.weights.reading import as_array, label_array, read_codes

NAN = float("nan")
READERS: dict[str, Callable[[Any], Any]] = {
    "class_weights": class_weights,
    "cross-entropy": WeightedCrossEntropy.from_labels,
    "focal": FocalLoss.from_labels,
    "margins": LDAMLoss.from_labels,
    "sampler": ClassAwareSampler,
    "first bias": lambda y: start_at_prior(torch.nn.Linear(2, 2), labels=y),
}
MISSING = {
    "None": ["a", "b", "b", None],
    "NaN next to text": ["a", "b", "b", NAN],
    "NaN of numpy": ("a", "b", "b", np.float32("nan")),
    "objects": np.array(["a", "b", "b", NAN], dtype=object),
    "codes": [0, 1, 1, None],
    "floats": [0.0, 1.0, 1.0, NAN],
    "tensor": torch.tensor([0.0, 1.0, 1.0, NAN]),
    "tensors": [torch.tensor(0.0), torch.tensor(1.0), torch.tensor(1.0), torch.tensor(NAN)],
    "days": np.array(["2020-01-01", "2020-01-02", "2020-01-02", "NaT"], dtype="M8[D]"),
    "Decimal": [Decimal(1), Decimal(2), Decimal(2), Decimal("NaN")],
    "pandas": pd.Series(["a", "b", "b", pd.NA], dtype="string"),
    "polars": pl.Series([0, 1, 1, None]),
}


@pytest.mark.parametrize("kind", MISSING)
@pytest.mark.parametrize("reader", READERS)
def test_a_missing_label_is_no_class(reader: str, kind: str) -> None:
    with pytest.raises(TargetError, match="1 of 4 labels are missing, the first in row 3") as found:
        READERS[reader](MISSING[kind])
    assert found.value.remedy == "leave those rows out, or fill them in"


@pytest.mark.parametrize("name", ["nan", "None", "", "NA", "nat"])
@pytest.mark.parametrize("reader", READERS)
def test_words_that_look_missing_are_classes(reader: str, name: str) -> None:
    READERS[reader]([name, "zz", "zz"])


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        iter,
        np.array,
        torch.tensor,
        lambda y: [torch.tensor(code) for code in y],
        lambda y: torch.tensor(y, dtype=torch.bfloat16),
        lambda y: np.array(y, dtype=object),
        lambda y: pd.Series(y, dtype="Int64"),
        lambda y: pd.Series(y, dtype=object),
        pl.Series,
    ],
)
def test_codes_are_codes_in_every_container(make: Callable[[list[int]], Any]) -> None:
    codes, names = read_codes(make([0, 3, 3, 1]))
    assert codes.dtype == np.int64
    assert codes.tolist() == [0, 3, 3, 1]
    assert names == [0, 1, 2, 3]


def test_what_is_left_out_is_no_class() -> None:
    codes, names = read_codes([2, -100, 0, -100], ignore_index=-100)
    assert (codes.tolist(), names) == ([2, 0], [0, 1, 2])
    assert read_codes([255, 0], 256, ignore_index=255)[0].tolist() == [0]
    assert read_codes(np.array([156, 3], dtype=np.uint8), ignore_index=-100)[0].tolist() == [156, 3]
    with pytest.raises(TargetError, match="no labels to count"):
        read_codes([-100, -100], ignore_index=-100)
    # The row is that of the labels as they came.
    with pytest.raises(TargetError, match="label -1 of row 2 is no class code"):
        read_codes([-100, 0, -1], ignore_index=-100)


def test_numbers_next_to_texts_stay_numbers() -> None:
    assert label_array([1, "a"]).tolist() == [1, "a"]
    codes, names = read_codes(["a", 1, True, "a"], classes=["a", 1])
    assert (codes.tolist(), names) == ([0, 1, 1, 0], ["a", 1])
    assert read_codes([2, "b"])[1] == [2, "b"]
    with pytest.raises(TargetError, match="kinds int, str have no order"):
        class_weights([1, "a"])


def test_rows_of_one_length() -> None:
    assert as_array([[0, 1], [1, 0]]).shape == (2, 2)
    assert as_array("ab").shape == ()
    with pytest.raises(UsageError, match="rows of the counts have different lengths"):
        as_array([[0, 1], [1]], "counts")
