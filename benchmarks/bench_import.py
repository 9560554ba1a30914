"""The import beside the bare limit of its store: the same rows written with the plain driver, nothing else.

    python -m benchmarks.bench_import [--only sqlite|mongo|memory] [--count N] [--mongo-count N]

Reads the real mentions of the shared data folder where it is there, else seeded ones.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pymongo

from benchmarks.measure import show
from cli.compose import file_source, now
from cli.imports import collect_garbage_rarely
from cli.listening import brand_from_ticker
from connectors.files.brandmap import read_brand_map
from jobs.roll_up import roll_up
from social_crm.analytics import language
from social_crm.services import brands, ingest
from social_crm.storage import open_store
from tests.mongo_server import MongoServer
from tests.raw_tweets import TICKERS, write_tweets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from social_crm.ports import Page, Store

MENTIONS = Path(__file__).parents[1].parent / "shared" / "data" / "mentions"
TWEETS, TICKER_MAP = MENTIONS / "tweets_full_v11.jsonl.gz", MENTIONS / "tweet_ticker.csv.gz"
PAGE = 5_000
MONGO_COUNT = 20_000


@dataclass
class Steps:
    """Wall and processor seconds of each step of an import."""

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    mentions: int = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time of a block to a step."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall[name] = self.wall.get(name, 0.0) + time.perf_counter() - wall
        self.cpu[name] = self.cpu.get(name, 0.0) + time.process_time() - cpu

    def seconds(self, *names: str) -> float:
        """Wall seconds of some steps together."""
        return sum(self.wall[name] for name in names)


def take_in(store: Store, pages: Iterator[Page], listening: ingest.Listening) -> Steps:
    """Take pages in as the import does, step by step."""
    steps = Steps()
    while True:
        with steps.step("unpack and parse"):
            page = next(pages, None)
        if page is None:
            break
        with steps.step("read: brands, language, score"):
            heard = ingest.read(store, listening, page)
        with steps.step("store"):
            store.mentions.take(heard, page.accounts, listening.zones, now())
        steps.mentions += len(heard)
    with steps.step("roll up (after the import)"):
        roll_up(store, now)
    return steps


def prepared(store: Store, count: int, folder: Path) -> tuple[Iterator[Page], ingest.Listening]:
    """The pages to take in, and what to listen for, without scoring."""
    if TWEETS.exists():
        file, about = TWEETS, read_brand_map(str(TICKER_MAP))
        ids = sorted({brand for several in about.values() for brand in several})
    else:
        file, about = write_tweets(folder / "tweets.jsonl.gz", count), {}
        ids = [ticker.lower() for ticker in TICKERS]
    known = [brands.put(store, brand_from_ticker(brand_id)) for brand_id in ids]
    source = file_source(brand_map=about, page_size=min(PAGE, count))
    return islice(source.pull(str(file), None), -(-count // PAGE)), ingest.listen_for(known, scoring=False)


def bare_sqlite(imported: Path, empty: Path) -> float:
    """Seconds that plain sqlite3 needs for the rows of an imported file, in the same order and transactions."""
    with sqlite3.connect(imported) as source:
        mentions = source.execute("SELECT * FROM mention ORDER BY rowid").fetchall()
        about = source.execute(
            "SELECT b.* FROM mention_brand b JOIN mention m ON m.id = b.mention ORDER BY m.rowid"
        ).fetchall()
        accounts = source.execute("SELECT * FROM account ORDER BY rowid").fetchall()
    open_store(f"sqlite:///{empty}").close()
    pages = -(-len(mentions) // PAGE)
    target = sqlite3.connect(empty)
    target.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000")
    started = time.perf_counter()
    for number in range(pages):
        with target:
            for table, rows in (("mention", mentions), ("mention_brand", about), ("account", accounts)):
                size = -(-len(rows) // pages)
                part = rows[number * size : (number + 1) * size]
                marks = ", ".join("?" * len(rows[0]))
                target.executemany(f"INSERT INTO {table} VALUES ({marks})", part)  # noqa: S608 - our own table names
    seconds = time.perf_counter() - started
    target.close()
    return seconds


def bare_mongo(server: MongoServer) -> float:
    """Seconds that plain pymongo needs for the documents of an imported database, into the same indexes."""
    open_store(server.url("bare")).close()
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(server.url("imported"), w="majority", journal=True)
    with client:
        source, target = client["imported"], client["bare"]
        found = {name: list(source[name].find()) for name in source.list_collection_names()}
        written = {name: found[name] for name in ("mentions", "accounts")}
        started = time.perf_counter()
        for name, documents in written.items():
            for begin in range(0, len(documents), PAGE):
                target[name].insert_many(documents[begin : begin + PAGE], ordered=False)
        return time.perf_counter() - started


def report(title: str, steps: Steps, bare: float) -> None:
    """Print the rate beside the limit, and the share of each step."""
    names = list(steps.wall)
    whole = steps.seconds(*names[:3])
    rate, limit = steps.mentions / whole, steps.mentions / bare
    rows = [
        (
            name,
            f"{steps.wall[name]:.2f} s",
            f"{steps.wall[name] / whole:.0%}",
            f"{1e6 * steps.cpu[name] / steps.mentions:.1f} us",
        )
        for name in names
    ]
    ours = 1e6 * sum(steps.cpu[name] for name in names[:3]) / steps.mentions
    rows += [
        ("import", f"{whole:.2f} s", f"{rate:,.0f} mentions/s", f"{ours:.1f} us"),
        ("bare driver, same rows", f"{bare:.2f} s", f"{limit:,.0f} mentions/s", ""),
        ("ratio (at least 0.35)", "", f"{rate / limit:.2f}", ""),
    ]
    show(title, ("step", "wall", "share or rate", "our processor time a mention"), rows, f"{steps.mentions:,} mentions")


def on_sqlite(count: int) -> None:
    """The import into SQLite."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = open_store(f"sqlite:///{folder}/imported.db")
        steps = take_in(store, *prepared(store, count, folder))
        store.close()
        report("Import into SQLite, without scoring", steps, bare_sqlite(folder / "imported.db", folder / "bare.db"))


def on_mongo(count: int) -> None:
    """The import into the MongoDB server of the tests: its own speed is not MongoDB's, the ratio and our time count."""
    with tempfile.TemporaryDirectory() as name, MongoServer(Path(name) / "mongo") as server:
        store = open_store(server.url("imported"))
        steps = take_in(store, *prepared(store, count, Path(name)))
        report("Import into MongoDB (the test server), without scoring", steps, bare_mongo(server))
        store.close()


def peak_megabytes(count: int) -> tuple[float, float]:
    """The most memory that `social-crm import mentions` of so many mentions held, and the size of the file unpacked."""
    with tempfile.TemporaryDirectory() as name:
        file = write_tweets(Path(name) / "tweets.jsonl.gz", count)
        command = [sys.executable, "-m", "cli", "--store", f"sqlite:///{name}/store.db"]
        for ticker in TICKERS:
            subprocess.run(
                [*command, "brand", "add", ticker.lower(), "--term", f"${ticker}"], check=True, capture_output=True
            )
        process = subprocess.Popen(
            [*command, "import", "mentions", str(file)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit("the import failed")
        return usage.ru_maxrss / 1024, file.stat().st_size / 1e6


def memory(counts: tuple[int, ...]) -> None:
    """Whether memory grows with the file."""
    rows = [
        (f"{count:,}", f"{size:.1f} MB", f"{peak:.0f} MB") for count in counts for peak, size in [peak_megabytes(count)]
    ]
    show("Memory of an import with scoring and roll-up (limit 300 MB)", ("mentions", "file, packed", "peak"), rows)


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=96_826)
    options.add_argument("--mongo-count", type=int, default=MONGO_COUNT)
    options.add_argument("--only", choices=("sqlite", "mongo", "memory"))
    given = options.parse_args()
    collect_garbage_rarely()
    language.detect("the model of languages is loaded once, before anything is timed")
    if given.only in {None, "sqlite"}:
        on_sqlite(given.count)
    if given.only in {None, "mongo"}:
        on_mongo(given.mongo_count)
    if given.only in {None, "memory"}:
        memory((50_000, 200_000, 800_000))


if __name__ == "__main__":
    main()
