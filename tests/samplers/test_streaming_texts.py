"""Text files are read piece by piece as they are read at once: the same rows, and the same words."""

from __future__ import annotations

import csv
import gzip
import io
import tracemalloc

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.data.reading import read_table
from equipoise.errors import DataError, EquipoiseError
from equipoise.samplers.files import resample_file, texts
from equipoise.samplers.files.texts import check_widths, encoding_of, recode

ROWS = "".join(f"n,{i},{i}\n" if i > 20 else f"p,{i},{i}\n" for i in range(60))
NOISE = np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8).tobytes()
REFUSED = {
    "binary": ("a.csv", NOISE),
    "binary as utf-16": ("a.csv", b"\xff\xfe" + NOISE + b"\x00\xd8"),
    "binary parquet": ("a.parquet", NOISE),
    "a short row": ("a.csv", f"y,a,b\n{ROWS}p,7\n{ROWS}".encode()),
    "a short row at the end": ("a.csv", f"y,a,b\n{ROWS}p,7".encode()),
    "a short row behind quotes": ("a.csv", f'y,a,b\n"p,\n""",1,2\n{ROWS}p,7\n{ROWS}'.encode()),
    "a short and a long row": ("a.csv", f"y,a,b\n{ROWS}p,7\n{ROWS}p,1,2,3\n".encode()),
    "a long row": ("a.csv", f"y,a,b\n{ROWS}p,1,2,3\n{ROWS}".encode()),
    "an open quote": ("a.csv", f'y,a,b\n{ROWS}p,"1,2\n{ROWS}'.encode()),
    "quotes within": ("a.csv", f'y,a,b\n{ROWS}p,"1"x,2\n'.encode()),
    "a short row of tabs": ("a.tsv", f"y,a,b\n{ROWS}p,7\n".replace(",", "\t").encode()),
    "a short row in windows-1252": ("a.csv", f"y,a,b\nö,1,2\n{ROWS}p,7\n".encode("cp1252")),
    "a short row in utf-16": ("a.csv", f"y,a,b\n{ROWS}p,7\n".encode("utf-16")),
    "a short row, zipped": ("a.csv.gz", gzip.compress(f"y,a,b\n{ROWS}p,7\n".encode())),
    "a broken zip": ("a.csv.gz", gzip.compress(NOISE)[:-900]),
    "a header alone": ("a.csv", b"y,a,b\n"),
    "a column twice": ("a.csv", f"y,a,a\n{ROWS}".encode()),
    "text in a parquet": ("a.parquet", f"y,a,b\n{ROWS}".encode()),
    "a zip in a csv": ("a.csv", b"PK\x03\x04" + NOISE),
}


@pytest.mark.parametrize("name", REFUSED)
def test_both_ways_refuse_with_the_same_words(name, tmp_path):
    called, content = REFUSED[name]
    (tmp_path / called).write_bytes(content)
    said = []
    for method in ("random-over", "smote"):
        with pytest.raises(EquipoiseError) as caught:
            resample_file(tmp_path / called, tmp_path / "out.csv", "y", method)
        said.append((str(caught.value), caught.value.exit_code))
    assert said[0] == said[1]
    assert [path.name for path in tmp_path.iterdir()] == [called]


def test_the_line_that_is_too_short_is_named(tmp_path):
    (tmp_path / "a.csv").write_text(f'y,a,b\nn,"1\n\n2",3\n{ROWS}p,7\n{ROWS}')
    with pytest.raises(DataError, match=r"has 2 fields in line 65 and 3 in its header"):
        resample_file(tmp_path / "a.csv", tmp_path / "out.csv", "y", "random-over")


READ = {
    "windows-1252": ("a.csv", f"y,a,größe\n{ROWS}".encode("cp1252")),
    "windows-1252, zipped": ("a.csv.gz", gzip.compress(f"y,a,größe\n{ROWS}".encode("cp1252"))),
    "utf-16": ("a.csv", f"y,a,größe\n{ROWS}".encode("utf-16")),
    "carriage returns": ("a.csv", f"y,a,größe\n{ROWS}".replace("\n", "\r").encode()),
    "a byte order mark": ("a.csv", f'"y",a,"größe"\r\n{ROWS}'.encode("utf-8-sig")),
    "blank lines": ("a.csv", f"y,a,b\n\n{ROWS}\r\n\n{ROWS}\n\n".encode()),
    "lines of spaces": ("a.csv", f"y,a,b\n{ROWS}   \n \n{ROWS}".encode()),
    "quotes that quote nothing": ("a.tsv", f'y,a,b\n{ROWS}p,"1,2\n'.replace(",", "\t").encode()),
    "a stray control character": ("a.csv", f"y,a,b\n{ROWS}p\x00,1,2\nn\x00,1,2\n".encode()),
    "an empty last value": ("a.csv", f"y,a,b\n{ROWS}p,7,\n".encode()),
    "quoted marks": ("a.csv", f'y,a,b\n{ROWS}"p",7,"1,""\n,\n\n"\n'.encode()),
    "no end": ("a.csv", f"y,a,b\n{ROWS}p,7,8".encode()),
}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("block", [7, 2**20])
def test_both_ways_read_the_same(name, block, tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "_BLOCK", block)
    called, content = READ[name]
    (tmp_path / called).write_bytes(content)
    resample_file(tmp_path / called, tmp_path / "out.parquet", "y", "random-over", row_number="row")
    made = pl.read_parquet(tmp_path / "out.parquet").unique("row", maintain_order=True)
    whole = read_table(tmp_path / called).to_native()
    assert made.columns == [*whole.columns, "row"]
    assert made.drop("row").cast(pl.String).equals(whole.cast(pl.String))


CELLS = st.text(st.sampled_from('x",\r\n '), max_size=4)


def test_lines_of_spaces_do_not_become_rows_of_text(tmp_path):
    (tmp_path / "a.csv").write_text(f"y,a,b\n{ROWS}   \n\n{ROWS}")
    done = resample_file(tmp_path / "a.csv", tmp_path / "out.csv", "y", "random-under")
    assert done.before == {"n": 78, "p": 42}
    assert "  " not in (tmp_path / "out.csv").read_text()


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=8),
    block=st.integers(1, 9),
    even=st.booleans(),
)
def test_rows_of_another_width_are_found_in_any_blocks(rows, block, even, tmp_path_factory):
    width = len(rows[0])
    if even:
        rows = [(row * 2)[:width] for row in rows]
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    place = tmp_path_factory.mktemp("t") / "a.csv"
    place.write_text(file.getvalue(), newline="")
    wrong = [k for k, row in enumerate(rows) if len(row) != width]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "_BLOCK", block)
        assert encoding_of(place, zipped=False) == ("utf-8", False)
        if not wrong:
            # That the numbers add up is what saves the reading of rows one by one.
            assert texts._adds_up(place, False, ",", width)
            assert check_widths(place, False, ",", width, place)
            return
        with pytest.raises(DataError, match=rf"has {len(rows[wrong[0]])} fields in line"):
            check_widths(place, False, ",", width, place)


@settings(max_examples=100, deadline=None)
@given(
    text=st.text(),
    encoding=st.sampled_from(["utf-8", "utf-16", "cp1252"]),
    block=st.integers(2, 9),
)
def test_what_is_written_anew_is_the_same_text(text, encoding, block, tmp_path_factory):
    text = f"äöü€{text}".replace("\r", "").encode(encoding, "ignore").decode(encoding)
    text = "".join(c for c in text if c >= " ") + "\n"
    place = tmp_path_factory.mktemp("t") / "a.csv"
    place.write_bytes(text.encode(encoding))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "_BLOCK", block)
        assert encoding_of(place, zipped=False) == (encoding, False)
        recode(place, False, encoding, False, place.parent / "b.csv")
    assert (place.parent / "b.csv").read_bytes().decode() == text


def test_looking_at_a_text_takes_no_memory(tmp_path):
    place = tmp_path / "a.csv"
    place.write_bytes(b"y,a,b\n" + b'p,1,"2,3"\n' * 2_000_000)
    tracemalloc.start()
    try:
        assert encoding_of(place, zipped=False) == ("utf-8", False)
        assert check_widths(place, False, ",", 3, place)
        assert tracemalloc.get_traced_memory()[1] < 12 * 2**20
    finally:
        tracemalloc.stop()
