"""Opening a SQLite store: by URL, twice, by many at once, and all that may be wrong with the file."""

from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.errors import Conflict, Invalid, StoreUnavailable
from social_crm.storage import open_store
from social_crm.storage.sqlite import migrations
from social_crm.storage.sqlite.store import SqliteStore
from tests.builders import a_brand, heard
from tests.contract.steps import take

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def pragma(path: Path, name: str) -> object:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_three_slashes_are_a_path_from_here_and_four_an_absolute_one(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(path.parent)
    open_store("sqlite:///here.db").close()
    open_store(f"sqlite:///{path}").close()
    assert {entry.name for entry in path.parent.iterdir()} == {"here.db", "store.db"}


@pytest.mark.parametrize("url", ["", "store.db", "postgres://host/db", "/folder/store.db", "sqlite:/store.db"])
def test_another_kind_of_url_is_invalid_and_told_what_to_write(url: str):
    with pytest.raises(Invalid, match=r"write sqlite:///file\.db"):
        open_store(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://store.db", "sqlite:///:memory:"])
def test_a_url_without_a_file_is_invalid(url: str):
    with pytest.raises(Invalid, match="names no file"):
        open_store(url)


def test_whoever_keeps_a_file_does_not_load_the_drivers_of_a_server(path: Path):
    program = (
        "import sys; from social_crm.storage import open_store; open_store(sys.argv[1]).close(); "
        "print(sorted({'pymongo', 'bson', 'mongoengine'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{path}"], capture_output=True, check=True, text=True
    )
    assert answer.stdout.strip() == "[]"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(Invalid, match=r"the folder .*nowhere does not exist: make it"):
        open_store(f"sqlite:///{tmp_path}/nowhere/store.db")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_is_not_a_file(tmp_path: Path):
    with pytest.raises(Invalid, match="is a folder"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_file_that_is_not_a_database_is_left_alone(path: Path):
    path.write_text("Dear diary, " * 1000)
    with pytest.raises(Invalid, match="is not a SQLite database"):
        open_store(f"sqlite:///{path}")
    assert path.read_text() == "Dear diary, " * 1000


def test_the_database_of_another_program_is_left_alone(path: Path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmark (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(Invalid, match="another program's database"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_file_that_cannot_be_opened_is_unavailable(path: Path):
    path.symlink_to(path)  # not even root can follow a link to itself
    with pytest.raises(StoreUnavailable, match=r"store\.db does not answer"):
        open_store(f"sqlite:///{path}")


def test_an_empty_file_becomes_a_store(path: Path):
    path.touch()
    with closing(SqliteStore(path)) as store:
        assert store.mentions.count() == 0


def test_a_store_logs_ahead_and_knows_its_schema(path: Path):
    SqliteStore(path).close()
    assert pragma(path, "journal_mode") == "wal"
    assert pragma(path, "user_version") == len(migrations.STEPS)


def test_commits_reach_the_disk(path: Path):
    with closing(SqliteStore(path)) as store, store._database.read() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_opening_again_changes_nothing(path: Path):
    with closing(SqliteStore(path)) as store:
        take(store, heard())
    before = path.read_bytes()
    with closing(SqliteStore(path)) as store:
        assert store.mentions.get("x:100") == heard()
    assert path.read_bytes() == before


def test_a_newer_schema_than_ours_is_refused_and_left_alone(path: Path):
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(migrations.STEPS) + 1}")
    before = path.read_bytes()
    with pytest.raises(Conflict, match="install the newer release") as caught:
        SqliteStore(path)
    assert "\n" not in caught.value.message
    assert path.read_bytes() == before


def test_an_older_schema_takes_the_steps_that_it_lacks(path: Path, monkeypatch: pytest.MonkeyPatch):
    with closing(SqliteStore(path)) as store:
        store.brands.put(a_brand())
    steps = (*migrations.STEPS, ("ALTER TABLE brand ADD COLUMN colour TEXT",), ("UPDATE brand SET colour = 'red'",))
    monkeypatch.setattr(migrations, "STEPS", steps)
    for _ in range(2):
        with closing(SqliteStore(path)) as store, store._database.read() as connection:
            assert connection.execute("SELECT id, colour FROM brand").fetchall() == [("acme", "red")]
            assert store.brands.get("acme").version == 1
    assert pragma(path, "user_version") == len(steps)


def test_a_step_that_fails_leaves_the_schema_before_it(path: Path, monkeypatch: pytest.MonkeyPatch):
    SqliteStore(path).close()
    known = len(migrations.STEPS)
    broken = ("ALTER TABLE brand ADD COLUMN colour TEXT", "UPDATE no_such_table SET colour = 'red'")
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, broken))
    with pytest.raises(StoreUnavailable, match="no such table"):
        SqliteStore(path)
    assert pragma(path, "user_version") == known
    with closing(sqlite3.connect(path)) as connection:
        assert "colour" not in connection.execute("SELECT sql FROM sqlite_master WHERE name = 'brand'").fetchone()[0]


def _open_and_write(path: Path, start, number: int) -> None:
    start.wait()
    with closing(SqliteStore(path)) as store:
        store.brands.put(a_brand(f"brand-{number}"))


def test_processes_that_open_a_new_file_at_once_all_get_in(path: Path):
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(4)
    processes = [context.Process(target=_open_and_write, args=(path, start, number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    with closing(SqliteStore(path)) as store:
        assert len(store.brands.list()) == 4


class _Interrupted:
    """A connection in whose first statement another process makes the store."""

    def __init__(self, mine: sqlite3.Connection, other: sqlite3.Connection) -> None:
        self._mine, self._other = mine, other

    def execute(self, sql: str) -> sqlite3.Cursor:
        answer = self._mine.execute(sql)
        if self._other is not None:
            self._other.execute("BEGIN IMMEDIATE")
            for _ in migrations.STEPS:
                migrations.advance(self._other)
            self._other.execute("COMMIT")
            self._other = None
        return answer


def test_a_store_that_another_process_is_making_is_not_taken_for_another_programs(path: Path):
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as mine,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        mine.execute("PRAGMA journal_mode = WAL")
        migrations.check(_Interrupted(mine, other), path)
        assert not migrations.behind(mine)
