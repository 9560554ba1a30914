"""Mentions in MongoDB; only the store comes in."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from social_crm.domain.errors import NotFound
from social_crm.domain.reading import LanguageBasis
from social_crm.ports import Taken
from social_crm.storage.mongo.brands import zones_now
from social_crm.storage.mongo.bulk import find_among
from social_crm.storage.mongo.documents import MentionRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.frames import frame
from social_crm.storage.mongo.taking import Taking, incoming, rounds
from social_crm.storage.mongo.translation import heard_of, micros
from social_crm.tables import MENTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import polars as pl

    from social_crm.domain.account import Account
    from social_crm.ports import Heard, MentionFilter
    from social_crm.storage.mongo.accounts import MongoAccounts
    from social_crm.storage.mongo.connection import Connection

# Only these are evidence of what an author speaks (domain.reading).
_EVIDENCE = (LanguageBasis.PLATFORM.value, LanguageBasis.DETECTED.value)
_TABLE = {"author": 1, "posted_at": 1, "kind": 1, "deleted_at": 1, "label": 1, "compound": 1, "addressed": 1}


class MongoMentions:
    """What was said: implements ports.Mentions."""

    def __init__(self, connection: Connection, accounts: MongoAccounts) -> None:
        self._connection = connection
        self._collection = connection.collection(MentionRecord)
        self._accounts = accounts

    @translated
    def take(self, heard: Sequence[Heard], accounts: Sequence[Account], zones: Mapping[str, str], now: datetime) -> Taken:
        """Store mentions and accounts idempotently and mark the (brand, day) partitions that change.

        The zone that is stored now stands over the one given: that may have been read before an edit.
        """
        zones_known = {**zones, **zones_now(self._connection)}
        page = [incoming(one, zones_known) for one in heard]
        outdated = {brand for brand, zone in zones.items() if zone != zones_known[brand]}
        self._accounts.observe(accounts)
        taken = Taken()
        for part in rounds(page):
            taken += Taking(self._connection, zones_known, now, outdated).take(part)
        return taken

    @translated
    def get(self, mention_id: str) -> Heard:
        """One mention. Raises NotFound."""
        row = self._collection.find_one({"_id": mention_id})
        if row is None:
            raise NotFound(f"there is no mention {mention_id!r}")
        return heard_of(row)

    @translated
    def page(self, only: MentionFilter, after: tuple[datetime, str] | None, limit: int) -> tuple[Heard, ...]:
        """Newest first (posted_at, then id, both falling), those strictly after the position, at most `limit`."""
        if limit <= 0:  # to MongoDB 0 means all
            return ()
        rows = self._collection.find(_query(only, after)).sort([("posted_at", -1), ("_id", -1)]).limit(limit)
        return tuple(heard_of(row) for row in rows)

    @translated
    def table(self, brand: str, start: datetime | None = None, end: datetime | None = None) -> pl.DataFrame:
        """The table MENTIONS of a brand for start <= posted_at < end, in the order of the id."""
        query = {"brands": brand, **_span(start, end)}
        rows = list(self._collection.find(query, _TABLE))
        columns = {
            "id": [row["_id"] for row in rows],
            "author": [row["author"] for row in rows],
            "posted_at": [row["posted_at"] for row in rows],
            "kind": [row["kind"] for row in rows],
            "deleted": ["deleted_at" in row for row in rows],
            "label": [row["label"] for row in rows],
            "compound": [row.get("compound") for row in rows],
            "addressed": [row.get("addressed", []) for row in rows],
        }
        return frame(columns, MENTIONS).sort("id")

    @translated
    def languages(self, authors: Sequence[str], excluding: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """How many mentions of each author are in each language by evidence (platform or detected), leaving out ids."""
        left_out = frozenset(excluding)
        counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
        shown = {"author": 1, "language": 1, "basis": 1}
        for row in find_among(self._collection, "author", set(authors), shown):
            if row["basis"] in _EVIDENCE and row["_id"] not in left_out:
                spoken = counts[row["author"]]
                spoken[row["language"]] = spoken.get(row["language"], 0) + 1
        return dict(counts)

    @translated
    def known(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of the ids that are stored."""
        return frozenset(row["_id"] for row in find_among(self._collection, "_id", set(ids), {"_id": 1}))

    @translated
    def count(self) -> int:
        """How many mentions are stored."""
        return self._collection.count_documents({})


def _query(only: MentionFilter, after: tuple[datetime, str] | None) -> dict[str, Any]:
    """The filter as a query; a platform is a range of ids, because every id begins with it."""
    wanted = {"brands": only.brand, "author": only.author, "kind": only.kind, "label": only.label}
    query: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    query |= _span(only.since, only.until)
    if only.platform is not None:
        query["_id"] = {"$gte": f"{only.platform}:", "$lt": f"{only.platform};"}
    if after is not None:
        instant, mention_id = micros(after[0]), after[1]
        query["$or"] = [{"posted_at": {"$lt": instant}}, {"posted_at": instant, "_id": {"$lt": mention_id}}]
        # Says nothing new, but bounds the index. Not `$lte`: the server of the tests loses the last value of such a range.
        query["posted_at"] = bounds = query.get("posted_at", {})
        bounds["$lt"] = min(bounds.get("$lt", instant + 1), instant + 1)
    return query


def _span(start: datetime | None, end: datetime | None) -> dict[str, dict[str, int]]:
    bounds = {sign: micros(moment) for sign, moment in (("$gte", start), ("$lt", end)) if moment is not None}
    return {"posted_at": bounds} if bounds else {}
