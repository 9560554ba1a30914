"""Which (brand, day) partitions are out of date; mentions, brands and rollups come in."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from social_crm.storage.sqlite.values import micros_or_none, number

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import date, datetime

_SET = """INSERT INTO mark (brand, day, token, marked_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (brand, day) DO UPDATE SET token = excluded.token"""


def set_marks(connection: sqlite3.Connection, partitions: Iterable[tuple[str, date]], now: datetime | None = None) -> None:
    """Mark partitions inside the caller's transaction under a new token: whoever read an older one cannot settle it."""
    token, at = secrets.token_hex(8), micros_or_none(now)
    connection.executemany(_SET, [(brand, number(day), token, at) for brand, day in partitions])
