"""What the tests of the contract do again and again; only they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from social_crm import tables
from tests.builders import NOON

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from social_crm.domain.account import Account
    from social_crm.ports import Heard, Store, Taken

ZONES = {"acme": "America/New_York", "globex": "Asia/Tokyo", "initech": "UTC"}


def take(store: Store, *heard: Heard, accounts: Sequence[Account] = ()) -> Taken:
    return store.mentions.take(heard, accounts, ZONES, NOON)


def marked(store: Store) -> list[tuple[str, str]]:
    return [(mark.brand, mark.day.isoformat()) for mark in store.rollups.marks(1000)]


def settle(store: Store) -> None:
    """Roll up all that is marked, to nothing."""
    store.rollups.replace(store.rollups.marks(1000), activity(), exchanges(), NOON)


def activity(*rows: tuple[str, date, str, int]) -> pl.DataFrame:
    """The table ACTIVITY with a row for each (brand, day, account, posts)."""
    keys: dict[str, Any] = {"schema": ["brand", "day", "account", "posts"], "orient": "row"}
    return _filled(pl.DataFrame(rows, **keys) if rows else pl.DataFrame(), tables.ACTIVITY)


def exchanges(*rows: tuple[str, date, str, str, str, int]) -> pl.DataFrame:
    """The table EXCHANGES with those rows."""
    return pl.DataFrame(rows, schema=dict(tables.EXCHANGES), orient="row")


def in_order(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.sort(pl.all()).to_dicts()


def _filled(frame: pl.DataFrame, schema: Any) -> pl.DataFrame:
    if not frame.width:
        return pl.DataFrame(schema=dict(schema))
    missing = [pl.lit(0).alias(name) for name in schema if name not in frame.columns]
    return frame.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in schema.items())
