"""Retention of real tweets, straight from their file: the figures that others computed from it."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path

import orjson
import polars as pl
import pytest

from social_crm.analytics.activity import roll_up
from social_crm.analytics.retention import RetentionDefinition, RetentionReport, TableKind, cell_people, retention
from social_crm.tables import KIND_COLUMNS
from tests.retention_oracle import NOBODY, mentions

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "mentions"
TWEETS, TICKERS = FOLDER / "tweets_full_v11.jsonl.gz", FOLDER / "tweet_ticker.csv.gz"
ALL_KINDS = RetentionDefinition(kinds=tuple(KIND_COLUMNS))
END = datetime(2016, 4, 1, tzinfo=UTC)

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.slow,
    pytest.mark.skipif(not TWEETS.exists(), reason="the shared data folder is absent"),
]


@pytest.fixture(scope="module")
def tweets() -> pl.DataFrame:
    rows = []
    with gzip.open(TWEETS) as lines:
        for line in lines:
            tweet = orjson.loads(line)
            posted = datetime.strptime(tweet["created_at"], "%a %b %d %H:%M:%S %z %Y").astimezone(UTC)
            kind = "repost" if "retweeted_status" in tweet else "post"
            author = f"x:{tweet['user']['id_str']}"
            rows.append({"id": f"x:{tweet['id_str']}", "author": author, "posted_at": posted, "kind": kind})
    return mentions(rows)


def report(table: pl.DataFrame) -> RetentionReport:
    return retention(roll_up(table, "all", "UTC")[0], NOBODY, ALL_KINDS, END)


def months_of_people(table: pl.DataFrame) -> pl.Series:
    rolled = roll_up(table, "all", "UTC")[0]
    return rolled.group_by("account").agg(pl.col("day").dt.truncate("1mo").n_unique().alias("months"))["months"]


def test_januarys_people_come_back_as_published(tweets: pl.DataFrame):
    found = report(tweets)
    assert found.people == 35_624
    january = next(row for row in found.recurring.rows if row.label == "2014-01")
    assert january.size == 1_833
    assert [round(cell.rate or 0, 3) for cell in january.cells[1:7]] == [0.215, 0.182, 0.164, 0.138, 0.108, 0.106]
    months = months_of_people(tweets)
    assert [(months >= least).sum() for least in (2, 6, 12)] == [6_044, 950, 267]


def test_seven_people_are_there_in_all_months(tweets: pl.DataFrame):
    # The file's only day of 2013 is New Year's Eve: all months are those of 2014-01 to 2016-03.
    months = months_of_people(tweets.filter(pl.col("posted_at").dt.year() >= 2014))
    assert (months == 27).sum() == 7


def test_the_people_of_a_real_cell_are_those_it_counts(tweets: pl.DataFrame):
    rolled = roll_up(tweets, "all", "UTC")[0]
    for kind, rows in (
        (TableKind.RECURRING, report(tweets).recurring.rows),
        (TableKind.FIRST_TIME, report(tweets).first_time.rows),
    ):
        row = next(row for row in rows if row.label == "2014-06")
        found = cell_people(rolled, NOBODY, ALL_KINDS, "2014-06", 3, kind)
        assert (found.height, found["returned"].sum()) == (row.size, row.cells[3].n)


def test_one_brand_alone_comes_out_as_published(tweets: pl.DataFrame):
    with gzip.open(TICKERS, "rt") as lines:
        about = {f"x:{row['tweet_id']}" for row in csv.DictReader(lines) if row["ticker"] == "AAPL"}
    apple = tweets.filter(pl.col("id").is_in(sorted(about)))
    assert report(apple).people == 10_249
    assert (months_of_people(apple) >= 6).sum() == 223
