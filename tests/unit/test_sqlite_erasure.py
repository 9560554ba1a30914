"""What was deleted is nowhere in the files of a SQLite store: not in the file, not in the log, not where rows once were."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from social_crm.storage.sqlite.store import SqliteStore
from tests.builders import NOON, a_brand, a_mention, heard
from tests.contract.steps import take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from social_crm.ports import Heard

LENGTHS = (5, 40, 140, 280, 900, 1500, 3000, 9000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path, patience=0.05)) as opened:
        yield opened


def files(path: Path) -> bytes:
    """All bytes of the store's files."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def noise(chance: random.Random, length: int) -> str:
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz ", k=length))


def planted(mention_id: str, rest: str, **changes) -> Heard:
    """A mention whose text and address can be told from all others."""
    number = mention_id.partition(":")[2]
    return heard(a_mention(mention_id, text=f"<t{number}>{rest}", url=f"https://x.example/<u{number}>", **changes))


def deletion(of: Heard) -> Heard:
    return replace(of, mention=replace(of.mention, deleted_at=NOON))


def plants(path: Path) -> Counter[str]:
    return Counter(match.decode() for match in re.findall(rb"<[tu]\d+>", files(path)))


@pytest.mark.parametrize("seed", [1, 2])
def test_of_many_mentions_those_that_were_deleted_are_nowhere_and_the_others_stand_once(
    store: SqliteStore, path: Path, seed: int
):
    """The others must stand once: a copy left where a row was before would outlive a later deletion."""
    chance = random.Random(seed)
    ids = [f"x:{number}" for number in chance.sample(range(10**6, 10**7), 3000)]
    said = {mention_id: planted(mention_id, noise(chance, chance.choice(LENGTHS))) for mention_id in ids}
    for begin in range(0, len(ids), 200):
        page = ids[begin : begin + 200]
        take(store, *(said[mention_id] for mention_id in page))
        for mention_id in chance.sample(ids[: begin + 200], 40):  # counts move, which changes the size of rows
            moved = replace(said[mention_id].mention, metrics={"likes": 10 ** chance.randrange(9)})
            said[mention_id] = replace(said[mention_id], mention=moved)
            take(store, said[mention_id])
    gone = chance.sample(ids, 300)
    for begin in range(0, 300, 30):
        take(store, *(deletion(said[mention_id]) for mention_id in gone[begin : begin + 30]))
    numbers = Counter({f"<{kind}{mention_id[2:]}>" for mention_id in set(ids) - set(gone) for kind in "tu"})
    found = plants(path)
    assert not {plant for plant in found if f"x:{plant[2:-1]}" in gone}
    assert max(found.values()) == 1
    assert sum((numbers - found).values()) < 60  # those that a page's end cuts in two
    left = [mention_id for mention_id in ids if mention_id not in set(gone)]
    assert all(store.mentions.get(mention_id) == said[mention_id] for mention_id in chance.sample(left, 100))
    assert store.mentions.get(gone[0]).mention.text == ""
    assert store.mentions.count() == 3000


def test_a_text_over_many_pages_is_gone_to_its_last_part(store: SqliteStore, path: Path):
    text = noise(random.Random(3), 50_000) + "ünï\U0001f600"
    said = heard(a_mention(text=text))
    take(store, heard(a_mention("x:1")), said, heard(a_mention("x:2")))
    parts = [text[begin : begin + 24].encode() for begin in range(0, len(text), 24)]
    assert sum(part in files(path) for part in parts) > 0.9 * len(parts)
    take(store, deletion(said))
    assert not [part for part in parts if part in files(path)]


@pytest.mark.parametrize("text", ["acme", "ünï\U0001f600" * 3000, ""], ids=["short", "long", "empty"])
def test_blanks_take_exactly_the_place_of_what_they_wipe_out(store: SqliteStore, text: str):
    """A row of another size would be put elsewhere, and SQLite might move its neighbours."""
    said = heard(a_mention(text=text, url="https://x.example/ü"))
    take(store, said)
    take(store, deletion(said))
    with store._database.read() as connection:
        sizes = connection.execute("SELECT length(CAST(text AS BLOB)), length(CAST(url AS BLOB)) FROM said").fetchall()
        assert connection.execute("SELECT trim(text), trim(url) FROM said").fetchall() == [("", "")]
    assert sizes == [(len(text.encode()), len("https://x.example/ü".encode()))]


def test_the_text_before_an_edit_goes_with_the_deletion_of_anything(store: SqliteStore, path: Path):
    take(store, planted("x:11", "first"), planted("x:12", "other"))
    edited = planted("x:11", "second", edited_at=NOON)
    take(store, edited)
    take(store, deletion(planted("x:12", "other")))
    assert b"first" not in files(path)
    assert store.mentions.get("x:11") == edited
    take(store, deletion(edited))
    assert b"second" not in files(path)
    assert plants(path) == {}


def test_a_deletion_that_comes_before_what_it_deletes_leaves_nothing_of_either(store: SqliteStore, path: Path):
    said = planted("x:11", "whatever")
    take(store, deletion(said))
    take(store, said)
    store.close()
    assert plants(path) == {}


def test_a_page_that_tells_of_a_mention_and_of_its_deletion_writes_neither_text(store: SqliteStore, path: Path):
    said = planted("x:11", "whatever")
    take(store, said, deletion(said))
    assert plants(path) == {}


@pytest.fixture
def reader(path: Path, store: SqliteStore) -> Iterator[sqlite3.Connection]:
    """Another process that is in the middle of reading a mention that is then deleted."""
    take(store, planted("x:11", "whatever"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM said").fetchone() == (1,)
        take(store, deletion(planted("x:11", "whatever")))
        assert plants(path)["<t11>"] >= 1
        yield other


def test_what_a_reader_held_up_is_done_with_the_next_write(store: SqliteStore, path: Path, reader: sqlite3.Connection):
    store.brands.put(a_brand())
    assert plants(path)["<t11>"] >= 1
    reader.execute("COMMIT")
    store.brands.put(a_brand())
    assert plants(path) == {}


def test_what_a_reader_held_up_is_done_on_closing(store: SqliteStore, path: Path, reader: sqlite3.Connection):
    reader.execute("COMMIT")
    assert plants(path)["<t11>"] >= 1
    store.close()
    assert plants(path) == {}


def test_what_a_killed_process_left_in_the_log_is_gone_when_the_file_is_opened(
    path: Path, reader: sqlite3.Connection, tmp_path: Path
):
    (tmp_path / "killed").mkdir()
    for file in path.parent.glob("store.db*"):
        shutil.copy(file, tmp_path / "killed")
    left = tmp_path / "killed" / "store.db"
    assert plants(left)["<t11>"] >= 1
    with closing(SqliteStore(left)):
        assert plants(left) == {}


def test_a_reader_that_stays_does_not_keep_others_from_writing(store: SqliteStore, reader: sqlite3.Connection):
    for number in range(5):
        take(store, heard(a_mention(f"x:{number}")))
    assert store.mentions.count() == 6
    with store._database.read() as connection:
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (50,)
