"""Raw pages in MongoDB, for a while; only the store comes in."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

import bson

from social_crm.domain.errors import Invalid
from social_crm.storage.mongo.bulk import find_among, insert_new
from social_crm.storage.mongo.collecting import PageRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.translation import micros, page_of, page_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from pymongo.client_session import ClientSession

    from social_crm.domain.archived import ArchivedPage
    from social_crm.storage.mongo.connection import Connection
    from social_crm.storage.mongo.record import Row

_SECONDS = 5.0
_LARGEST = 16 * 1024 * 1024  # bytes of a document, by MongoDB's own limit
# Pages are read a few at a time: none of a cursor's state is left on the server while the reader works.
_PORTION = 50
# So many are pruned at a time that any server is through well within the time in which it must answer.
_PRUNED_AT_ONCE = 100


class MongoArchive:
    """Raw pages, kept compressed: implements ports.Archive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._collection = connection.collection(PageRecord)

    @translated
    def keep(self, page: ArchivedPage) -> None:
        """Keep a page; the same id again changes nothing. Raises Invalid when it is too large (16 MB compressed)."""
        insert_new(self._collection, [_row(page)])

    def pages(self, source_id: str, start: datetime, end: datetime) -> Iterator[ArchivedPage]:
        """The pages of a source with start <= fetched_at < end, by (fetched_at, id)."""
        rows = self._portion(source_id, {"$gte": micros(start), "$lt": micros(end)}, {})
        while rows:
            yield from map(page_of, rows)
            rows = self._beyond(source_id, rows[-1], micros(end))

    def _beyond(self, source_id: str, last: Row, end: int) -> list[Row]:
        """What comes after a row: first the others of its instant. As one query with an `$or` it would find no index."""
        instant = last["fetched_at"]
        others = self._portion(source_id, instant, {"_id": {"$gt": last["_id"]}})
        return others or self._portion(source_id, {"$gt": instant, "$lt": end}, {})

    @translated
    def _portion(self, source_id: str, fetched_at: Row | int, rest: Row) -> list[Row]:
        query = {"source": source_id, "fetched_at": fetched_at, **rest}
        return list(self._collection.find(query).sort([("fetched_at", 1), ("_id", 1)]).limit(_PORTION))

    @translated
    def holding(self, mentions: Sequence[str]) -> tuple[ArchivedPage, ...]:
        """The pages that hold any of the mentions, by id."""
        found = {row["_id"]: row for row in find_among(self._collection, "mentions", set(mentions))}
        return tuple(sorted(map(page_of, found.values()), key=attrgetter("id")))

    @translated
    def replace(self, page_id: str, page: ArchivedPage | None) -> None:
        """Put another page in place of one, or none at all; harmless when it is gone. Raises Invalid like `keep`."""
        if page is None:
            self._collection.delete_one({"_id": page_id})
        elif page.id == page_id:
            self._collection.replace_one({"_id": page_id}, _row(page))
        else:
            row = _row(page)
            self._connection.transact(lambda session: self._swap(page_id, row, session), _SECONDS)

    def _swap(self, page_id: str, row: Row, session: ClientSession) -> None:
        was_there = self._collection.delete_one({"_id": page_id}, session=session).deleted_count
        # Looked up first: a duplicate key would abort the transaction.
        if was_there and self._collection.find_one({"_id": row["_id"]}, {"_id": 1}, session=session) is None:
            self._collection.insert_one(row, session=session)

    @translated
    def prune(self, before: datetime) -> int:
        """Remove what was fetched before a time, and answer how many pages that were."""
        old = {"fetched_at": {"$lt": micros(before)}}
        pruned = 0
        while part := [row["_id"] for row in self._collection.find(old, {"_id": 1}).limit(_PRUNED_AT_ONCE)]:
            pruned += self._collection.delete_many({"_id": {"$in": part}}).deleted_count
        return pruned


def _row(page: ArchivedPage) -> Row:
    row = page_row(page)
    size = len(bson.encode(row))
    if size > _LARGEST:
        raise Invalid(f"page {page.id} of {page.source} is too large to keep ({size / 1e6:.1f} MB): ask for smaller pages")
    return row
