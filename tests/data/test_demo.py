"""The data of the demo: what ships, and what is fetched."""

from __future__ import annotations

import hashlib
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from equipoise.data import demo
from equipoise.data.demo import DEMOS, demo_path, load_demo
from equipoise.errors import DataError, UsageError


def test_page_blocks_is_what_its_page_says() -> None:
    frame = load_demo()
    assert frame.shape == (5472, 11)
    assert frame.columns[-1] == DEMOS["page-blocks"].target
    target = frame["illustration"].to_list()
    assert (target.count("yes"), target.count("no")) == (143, 5329)
    # The measurements hang together, which shows that no row slipped.
    columns = {name: frame[name].to_numpy().astype(float) for name in frame.columns[:-1]}
    assert (columns["area"] == columns["height"] * columns["length"]).all()
    share = columns["black_pixels"] / columns["area"]
    assert abs(share - columns["black_share"]).max() < 0.001
    smoothed = columns["smoothed_pixels"] / columns["area"]
    assert abs(smoothed - columns["smoothed_share"]).max() < 0.001
    pace = columns["black_pixels"] / columns["transitions"]
    assert abs(pace - columns["black_per_transition"]).max() < 0.01
    shape = columns["length"] / columns["height"]
    assert abs(shape - columns["eccentricity"]).max() < 0.01


def test_licence_and_source_ship_with_the_data() -> None:
    text = demo_path().with_name("DEMO_DATA.md").read_text(encoding="utf-8")
    for words in ("CC BY 4.0", "Malerba", "10.24432/C5J590", "Changes"):
        assert words in text


def test_unknown_demo_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'sms-spam'"):
        demo_path("sms_spam")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, and no network."""
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))

    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for name in (
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


def test_offline_says_what_to_do(cache: Path) -> None:
    with pytest.raises(DataError, match="cannot fetch") as caught:
        demo_path("sms-spam")
    assert "SMSSpamCollection" in caught.value.remedy
    assert str(cache) in caught.value.remedy
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_the_original_put_there_by_hand_is_taken(cache: Path, shared_data: Path) -> None:
    cache.mkdir()
    (cache / "SMSSpamCollection").write_bytes((shared_data / "SMSSpamCollection.tsv").read_bytes())
    frame = load_demo("sms-spam")
    assert frame.shape == (5574, 2)
    label = frame["label"].to_list()
    assert (label.count("ham"), label.count("spam")) == (4827, 747)
    lines = (cache / "SMSSpamCollection").read_text(encoding="utf-8").split("\n")
    assert frame["message"].to_list() == [line.split("\t", 1)[1] for line in lines if line]


def answer_with(content: bytes, member: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def retrieve(url: str, known_hash: None, path: str, fname: str, **_: Any) -> str:
        archive = Path(path) / fname
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr(member, content)
        return str(archive)

    monkeypatch.setattr("pooch.retrieve", retrieve)


def test_a_fetched_file_is_checked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(b"ham\tnot the original\n", "SMSSpamCollection", monkeypatch)
    with pytest.raises(DataError, match="SHA-256"):
        demo_path("sms-spam")
    assert not list(cache.glob("*"))


def test_an_archive_without_the_file(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(b"", "readme", monkeypatch)
    with pytest.raises(DataError, match="not an archive with SMSSpamCollection"):
        demo_path("sms-spam")


def test_a_good_answer_is_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b'ham\tsaid "hello", twice\nspam\tWIN\n'
    monkeypatch.setattr(demo, "_SMS_SHA256", hashlib.sha256(content).hexdigest())
    answer_with(content, "SMSSpamCollection", monkeypatch)
    assert load_demo("sms-spam")["message"].to_list() == ['said "hello", twice', "WIN"]
    monkeypatch.setattr("pooch.retrieve", None)
    assert load_demo("sms-spam").shape == (2, 2)
