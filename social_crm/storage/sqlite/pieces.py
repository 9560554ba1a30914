"""Pieces of the archive, all of one size, so that they can be wiped out for good; only the archive comes in.

SQLite leaves copies behind where it moves rows from page to page, even under secure_delete. So pieces never move: they are
added at the end, never removed, and overwritten in place, with zeros when they are free and then with what comes next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.storage.sqlite.values import to_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

# Just fits into a page of SQLite (4,096 bytes).
_SIZE = 4_000
_ZEROS = bytes(_SIZE)


def put(connection: sqlite3.Connection, content: bytes) -> list[int]:
    """Write content inside the caller's transaction, the last piece filled up with zeros; answers its pieces in order."""
    parts = [content[begin : begin + _SIZE].ljust(_SIZE, b"\0") for begin in range(0, len(content), _SIZE)]
    found = connection.execute("SELECT piece FROM archived_free ORDER BY piece LIMIT ?", (len(parts),))
    used = [piece for (piece,) in found.fetchall()]
    connection.execute("DELETE FROM archived_free WHERE piece IN (SELECT value FROM json_each(?))", (to_json(used),))
    _overwrite(connection, zip(parts, used, strict=False))
    following = connection.execute("SELECT ifnull(max(id), 0) + 1 FROM archived_piece").fetchone()[0]
    added = list(range(following, following + len(parts) - len(used)))
    fresh = zip(added, parts[len(used) :], strict=True)
    connection.executemany("INSERT INTO archived_piece (id, content) VALUES (?, ?)", fresh)
    return used + added


def free(connection: sqlite3.Connection, pieces: Sequence[int]) -> None:
    """Wipe pieces out inside the caller's transaction, for others to come."""
    _overwrite(connection, [(_ZEROS, piece) for piece in pieces])
    connection.executemany("INSERT INTO archived_free (piece) VALUES (?)", [(piece,) for piece in pieces])


def _overwrite(connection: sqlite3.Connection, contents: Iterable[tuple[bytes, int]]) -> None:
    connection.executemany("UPDATE archived_piece SET content = ? WHERE id = ?", contents)
