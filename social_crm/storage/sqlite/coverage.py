"""What each source vouches for, in SQLite; the store comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm import tables
from social_crm.storage.sqlite.frames import frame
from social_crm.storage.sqlite.values import micros

if TYPE_CHECKING:
    import polars as pl

    from social_crm.domain.coverage import Coverage
    from social_crm.storage.sqlite.database import Database

_RECORD = """INSERT INTO coverage (id, source, brand, start, "end") VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET source = excluded.source, brand = excluded.brand, start = excluded.start,
    "end" = excluded."end" """
_TABLE = 'SELECT source, brand, start, "end" FROM coverage ORDER BY source, brand, start, "end"'


class SqliteCoverage:
    """The protocol CoverageLedger over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, coverage: Coverage) -> None:
        """Note a span; the same id again replaces it."""
        row = (coverage.id, coverage.source, coverage.brand, micros(coverage.start), micros(coverage.end))
        with self._database.write() as connection:
            connection.execute(_RECORD, row)

    def table(self) -> pl.DataFrame:
        """The table COVERAGE, by source, brand and start."""
        with self._database.read() as connection:
            return frame(connection.execute(_TABLE).fetchall(), tables.COVERAGE)
