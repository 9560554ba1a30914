"""Bad input: one clear line that says what to do, an exit code that is not 0, and nothing half-written."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from social_crm.storage import open_store
from tests.raw_tweets import write_tweets

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow  # each is a process of its own


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/store.db"
    assert social_crm(url, "brand", "add", "acme", "--term", "$ACME").returncode == 0
    return url


def social_crm(url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "--store", url, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}, check=False
    )


def complaint(url: str, *arguments: str, **environment: str) -> str:
    """What a failing command says: exactly one line, and no traceback."""
    done = social_crm(url, *arguments, **environment)
    assert done.returncode not in (0, None), done.stdout
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    return lines[0]


def mentions_in(url: str) -> int:
    store = open_store(url)
    try:
        return store.mentions.count()
    finally:
        store.close()


def test_a_missing_file(url: str, tmp_path: Path):
    said = complaint(url, "import", "mentions", str(tmp_path / "none.jsonl"))
    assert "none.jsonl" in said
    assert "no such file" in said.lower() or "does not exist" in said


def test_a_truncated_gzip_is_refused_whole(url: str, tmp_path: Path):
    file = write_tweets(tmp_path / "tweets.jsonl.gz", 3_000)
    file.write_bytes(file.read_bytes()[:-2_000])
    said = complaint(url, "import", "mentions", str(file), "--page-size", "100")
    assert "cut short" in said or "damaged" in said
    assert mentions_in(url) == 0
    assert not list(tmp_path.glob("*.rejects*"))


def test_a_wrong_column_names_those_that_exist(url: str, tmp_path: Path):
    file = tmp_path / "reviews.csv"
    file.write_text("review_id,who,when,body\n1,ann,2025-01-01T10:00:00Z,I love $ACME\n")
    mapping = "id=review_id,author=who,posted_at=date,text=body"
    said = complaint(url, "import", "mentions", str(file), "--platform", "shop", "--map", mapping)
    assert "date" in said
    assert "when" in said
    assert mentions_in(url) == 0


def test_a_bad_time_zone(url: str):
    said = complaint(url, "brand", "add", "other", "--term", "other", "--time-zone", "Berlin")
    assert "Europe/Berlin" in said


def test_a_database_that_does_not_answer():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    said = complaint(f"mongodb://127.0.0.1:{port}/crm?replicaSet=none", "brand", "list")
    assert str(port) in said


def test_a_store_in_a_folder_that_does_not_exist(tmp_path: Path):
    assert "missing" in complaint(f"sqlite:///{tmp_path}/missing/store.db", "brand", "list")


def test_a_file_that_is_not_a_database(tmp_path: Path):
    (tmp_path / "notes.db").write_text("These are my notes, and they are longer than a database header is.\n" * 50)
    assert "notes.db" in complaint(f"sqlite:///{tmp_path}/notes.db", "brand", "list")


def test_a_store_of_an_unknown_kind():
    said = complaint("postgres://localhost/crm", "brand", "list")
    assert "sqlite:///" in said
    assert "mongodb://" in said


def test_a_port_in_use(url: str):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = complaint(url, "serve", "--port", str(taken.getsockname()[1]))
    assert "in use" in said
    assert "--port" in said


def test_a_brand_that_is_there_already(url: str):
    assert "acme" in complaint(url, "brand", "add", "acme", "--term", "acme")


def test_a_report_on_a_brand_that_does_not_exist(url: str):
    assert "zenith" in complaint(url, "report", "retention", "--brand", "zenith")


def test_a_setting_that_is_misspelled(url: str):
    assert "SOCIAL_CRM_STORE" in complaint(url, "brand", "list", SOCIAL_CRM_STOER="sqlite:///x.db")


def test_an_import_without_any_brand(tmp_path: Path):
    file = write_tweets(tmp_path / "tweets.jsonl.gz", 10)
    assert "brand add" in complaint(f"sqlite:///{tmp_path}/empty.db", "import", "mentions", str(file))


def test_a_brand_map_that_names_unknown_brands(url: str, tmp_path: Path):
    file = write_tweets(tmp_path / "tweets.jsonl.gz", 10)
    (tmp_path / "map.csv").write_text("tweet_id,ticker\n10000001,ZZZ\n")
    said = complaint(url, "import", "mentions", str(file), "--brand-map", str(tmp_path / "map.csv"))
    assert "zzz" in said
    assert "--create-brands" in said


def test_a_cell_that_the_report_does_not_have(url: str):
    assert "2031-01" in complaint(url, "report", "retention", "--people", "2031-01:1")


def test_rejects_that_would_go_into_the_file_that_is_read(url: str, tmp_path: Path):
    file = write_tweets(tmp_path / "tweets.jsonl.gz", 10)
    before = file.read_bytes()
    assert "name another" in complaint(url, "import", "mentions", str(file), "--rejects", str(file))
    assert file.read_bytes() == before


def test_a_file_that_covers_the_future(url: str, tmp_path: Path):
    file = write_tweets(tmp_path / "tweets.jsonl.gz", 10)
    assert "future" in complaint(url, "import", "mentions", str(file), "--covers-until", "2099-01-01")


def test_a_minimum_over_several_brands(url: str):
    assert social_crm(url, "brand", "add", "zenith", "--term", "zenith").returncode == 0
    assert "one brand at a time" in complaint(url, "report", "retention", "--minimum", "2")


def test_brands_and_keys_whose_names_look_like_markup_are_listed_as_they_are(url: str):
    assert social_crm(url, "brand", "add", "odd", "--name", "[/b]", "--term", "[red]odd[/b]").returncode == 0
    assert "[red]odd[/b]" in social_crm(url, "brand", "list").stdout
