"""The import beside the bare limit of its store: the same rows written with the plain driver, nothing else.

    python -m benchmarks.bench_import [--only sqlite|mongo|memory] [--count N] [--mongo-count N]

Reads the real mentions of the shared data folder where it is there, else seeded ones.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pymongo

from benchmarks.measure import peak_together, show
from cli.compose import now
from cli.listening import brand_from_ticker
from cli.reading import reading
from connectors.files.brandmap import read_brand_map
from jobs.read_ahead import collect_garbage_rarely
from jobs.roll_up import roll_up
from social_crm.analytics import language
from social_crm.services import brands, ingest
from social_crm.storage import open_store
from tests.mongo_server import MongoServer
from tests.raw_tweets import TICKERS, write_tweets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from social_crm.ports import Store

MENTIONS = Path(__file__).parents[1].parent / "shared" / "data" / "mentions"
TWEETS, TICKER_MAP = MENTIONS / "tweets_full_v11.jsonl.gz", MENTIONS / "tweet_ticker.csv.gz"
PAGE = 5_000
MONGO_COUNT = 20_000
RECEIVE, READ, STORE = "receive pages (read ahead by a second process)", "read: brands, language, score", "store"


@dataclass
class Steps:
    """Wall and processor seconds of each step of an import."""

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    mentions: int = 0
    second_process: float = 0.0

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


def take_in(store: Store, count: int, folder: Path) -> Steps:
    """Take mentions in as the import does, step by step, without scoring."""
    steps = Steps()
    file, about, listening = prepared(store, count, folder)
    before = _child_seconds()
    with ExitStack() as stack:
        with steps.step(RECEIVE):
            options = {"brand_map": about, "page_size": min(PAGE, count)}
            source = stack.enter_context(reading(file, lambda _done, _total: None, **options))
            pages = islice(source.pull(str(file), None), -(-count // PAGE))
        while True:
            with steps.step(RECEIVE):
                page = next(pages, None)
            if page is None:
                break
            with steps.step(READ):
                heard = ingest.read(store, listening, page)
            with steps.step(STORE):
                store.mentions.take(heard, page.accounts, listening.zones, now())
            steps.mentions += len(heard)
        with steps.step(RECEIVE):
            stack.close()
    steps.second_process = _child_seconds() - before
    with steps.step("roll up (after the import)"):
        roll_up(store, now)
    return steps


def _child_seconds() -> float:
    """Processor seconds of all processes of ours that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def prepared(store: Store, count: int, folder: Path) -> tuple[Path, dict[str, tuple[str, ...]], ingest.Listening]:
    """The file to take in, its brand map, and what to listen for, without scoring."""
    if TWEETS.exists():
        file, about = TWEETS, read_brand_map(str(TICKER_MAP))
        ids = sorted({brand for several in about.values() for brand in several})
    else:
        file, about = write_tweets(folder / "tweets.jsonl.gz", count), {}
        ids = [ticker.lower() for ticker in TICKERS]
    known = [brands.put(store, brand_from_ticker(brand_id)) for brand_id in ids]
    return file, about, ingest.listen_for(known, scoring=False)


def bare_sqlite(imported: Path, empty: Path) -> float:
    """Seconds that plain sqlite3 needs for the rows of an imported file, in the same order and transactions."""
    with sqlite3.connect(imported) as source:
        said = source.execute("SELECT * FROM said ORDER BY id").fetchall()
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
            for table, rows in (("said", said), ("mention", mentions), ("mention_brand", about), ("account", accounts)):
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
    """Print the rate beside the limit, and the share of each step; what the second process did meanwhile stands alone."""

    def each(seconds: float) -> str:
        return f"{1e6 * seconds / steps.mentions:.1f} us"

    ours = (RECEIVE, READ, STORE)
    whole, busy = steps.seconds(*ours), sum(steps.cpu[name] for name in ours)
    rate, limit = steps.mentions / whole, steps.mentions / bare
    rows = [(name, f"{wall:.2f} s", f"{wall / whole:.0%}", each(steps.cpu[name])) for name, wall in steps.wall.items()]
    rows += [
        ("second process: unpack, parse, send", "meanwhile", "", each(steps.second_process)),
        ("import, both processes", f"{whole:.2f} s", f"{rate:,.0f} mentions/s", each(busy + steps.second_process)),
        ("bare driver, same rows", f"{bare:.2f} s", f"{limit:,.0f} mentions/s", ""),
        ("ratio (at least 0.35)", "", f"{rate / limit:.2f}", ""),
    ]
    show(title, ("step", "wall", "share or rate", "processor time a mention"), rows, f"{steps.mentions:,} mentions")


def on_sqlite(count: int) -> None:
    """The import into SQLite."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = open_store(f"sqlite:///{folder}/imported.db")
        steps = take_in(store, count, folder)
        store.close()
        report("Import into SQLite, without scoring", steps, bare_sqlite(folder / "imported.db", folder / "bare.db"))


def on_mongo(count: int) -> None:
    """The import into the MongoDB server of the tests: its own speed is not MongoDB's, the ratio and our time count."""
    with tempfile.TemporaryDirectory() as name, MongoServer(Path(name) / "mongo") as server:
        store = open_store(server.url("imported"))
        steps = take_in(store, count, Path(name))
        report("Import into MongoDB (the test server), without scoring", steps, bare_mongo(server))
        store.close()


def peak_megabytes(count: int) -> tuple[float, float]:
    """The most memory that both processes of an import of so many mentions held at a time, and the packed file's size."""
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
        peak = peak_together(process.pid, process.poll)
        if process.returncode:
            sys.exit("the import failed")
        return peak, file.stat().st_size / 1e6


def memory(counts: tuple[int, ...]) -> None:
    """Whether memory grows with the file."""
    rows = [
        (f"{count:,}", f"{size:.1f} MB", f"{peak:.0f} MB") for count in counts for peak, size in [peak_megabytes(count)]
    ]
    show(
        "Memory of an import with scoring and roll-up, both processes (limit 300 MB)",
        ("mentions", "file, packed", "peak"),
        rows,
    )


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
