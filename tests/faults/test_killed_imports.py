"""An import that is killed at random, again and again, ends in the store of one that was not."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cli.compose import now
from cli.listening import brand_from_ticker
from jobs.roll_up import roll_up
from social_crm.services import brands
from social_crm.storage import open_store
from tests.portrait import portrait
from tests.raw_tweets import TICKERS, write_tweets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.mongo_server import MongoServer

SEED = int(os.environ.get("SOCIAL_CRM_FAULT_SEED", random.SystemRandom().randrange(10**6)))


def importing(store: str, file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cli", "--store", store, "import", "mentions", str(file)]
    options = ["--page-size", "50", "--covers-until", "2026-01-01"]
    return subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def with_brands(store: str) -> str:
    with closing(open_store(store)) as opened:
        for ticker in TICKERS:
            brands.put(opened, brand_from_ticker(ticker.lower()))
    return store


def portrait_of(url: str) -> dict:
    """The portrait an hour later, when the marks of writers that were killed have run out and are rolled up for good."""
    with closing(open_store(url)) as store:
        roll_up(store, lambda: now() + timedelta(hours=1))
        return portrait(store)


def kill_at_random(stores: Iterator[str], file: Path, kills: int, longest: float, strike: Callable[[], None]) -> str:
    """Kill the import so many times, each after a time by chance, and finish it; answers the store.

    An import that ends before it is struck has nothing left to be killed in: the next begins with a new store.
    """
    chance = random.Random(SEED)
    url = with_brands(next(stores))
    struck = 0
    while struck < kills:
        process = importing(url, file)
        time.sleep(chance.uniform(0.2, 1.0) * longest)
        alive = process.poll() is None
        if alive:
            strike()
            process.kill()
            struck += 1
        process.communicate()
        if not alive:
            url = with_brands(next(stores))
    finish(importing(url, file))
    return url


def uninterrupted(url: str, file: Path) -> float:
    started = time.monotonic()
    finish(importing(with_brands(url), file))
    return time.monotonic() - started


def nothing_more() -> None:
    """Only the import is killed."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifty_kills_leave_the_sqlite_store_of_one_quiet_import(tmp_path: Path):
    file = write_tweets(tmp_path / "tweets.jsonl.gz", 6_000, SEED, days=60)
    quiet = f"sqlite:///{tmp_path}/quiet.db"
    longest = uninterrupted(quiet, file)
    stores = (f"sqlite:///{tmp_path}/killed{number}.db" for number in itertools.count())
    killed = kill_at_random(stores, file, 50, longest, nothing_more)
    assert portrait_of(killed) == portrait_of(quiet), f"SOCIAL_CRM_FAULT_SEED={SEED} shows it again"


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_kills_and_five_of_the_server_itself_leave_the_mongodb_store_of_one_quiet_import(
    tmp_path: Path, new_mongo_server: Callable[..., MongoServer]
):
    file = write_tweets(tmp_path / "tweets.jsonl.gz", 2_000, SEED, days=30)
    with new_mongo_server() as server:

        def kill_the_server_too() -> None:
            server.kill()
            server.start()

        quiet = server.url("quiet")
        longest = uninterrupted(quiet, file)
        stores = (server.url(f"killed{number}") for number in itertools.count())
        assert portrait_of(kill_at_random(stores, file, 10, longest, nothing_more)) == portrait_of(quiet), SEED
        assert portrait_of(kill_at_random(stores, file, 5, longest, kill_the_server_too)) == portrait_of(quiet), SEED
