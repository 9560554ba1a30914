"""Counters that rise with every change of a thing; rollups and links come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.storage.sqlite.values import micros

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

_RAISE = """INSERT INTO generation (subject, n, changed_at) VALUES (?, 1, ?)
    ON CONFLICT (subject) DO UPDATE SET n = n + 1, changed_at = excluded.changed_at"""


def raise_generation(connection: sqlite3.Connection, subject: str, now: datetime) -> None:
    """Count a change inside the caller's transaction."""
    connection.execute(_RAISE, (subject, micros(now)))
