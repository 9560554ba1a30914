"""Sources in MongoDB, and how far each has come; only the store comes in."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pymongo import ReplaceOne, UpdateOne

from social_crm.domain.errors import NotFound
from social_crm.domain.source import SourceSetup, SourceState, Spend
from social_crm.storage.columns import check_version
from social_crm.storage.mongo.collecting import CoverageRecord, ProgressRecord, SourceRecord, SpendRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.fencing import FencedWrites
from social_crm.storage.mongo.translation import (
    coverage_row,
    day_number,
    day_of,
    event_row,
    progress_of,
    progress_row,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from pymongo.client_session import ClientSession

    from social_crm.domain.lease import Lease
    from social_crm.domain.source import Progress, Step
    from social_crm.storage.mongo.connection import Connection
    from social_crm.storage.mongo.events import MongoEvents
    from social_crm.storage.mongo.record import Row

_SECONDS = 5.0


class MongoSources:
    """Where we listen, and how far each source has come: implements ports.Sources."""

    def __init__(self, connection: Connection, events: MongoEvents) -> None:
        self._connection = connection
        self._fenced = FencedWrites(connection)
        self._events = events
        self._progress = connection.collection(ProgressRecord)
        self._coverage = connection.collection(CoverageRecord)
        self._spend = connection.collection(SpendRecord)

    @translated
    def put(self, setup: SourceSetup, expect: int | None = None) -> SourceSetup:
        """Store a source and answer it with its new version. Raises Conflict or Stale."""
        return self._connection.transact(lambda session: self._put(setup, expect, session), _SECONDS)

    def _put(self, setup: SourceSetup, expect: int | None, session: ClientSession) -> SourceSetup:
        sources = self._connection.collection(SourceRecord)
        row = sources.find_one({"_id": setup.id}, {"version": 1}, session=session)
        there = row["version"] if row else 0
        check_version(setup.id, there, expect, "source")
        stored = replace(setup, version=there + 1)
        document = _document(stored)
        document.validate()
        sources.replace_one({"_id": setup.id}, document.to_mongo().to_dict(), upsert=True, session=session)
        return stored

    @translated
    def get(self, source_id: str) -> SourceSetup:
        """One source. Raises NotFound."""
        document = self._connection.rows(SourceRecord).filter(id=source_id).first()
        if document is None:
            raise NotFound(f"there is no source {source_id}: `social-crm source list` shows those there are")
        return _setup(document)

    @translated
    def list(self) -> tuple[SourceSetup, ...]:
        """All sources, by id."""
        return tuple(_setup(document) for document in self._connection.rows(SourceRecord).order_by("id"))

    @translated
    def progress(self) -> Mapping[str, Progress]:
        """How far each source has come, by its id; one that has never run is missing."""
        return {row["_id"]: progress_of(row) for row in self._progress.find()}

    @translated
    def charge(self, lease: Lease, source_id: str, day: date, units: int) -> None:
        """Add to what a source has cost on a UTC day. Raises LeaseLost."""
        self._fenced.write(lease, lambda session: self._add(source_id, [(day, units)], session))

    @translated
    def advance(self, lease: Lease, step: Step) -> None:
        """Write a step whole: progress, coverage, spend and events, or nothing. Raises LeaseLost."""
        coverage = [coverage_row(one) for one in step.coverage]
        events = [event_row(event) for event in step.events]

        def write(session: ClientSession) -> None:
            source = step.progress.source
            self._progress.replace_one({"_id": source}, progress_row(step.progress), upsert=True, session=session)
            if coverage:
                notes = [ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in coverage]
                self._coverage.bulk_write(notes, session=session)
            self._add(source, step.spent, session)
            if events:
                # Last, because other sources wait for the counter of the outbox until we are through.
                self._events.append(events, session)

        self._fenced.write(lease, write)

    def _add(self, source: str, spent: Iterable[tuple[date, int]], session: ClientSession) -> None:
        days: Counter[int] = Counter()
        for day, units in spent:
            days[day_number(day)] += units
        if days:
            self._spend.bulk_write([_addition(source, day, units) for day, units in days.items()], session=session)

    @translated
    def spend(self, source_id: str, since: date) -> tuple[Spend, ...]:
        """What a source has cost, by day, from a UTC day on; days that cost nothing are missing."""
        rows = self._spend.find({"source": source_id, "day": {"$gte": day_number(since)}}).sort("day", 1)
        return tuple(Spend(source_id, day_of(row["day"]), row["units"]) for row in rows if row["units"])


def _addition(source: str, day: int, units: int) -> UpdateOne:
    place: Row = {"source": source, "day": day}
    return UpdateOne({"_id": f"{source}|{day}"}, {"$set": place, "$inc": {"units": units}}, upsert=True)


def _document(setup: SourceSetup) -> Any:
    return SourceRecord(
        id=setup.id,
        platform=setup.platform,
        brand=setup.brand,
        query=setup.query,
        schedule=setup.schedule,
        options=dict(setup.options),
        sealed=setup.sealed,
        daily_cap=setup.daily_cap,
        state=setup.state.value,
        reason=setup.reason,
        version=setup.version,
    )


def _setup(document: Any) -> SourceSetup:
    return SourceSetup(
        id=document.id,
        platform=document.platform,
        brand=document.brand,
        query=document.query,
        schedule=document.schedule,
        options=dict(document.options),
        sealed=bytes(document.sealed),
        daily_cap=document.daily_cap,
        state=SourceState(document.state),
        reason=document.reason,
        version=document.version,
    )
