"""Daily activity and exchanges in MongoDB, and their marks; only the store comes in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from social_crm.ports import RollUpState
from social_crm.storage.mongo.bulk import portions
from social_crm.storage.mongo.documents import ActivityRecord, CounterRecord, ExchangeRecord, MarkRecord
from social_crm.storage.mongo.failures import translated
from social_crm.storage.mongo.frames import frame
from social_crm.storage.mongo.marks import is_stale, read_marks, settle, stale_ids
from social_crm.storage.mongo.translation import day_number
from social_crm.tables import ACTIVITY, EXCHANGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from pymongo.client_session import ClientSession

    from social_crm.ports import Mark
    from social_crm.storage.mongo.connection import Connection
    from social_crm.storage.mongo.record import Record, Row
    from social_crm.tables import ColumnType

# A transaction of MongoDB may last a minute and is held in memory until it commits: this many rows take well under that.
_ROWS_AT_ONCE = 5_000
# A worker that was killed leaves its transaction open for that minute; whoever rolls up next clashes with it until then.
_SECONDS = 120.0


class MongoRollUps:
    """Daily activity and exchanges: implements ports.RollUps."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._marks = connection.collection(MarkRecord)
        self._counters = connection.collection(CounterRecord)

    @translated
    def marks(self, limit: int) -> tuple[Mark, ...]:
        """At most `limit` marked partitions, by brand and day."""
        return read_marks(self._marks, limit)

    @translated
    def replace(self, marks: Sequence[Mark], activity: pl.DataFrame, exchanges: pl.DataFrame, now: datetime) -> None:
        """Put the tables in place of the marked partitions and settle the marks.

        All or nothing for each partition: a big piece of work goes in several transactions, each settling its own marks.
        """
        tables = {ActivityRecord: _by_partition(activity), ExchangeRecord: _by_partition(exchanges)}
        for brand, part in _chunks(marks, tables):
            self._connection.transact(partial(self._put, brand, part, tables, now), _SECONDS)

    def _put(self, brand: str, marks: Sequence[Mark], tables: Tables, now: datetime, session: ClientSession) -> None:
        # First of all, so that two who replace roll-ups of one brand clash here and one begins again.
        self._counters.update_one({"_id": f"rollups:{brand}"}, {"$inc": {"n": 1}}, upsert=True, session=session)
        # What somebody else has rolled up since these marks were read is newer than ours: it stays.
        gone = stale_ids(marks, self._marks, session)
        live = [mark for mark in marks if not is_stale(mark, gone)]
        days = [day_number(mark.day) for mark in live]
        for record, parts in tables.items():
            collection = self._connection.collection(record)
            for portion in portions(days):
                collection.delete_many({"b": brand, "d": {"$in": portion}}, session=session)
            rows = [
                row
                for mark in live
                if (mark.brand, mark.day) in parts
                for row in _rows(parts[mark.brand, mark.day], record)
            ]
            if rows:
                collection.insert_many(rows, session=session)
        settle(live, self._marks, now, session)

    @translated
    def activity(self, brands: Sequence[str], start: date | None = None, end: date | None = None) -> pl.DataFrame:
        """The table ACTIVITY of some brands for start <= day < end, in no particular order."""
        return self._read(ActivityRecord, ACTIVITY, [_query(brand, start, end) for brand in set(brands)])

    @translated
    def exchanges(self, brands: Sequence[str], start: date | None = None, end: date | None = None) -> pl.DataFrame:
        """The table EXCHANGES of some brands for start <= day < end, in no particular order."""
        return self._read(ExchangeRecord, EXCHANGES, [_query(brand, start, end) for brand in set(brands)])

    def _read(self, record: type[Record], schema: Mapping[str, ColumnType], queries: Sequence[Row]) -> pl.DataFrame:
        names = record.stored_names()
        shown = {names[name]: 1 for name in schema} | {"_id": 0}
        # From one snapshot: else a roll-up that commits between two batches shows half of its rows.
        with self._connection.client.start_session(snapshot=True) as session:
            collection = self._connection.collection(record)
            rows = [row for one in queries for row in collection.find(one, shown, session=session)]
        columns = {name: [row.get(names[name], 0) for row in rows] for name in schema}
        return frame(columns, schema)

    @translated
    def state(self, brands: Sequence[str]) -> RollUpState:
        """What is pending for some brands, and the sum of their generations."""
        marked = self._marks.find({"b": {"$in": list(brands)}}, {"_id": 0, "b": 1, "d": 1})
        pending = len({(row["b"], row["d"]) for row in marked})
        counted = self._counters.find({"_id": {"$in": [f"rollups:{brand}" for brand in brands]}})
        return RollUpState(pending, sum(row["n"] for row in counted))


Tables = dict[type["Record"], dict[tuple[Any, ...], pl.DataFrame]]


def _by_partition(table: pl.DataFrame) -> dict[tuple[Any, ...], pl.DataFrame]:
    return table.partition_by("brand", "day", as_dict=True)


def _chunks(marks: Sequence[Mark], tables: Tables) -> Iterator[tuple[str, list[Mark]]]:
    """Marks of one brand at a time, about `_ROWS_AT_ONCE` rows together."""
    part: list[Mark] = []
    weight = 0
    for mark in sorted(marks, key=lambda one: (one.brand, one.day)):
        size = sum(parts[mark.brand, mark.day].height for parts in tables.values() if (mark.brand, mark.day) in parts)
        if part and (part[0].brand != mark.brand or weight + size > _ROWS_AT_ONCE):
            yield part[0].brand, part
            part, weight = [], 0
        part.append(mark)
        weight += size
    if part:
        yield part[0].brand, part


def _rows(table: pl.DataFrame, record: type[Record]) -> Iterator[Row]:
    """The rows of a table as they are stored: short names, days as numbers, no zeros."""
    names = [record.stored_names()[name] for name in table.columns]
    for values in table.with_columns(pl.col("day").cast(pl.Int32)).iter_rows():
        # A day may be 0 as well: 1970 began with it.
        yield {name: value for name, value in zip(names, values, strict=True) if value or name == "d"}


def _query(brand: str, start: date | None, end: date | None) -> Row:
    days = {sign: day_number(day) for sign, day in (("$gte", start), ("$lt", end)) if day is not None}
    return {"b": brand, "d": days} if days else {"b": brand}
