"""Leases in MongoDB; only the store comes in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pymongo import ReturnDocument

from social_crm.domain.lease import Lease
from social_crm.storage.mongo.bulk import insert_new
from social_crm.storage.mongo.collecting import LeaseRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.fencing import current, end_writes, lost
from social_crm.storage.mongo.translation import micros

if TYPE_CHECKING:
    from datetime import datetime

    from social_crm.storage.mongo.connection import Connection


class MongoLeases:
    """Who works on what: implements ports.Leases."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._collection = connection.collection(LeaseRecord)

    @translated
    def claim(self, name: str, holder: str, now: datetime, until: datetime) -> Lease | None:
        """Claim a name that is free or whose lease has run out (until <= now); None while somebody holds it."""
        known = self._collection.find_one({"_id": name})
        if known is None:
            # Whoever else is here to make it is as welcome: the claim itself is what one of us gets.
            insert_new(self._collection, [{"_id": name, "fence": 0}])
        elif "session" in known and known.get("until", micros(until)) <= micros(now):
            end_writes(self._connection, known["session"])
        claimed = self._collection.find_one_and_update(
            {"_id": name, "until": {"$not": {"$gt": micros(now)}}},
            {"$set": {"holder": holder, "until": micros(until)}, "$inc": {"fence": 1}, "$unset": {"session": ""}},
            return_document=ReturnDocument.AFTER,
        )
        return None if claimed is None else Lease(name, holder, claimed["fence"], until)

    @translated
    def renew(self, lease: Lease, until: datetime) -> Lease:
        """Hold on for longer. Raises LeaseLost when it was claimed by another or let go."""
        held = self._collection.update_one(current(lease), {"$set": {"until": micros(until)}})
        if not held.matched_count:
            raise lost(lease)
        return replace(lease, until=until)

    @translated
    def release(self, lease: Lease) -> None:
        """Let go at once, so that others need not wait; harmless when it is lost already."""
        self._collection.update_one(current(lease), {"$unset": {"until": ""}})
