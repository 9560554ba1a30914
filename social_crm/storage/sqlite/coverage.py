"""What each source vouches for and what it missed, in SQLite; the store and sources come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from social_crm import tables
from social_crm.domain.coverage import Coverage, Seen
from social_crm.storage.sqlite.frames import frame
from social_crm.storage.sqlite.values import micros, moment

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    import polars as pl

    from social_crm.domain.span import Span
    from social_crm.storage.sqlite.database import Database

_RECORD = """INSERT INTO coverage (id, source, brand, start, "end", query, seen, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET source = excluded.source, brand = excluded.brand, start = excluded.start,
    "end" = excluded."end", query = excluded.query, seen = excluded.seen, why = excluded.why"""
_TABLE = 'SELECT source, brand, start, "end", seen, why FROM coverage ORDER BY source, brand, start, "end", id'
# What is empty holds no instant, though it may stand between the two ends.
_SPANS = """SELECT id, source, brand, start, "end", query, seen, why FROM coverage
    WHERE source = ?1 AND "end" > ?2 AND start < ?3 AND start < "end" AND ?2 < ?3 ORDER BY start, id"""


class SqliteCoverage:
    """The protocol CoverageLedger over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, coverage: Coverage) -> None:
        """Note a span; the same id again replaces it."""
        with self._database.write() as connection:
            note(connection, [coverage])

    def spans(self, source: str, span: Span) -> tuple[Coverage, ...]:
        """What a source has noted of any instant of a span, by start, then id."""
        with self._database.read() as connection:
            rows = connection.execute(_SPANS, (source, micros(span.start), micros(span.end))).fetchall()
        return tuple(_coverage(row) for row in rows)

    def table(self) -> pl.DataFrame:
        """The table COVERAGE, by source, brand and start."""
        with self._database.read() as connection:
            return frame(connection.execute(_TABLE).fetchall(), tables.COVERAGE)


def note(connection: sqlite3.Connection, coverage: Iterable[Coverage]) -> None:
    """Note spans inside the caller's transaction."""
    connection.executemany(_RECORD, [_row(one) for one in coverage])


def _row(one: Coverage) -> tuple[Any, ...]:
    return (one.id, one.source, one.brand, micros(one.start), micros(one.end), one.query, str(one.seen), str(one.why))


def _coverage(row: tuple[Any, ...]) -> Coverage:
    coverage_id, source, brand, start, end, query, seen, why = row
    return Coverage(coverage_id, source, brand, moment(start), moment(end), query, Seen(seen), why)
