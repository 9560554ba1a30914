"""Marks on (brand, day) partitions around the writes that outdate their roll-ups; only the modules of this package come in.

A write opens its marks before it changes anything, and closes them afterwards. A roll-up settles a mark only if it was
closed before the roll-up read the mentions: else it may have missed what the write was still about to change. So a token
that leaves the store says whether its mark was open or closed (`o:` or `c:`) when it was read. The marks of a write that
died stay open, are rolled up every time, and are settled when they are older than the lease.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from social_crm.ports import Mark
from social_crm.storage.mongo.bulk import insert_new, portions
from social_crm.storage.mongo.documents import MarkRecord
from social_crm.storage.mongo.translation import day_number, day_of, micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from pymongo.client_session import ClientSession
    from pymongo.collection import Collection

    from social_crm.storage.mongo.connection import Connection

Partition = tuple[str, "date"]

# How long a write may be under way before its marks count as left behind by a process that died.
LEASE = timedelta(minutes=10)


class Marking:
    """The marks of one write, named by its token."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.token = secrets.token_hex(8)
        self._collection = connection.collection(MarkRecord)
        self._at = micros(now)
        self._opened: set[Partition] = set()

    def open(self, partitions: Iterable[Partition]) -> None:
        """Mark partitions that are about to change; durable when this comes back."""
        fresh = set(partitions) - self._opened
        insert_new(self._collection, mark_rows(self.token, fresh, self._at, is_open=True))
        self._opened |= fresh

    def close(self, touched: set[Partition]) -> None:
        """Say that the write is over: partitions that it touched stay marked, the others are let go."""
        # A bar stands before a closing brace: this is the range of ids that begin with our token.
        ours = {"_id": {"$gte": f"{self.token}|", "$lt": f"{self.token}}}"}}
        if not touched:
            if self._opened:
                self._collection.delete_many(ours)
            return
        for portion in portions(mark_id(self.token, spared) for spared in self._opened - touched):
            self._collection.delete_many({"_id": {"$in": portion}})
        closed = self._collection.update_many(ours, {"$set": {"open": False}})
        if closed.matched_count < len(touched):
            self._mark_again(touched)

    def _mark_again(self, touched: set[Partition]) -> None:
        """The lease ran out while we wrote, and a roll-up settled marks too early."""
        rows = mark_rows(self.token, touched, self._at, is_open=False)
        self._collection.bulk_write([UpdateOne({"_id": row["_id"]}, {"$set": row}, upsert=True) for row in rows])


def mark_rows(token: str, partitions: Iterable[Partition], at: int, *, is_open: bool) -> list[dict[str, Any]]:
    """The documents of marks."""
    return [
        {"_id": mark_id(token, (brand, day)), "b": brand, "d": day_number(day), "open": is_open, "at": at}
        for brand, day in partitions
    ]


def mark_id(token: str, partition: Partition) -> str:
    """The id of the mark that a write set on a partition; a brand's id holds no bar."""
    brand, day = partition
    return f"{token}|{brand}|{day_number(day)}"


def read_marks(collection: Collection[dict[str, Any]], limit: int) -> tuple[Mark, ...]:
    """At most `limit` marked partitions, by brand and day."""
    rows = collection.find({}, {"b": 1, "d": 1, "open": 1}).sort([("b", 1), ("d", 1)])
    with rows:
        groups = groupby(rows, key=itemgetter("b", "d"))
        return tuple(
            Mark(brand, day_of(day), tuple(sorted(_token(row) for row in group)))
            for (brand, day), group in islice(groups, limit)
        )


def stale_ids(marks: Sequence[Mark], collection: Collection[dict[str, Any]], session: ClientSession) -> set[str]:
    """The ids of the marks' tokens that are not there any more: somebody has rolled them up since they were read."""
    ids = {_id(mark, token) for mark in marks for token in mark.tokens}
    shown = {"_id": 1}
    found = (collection.find({"_id": {"$in": portion}}, shown, session=session) for portion in portions(ids))
    return ids - {row["_id"] for rows in found for row in rows}


def settle(marks: Sequence[Mark], collection: Collection[dict[str, Any]], now: datetime, session: ClientSession) -> None:
    """Delete the marks that were closed when they were read, and those left behind by writes that died."""
    tokens = [(token, _id(mark, token)) for mark in marks for token in mark.tokens]
    closed = [mark for token, mark in tokens if token.startswith("c:")]
    left = [mark for token, mark in tokens if not token.startswith("c:")]
    for portion in portions(closed):
        collection.delete_many({"_id": {"$in": portion}}, session=session)
    for portion in portions(left):
        expired = {"_id": {"$in": portion}, "open": True, "at": {"$lt": micros(now - LEASE)}}
        collection.delete_many(expired, session=session)


def is_stale(mark: Mark, gone: set[str]) -> bool:
    """Whether one of a mark's tokens is among those that are gone."""
    return any(_id(mark, token) in gone for token in mark.tokens)


def _token(row: Mapping[str, Any]) -> str:
    return f"{'o' if row['open'] else 'c'}:{row['_id'].partition('|')[0]}"


def _id(mark: Mark, token: str) -> str:
    return mark_id(token.partition(":")[2], (mark.brand, mark.day))
