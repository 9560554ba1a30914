"""Stored columns as Polars tables; only the modules of this package come in.

The rows come from plain projected cursors: their documents are decoded a batch at a time in C. Raw batches decoded by hand
cost twice the CPU, RawBSON documents more (100,000 rows: 0.07, 0.19 and 0.3 seconds).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from social_crm.tables import ColumnType


def frame(columns: Mapping[str, list[Any]], schema: Mapping[str, ColumnType]) -> pl.DataFrame:
    """Columns as a table of that schema; times and days are still integers."""
    return pl.DataFrame([_series(name, columns[name], dtype) for name, dtype in schema.items()])


def _series(name: str, values: list[Any], dtype: ColumnType) -> pl.Series:
    if dtype == pl.Date:
        return pl.Series(name, values, dtype=pl.Int32).cast(dtype)
    if isinstance(dtype, pl.Datetime):
        return pl.Series(name, values, dtype=pl.Int64).cast(dtype)
    return pl.Series(name, values, dtype=dtype)
