"""Daily activity and exchanges in SQLite, and what is out of date of them; the store comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from social_crm import tables
from social_crm.ports import Mark, RollUpState
from social_crm.storage.sqlite.frames import fetch_daily
from social_crm.storage.sqlite.generations import raise_generation
from social_crm.storage.sqlite.values import day, days, number, to_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from social_crm.storage.sqlite.database import Database

_SUBJECT = "rollups:"
_OF_BRANDS = "brand IN (SELECT value FROM json_each(?)) AND day >= ? AND day < ?"
_STATE = f"""SELECT (SELECT count(*) FROM mark WHERE brand IN (SELECT value FROM json_each(:brands))),
    (SELECT coalesce(sum(n), 0) FROM generation WHERE subject IN (SELECT '{_SUBJECT}' || value FROM json_each(:brands)))"""  # noqa: S608 - our names


class SqliteRollUps:
    """The protocol RollUps over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def marks(self, limit: int) -> tuple[Mark, ...]:
        """At most `limit` marked partitions, by brand and day."""
        sql = "SELECT brand, day, token FROM mark ORDER BY brand, day LIMIT ?"
        with self._database.read() as connection:
            return tuple(
                Mark(brand, day(n), (token,)) for brand, n, token in connection.execute(sql, (max(limit, 0),)).fetchall()
            )

    def replace(self, marks: Sequence[Mark], activity: pl.DataFrame, exchanges: pl.DataFrame, now: datetime) -> None:
        """Put tables in place of the marked partitions and settle the tokens read, in one transaction."""
        partitions = [(mark.brand, number(mark.day)) for mark in marks]
        tokens = [(mark.brand, number(mark.day), token) for mark in marks for token in mark.tokens]
        with self._database.write() as connection:
            connection.executemany("DELETE FROM activity WHERE brand = ? AND day = ?", partitions)
            connection.executemany("DELETE FROM exchange WHERE brand = ? AND day = ?", partitions)
            _insert(connection, "activity", activity, tables.ACTIVITY)
            _insert(connection, "exchange", exchanges, tables.EXCHANGES)
            connection.executemany("DELETE FROM mark WHERE brand = ? AND day = ? AND token = ?", tokens)
            for brand in sorted({mark.brand for mark in marks}):
                raise_generation(connection, f"{_SUBJECT}{brand}", now)

    def activity(self, brands: Sequence[str], start: date | None = None, end: date | None = None) -> pl.DataFrame:
        """The table ACTIVITY of some brands for start <= day < end."""
        with self._database.read() as connection:
            return fetch_daily(connection, "activity", tables.ACTIVITY, _OF_BRANDS, _within(brands, start, end))

    def exchanges(self, brands: Sequence[str], start: date | None = None, end: date | None = None) -> pl.DataFrame:
        """The table EXCHANGES of some brands for start <= day < end."""
        with self._database.read() as connection:
            return fetch_daily(connection, "exchange", tables.EXCHANGES, _OF_BRANDS, _within(brands, start, end))

    def state(self, brands: Sequence[str]) -> RollUpState:
        """What is pending for some brands, and the sum of their generations."""
        with self._database.read() as connection:
            pending, generation = connection.execute(_STATE, {"brands": to_json(list(brands))}).fetchone()
        return RollUpState(pending, generation)


def _within(brands: Sequence[str], start: date | None, end: date | None) -> tuple[str, int, int]:
    return (to_json(sorted(set(brands))), *days(start, end))


def _insert(
    connection: sqlite3.Connection, table: str, rows: pl.DataFrame, schema: Mapping[str, tables.ColumnType]
) -> None:
    """Write a frame in the order of its key, which is the order of the table on disk."""
    columns = rows.select(list(schema)).sort(pl.all()).with_columns(pl.col("day").cast(pl.Int32))
    places = ", ".join("?" * len(schema))
    connection.executemany(f"INSERT INTO {table} ({', '.join(schema)}) VALUES ({places})", columns.iter_rows())  # noqa: S608 - our names
