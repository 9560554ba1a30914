"""Coverage in MongoDB; only the store comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.storage.mongo.documents import CoverageRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.frames import frame
from social_crm.storage.mongo.translation import micros
from social_crm.tables import COVERAGE

if TYPE_CHECKING:
    import polars as pl

    from social_crm.domain.coverage import Coverage
    from social_crm.storage.mongo.connection import Connection


class MongoCoverage:
    """What each source vouches for: implements ports.CoverageLedger."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @translated
    def record(self, coverage: Coverage) -> None:
        """Note a span; the same id again replaces it."""
        self._connection.rows(CoverageRecord).filter(id=coverage.id).modify(
            upsert=True,
            source=coverage.source,
            brand=coverage.brand,
            start=micros(coverage.start),
            end=micros(coverage.end),
        )

    @translated
    def table(self) -> pl.DataFrame:
        """The table COVERAGE, by source, brand and start."""
        rows = list(self._connection.rows(CoverageRecord).order_by("source", "brand", "start", "end").as_pymongo())
        return frame({name: [row[name] for row in rows] for name in COVERAGE}, COVERAGE)
