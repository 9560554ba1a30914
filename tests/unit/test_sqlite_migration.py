"""A SQLite file that the first release wrote: it is migrated with all its rows, and what it says can be wiped out."""

from __future__ import annotations

import random
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.coverage import Coverage, Seen
from social_crm.domain.span import Span
from social_crm.ports import MentionFilter, Taken
from social_crm.storage.columns import fingerprint
from social_crm.storage.sqlite import migrations
from social_crm.storage.sqlite.rows import COLUMNS, to_row
from social_crm.storage.sqlite.store import SqliteStore
from social_crm.storage.sqlite.values import micros
from tests.builders import NOON, a_brand, a_mention, at, heard
from tests.contract.steps import claim, take

if TYPE_CHECKING:
    from pathlib import Path

    from social_crm.ports import Heard

JANUARY, MARCH = at("2025-01-01"), at("2025-03-01")


def some_mentions() -> list[Heard]:
    chance = random.Random(11)
    return [
        heard(
            a_mention(
                f"x:{number}",
                text=f"<t{number}>" + " ".join(chance.choices(["acme", "ünï", "coffee"], k=chance.choice([1, 20, 2000]))),
                url=None if number % 3 else f"https://x.example/<u{number}>",
                deleted_at=NOON if number % 10 == 9 else None,
            )
        )
        for number in range(200)
    ]


def blanked(one: Heard) -> Heard:
    """As a store gives it back."""
    return one if one.mention.deleted_at is None else replace(one, mention=replace(one.mention, text="", url=None))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file as the first release left it: its texts were changed and removed without being overwritten."""
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute("PRAGMA journal_mode = WAL")
        old.execute("PRAGMA secure_delete = OFF")
        old.execute("BEGIN")
        for statement in migrations.STEPS[0]:
            old.execute(statement)
        old.execute("PRAGMA user_version = 1")
        write = f"INSERT OR REPLACE INTO mention ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - our names
        for turn in ("before", "now"):
            for one in some_mentions():
                said = blanked(one).mention if turn == "now" else replace(one.mention, text=one.mention.text * 5)
                old.execute(write, to_row(said, one.reading, ("acme",), fingerprint(one)))
        places = [("acme", micros(NOON), one.mention.id, "post", "positive") for one in some_mentions()]
        old.executemany("INSERT INTO mention_brand VALUES (?, ?, ?, ?, ?)", places)
        old.execute("INSERT INTO coverage VALUES ('c', 'files', 'acme', ?, ?)", (micros(JANUARY), micros(MARCH)))
        old.execute("COMMIT")
        assert old.execute("PRAGMA freelist_count").fetchone()[0] > 0
    return path


def plants(path: Path) -> list[str]:
    content = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    return [match.decode() for match in re.findall(rb"<[tu]\d+>", content)]


def test_a_file_of_the_first_release_keeps_its_mentions(path: Path):
    with closing(SqliteStore(path)) as store:
        for one in some_mentions():
            assert store.mentions.get(one.mention.id) == blanked(one)
        assert store.mentions.count() == 200
        listed = store.mentions.page(MentionFilter(brand="acme"), None, 500)
        assert sorted(one.mention.id for one in listed) == sorted(one.mention.id for one in some_mentions())
        assert take(store, *some_mentions()) == Taken(same=200)


def test_what_a_file_of_the_first_release_vouches_for_is_covered(path: Path):
    with closing(SqliteStore(path)) as store:
        old = Coverage("c", "files", "acme", JANUARY, MARCH, "", Seen.COVERED, "")
        assert store.coverage.spans("files", Span(NOON, MARCH)) == (old,)
        assert store.coverage.table().rows() == [("files", "acme", JANUARY, MARCH, "covered", "")]


def test_a_file_of_the_first_release_takes_all_that_is_new(path: Path):
    with closing(SqliteStore(path)) as store:
        store.brands.put(a_brand())
        assert claim(store).fence == 1
        take(store, heard(a_mention("x:new")))
        assert store.mentions.get("x:new") == heard(a_mention("x:new"))
    with closing(SqliteStore(path)) as store:
        assert store.mentions.count() == 201


def test_what_the_first_release_left_lying_about_is_wiped_out(path: Path):
    assert len(plants(path)) > len(set(plants(path)))
    with closing(SqliteStore(path)) as store:
        found = plants(path)
        assert len(found) == len(set(found)) > 180
        take(store, *(replace(one, mention=replace(one.mention, deleted_at=NOON)) for one in some_mentions()))
        assert plants(path) == []
