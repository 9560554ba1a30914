"""A feed at its loopback site; the tests of sources come in."""

from __future__ import annotations

from functools import partial

from connectors.feeds.client import open_source, pace
from demo.platforms.feeds import LoopbackFeeds
from tests.sources.stand import Stand

WINDOW = 100

STAND = Stand(
    name="feeds",
    platform=partial(LoopbackFeeds, shown=WINDOW),
    open_source=open_source,
    pace=pace,
    mention_id=lambda number, _kind: f"feeds:127.0.0.1/urn:entry:{40_000_000 + number}",
    account_id=lambda number: f"feeds:127.0.0.1/person{number}",
    placed_at=lambda _url: {},
    query_at=lambda _query, url: f"{url}/feed.xml",
    window=WINDOW,
    one_page=True,
)
