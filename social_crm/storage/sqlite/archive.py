"""Raw pages in SQLite: kept, found, replaced, pruned; the store comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from social_crm.domain.archived import ArchivedPage
from social_crm.storage.columns import deflated, inflated
from social_crm.storage.sqlite.pieces import free, put
from social_crm.storage.sqlite.values import from_json, micros, moment, to_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from social_crm.storage.sqlite.database import Database

# Pages that are read, or removed, at a time.
_READ, _REMOVED = 16, 100
_IS_KEPT = "SELECT 1 FROM archived_page WHERE id = ?"
_KEEP = "INSERT INTO archived_page (id, source, fetched_at, mentions, size, pieces) VALUES (?, ?, ?, ?, ?, ?)"
_POINT = "INSERT INTO archived_mention (mention, page) VALUES (?, ?) ON CONFLICT DO NOTHING"
_UNPOINT = "DELETE FROM archived_mention WHERE page = ? AND mention IN (SELECT value FROM json_each(?))"
# Pages and their pieces by one statement: it sees one state, whatever is replaced meanwhile.
_WHOLE = """SELECT p.id, p.source, p.fetched_at, p.mentions, p.size, j.key, a.content FROM ({pages}) AS p
    CROSS JOIN json_each(p.pieces) AS j CROSS JOIN archived_piece AS a ON a.id = j.value"""
_SPAN = _WHOLE.format(
    pages="""SELECT * FROM archived_page WHERE source = ? AND (fetched_at, id) > (?, ?) AND fetched_at < ?
    ORDER BY fetched_at, id LIMIT ?"""
)
_HOLDING = _WHOLE.format(
    pages="""SELECT * FROM archived_page WHERE id IN
    (SELECT m.page FROM json_each(?) AS wanted CROSS JOIN archived_mention AS m ON m.mention = wanted.value)"""
)
_OLD = "SELECT id FROM archived_page WHERE fetched_at < ? ORDER BY fetched_at, id LIMIT ?"


class SqliteArchive:
    """The protocol Archive over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, page: ArchivedPage) -> None:
        """Keep a page; the same id again changes nothing. Raises Invalid when its text cannot be written down."""
        content = deflated(page.raw)
        with self._database.write() as connection:
            _keep(connection, page, content)

    def pages(self, source_id: str, start: datetime, end: datetime) -> Iterator[ArchivedPage]:
        """The pages of a source with start <= fetched_at < end, by (fetched_at, id), read a few at a time."""
        position = (micros(start), "")
        while True:
            with self._database.read() as connection:
                rows = connection.execute(_SPAN, (source_id, *position, micros(end), _READ)).fetchall()
            found = sorted(_pages(rows), key=lambda page: (page.fetched_at, page.id))
            yield from found
            if len(found) < _READ:
                return
            position = (micros(found[-1].fetched_at), found[-1].id)

    def holding(self, mentions: Sequence[str]) -> tuple[ArchivedPage, ...]:
        """The pages that hold any of the mentions, by id."""
        with self._database.read() as connection:
            rows = connection.execute(_HOLDING, (to_json(list(mentions)),)).fetchall()
        return tuple(sorted(_pages(rows), key=lambda page: page.id))

    def replace(self, page_id: str, page: ArchivedPage | None) -> None:
        """Put another page in place of one, or none at all, and wipe out what it was; harmless when it is gone."""
        content = None if page is None else deflated(page.raw)
        with self._database.write() as connection:
            if not _remove(connection, page_id):
                return
            if page is not None and content is not None:
                _keep(connection, page, content)
        self._database.scrub()

    def prune(self, before: datetime) -> int:
        """Wipe out what was fetched before a time, a part at a time so that others can write; answers how many pages."""
        pruned = 0
        while removed := self._prune_some(micros(before)):
            pruned += removed
        if pruned:
            self._database.scrub()
        return pruned

    def _prune_some(self, before: int) -> int:
        with self._database.write() as connection:
            old = connection.execute(_OLD, (before, _REMOVED)).fetchall()
            return sum(_remove(connection, page_id) for (page_id,) in old)


def _keep(connection: sqlite3.Connection, page: ArchivedPage, content: bytes) -> None:
    if connection.execute(_IS_KEPT, (page.id,)).fetchone():
        return
    pieces = to_json(put(connection, content))
    mentions = to_json(page.mentions)
    connection.execute(_KEEP, (page.id, page.source, micros(page.fetched_at), mentions, len(content), pieces))
    connection.executemany(_POINT, [(mention, page.id) for mention in page.mentions])


def _remove(connection: sqlite3.Connection, page_id: str) -> bool:
    """Remove a page; answers whether it was there."""
    row = connection.execute("SELECT mentions, pieces FROM archived_page WHERE id = ?", (page_id,)).fetchone()
    if row is None:
        return False
    free(connection, from_json(row[1]))
    connection.execute(_UNPOINT, (page_id, row[0]))
    connection.execute("DELETE FROM archived_page WHERE id = ?", (page_id,))
    return True


def _pages(rows: Sequence[tuple[Any, ...]]) -> Iterator[ArchivedPage]:
    """The pages whose pieces those rows are, in any order."""
    pieces: dict[tuple[Any, ...], dict[int, bytes]] = {}
    for *page, place, content in rows:
        pieces.setdefault(tuple(page), {})[place] = content
    for (page_id, source, fetched_at, mentions, size), contents in pieces.items():
        content = b"".join(contents[place] for place in sorted(contents))[:size]
        yield ArchivedPage(page_id, source, moment(fetched_at), inflated(content), tuple(from_json(mentions)))
