"""The archive in a SQLite file: what is removed is wiped out, its place is used again, and reading holds nothing up."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.archived import ArchivedPage
from social_crm.storage.columns import deflated
from social_crm.storage.sqlite.store import SqliteStore
from tests.builders import NOON, at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path)) as opened:
        yield opened


def some_pages(count: int, seed: int) -> list[ArchivedPage]:
    """Pages of 10 characters to 40,000, an hour apart, their text in no order that zlib could use."""
    chance = random.Random(seed)
    sizes = [chance.choice((5, 50, 500, 2000, 5000, 20_000)) for _ in range(count)]
    raw = [chance.randbytes(size).hex() for size in sizes]
    return [ArchivedPage(f"p{n:03}", "acme-x", NOON + HOUR * n, raw[n], (f"x:{n}",)) for n in range(count)]


def left_of(page: ArchivedPage, content: bytes) -> int:
    """How many parts of the page's compressed text stand in the content; it may begin like that of other pages."""
    packed = deflated(page.raw)
    ends = range(len(packed), min(len(packed) - 1, 120), -max(12, len(packed) // 8))
    return sum(packed[end - 12 : end] in content for end in ends)


def files(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def test_replaced_and_pruned_pages_are_nowhere_in_the_files(store: SqliteStore, path: Path):
    pages = some_pages(200, seed=7)
    for page in pages:
        store.archive.keep(page)
    before = files(path)
    assert all(left_of(page, before) for page in pages)
    store.archive.prune(NOON + 60 * HOUR)
    for page in random.Random(8).sample(pages[60:], 30):
        store.archive.replace(page.id, None)
    for page in (kept := list(store.archive.pages("acme-x", NOON, at("2100-01-01"))))[:30]:
        store.archive.replace(page.id, replace(page, id=f"{page.id}-cleaned", raw="[]"))
    content = files(path)
    assert [page.id for page in pages if page not in kept[30:] and left_of(page, content)] == []
    assert list(store.archive.pages("acme-x", NOON, at("2100-01-01")))[30:] == kept[30:]
    assert all(left_of(page, content) for page in kept[30:])


def test_the_place_of_what_was_removed_is_used_again(store: SqliteStore, path: Path):
    def a_month(number: int) -> int:
        for page in some_pages(40, seed=number):
            store.archive.keep(page)
        assert list(store.archive.pages("acme-x", NOON, at("2100-01-01"))) == some_pages(40, seed=number)
        assert store.archive.prune(at("2100-01-01")) == 40
        return path.stat().st_size

    largest = max(a_month(number) for number in range(3))
    assert max(a_month(number) for number in range(3)) == largest


def test_more_pages_than_are_removed_at_a_time_are_all_pruned(store: SqliteStore):
    for n in range(250):
        store.archive.keep(ArchivedPage(f"p{n:03}", "acme-x", NOON, "[]", ()))
    assert store.archive.prune(NOON + HOUR) == 250
    assert list(store.archive.pages("acme-x", NOON, NOON + HOUR)) == []


def test_pages_are_read_a_few_at_a_time_and_nothing_is_held_between(store: SqliteStore):
    for n in range(100):
        store.archive.keep(ArchivedPage(f"p{n:03}", "acme-x", NOON, "[]", ()))
    reading = store.archive.pages("acme-x", NOON, NOON + HOUR)
    next(reading)
    with store._database.read() as connection:
        busy, in_log, moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert (busy, in_log, moved) == (0, 0, 0)
    store.archive.replace("p000", None)
    store.archive.replace("p099", None)
    assert [page.id for page in reading] == [f"p{n:03}" for n in range(1, 99)]
