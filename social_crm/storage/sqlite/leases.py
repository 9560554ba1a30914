"""Who works on what, in SQLite: claims, fences; the store and sources come in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from social_crm.domain.errors import LeaseLost
from social_crm.domain.lease import Lease
from social_crm.storage.sqlite.values import micros

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from social_crm.storage.sqlite.database import Database

_CLAIM = """INSERT INTO lease (name, fence, holder, until) VALUES (?, 1, ?, ?)
    ON CONFLICT (name) DO UPDATE SET fence = fence + 1, holder = excluded.holder, until = excluded.until
    WHERE holder IS NULL OR until <= ?"""
_HELD = "SELECT 1 FROM lease WHERE name = ? AND fence = ? AND holder IS NOT NULL"


class SqliteLeases:
    """The protocol Leases over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, name: str, holder: str, now: datetime, until: datetime) -> Lease | None:
        """Claim a name that is free or whose lease has run out; None while somebody holds it."""
        with self._database.write() as connection:
            if not connection.execute(_CLAIM, (name, holder, micros(until), micros(now))).rowcount:
                return None
            fence = connection.execute("SELECT fence FROM lease WHERE name = ?", (name,)).fetchone()[0]
        return Lease(name, holder, fence, until)

    def renew(self, lease: Lease, until: datetime) -> Lease:
        """Hold on for longer. Raises LeaseLost when it was claimed by another or let go."""
        with self._database.write() as connection:
            check_held(connection, lease)
            connection.execute("UPDATE lease SET until = ? WHERE name = ?", (micros(until), lease.name))
        return replace(lease, until=until)

    def release(self, lease: Lease) -> None:
        """Let go at once; harmless when it is lost already. The fence is remembered."""
        with self._database.write() as connection:
            connection.execute("UPDATE lease SET holder = NULL WHERE name = ? AND fence = ?", (lease.name, lease.fence))


def check_held(connection: sqlite3.Connection, lease: Lease) -> None:
    """Raises LeaseLost when a lease was claimed by another since or let go; the caller's transaction keeps it so."""
    if connection.execute(_HELD, (lease.name, lease.fence)).fetchone() is None:
        raise LeaseLost(f"{lease.holder} no longer holds {lease.name}: somebody else goes on with it, let go")
