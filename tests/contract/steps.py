"""What the tests of the contract do again and again; only they come in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any

import polars as pl

from social_crm import tables
from social_crm.domain.source import Progress, Step
from tests.builders import NOON

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from social_crm.domain.account import Account
    from social_crm.domain.event import Event
    from social_crm.domain.lease import Lease
    from social_crm.ports import Heard, Store, Taken

THREADS = 8
MINUTE = timedelta(minutes=1)
ZONES = {"acme": "America/New_York", "globex": "Asia/Tokyo", "initech": "UTC"}


def take(store: Store, *heard: Heard, accounts: Sequence[Account] = ()) -> Taken:
    return store.mentions.take(heard, accounts, ZONES, NOON)


def marked(store: Store) -> list[tuple[str, str]]:
    return [(mark.brand, mark.day.isoformat()) for mark in store.rollups.marks(1000)]


def settle(store: Store) -> None:
    """Roll up all that is marked, to nothing."""
    store.rollups.replace(store.rollups.marks(1000), activity(), exchanges(), NOON)


def claim(store: Store, name: str = "collect:acme-x", holder: str = "first", now: datetime = NOON) -> Lease:
    """A lease for a minute on a name that is free."""
    lease = store.leases.claim(name, holder, now, now + MINUTE)
    assert lease is not None
    return lease


def a_step(source: str = "acme-x", **changes: Any) -> Step:
    return Step(**{"progress": Progress(source), **changes})


def told(store: Store, position: int = 0) -> list[Event]:
    """All events of the outbox after a position."""
    return [event for _, event in store.events.after(position, 1000)]


def together(work: Callable[[int], object]) -> list:
    """The answers of as many threads that set out at the same moment."""
    start = Barrier(THREADS)

    def run(number: int) -> object:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


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
