"""One SQLite file: a connection for each thread, transactions, and its errors put into our words; this room comes in."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from social_crm.domain.errors import Conflict, Invalid, StoreUnavailable
from social_crm.storage.sqlite import migrations
from social_crm.storage.sqlite.frames import Doubles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Seconds that a statement waits for another process's transaction before it gives up.
PATIENCE = 5.0
# Milliseconds that emptying the log waits for readers: it is tried again later.
_SCRUB_PATIENCE_MS = 250

_SETTINGS = (
    "PRAGMA synchronous = FULL",  # a commit is on the disk when it returns
    "PRAGMA cache_size = -16000",  # 16 MB a connection: ids come in any order, 2 MB would thrash
    "PRAGMA secure_delete = ON",  # what is removed is overwritten
    "PRAGMA wal_autocheckpoint = 16000",  # every 64 MB: a page of an import writes up to 16 MB, most of it again and again
)


class Database:
    """A SQLite file in WAL mode, migrated to the current schema; safe to use from several threads at once.

    Raises Invalid when the path cannot hold a database of ours, Conflict when a newer release has written it, and
    StoreUnavailable when it cannot be opened.
    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        if not path.parent.is_dir():
            raise Invalid(f"the folder {path.parent} does not exist: make it, or name another file in the database URL")
        if path.is_dir():
            raise Invalid(f"{path} is a folder: name a file in it in the database URL")
        self.path = path
        self._patience = patience
        self._mine = threading.local()
        self._all: dict[threading.Thread, sqlite3.Connection] = {}
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._closed = self._ready = self._owed = False
        try:
            self._prepare()
            self._ready = True
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection of this thread; each statement sees one consistent state."""
        with self._translated():
            yield self._connection()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """The connection of this thread, inside a transaction that holds the write lock: all of it is kept, or nothing.

        The threads of this process take turns by a lock of ours: SQLite lets those that wait sleep longer and longer.
        """
        with self._translated(), self._turn():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            if self._owed:
                self._empty_log(connection, patience_ms=0)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._writing.acquire(timeout=self._patience):
            raise StoreUnavailable(f"the database {self.path} does not answer: others are writing")
        try:
            yield
        finally:
            self._writing.release()

    def scrub(self) -> None:
        """Empty the write-ahead log into the file, so that what was overwritten is in neither.

        While others read or write it is put off: to the next write, to the next deletion of any process, or to `close`.
        """
        with self._translated():
            self._empty_log(self._connection(), _SCRUB_PATIENCE_MS)

    def close(self) -> None:
        """Close the connections of all threads; what is asked afterwards raises StoreUnavailable."""
        with self._guard:
            self._closed = True
            for connection in self._all.values():
                connection.close()
            self._all.clear()
        if self._owed:
            self._settle()

    def _prepare(self) -> None:
        """Look before writing anything: the file may be another program's, or a newer release's."""
        with self.read() as connection:
            migrations.check(connection, self.path)
            _use_wal(connection, self._patience)
            migrations.wipe_free_pages(connection)
        while self._behind():
            with self.write() as connection:
                migrations.check(connection, self.path)
                migrations.advance(connection)
        with self.read() as connection:  # what a killed process, or a step, has left in the log
            self._empty_log(connection, patience_ms=0)

    def _empty_log(self, connection: sqlite3.Connection, patience_ms: int) -> None:
        """Try, and remember when others were in the way: what was to be written is safe in either case."""
        connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
        self._owed = True
        with suppress(sqlite3.Error):
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._owed = bool(busy)
        connection.execute(f"PRAGMA busy_timeout = {int(1000 * self._patience)}")

    def _settle(self) -> None:
        """A last try on the way out: no thread of ours reads any more."""
        with suppress(sqlite3.Error), closing(sqlite3.connect(self.path)) as connection:
            self._empty_log(connection, _SCRUB_PATIENCE_MS)

    def _behind(self) -> bool:
        with self.read() as connection:
            return migrations.behind(connection)

    def _connection(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreUnavailable(f"the database {self.path} was closed: open it again")
        connection: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = self._open()
        return connection

    def _open(self) -> sqlite3.Connection:
        """A new connection, kept so that `close` finds it; those of threads that have ended are closed on the way."""
        connection = sqlite3.connect(self.path, timeout=self._patience, isolation_level=None, check_same_thread=False)
        with self._guard:
            for thread in [thread for thread in self._all if not thread.is_alive()]:
                self._all.pop(thread).close()
            self._all[threading.current_thread()] = connection
            if self._closed:  # between the look in _connection and here
                connection.close()
        for setting in _SETTINGS:
            connection.execute(setting)
        connection.create_aggregate("doubles", 1, Doubles)
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The one place where an exception of sqlite3 becomes one of ours."""
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise Conflict(f"the database {self.path} has that already: {error}") from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise Invalid(f"a value cannot be stored: {error}") from error
        except sqlite3.Error as error:
            if _primary_code(error) == sqlite3.SQLITE_NOTADB and not self._ready:  # once opened, it was ours: it is damaged
                raise Invalid(f"{self.path} is not a SQLite database: name another file in the database URL") from error
            raise StoreUnavailable(f"the database {self.path} does not answer: {error}") from error


def _primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension; 0 for errors that the Python module raises by itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _use_wal(connection: sqlite3.Connection, patience: float) -> None:
    """Switch the file to write-ahead logging, for good; two that switch at once do not wait for each other in SQLite."""
    give_up = time.monotonic() + patience
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
