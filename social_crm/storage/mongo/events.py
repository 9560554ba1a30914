"""The outbox in MongoDB; only the store and sources come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.storage.mongo.bulk import portions
from social_crm.storage.mongo.collecting import EventRecord
from social_crm.storage.mongo.documents import CounterRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.translation import event_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.client_session import ClientSession

    from social_crm.domain.event import Event
    from social_crm.storage.mongo.connection import Connection
    from social_crm.storage.mongo.record import Row

_COUNTER = "events"


class MongoEvents:
    """What happened, in the order in which it was written: implements ports.Events.

    Positions come from a counter that is written in the transaction of the events. So two such transactions clash, the
    second begins again after the first, and nobody reads a position before all lower ones are there.
    """

    def __init__(self, connection: Connection) -> None:
        self._collection = connection.collection(EventRecord)
        self._counters = connection.collection(CounterRecord)

    @translated
    def after(self, position: int, limit: int) -> tuple[tuple[int, Event], ...]:
        """At most `limit` events written after a position (0: from the start), each with its own, rising position."""
        if limit <= 0:  # to MongoDB 0 means all
            return ()
        rows = self._collection.find({"position": {"$gt": position}}).sort("position", 1).limit(limit)
        return tuple((row["position"], event_of(row)) for row in rows)

    def append(self, rows: Sequence[Row], session: ClientSession) -> None:
        """Write events within a transaction; those whose id is there already, or came before, change nothing."""
        first = {row["_id"]: row for row in reversed(rows)}
        # Looked up first: a duplicate key would abort the transaction.
        told = self._told([*first], session)
        new = [row for row in rows if row["_id"] not in told and first[row["_id"]] is row]
        if new:
            start = self._take(len(new), session)
            self._collection.insert_many(
                [{**row, "position": position} for position, row in enumerate(new, start)], session=session
            )

    def _told(self, ids: Sequence[str], session: ClientSession) -> set[str]:
        found = (self._collection.find({"_id": {"$in": portion}}, {"_id": 1}, session=session) for portion in portions(ids))
        return {row["_id"] for rows in found for row in rows}

    def _take(self, count: int, session: ClientSession) -> int:
        """The first of some positions in a row that nobody else gets."""
        before = self._counters.find_one_and_update({"_id": _COUNTER}, {"$inc": {"n": count}}, upsert=True, session=session)
        return (before["n"] if before else 0) + 1
