"""Files of every kind are read, and each bad one is refused in one message with its remedy."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from equipoise.data.reading import read_table
from equipoise.errors import DataError, EquipoiseError, StorageError

TABLE = pl.DataFrame(
    {
        "größe": [1, 2, None],
        "share": [0.5, None, 1e-308],
        "text": ["naïve 雪 🙂", 'two\nlines, "quoted"; and\ttabbed', None],
        "last": ["a", "b", "c"],
    }
)
WRITERS: dict[str, Callable[[Path], object]] = {
    ".csv": TABLE.write_csv,
    ".txt": lambda path: TABLE.write_csv(path, separator="|"),
    ".tsv": lambda path: TABLE.write_csv(path, separator="\t"),
    ".parquet": TABLE.write_parquet,
    ".pq": TABLE.write_parquet,
    ".jsonl": TABLE.write_ndjson,
    ".ndjson": TABLE.write_ndjson,
    ".feather": TABLE.write_ipc,
    ".arrow": TABLE.write_ipc,
    ".ipc": TABLE.write_ipc_stream,
}


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def columns_of(path: Path) -> dict[str, list[object]]:
    return {column.name: column.to_list() for column in read_table(path).iter_columns()}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("suffix", WRITERS)
def test_every_kind_is_read_as_it_was_written(tmp_path: Path, suffix: str, zipped: bool) -> None:
    path = tmp_path / f"data{suffix}"
    WRITERS[suffix](path)
    if zipped:
        path = written(tmp_path / f"data{suffix}.GZ", gzip.compress(path.read_bytes()))
    assert columns_of(path) == TABLE.to_dict(as_series=False)


def test_a_semicolon_file_has_its_decimal_commas(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'x;y;"a,b"\n1,5;2;p\n-2,25;3;q, r\n')
    assert columns_of(path) == {"x": [1.5, -2.25], "y": [2, 3], "a,b": ["p", "q, r"]}
    path = written(tmp_path / "b.csv", "x;y\n1.5;1,2\n2.5;3,4\n")
    assert columns_of(path) == {"x": [1.5, 2.5], "y": ["1,2", "3,4"]}


def test_separators_within_quotes_do_not_count(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", '"a;b;c","d"\n"x;y;z","1"\n"u;v;w","2"\n')
    assert columns_of(path) == {"a;b;c": ["x;y;z", "u;v;w"], "d": [1, 2]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbfa,b\n1,x\n", {"a": [1], "b": ["x"]}),
        ("a,b\n1,ä\n".encode("utf-16"), {"a": [1], "b": ["ä"]}),
        ("a,b\n1,Müller – €\n".encode("cp1252"), {"a": [1], "b": ["Müller – €"]}),
        ("a,b\n1,é\n".encode("latin-1"), {"a": [1], "b": ["é"]}),
        (b"a,b\r\n1,x\r\n2,y\r\n", {"a": [1, 2], "b": ["x", "y"]}),
        (b"a,b\r1,x\r2,y\r", {"a": [1, 2], "b": ["x", "y"]}),
        (b'a,b\r\n1,"x\r\ny"\r\n', {"a": [1], "b": ["x\r\ny"]}),
        (b'"a\nb",c\n1,x\n', {"a\nb": [1], "c": ["x"]}),
        (b"a,b\n1,x", {"a": [1], "b": ["x"]}),
        (b"\n\na,b\n\n1,x\n\r\n2,\n\n\n", {"a": [1, 2], "b": ["x", None]}),
        (b"a,b\nx,1\n  \ny,\n", {"a": ["x", "y"], "b": [1, None]}),
        (b'a,b\n1,"x\n\ny"\n\n2,\n', {"a": [1, 2], "b": ["x\n\ny", None]}),
        (b" a , b \n1,x\n", {"a": [1], "b": ["x"]}),
        (b",a,\n0,x,\n1,y,\n", {"column_0": [0, 1], "a": ["x", "y"], "column_2": [None, None]}),
        (b",column_0\n5,x\n", {"column_0_": [5], "column_0": ["x"]}),
        (b"only\n1\n2\n", {"only": [1, 2]}),
        (b"zip,n\n01234,10\n99999,0\n", {"zip": ["01234", "99999"], "n": [10, 0]}),
        (b"a,b\nTrue,x\nFalse,y\n", {"a": [True, False], "b": ["x", "y"]}),
    ],
)
def test_text_of_many_hands(
    tmp_path: Path, content: bytes, expected: dict[str, list[object]]
) -> None:
    assert columns_of(written(tmp_path / "a.csv", content)) == expected


def test_quotation_marks_that_quote_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv", 'k\ttext\nham\t"x"y\nspam\ty "q\nham\tk\n')
    assert columns_of(path)["text"] == ['"x"y', 'y "q', "k"]


def test_types_that_the_first_rows_do_not_foretell(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "a,b\n" + "1,2\n" * 10_500 + "1.5,x\n")
    frame = read_table(path)
    assert frame["a"].sum() == 10_501.5
    assert frame["b"].to_list()[-1] == "x"


def test_json_lines_with_a_mark_missing_keys_and_blank_lines(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf{"a":1,"b":"x"}\n\n{"b":"y"}\r\n{"a":2.5}\n'
    assert columns_of(written(tmp_path / "a.jsonl", content)) == {
        "a": [1.0, None, 2.5],
        "b": ["x", "y", None],
    }


@pytest.mark.parametrize("where", ["header", "first", "later"])
def test_a_cell_of_5_mb_is_read(tmp_path: Path, where: str) -> None:
    big = "word, " * 900_000
    cells = {"header": "text", "first": "x", "later": "y", where: big}
    content = f'"{cells["header"]}",b\n"{cells["first"]}",1\n"{cells["later"]}",2\n'
    frame = read_table(written(tmp_path / "a.csv", content))
    assert frame.shape == (2, 2)
    assert sum(len(value) for value in [frame.columns[0], *frame[frame.columns[0]]]) > 5_000_000


BAD = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\xef\xbb\xbf \r\n\n", "is empty"),
    "empty.parquet": (b"", "is empty"),
    "empty.csv.gz": (gzip.compress(b""), "is empty"),
    "header.csv": (b"a,b,c\n", "a header and no rows"),
    "junk.csv": (bytes(range(256)) * 40, "is a binary file"),
    "control.csv": (b"\x01\x02\x03\x04\x05a,b\n", "is a binary file"),
    "late.csv": (b"a,b\n" + b"1,2\n" * 30_000 + b"\x00" * 2_000, "is a binary file"),
    "zip.csv": (b"PK\x03\x04" + bytes(100), "a zip archive or a spreadsheet"),
    "packed.csv": (gzip.compress(b"a,b\n1,2\n"), "gzipped"),
    "text.parquet": (b"a,b\n1,2\n", "cannot be read as parquet"),
    "text.feather": (b"a,b\n1,2\n", "cannot be read as arrow"),
    "text.jsonl": (b"a,b\n1,2\n", "cannot be read as jsonl"),
    "array.jsonl": (b'[{"a":1},{"a":2}]', "cannot be read as jsonl"),
    "cut.jsonl": (b'{"a":1}\n{"a":', "cannot be read as jsonl"),
    "long.csv": (b"a,b\n1,2\n3,4,5\n", "3 fields in line 3 and 2 in its header"),
    "short.csv": (b"a,b,c\n1,2,3\n\n4,5\n", "2 fields in line 4 and 3 in its header"),
    "quoted.csv": (b'a,b\n1,"x\ny"\n2\n', "1 fields in line 4 and 2 in its header"),
    "prose.csv": (b"text\nHello, you\n", "2 fields in line 2 and 1 in its header"),
    "open.csv": (b'a,b\n1,x\n2,"y\n3,z\n', "from line 3 on"),
    "ragged.tsv": (b"a\tb\n1\t2\t3\n", "3 fields in line 2 and 2 in its header"),
    "twice.csv": (b"a,b, a\n1,2,3\n", "names the column 'a' 2 times"),
    "twice.csv.gz": (gzip.compress(b"a,a\n1,2\n"), "names the column 'a' 2 times"),
    "cut.csv.gz": (gzip.compress(b"a,b\n1,2\n" * 999)[:-20], "not a whole gzip file"),
    "plain.csv.gz": (b"a,b\n1,2\n", "not a whole gzip file"),
    "table.xlsx": (b"PK\x03\x04", "is a .xlsx file, which cannot be read; use csv, tsv, parquet"),
    "table.py.gz": (gzip.compress(b"a = 1"), "is a .py file, which cannot be read"),
    "table": (b"a,b\n1,2\n", "no suffix that names a kind"),
    "table.gz": (gzip.compress(b"a,b\n1,2\n"), "no suffix that names a kind"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_message(tmp_path: Path, name: str) -> None:
    content, said = BAD[name]
    with pytest.raises(DataError, match=said) as caught:
        read_table(written(tmp_path / name, content))
    assert name in caught.value.problem
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [".parquet", ".feather"])
def test_a_whole_file_under_a_wrong_name_and_a_cut_one(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"data{kind}"
    WRITERS[kind](path)
    content = path.read_bytes()
    with pytest.raises(DataError, match=r"not csv; name it \.(parquet|arrow)"):
        read_table(written(tmp_path / "data.csv", content))
    for part in (content[: len(content) // 2], content[:-3], content[:40] + content[60:]):
        with pytest.raises(DataError, match="cannot be read as"):
            read_table(written(path, part))


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    written(tmp_path / "customers.csv", "a,b\n1,2\n")
    with pytest.raises(DataError, match=r"did you mean '.*customers\.csv'\?"):
        read_table(tmp_path / "costumers.csv")
    for path in (
        tmp_path / "nowhere" / "x.csv",
        tmp_path / "customers.csv" / "x.csv",
        tmp_path / "x\0y.csv",
        tmp_path / ("x" * 300 + ".csv"),
    ):
        with pytest.raises(EquipoiseError, match=r"there is no file|cannot be read"):
            read_table(path)


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        read_table(str(tmp_path / "a.csv"))


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.csv", "a,b\n1,2\n")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(StorageError, match=r"permission denied; change its permissions"):
        read_table(path)


def test_a_failing_disk_and_a_folder_that_may_not_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(DataError, match="there is no file"):
        read_table(tmp_path / "a.csv")

    def fail(self: Path) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(StorageError, match="Input/output error; check the disk"):
        read_table(written(tmp_path / "b.csv", "a\n1\n"))


def test_the_original_file_of_messages(shared_data: Path) -> None:
    # Without a header, and with quotation marks that quote nothing: every line is a row all the same.
    frame = read_table(shared_data / "SMSSpamCollection.tsv")
    assert frame.shape == (5573, 2)


@pytest.mark.parametrize("kind", [".parquet", ".arrow", ".ipc"])
def test_damaged_files_are_refused_at_once(tmp_path: Path, kind: str) -> None:
    # Every one is read or refused; none may crash the process or wait for ever.
    path = tmp_path / f"data{kind}"
    WRITERS[kind](path)
    content = path.read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for at in random.integers(8, len(content), 60):
        damaged = bytearray(content)
        damaged[at : at + 4] = random.bytes(4)
        try:
            read_table(written(path, bytes(damaged)))
        except DataError:
            refused += 1
    assert refused > 10


@pytest.mark.parametrize("stray", ["\x00", "\x01", "\x1b"])
def test_a_stray_control_character_does_not_make_a_file_binary(tmp_path: Path, stray: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"a,b\n1,x{stray}y\n2,z\n", encoding="utf-8")
    assert read_table(path)["b"].to_list() == [f"x{stray}y", "z"]
