"""What was said, in SQLite: taking it in, finding it again; the store comes in."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from social_crm import tables
from social_crm.domain.errors import NotFound
from social_crm.storage.columns import fingerprint
from social_crm.storage.sqlite.accounts import observe
from social_crm.storage.sqlite.brands import zones_now
from social_crm.storage.sqlite.frames import frame
from social_crm.storage.sqlite.listing import columns_of, page_query
from social_crm.storage.sqlite.marks import set_marks
from social_crm.storage.sqlite.rows import COLUMNS, WORDING, brands_of, from_row
from social_crm.storage.sqlite.taking import Known, Taking
from social_crm.storage.sqlite.values import span, to_json
from social_crm.storage.sqlite.wording import wording

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import polars as pl

    from social_crm.domain.account import Account
    from social_crm.ports import Heard, MentionFilter, Taken
    from social_crm.storage.sqlite.database import Database
    from social_crm.storage.sqlite.wording import Wording

_GET = f"SELECT {columns_of('m')} FROM mention AS m CROSS JOIN said AS s ON s.id = m.said WHERE m.id = ?"  # noqa: S608 - our names
_KEPT = tuple(name for name in COLUMNS if name not in WORDING)
_KEPT_OF = itemgetter(*(COLUMNS.index(name) for name in _KEPT))
_ID = COLUMNS.index("id")
_WRITE = (
    f"INSERT INTO mention ({', '.join(_KEPT)}, said) VALUES ({', '.join('?' * len(_KEPT))}, ?) "  # noqa: S608 - our names
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in (*_KEPT[1:], 'said'))}"
)
_KNOWN = """SELECT m.id, m.fingerprint, m.edited_at, m.deleted_at, m.posted_at, m.brands
    FROM json_each(?) AS wanted CROSS JOIN mention AS m ON m.id = wanted.value"""
_STORED = "SELECT m.id FROM json_each(?) AS wanted CROSS JOIN mention AS m ON m.id = wanted.value"
_FORGET_BRANDS = "DELETE FROM mention_brand WHERE brand = ? AND posted_at = ? AND mention = ?"
_WRITE_BRANDS = "INSERT INTO mention_brand (brand, posted_at, mention, kind, label) VALUES (?, ?, ?, ?, ?)"
_TABLE = """SELECT m.id, m.author, m.posted_at, m.kind, m.deleted_at IS NOT NULL, m.label, m.compound, m.addressed
    FROM mention_brand AS b CROSS JOIN mention AS m ON m.id = b.mention
    WHERE b.brand = ? AND b.posted_at >= ? AND b.posted_at < ? ORDER BY b.mention"""
_LANGUAGES = """SELECT author, language, count(*) FROM mention
    WHERE author IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT value FROM json_each(?))
    AND basis IN ('platform', 'detected') GROUP BY author, language"""


class SqliteMentions:
    """The protocol Mentions over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, heard: Sequence[Heard], accounts: Sequence[Account], zones: Mapping[str, str], now: datetime) -> Taken:
        """Store a page and mark what it changes, in one transaction. Raises Invalid when a brand has no zone.

        The zone that is stored now stands over the one given: that may have been read before an edit. What a deletion wipes
        out is wiped out of the log too.
        """
        digests = [fingerprint(one) for one in heard]
        with self._database.write() as connection:
            known = _known(connection, [one.mention.id for one in heard])
            taking = Taking(known, {**zones, **zones_now(connection)})
            for one, digest in zip(heard, digests, strict=True):
                taking.add(one, digest)
            coming = wording(connection, taking.rows, known)
            _write(connection, taking, coming)
            observe(connection, accounts)
            set_marks(connection, taking.marked(), now)
        if coming.wiped:
            self._database.scrub()
        return taking.taken

    def get(self, mention_id: str) -> Heard:
        """One mention. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(_GET, (mention_id,)).fetchone()
        if row is None:
            raise NotFound(f"there is no mention {mention_id}")
        return from_row(row)

    def page(self, only: MentionFilter, after: tuple[datetime, str] | None, limit: int) -> tuple[Heard, ...]:
        """Newest first, those strictly after the position, at most `limit`."""
        sql, values = page_query(only, after, limit)
        with self._database.read() as connection:
            return tuple(from_row(row) for row in connection.execute(sql, values).fetchall())

    def table(self, brand: str, start: datetime | None = None, end: datetime | None = None) -> pl.DataFrame:
        """The table MENTIONS of a brand for start <= posted_at < end, in the order of the id."""
        with self._database.read() as connection:
            rows = connection.execute(_TABLE, (brand, *span(start, end))).fetchall()
        return frame(rows, tables.MENTIONS)

    def languages(self, authors: Sequence[str], excluding: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """How many mentions of each author are in each language by evidence, leaving out ids."""
        found: dict[str, dict[str, int]] = {}
        with self._database.read() as connection:
            for author, language, n in connection.execute(_LANGUAGES, (to_json(list(authors)), to_json(list(excluding)))):
                found.setdefault(author, {})[language] = n
        return found

    def known(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of the ids that are stored."""
        with self._database.read() as connection:
            return frozenset(row[0] for row in connection.execute(_STORED, (to_json(list(ids)),)))

    def count(self) -> int:
        """How many mentions are stored."""
        with self._database.read() as connection:
            return int(connection.execute("SELECT count(*) FROM mention").fetchone()[0])


def _known(connection: sqlite3.Connection, ids: list[str]) -> dict[str, Known]:
    found = connection.execute(_KNOWN, (to_json(ids),))
    return {row[0]: Known(row[1], row[2], row[3], row[4], brands_of(row[5])) for row in found}


def _write(connection: sqlite3.Connection, taking: Taking, coming: Wording) -> None:
    coming.write(connection)
    connection.executemany(_WRITE, ((*_KEPT_OF(row), coming.places[row[_ID]]) for row in taking.rows.values()))
    connection.executemany(_FORGET_BRANDS, taking.outdated)
    connection.executemany(_WRITE_BRANDS, taking.places())
