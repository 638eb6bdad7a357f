"""Costs in all their forms, and one message for each that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.decisions import parse_cost
from equipoise.errors import DataError, EquipoiseError, UsageError

TWO = ["ham", "spam"]
THREE = ["a", "b", "c"]
TABLE = [[0.0, 1.0, 2.0], [3.0, 0.0, 4.0], [5.0, 6.5, 0.0]]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("fn=10,fp=1", [[0, 1], [10, 0]]),
        (" FP = 1 , Fn = 2.5 ", [[0, 1], [2.5, 0]]),
        ("fn=1e3,fp=1,tn=0.5,tp=2", [[0.5, 1], [1000, 2]]),
        ({"fn": 10, "fp": 1}, [[0, 1], [10, 0]]),
        ({"fn": "10", "FP": np.int64(1)}, [[0, 1], [10, 0]]),
        ([[0, 1], [10, 0]], [[0, 1], [10, 0]]),
        (np.array([[0, 1], [10, 0]], dtype=np.int8), [[0, 1], [10, 0]]),
    ],
)
def test_forms_for_two_classes(given: Any, expected: list[list[float]]) -> None:
    found = parse_cost(given, TWO)
    assert found.tolist() == expected
    assert found.dtype == np.float64


def test_an_array_is_copied() -> None:
    mine = np.array([[0.0, 1.0], [10.0, 0.0]])
    parse_cost(mine, TWO)[0, 1] = 7.0
    assert mine[0, 1] == 1.0


@pytest.mark.parametrize(
    "text",
    [
        ",a,b,c\na,0,1,2\nb,3,0,4\nc,5,6.5,0\n",
        "true,c,a,b\nc,0,5,6.5\n\na,2,0,1\n , ,,\nb,4,3,0",
        "\ufefftrue, a ,b,c\r\n a,0, 1 ,2\r\nb,3,0,4\r\nc,5,6.5,0\r\n",
        '"","a","b","c"\n"a",0,1,2\n"b",3,0,4\n"c",5,6.5,0\n',
    ],
    ids=["plain", "other order", "spaces and a mark", "quoted"],
)
def test_files(tmp_path: Path, text: str) -> None:
    path = tmp_path / "costs=1.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert parse_cost(str(path), THREE, "multiclass").tolist() == TABLE
    assert parse_cost(path, THREE, "multiclass").tolist() == TABLE


def test_files_with_numbers_for_classes(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text(",0,1\n0,0,1\n1,5,0\n", encoding="utf-8")
    assert parse_cost(path, [0, 1]).tolist() == [[0, 1], [5, 0]]  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        (",a,b\na,0,1\nb,1,0\n", "0 columns for class 'c'"),
        (",a,b,c\na,0,1,2\nb,1,0,3\n", "0 rows for class 'c'"),
        (",a,b,c\n", "0 rows for class 'a'"),
        (",a,b,c,d\na,0,1,2,3\nb,1,0,3,3\nc,1,2,0,3\n", "column for 'd', which is no class"),
        (",a,b,C\na,0,1,2\nb,1,0,3\nc,1,2,0\n", "column for 'C', which is no class"),
        (",a,b,c\na,0,1,2\nb,1,0,3\nx,1,2,0\n", "row for 'x', which is no class"),
        (",a,b,b\na,0,1,2\nb,1,0,3\nc,1,2,0\n", "2 columns for class 'b'"),
        (",a,b,c\na,0,1,2\na,1,0,3\nc,1,2,0\n", "2 rows for class 'a'"),
        (",a,b,c\na,0,1\nb,1,0,3\nc,1,2,0\n", "2 costs for class 'a'"),
        (",a,b,c\na,0,1,2,3\nb,1,0,3\nc,1,2,0\n", "4 costs for class 'a'"),
        (",a,b,c\na,0,1,\nb,1,0,3\nc,1,2,0\n", "saying 'c' for 'a' is ''"),
        (",a,b,c\na,0,1,two\nb,1,0,3\nc,1,2,0\n", "saying 'c' for 'a' is 'two'"),
        (",a,b,c\na,0,1,2\nb,-1,0,3\nc,1,2,0\n", "saying 'a' for 'b' is -1, which is negative"),
        (",a,b,c\na,0,1,nan\nb,1,0,3\nc,1,2,0\n", "saying 'c' for 'a' is nan"),
        (",a,b,c\na,0,0,0\nb,2,2,2\nc,1,1,1\n", "the same whatever is decided"),
        (b"\xff\xfe\x00,a", "cannot be read"),
    ],
)
def test_bad_files(tmp_path: Path, text: str | bytes, said: str) -> None:
    path = tmp_path / "costs.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(EquipoiseError) as caught:
        parse_cost(str(path), THREE, "multiclass")
    assert isinstance(caught.value, DataError | UsageError)
    assert said in caught.value.problem
    assert "\n" not in str(caught.value)


def test_the_nearest_class_is_named(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text(",ham,spam\nham,0,1\nspan,5,0\n", encoding="utf-8")
    with pytest.raises(DataError, match="did you mean 'spam'"):
        parse_cost(path, TWO)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read: is a directory; .*fn=10"):
        parse_cost(tmp_path, TWO)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("fn=ten,fp=1", "'fn' is 'ten', which is no number"),
        ("fn=,fp=1", "'fn' is ''"),
        ("fn=10", "'fp' is missing"),
        ("fp=1,tp=0", "'fn' is missing"),
        ({}, "'fn' is missing"),
        ("fn=10,fp", "'fp' is not of the form"),
        ("fn=10;fp=1", "'10;fp=1'"),
        ("fn=10,fp=1,fn=2", "'fn' is given twice"),
        ("fn=10,FN=2,fp=1", "'FN' is given twice"),
        ("miss=10,fp=1", "'miss' is unknown"),
        ("fn=-1,fp=1", "saying 'ham' for 'spam' is -1, which is negative"),
        ("fn=inf,fp=1", "which is not finite"),
        ("fn=1e308,fp=1", "is 1e+308, which is too large"),
        ("fn=0,fp=0", "the same whatever is decided"),
        ("costs.csv", "neither a file nor"),
        ("", "neither a file nor"),
        ("a\0b", "cannot be read"),
        ({"fn": None, "fp": 1}, "'fn' is None"),
        ([["x", "y"], ["z", "w"]], "does not hold numbers"),
        ([[0, 1], [1]], "does not hold numbers"),
        ([[0, 1, 2], [1, 0, 2]], "(2, 3) for 2 classes"),
        (np.zeros((3, 3)), "(3, 3) for 2 classes"),
        (7, "shape () for 2 classes"),
        (None, "for 2 classes"),
        (np.array([[0, np.nan], [1, 0]]), "'spam' for 'ham' is nan"),
    ],
)
def test_what_cannot_be_used(given: Any, said: str) -> None:
    with pytest.raises((UsageError, DataError)) as caught:
        parse_cost(given, TWO)
    assert said in caught.value.problem
    assert caught.value.remedy


def test_short_names_are_for_two_classes() -> None:
    with pytest.raises(UsageError, match="this multiclass task has 3"):
        parse_cost("fn=10,fp=1", THREE, "multiclass")
