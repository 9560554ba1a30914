"""The outbox in SQLite; the store and sources come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.domain.event import Event, EventKind
from social_crm.storage.sqlite.values import from_json, micros, moment, to_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from social_crm.storage.sqlite.database import Database

_TELL = "INSERT INTO event (id, kind, at, subject, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
_AFTER = "SELECT position, id, kind, at, subject, body FROM event WHERE position > ? ORDER BY position LIMIT ?"


class SqliteEvents:
    """The protocol Events over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, position: int, limit: int) -> tuple[tuple[int, Event], ...]:
        """At most `limit` events written after a position, each with its own."""
        with self._database.read() as connection:
            rows = connection.execute(_AFTER, (position, max(limit, 0))).fetchall()
        return tuple((row[0], Event(row[1], EventKind(row[2]), moment(row[3]), row[4], from_json(row[5]))) for row in rows)


def tell(connection: sqlite3.Connection, events: Iterable[Event]) -> None:
    """Write events inside the caller's transaction. Raises Invalid when a body is not plain values."""
    connection.executemany(
        _TELL, [(one.id, str(one.kind), micros(one.at), one.subject, to_json(dict(one.body))) for one in events]
    )
