"""The SQLite store: one file, all protocols; only open_store comes in."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from social_crm.storage.sqlite.accounts import SqliteAccounts
from social_crm.storage.sqlite.archive import SqliteArchive
from social_crm.storage.sqlite.brands import SqliteBrands
from social_crm.storage.sqlite.coverage import SqliteCoverage
from social_crm.storage.sqlite.database import PATIENCE, Database
from social_crm.storage.sqlite.events import SqliteEvents
from social_crm.storage.sqlite.keys import SqliteKeys
from social_crm.storage.sqlite.leases import SqliteLeases
from social_crm.storage.sqlite.links import SqliteLinks
from social_crm.storage.sqlite.mentions import SqliteMentions
from social_crm.storage.sqlite.reports import SqliteReports
from social_crm.storage.sqlite.rollups import SqliteRollUps
from social_crm.storage.sqlite.sources import SqliteSources

if TYPE_CHECKING:
    from pathlib import Path

_SECRET_BYTES = 32


class SqliteStore:
    """The protocol Store over one SQLite file, which is made when it is not there.

    `patience` is how many seconds a statement waits for other processes before it raises StoreUnavailable.
    Raises Invalid when the path cannot hold a database of ours, Conflict when a newer release has written it, and
    StoreUnavailable when it cannot be opened.
    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self._database = Database(path, patience)
        self.brands = SqliteBrands(self._database)
        self.mentions = SqliteMentions(self._database)
        self.accounts = SqliteAccounts(self._database)
        self.rollups = SqliteRollUps(self._database)
        self.links = SqliteLinks(self._database)
        self.coverage = SqliteCoverage(self._database)
        self.sources = SqliteSources(self._database)
        self.leases = SqliteLeases(self._database)
        self.events = SqliteEvents(self._database)
        self.archive = SqliteArchive(self._database)
        self.reports = SqliteReports(self._database)
        self.keys = SqliteKeys(self._database)

    def ping(self) -> None:
        """Come back quickly when the file can be read. Raises StoreUnavailable."""
        with self._database.read() as connection:
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()

    def secret(self, name: str) -> bytes:
        """32 random bytes under a name, made at the first call and the same ever after, in every process."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row else self._make_secret(name)

    def close(self) -> None:
        """Close the file for all threads."""
        self._database.close()

    def _make_secret(self, name: str) -> bytes:
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO secret (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
                (name, secrets.token_bytes(_SECRET_BYTES)),
            )
            return bytes(connection.execute("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()[0])
