"""Connections to a SQLite file: one a thread, transactions that hold or fall whole, and patience that ends."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.errors import Conflict, Invalid, StoreUnavailable
from social_crm.ports import Mark
from social_crm.storage.sqlite.store import SqliteStore
from tests.builders import NOON, a_brand, a_mention, an_account, heard
from tests.contract.steps import activity, exchanges, marked, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path, patience=0.05)) as opened:
        yield opened


def test_a_writer_that_waits_too_long_says_that_the_store_is_unavailable(store: SqliteStore, path: Path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match=r"store\.db does not answer: database is locked"):
            take(store, heard())
        assert store.mentions.count() == 0
        other.execute("ROLLBACK")
    take(store, heard())
    assert store.mentions.count() == 1


def test_readers_go_on_while_another_process_writes(store: SqliteStore, path: Path):
    take(store, heard())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM mention")
        assert store.mentions.count() == 1
        store.ping()
        other.execute("ROLLBACK")


def test_a_file_that_became_something_else_is_not_taken_for_a_database(store: SqliteStore, path: Path):
    store.close()
    path.write_bytes(b"x" * 8192)
    with pytest.raises(Invalid, match="is not a SQLite database"):
        SqliteStore(path)


def test_a_damaged_file_is_unavailable_rather_than_wrong(path: Path):
    with closing(SqliteStore(path)) as store:
        take(store, *(heard(a_mention(f"x:{n}", text="acme " * 200)) for n in range(100)))
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(StoreUnavailable, match="malformed"), closing(SqliteStore(path)) as store:
        store.mentions.count()


def test_a_page_that_fails_half_way_leaves_nothing_behind(store: SqliteStore):
    with pytest.raises(Invalid, match="cannot be stored"):
        take(store, heard(), accounts=[an_account(), an_account("x:2", name="half a character \ud83d")])
    assert (store.mentions.count(), store.accounts.count(), marked(store)) == (0, 0, [])


def test_a_roll_up_that_fails_half_way_leaves_the_old_one(store: SqliteStore):
    day = NOON.date()
    old = activity(("acme", day, "x:1", 1))
    store.rollups.replace([Mark("acme", day, ())], old, exchanges(), NOON)
    twice = activity(("acme", day, "x:2", 1), ("acme", day, "x:2", 2))
    with pytest.raises(Conflict):
        store.rollups.replace([Mark("acme", day, ())], twice, exchanges(), NOON)
    assert store.rollups.activity(["acme"]).equals(old)
    assert store.rollups.state(["acme"]).generation == 1


def test_the_connections_of_ended_threads_are_closed_when_the_next_one_opens(store: SqliteStore):
    for _ in range(5):
        thread = Thread(target=store.ping)
        thread.start()
        thread.join()
    assert len(store._database._all) == 2


def test_closing_closes_the_connections_of_all_threads(path: Path):
    store = SqliteStore(path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store.brands.put(a_brand(f"brand-{number}")), range(20)))
        store.close()
        assert not path.with_name("store.db-wal").exists()
        with pytest.raises(StoreUnavailable, match="was closed"):
            pool.submit(store.ping).result()
