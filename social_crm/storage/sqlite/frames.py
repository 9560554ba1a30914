"""Rows of SQLite as Polars tables, a column at a time; the modules of this room come in."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from social_crm.tables import ColumnType

# Groups that are fetched at a time: a group is a day of a brand.
_GROUPS = 512


class Doubles:
    """An SQL aggregate: the numbers of a column as packed doubles, exact where text would keep 15 digits."""

    def __init__(self) -> None:
        numbers = array("d")
        # The array's own methods, without one of Python's around each: half the time.
        self.step: Callable[[float], None] = numbers.append
        self.finalize: Callable[[], Any] = numbers.tobytes


def frame(rows: Sequence[Sequence[Any]], schema: Mapping[str, ColumnType]) -> pl.DataFrame:
    """Rows as a table of that schema; days and times come as integers, lists as JSON."""
    if not rows:
        return pl.DataFrame(schema=dict(schema))
    columns = zip(*rows, strict=True)
    return pl.DataFrame([_series(name, column, schema[name]) for name, column in zip(schema, columns, strict=True)])


def fetch_daily(
    connection: sqlite3.Connection, table: str, schema: Mapping[str, ColumnType], where: str, values: Sequence[Any]
) -> pl.DataFrame:
    """A table keyed by (brand, day, ...) as a frame: SQLite hands over each column of a day as one piece.

    A million rows take a second instead of the three to five that as many Python tuples take.
    """
    inner = [name for name in schema if name not in ("brand", "day")]
    pieces = ", ".join(f"{_aggregate(schema[name])}({name})" for name in inner)
    cursor = connection.execute(
        f"SELECT brand, day, count(*), {pieces} FROM {table} WHERE {where} GROUP BY brand, day",  # noqa: S608 - our names
        values,
    )
    frames = [pl.DataFrame(schema=dict(schema))]
    while groups := cursor.fetchmany(_GROUPS):
        brands, days, counts, *columns = zip(*groups, strict=True)
        keys = pl.DataFrame([_series("brand", brands, pl.String), _series("day", days, pl.Date), pl.Series("n", counts)])
        keys = keys.select(pl.col("brand", "day").repeat_by("n").explode())
        frames.append(
            keys.with_columns(_joined(name, column, schema[name]) for name, column in zip(inner, columns, strict=True))
        )
    return pl.concat(frames)


def _aggregate(dtype: ColumnType) -> str:
    return "doubles" if dtype == pl.Float64 else "json_group_array"


def _joined(name: str, pieces: Sequence[Any], dtype: ColumnType) -> pl.Series:
    if dtype == pl.Float64:
        return pl.Series(name, np.frombuffer(b"".join(pieces)), dtype=dtype)
    return pl.Series(name, orjson.loads(f"[{','.join(piece[1:-1] for piece in pieces)}]"), dtype=dtype)


def _series(name: str, values: Iterable[Any], dtype: ColumnType) -> pl.Series:
    if dtype == pl.Date:
        return pl.Series(name, values, dtype=pl.Int32).cast(dtype)
    if isinstance(dtype, pl.Datetime):
        return pl.Series(name, values, dtype=pl.Int64).cast(dtype)
    if dtype == pl.Boolean:
        return pl.Series(name, values, dtype=pl.Int8).cast(dtype)
    if dtype == pl.List(pl.String):
        return pl.Series(name, values, dtype=pl.String).str.json_decode(dtype)
    return pl.Series(name, values, dtype=dtype)
