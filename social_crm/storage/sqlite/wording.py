"""What mentions say, kept so that it can be wiped out for good; only mentions comes in.

SQLite leaves copies behind where it moves rows from page to page, even under secure_delete. So the rows of `said` never
move: they are added at the end, never removed, and overwritten only by blanks of the same size, which SQLite does in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.storage.sqlite.rows import COLUMNS
from social_crm.storage.sqlite.values import to_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from social_crm.storage.sqlite.rows import Row

_OF_ROW = tuple(COLUMNS.index(name) for name in ("id", "text", "url", "deleted_at"))
_STORED = """SELECT m.id, s.id, s.text, s.url FROM json_each(?) AS wanted
    CROSS JOIN mention AS m ON m.id = wanted.value CROSS JOIN said AS s ON s.id = m.said"""


class Wording:
    """What the rows of a page say, on its way in.

    `stored` maps those of their mentions that are stored to (place, text, url). In the end `places` says where the wording
    of each mention stands, and `wiped` whether a deletion wiped any out: its blanks stay in its place.
    """

    def __init__(self, stored: Mapping[str, tuple[int, str, str | None]], following: int) -> None:
        self.places: dict[str, int] = {}
        self.wiped = False
        self._stored = stored
        self._following = following
        self._fresh: list[tuple[int, str, str | None]] = []
        self._blanks: list[tuple[str, str | None, int]] = []

    def add(self, row: Row) -> None:
        """Take in the next mention of the page."""
        mention_id, text, url, deleted_at = (row[column] for column in _OF_ROW)
        stored = self._stored.get(mention_id)
        if stored is None:
            self.places[mention_id] = self._put(text, url)
        elif deleted_at is not None:
            self.places[mention_id] = self._wipe(*stored)
            self.wiped = True
        elif stored[1:] == (text, url):
            self.places[mention_id] = stored[0]
        else:
            self._wipe(*stored)
            self.places[mention_id] = self._put(text, url)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write it inside the caller's transaction."""
        connection.executemany("UPDATE said SET text = ?, url = ? WHERE id = ?", self._blanks)
        connection.executemany("INSERT INTO said (id, text, url) VALUES (?, ?, ?)", self._fresh)

    def _put(self, text: str, url: str | None) -> int:
        place = self._following
        self._following += 1
        self._fresh.append((place, text, url))
        return place

    def _wipe(self, place: int, text: str, url: str | None) -> int:
        self._blanks.append((_blank(text), None if url is None else _blank(url), place))
        return place


def wording(connection: sqlite3.Connection, rows: Mapping[str, Row], known: Iterable[str]) -> Wording:
    """The wording of the rows of a page, by id; `known` are the mentions of the page that are stored."""
    changed = [mention_id for mention_id in known if mention_id in rows]
    stored = {row[0]: row[1:] for row in connection.execute(_STORED, (to_json(changed),))} if changed else {}
    following = connection.execute("SELECT ifnull(max(id), 0) + 1 FROM said").fetchone()[0]
    coming = Wording(stored, following)
    for row in rows.values():
        coming.add(row)
    return coming


def _blank(text: str) -> str:
    """Blanks of as many bytes."""
    return " " * len(text.encode())
