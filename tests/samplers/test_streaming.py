"""Files are resampled piece by piece: exact numbers, uniform draws, the same rows on any machine."""

from __future__ import annotations

import gzip
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from equipoise.decisions import prior_offset
from equipoise.errors import ColumnNotFound, DataError, StorageError, TargetError, UsageError
from equipoise.samplers import (
    DownsampleUpweight,
    MildCombination,
    RandomOverSampler,
    RandomUnderSampler,
    UpsampleDownweight,
)
from equipoise.samplers.amounts import RANDOM_METHODS, WEIGHING
from equipoise.samplers.files import resample_file, streaming
from equipoise.samplers.files.queries import read_batches
from equipoise.samplers.files.streaming import _Plan

SAMPLERS = {
    "random-over": RandomOverSampler,
    "random-under": RandomUnderSampler,
    "mild-combination": MildCombination,
    "downsample-upweight": DownsampleUpweight,
    "upsample-downweight": UpsampleDownweight,
}
SUFFIXES = [".csv", ".tsv", ".parquet", ".jsonl", ".arrow", ".feather"]


def frame_of(counts: list[int], seed: int = 0) -> pl.DataFrame:
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    return pl.DataFrame({"x": np.arange(len(y)), "größe": y * 0.5, "art": [f"k{c}" for c in y]})


def write(frame: pl.DataFrame, path: Path) -> Path:
    if path.suffix in (".csv", ".tsv"):
        frame.write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")
    elif path.suffix == ".jsonl":
        frame.write_ndjson(path)
    elif path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_ipc(path)
    return path


def read(path: Path) -> pl.DataFrame:
    if path.suffix in (".csv", ".tsv"):
        return pl.read_csv(path, separator="\t" if path.suffix == ".tsv" else ",")
    if path.suffix == ".jsonl":
        return pl.read_ndjson(path)
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_ipc(path)


def rows_of(folder: Path, counts: list[int], method: str, seed: int = 0, **more) -> pl.DataFrame:
    """Resample classes of these counts; every row written is checked to be a row that was given."""
    frame = frame_of(counts, len(counts))
    source = write(frame, folder / "in.parquet")
    done = resample_file(
        source, folder / "out.parquet", "art", method, seed=seed, row_number="r", **more
    )
    out = pl.read_parquet(folder / "out.parquet")
    rows = out["r"].to_numpy()
    assert out.select(frame.columns).equals(frame[rows])
    kept = len(np.unique(rows))
    assert (np.diff(rows[:kept]) > 0).all()
    assert (np.diff(rows[kept:]) >= 0).all()
    assert done.before == dict(enumerate_classes(counts))
    assert done.after == dict(out.group_by("art").len().sort("art").iter_rows())
    return out


def enumerate_classes(counts: list[int]) -> list[tuple[str, int]]:
    return [(f"k{c}", n) for c, n in enumerate(counts)]


@pytest.mark.parametrize("method", RANDOM_METHODS)
@settings(max_examples=12, deadline=None)
@given(counts=st.lists(st.integers(1, 60), min_size=2, max_size=12), seed=st.integers(0, 2**32 - 1))
def test_as_many_rows_as_the_sampler_each_as_often_as_said(method, counts, seed, tmp_path_factory):
    out = rows_of(tmp_path_factory.mktemp("f"), counts, method, seed)
    y = np.repeat(np.arange(len(counts)), counts)
    sampler = SAMPLERS[method](random_state=0)
    expected = np.bincount(sampler.fit_resample(np.zeros((len(y), 1)), y)[1])
    for c, n in enumerate(counts):
        own = out.filter(pl.col("art") == f"k{c}")
        assert len(own) == expected[c]
        times = np.bincount(own.group_by("r").len()["len"].to_numpy())
        often, more = divmod(int(expected[c]), n)
        if often:
            assert times[often] == n - more
        assert (times[often + 1] if len(times) > often + 1 else 0) == more
        assert len(times) <= often + 2
        if "sample_weight" in out.columns:
            np.testing.assert_allclose(own["sample_weight"], n / expected[c], rtol=1e-15)


@pytest.mark.parametrize(
    ("method", "given"),
    [
        *[
            (method, {"sampling_strategy": strategy})
            for method in ("random-over", "random-under")
            for strategy in ("auto", "all", "not minority", "not majority")
        ],
        ("random-over", {"sampling_strategy": "minority"}),
        ("random-under", {"sampling_strategy": "majority"}),
        ("random-over", {"sampling_strategy": 0.37}),
        ("random-under", {"sampling_strategy": 0.37}),
        ("random-over", {"sampling_strategy": {0: 901, 1: 77}}),
        ("random-under", {"sampling_strategy": {0: 33}}),
        ("mild-combination", {"over": 0.4}),
        ("mild-combination", {"ratio": 1.5, "over": 0.1}),
        ("downsample-upweight", {"ratio": 3.3}),
    ],
    ids=str,
)
def test_parameters_are_those_of_the_sampler(method, given, tmp_path):
    counts = [900, 70]
    y = np.repeat([0, 1], counts)
    sampler = SAMPLERS[method](**given, random_state=0)
    expected = np.bincount(sampler.fit_resample(np.zeros((970, 1)), y)[1])
    strategy = given.get("sampling_strategy")
    if isinstance(strategy, dict):
        given = {"sampling_strategy": {f"k{c}": rows for c, rows in strategy.items()}}
    out = rows_of(tmp_path, counts, method, **given)
    assert out.group_by("art").len().sort("art")["len"].to_list() == expected.tolist()


def keys_of(n: int, seed: int) -> np.ndarray:
    query = pl.LazyFrame({"y": np.zeros(n, dtype=np.int8)})
    plan = _Plan(query, "y", pl.Series([0], dtype=pl.Int8), {0: n}, {0: n}, seed, {"y"})
    return plan.source.select(plan.key).collect().to_series().to_numpy()


def test_keys_are_those_of_splitmix():
    rows, whole = np.arange(1000, dtype=np.uint64), np.uint64

    def mix(z):
        z = (z ^ (z >> whole(30))) * whole(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> whole(27))) * whole(0x94D049BB133111EB)
        return z ^ (z >> whole(31))

    start = mix(np.array([7], dtype=np.uint64))
    steps = (rows + whole(1)) * whole(0x9E3779B97F4A7C15)
    np.testing.assert_array_equal(keys_of(1000, 7), mix(start + steps))
    # The first numbers of the generator with the state 0, as published.
    assert [int(key) for key in keys_of(2, 0)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_keys_are_uniform_and_have_no_order(seed):
    n = 200_000
    keys = keys_of(n, seed)
    assert len(np.unique(keys)) == n
    for bits in (keys >> np.uint64(56), keys & np.uint64(255)):
        assert stats.chisquare(np.bincount(bits.astype(int), minlength=256)).pvalue > 1e-3
    share = keys / 2.0**64
    assert stats.kstest(share, "uniform").pvalue > 1e-3
    # Neither neighbours nor rows a stride apart, nor the rows of the next seed, go together.
    others = [(share[:-k], share[k:]) for k in (1, 2, 64, 1000)]
    others.append((share, keys_of(n, (seed + 1) % 2**32) / 2.0**64))
    for one, other in others:
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / math.sqrt(n)
    # In every stretch of the file as in every other one, and in those where a class may lie.
    for own in (np.arange(n) % 7 == 3, np.arange(n) < 5000, np.arange(n) % 1024 == 0):
        assert stats.kstest(share[own], "uniform").pvalue > 1e-3


@pytest.mark.parametrize("start", [0, 1000, 2**31])
def test_the_first_row_is_as_any_other(start):
    # Among the smallest quarter of 40 keys about every fourth time, whichever row it is.
    times, rows = 400, 40
    ranks = np.array(
        [keys_of(rows, seed).argsort().argsort() for seed in range(start, start + times)]
    )
    kept = (ranks < rows // 4).sum(axis=0)
    assert stats.binomtest(int(kept[0]), times, 0.25).pvalue > 1e-3
    assert stats.chisquare(np.bincount(ranks[:, 0], minlength=rows)).pvalue > 1e-3
    if start == 0:
        assert keys_of(rows, 0)[0] > 0


def test_every_row_is_drawn_equally_often_and_so_are_pairs(tmp_path):
    counts, seeds = [40, 10], range(200)
    drawn = np.zeros((len(seeds), 50))
    for seed in seeds:
        drawn[seed, rows_of(tmp_path, counts, "random-under", seed)["r"].to_numpy()] = 1
    common = drawn[:, drawn.mean(axis=0) < 1]
    assert common.shape[1] == 40
    p, n = 0.25, len(seeds)
    # Draws without replacement have a variance smaller by this, and correlate by -1 / 39.
    squares = ((common.sum(axis=0) - n * p) ** 2 / (n * p * (1 - p))).sum() * 39 / 40
    assert 0.001 < stats.chi2.sf(squares, 39) < 0.999
    pairs = np.corrcoef(common.T)[np.triu_indices(40, 1)]
    assert abs(pairs.mean() + 1 / 39) < 0.007
    assert pairs.std() < 1.3 / math.sqrt(n)


def test_numbers_are_exact_where_windows_are_narrow(tmp_path):
    rng = np.random.default_rng(5)
    y = rng.choice(3, 300_000, p=[0.9, 0.0995, 0.0005])
    pl.DataFrame({"y": y}).write_parquet(tmp_path / "in.parquet", row_group_size=7_001)
    n = np.bincount(y)
    for strategy in ({"0": 1, "1": n[1] - 1}, {"0": n[0] - 1}, {"0": n[0] // 2, "1": n[2], "2": 2}):
        resample_file(
            tmp_path / "in.parquet",
            tmp_path / "out.parquet",
            "y",
            "random-under",
            sampling_strategy=strategy,
        )
        out = pl.read_parquet(tmp_path / "out.parquet")["y"].to_numpy()
        expected = [strategy.get(str(c), n[c]) for c in range(3)]
        assert np.bincount(out).tolist() == expected


def test_a_window_that_misses_is_widened(tmp_path, monkeypatch):
    wide = streaming._window
    monkeypatch.setattr(streaming, "_window", lambda rank, n, width: wide(rank, n, width / 1e5))
    out = rows_of(tmp_path, [5000, 70], "random-under")
    assert len(out) == 140


def test_row_groups_make_no_difference_but_row_numbers_do(tmp_path):
    frame = frame_of([3000, 200])
    found = []
    for size in (100, 3200):
        frame.write_parquet(tmp_path / "in.parquet", row_group_size=size)
        resample_file(tmp_path / "in.parquet", tmp_path / "out.parquet", "art", "mild", seed=4)
        found.append(pl.read_parquet(tmp_path / "out.parquet"))
    assert found[0].equals(found[1])
    resample_file(tmp_path / "in.parquet", tmp_path / "out.parquet", "art", "mild", seed=5)
    assert not pl.read_parquet(tmp_path / "out.parquet").equals(found[0])


CODE = """
import sys, polars as pl
from equipoise.samplers.files import streaming
from equipoise.samplers.amounts import RANDOM_METHODS
from equipoise.samplers.files import resample_file
if len(sys.argv) > 4:
    pl.Config.set_streaming_chunk_size(int(sys.argv[4]))
resample_file(*sys.argv[1:3], "art", sys.argv[3], seed=3)
"""


@pytest.mark.parametrize("method", ["random-under", "random-over"])
def test_threads_and_batches_make_no_difference(method, tmp_path):
    source = write(frame_of([60_000, 2_000, 3]), tmp_path / "in.parquet")
    written = []
    for threads, chunk in (("1", []), ("2", ["777"]), ("5", [])):
        out = tmp_path / f"{threads}.parquet"
        subprocess.run(
            [sys.executable, "-c", CODE, str(source), str(out), method, *chunk],
            env={**os.environ, "POLARS_MAX_THREADS": threads},
            check=True,
            timeout=120,
        )
        written.append(pl.read_parquet(out))
    assert written[0].equals(written[1])
    assert written[0].equals(written[2])


def test_prior_offsets_have_a_closed_form(tmp_path):
    source = write(frame_of([900, 90, 10]), tmp_path / "in.csv")
    done = resample_file(source, tmp_path / "out.csv", "art", "random-over")
    for label, n in done.before.items():
        assert done.prior_offset[label] == pytest.approx(math.log((1 / 3) / (n / 1000)))
    ours = np.array(list(done.prior_offset.values()))
    centred = prior_offset(list(done.before.values()), list(done.after.values()))
    np.testing.assert_allclose(ours - ours.mean(), centred)
    kept = resample_file(source, tmp_path / "out.csv", "art", "downsample-upweight")
    assert set(kept.prior_offset.values()) == {0.0}
    out = pl.read_csv(tmp_path / "out.csv")
    weights = out.group_by("art").agg(pl.col("sample_weight").sum()).sort("art")
    np.testing.assert_allclose(weights["sample_weight"], [900, 90, 10])


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("to", SUFFIXES)
def test_every_kind_of_file_becomes_every_other(suffix, to, tmp_path):
    frame = frame_of([50, 8])
    source = write(frame, tmp_path / f"in{suffix}")
    resample_file(source, tmp_path / f"out{to}", "art", "random-over", row_number="reihe")
    out = read(tmp_path / f"out{to}")
    assert out.columns == ["x", "größe", "art", "reihe"]
    assert out.drop("reihe").equals(frame[out["reihe"].to_list()])
    assert len(out) == 100


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_gzipped_text(suffix, tmp_path):
    plain = write(frame_of([50, 8]), tmp_path / f"a{suffix}")
    (tmp_path / f"b{suffix}.gz").write_bytes(gzip.compress(plain.read_bytes()))
    for source, out in ((plain, "1"), (tmp_path / f"b{suffix}.gz", "2")):
        resample_file(source, tmp_path / f"{out}{suffix}", "art", "random-under")
    one, two = (tmp_path / f"{n}{suffix}" for n in "12")
    assert one.read_bytes() == two.read_bytes()


def test_values_of_text_files_are_not_touched(tmp_path):
    text = '\ufeffzip;amount;"who, ""or what""";y\n' + "007;1,50;;a\n" * 4 + '\n1;2,0;"x;\ny";b\n\n'
    (tmp_path / "in.csv").write_text(text, encoding="utf-8")
    resample_file(tmp_path / "in.csv", tmp_path / "out.csv", "y", "random-over")
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ['zip;amount;"who, ""or what""";y', "007;1,50;;a"]
    assert lines[-2:] == ['1;2,0;"x;', 'y";b']
    resample_file(tmp_path / "in.csv", tmp_path / "out.parquet", "y", "random-over")
    assert pl.read_parquet(tmp_path / "out.parquet")["zip"].to_list() == ["007"] * 4 + ["1"] * 4


@pytest.mark.parametrize(
    "labels",
    [
        [True, False, False],
        [0.5, 1.5, 1.5],
        [-1, 2**62, 2**62],
        pl.Series(["a", "b", "b"], dtype=pl.Categorical),
        pl.Series(["a", "b", "b"], dtype=pl.Enum(["b", "a"])),
        pl.Series([1, 2, 2], dtype=pl.UInt8),
        pl.Series([1, 2, 2]).cast(pl.Date),
    ],
    ids=str,
)
def test_labels_of_every_type(labels, tmp_path):
    frame = pl.DataFrame({"y": labels, "other": [["x"], [], None]})
    frame.write_parquet(tmp_path / "in.parquet")
    done = resample_file(tmp_path / "in.parquet", tmp_path / "out.parquet", "y", "random-over")
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out.schema == frame.schema
    assert out["y"].to_list() == [*frame["y"], frame["y"][0]]
    assert list(done.after.values()) == [2, 2]


def test_a_rare_class_in_one_run_of_rows(tmp_path):
    frame = pl.DataFrame({"x": np.arange(300_003), "y": [True] * 3 + [False] * 300_000})
    frame.write_parquet(tmp_path / "in.parquet")
    resample_file(tmp_path / "in.parquet", tmp_path / "out.parquet", "y", "random-over")
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out["x"].to_list() == [*range(300_003), *np.repeat(np.arange(3), 99_999)]


def test_columns_called_as_our_own(tmp_path):
    frame = pl.DataFrame({"row": [5, 6, 7], "row_": [1, 2, 3]})
    frame = frame.with_columns(pl.Series("rows", ["a", "b", "b"]), label=4, literal=None)
    frame.write_parquet(tmp_path / "in.parquet")
    for method in RANDOM_METHODS:
        resample_file(
            *(tmp_path / "in.parquet", tmp_path / "out.parquet", "rows", method), row_number="row__"
        )
        out = pl.read_parquet(tmp_path / "out.parquet")
        assert out.select(frame.columns).equals(frame[out["row__"].to_list()])


@settings(max_examples=50)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 25))
def test_pieces_put_together_are_all_copies(times, piece):
    frame = pl.LazyFrame({"x": range(len(times)), "times": times})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "_PIECE", piece)
        parts = list(streaming._repeat(frame, "times"))
    assert pl.concat(parts)["x"].to_list() == np.repeat(np.arange(len(times)), times).tolist()
    assert max(map(len, parts)) <= max(piece, len(times))


def test_reading_can_be_left_and_its_errors_are_raised():
    def broken(frame):
        raise ValueError("the disk is gone")

    frame = pl.concat([pl.LazyFrame({"x": [k], "times": [1]}) for k in range(200)])
    slow = read_batches(frame)
    assert len(next(slow)) > 0
    slow.close()
    with pytest.raises(ValueError, match="the disk is gone"):
        list(streaming._repeat(frame.map_batches(broken, streamable=True), "times"))


def test_classes_that_are_even_already_are_copied(tmp_path):
    frame = frame_of([20, 20, 20])
    source = write(frame, tmp_path / "in.parquet")
    for method in RANDOM_METHODS:
        weight = "w" if method in WEIGHING else None
        done = resample_file(source, tmp_path / "out.parquet", "art", method, weight=weight)
        out = pl.read_parquet(tmp_path / "out.parquet")
        assert out.select(frame.columns).equals(frame)
        assert set(done.prior_offset.values()) == {0.0}


BAD = {
    "one class": ({"y": ["a"] * 5}, {}, TargetError, ["'a'", "5 rows"]),
    "missing": ({"y": ["a", None, "b", " "]}, {}, TargetError, ["'y'", "2 of 4 rows"]),
    "no number": ({"y": [0.0, math.nan, 1.0]}, {}, TargetError, ["1 of 3 rows"]),
    "an id": ({"y": list(range(1001))}, {}, TargetError, ["'y'", "1,000"]),
    "lists": ({"y": [[1], [2]]}, {}, TargetError, ["'y'", "lists"]),
    "no rows": ({"y": pl.Series([], dtype=pl.String)}, {}, DataError, ["rows"]),
    "other column": ({"ys": ["a", "b"]}, {}, ColumnNotFound, ["'y'", "did you mean 'ys'"]),
    "weight there": (
        {"y": ["a", "b"], "sample_weight": [1, 2]},
        {"method": "upsample-downweight"},
        UsageError,
        ["'sample_weight' already"],
    ),
    "no weight": ({"y": ["a", "b"]}, {"weight": "w"}, UsageError, ["weight='w'"]),
    "a seed": ({"y": ["a", "b"]}, {"random_state": 1}, UsageError, ["the seed"]),
    "row there": ({"y": ["a", "b"]}, {"row_number": "y"}, UsageError, ["'y' already"]),
    "two alike": (
        {"y": ["a", "b"]},
        {"row_number": "w", "weight": "w", "method": "upsample-downweight"},
        UsageError,
        ["'w'"],
    ),
    "method": ({"y": ["a", "b"]}, {"method": "random-ovr"}, UsageError, ["'random-over'"]),
    "seed": ({"y": ["a", "b"]}, {"seed": -1}, UsageError, ["seed=-1"]),
    "parameter": ({"y": ["a", "b"]}, {"ratio": 2.0}, UsageError, ["ratio"]),
    "ratio": ({"y": ["a", "b"]}, {"ratio": 0.5, "method": "mild"}, UsageError, ["ratio=0.5"]),
    "over": ({"y": ["a", "b"]}, {"over": 2, "method": "mild"}, UsageError, ["over=2"]),
    **{
        f"strategy {strategy!r}": (
            {"y": ["a", "b", "b"]},
            {"sampling_strategy": strategy},
            UsageError,
            ["sampling_strategy"],
        )
        for strategy in (
            "most",
            0,
            1.1,
            True,
            {"c": 1},
            {"b": 3},
            {"b": 0},
            {"b": 1.5},
            0.3,
            "minority",
            [],
        )
    },
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_done_is_one_error_and_no_file(name, tmp_path):
    columns, given, kind, words = BAD[name]
    pl.DataFrame(columns).write_parquet(tmp_path / "in.parquet")
    with pytest.raises(kind) as caught:
        resample_file(
            tmp_path / "in.parquet",
            tmp_path / "out.parquet",
            "y",
            **{"method": "random-under", **given},
        )
    assert caught.value.remedy
    for word in words:
        assert word in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", ["is empty"]),
        ("a.csv", b"PAR1 and so on", ["parquet"]),
        ("a.parquet", b"x,y\n1,2\n", ["cannot be read as parquet"]),
        ("a.arrow", b"x,y\n1,2\n", ["cannot be read as arrow"]),
        ("a.parquet", b"PAR1 and so on", ["cannot be read"]),
        ("a.csv", gzip.compress(b"x,y\n1,2\n"), ["gzipped"]),
        ("a.csv.gz", b"x,y\n1,2\n", ["'"]),
        ("a.csv", b"x,y\n1,2\n1,2,3\n", ["3 fields in line 3"]),
        ("a.csv", b"x,x,y\n1,2,3\n", ["'x' 2 times"]),
        ("a.csv", b"x,y\n", ["rows"]),
        ("a.jsonl", b"x,y\n", ["cannot be read"]),
        ("a.docx", b"x,y\n", [".docx"]),
    ],
    ids=lambda value: None if isinstance(value, list) else str(value)[:20],
)
def test_files_that_are_not_what_their_name_says(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        resample_file(tmp_path / name, tmp_path / "out.csv", "y", "random-under")
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_places_that_cannot_be_written(tmp_path):
    source = write(frame_of([20, 5]), tmp_path / "in.csv")
    (tmp_path / "link.csv").symlink_to(source)
    for name in ("in.csv", "link.csv"):
        with pytest.raises(UsageError, match="the input itself"):
            resample_file(source, tmp_path / name, "art", "random-over")
    with pytest.raises(UsageError, match="what kind of file"):
        resample_file(source, tmp_path / "out.xlsx", "art", "random-over")
    with pytest.raises(DataError, match=r"did you mean .*in\.csv"):
        resample_file(tmp_path / "im.csv", tmp_path / "out.csv", "art", "random-over")
    nested = pl.DataFrame({"y": ["a", "b", "b"], "many": [[1], [2], []]})
    nested.write_parquet(tmp_path / "nested.parquet")
    with pytest.raises(UsageError, match="'many' holds lists"):
        resample_file(tmp_path / "nested.parquet", tmp_path / "out.csv", "y", "random-over")
    if Path("/dev/full").exists():
        (tmp_path / "full.csv").symlink_to("/dev/full")
        with pytest.raises(StorageError, match="disk is full"):
            resample_file(source, tmp_path / "full.csv", "art", "random-over")


@pytest.mark.skipif(os.name != "posix", reason="signals are sent here as on POSIX")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_half_way_nothing_is_there(how, tmp_path):
    source = write(frame_of([2_000_000, 200_000]), tmp_path / "in.parquet")
    out = tmp_path / "out.csv"
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(source), str(out), "random-over"],
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in tmp_path.glob(".partial-*")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(how)
    assert process.wait(timeout=60) != 0
    assert not out.exists()
    if how == signal.SIGINT:
        assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]
    resample_file(source, out, "art", "random-under")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.csv"]
