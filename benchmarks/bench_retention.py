"""A full retention report from two years of activity, beside a pandas script of its main table, written the usual way."""

from __future__ import annotations

import argparse
import resource
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import polars as pl

from benchmarks.measure import show, timed
from social_crm.analytics.retention import RetentionDefinition, RetentionReport, retention
from social_crm.ports import Mark
from social_crm.storage import open_store
from social_crm.tables import ACTIVITY, EXCHANGES, PEOPLE

if TYPE_CHECKING:
    from benchmarks.measure import Timing

ROWS, ACCOUNTS = 1_000_000, 100_000
LARGE_ROWS, LARGE_ACCOUNTS = 10_000_000, 1_000_000
FIRST_DAY, DAYS = date(2024, 1, 1), 731  # 24 calendar months
COMPLETE = datetime(2026, 1, 1, tzinfo=UTC)
NOBODY = pl.DataFrame(schema=dict(PEOPLE))


def activity(rows: int, accounts: int, seed: int = 1) -> pl.DataFrame:
    """The table ACTIVITY of seeded people over 24 months: few are busy, many are there once."""
    chance = np.random.default_rng(seed)
    names = pl.Series([f"x:{1_000_000_000 + 7 * number}" for number in range(accounts)], dtype=pl.String)
    who = (accounts * chance.random(rows) ** 1.6).astype(np.int64)
    first = (FIRST_DAY - date(1970, 1, 1)).days
    given = {
        "brand": pl.repeat("acme", rows, dtype=pl.String, eager=True),
        "day": pl.Series((first + chance.integers(0, DAYS, rows)).astype(np.int32)).cast(pl.Date),
        "account": names.gather(who),
        "posts": pl.Series(chance.integers(1, 3, rows).astype(np.uint32)),
    }
    return pl.DataFrame({
        name: given[name] if name in given else pl.zeros(rows, pl.UInt32, eager=True).cast(kind)
        for name, kind in ACTIVITY.items()
    })  # fmt: skip


def ours(table: pl.DataFrame, resamples: int = 1000) -> RetentionReport:
    """Both cohort tables with intervals, the pooled rows with their bootstrap, and growth accounting."""
    return retention(table, NOBODY, RetentionDefinition(resamples=resamples), COMPLETE)


def as_frame(table: pl.DataFrame) -> pd.DataFrame:
    """The columns that pandas needs, in pandas."""
    return pd.DataFrame({
        "account": table["account"].to_list(),
        "day": table["day"].cast(pl.Datetime("us")).to_numpy(),
        "posts": table["posts"].to_numpy(),
    })  # fmt: skip


def with_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    """The recurring table and nothing else: cohorts as rows, months as columns, by a merge with itself."""
    spoke = frame[frame["posts"] > 0]
    active = spoke.assign(month=spoke["day"].dt.to_period("M"))[["account", "month"]].drop_duplicates()
    pairs = active.merge(active, on="account", suffixes=("", "_later"))
    pairs = pairs[pairs["month_later"] >= pairs["month"]]
    return pairs.groupby(["month", "month_later"])["account"].nunique().unstack(fill_value=0)


def check(report: RetentionReport, rival: pd.DataFrame) -> None:
    """Stop when the two do not count alike."""
    counted = [[cell.n for cell in row.cells if cell.n is not None] for row in report.recurring.rows]
    theirs = [row[place:].tolist() for place, row in enumerate(rival.to_numpy())]
    if counted != theirs:
        raise SystemExit("pandas and ours do not give the same recurring table")


def compare(rows: int, accounts: int) -> None:
    """Print our full report beside the pandas script, on the same activity and with equal answers."""
    table = activity(rows, accounts)
    frame = as_frame(table)
    check(ours(table), with_pandas(frame))
    plain, bare, full = timed(lambda: with_pandas(frame)), timed(lambda: ours(table, 1)), timed(lambda: ours(table))
    show(
        f"Retention by month, {rows:,} rows, {accounts:,} people, 24 months",
        ("way", "median (spread)", "pandas / it"),
        [
            ("pandas, self-merge: the recurring table only", str(plain), "1"),
            ("ours, all but the bootstrap", str(bare), _times(plain, bare)),
            ("ours, the full report", str(full), _times(plain, full)),
        ],
        "5 runs, the recurring tables are equal; promise: the full report under 1 s",
    )


def alone(rows: int, accounts: int) -> None:
    """Print our full report on activity that is too large for a merge with itself, and the most memory ever used."""
    table = activity(rows, accounts)
    before = _peak()
    full = timed(lambda: ours(table))
    show(
        f"Retention by month, {rows:,} rows, {accounts:,} people, 24 months",
        ("way", "median (spread)", "peak memory", "of which making the input"),
        [("ours, the full report", str(full), f"{_peak():,} MB", f"{before:,} MB")],
        "5 runs; promise: about 2 s and under 1,500 MB",
    )


def from_sqlite(rows: int, accounts: int) -> None:
    """Print our full report from a SQLite store, reading included, beside pandas that reads the same table."""
    table = activity(rows, accounts).group_by("brand", "day", "account").agg(pl.all().sum())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        store = open_store(f"sqlite:///{file}")
        marks = [Mark("acme", day, ()) for day in table["day"].unique().sort()]
        store.rollups.replace(marks, table, pl.DataFrame(schema=dict(EXCHANGES)), COMPLETE)
        read = timed(lambda: store.rollups.activity(["acme"]))
        full = timed(lambda: ours(store.rollups.activity(["acme"])))
        plain = timed(lambda: with_pandas(read_with_pandas(file)), runs=3)
        store.close()
    show(
        f"The same from SQLite, {table.height:,} rows",
        ("way", "median (spread)", "pandas / it"),
        [
            ("pandas, read_sql and self-merge: the recurring table only", str(plain), "1"),
            ("ours, reading the table of activity", str(read), ""),
            ("ours, reading and the full report", str(full), _times(plain, full)),
        ],
        "promise: under 3 s",
    )


def read_with_pandas(file: Path) -> pd.DataFrame:
    """The columns that pandas needs, as a script would read them."""
    with closing(sqlite3.connect(file)) as connection:
        frame = pd.read_sql("SELECT account, day, posts FROM activity WHERE brand = 'acme'", connection)
    return frame.assign(day=pd.to_datetime(frame["day"], unit="D"))


def main() -> None:
    """Print the comparison; with --large the larger activity alone instead."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help=f"{LARGE_ROWS:,} rows of {LARGE_ACCOUNTS:,} people")
    if parser.parse_args().large:
        alone(LARGE_ROWS, LARGE_ACCOUNTS)
    else:
        compare(ROWS, ACCOUNTS)
        from_sqlite(ROWS, ACCOUNTS)


def _times(slow: Timing, quick: Timing) -> str:
    return f"{slow.median / quick.median:.1f}"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
