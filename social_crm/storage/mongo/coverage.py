"""Coverage in MongoDB; only the store comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.domain.coverage import Seen
from social_crm.storage.mongo.collecting import CoverageRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.frames import frame
from social_crm.storage.mongo.translation import coverage_of, coverage_row, micros
from social_crm.tables import COVERAGE

if TYPE_CHECKING:
    import polars as pl

    from social_crm.domain.coverage import Coverage
    from social_crm.domain.span import Span
    from social_crm.storage.mongo.connection import Connection

# What a field says that an early release did not write.
_UNSAID = {"seen": Seen.COVERED.value, "why": ""}


class MongoCoverage:
    """What each source vouches for, and what it missed: implements ports.CoverageLedger."""

    def __init__(self, connection: Connection) -> None:
        self._collection = connection.collection(CoverageRecord)

    @translated
    def record(self, coverage: Coverage) -> None:
        """Note a span; the same id again replaces it."""
        self._collection.replace_one({"_id": coverage.id}, coverage_row(coverage), upsert=True)

    @translated
    def spans(self, source: str, span: Span) -> tuple[Coverage, ...]:
        """What a source has noted of any instant of a span, by start, then id; what is empty holds none."""
        if span.start == span.end:
            return ()
        query = {"source": source, "end": {"$gt": micros(span.start)}, "start": {"$lt": micros(span.end)}}
        rows = self._collection.find(query).sort([("start", 1), ("_id", 1)])
        return tuple(coverage_of(row) for row in rows if row["start"] < row["end"])

    @translated
    def table(self) -> pl.DataFrame:
        """The table COVERAGE, by source, brand and start."""
        order = [("source", 1), ("brand", 1), ("start", 1), ("end", 1)]
        rows = [_UNSAID | row for row in self._collection.find({}, dict.fromkeys(COVERAGE, 1)).sort(order)]
        return frame({name: [row[name] for row in rows] for name in COVERAGE}, COVERAGE)
