"""Hacker News at its loopback platform; the tests of sources come in."""

from __future__ import annotations

from connectors.hackernews.client import open_source, pace
from demo.platforms.hackernews import LoopbackHackerNews
from social_crm.domain.mention import Kind
from tests.sources.stand import Stand

STAND = Stand(
    name="hackernews",
    platform=LoopbackHackerNews,
    open_source=open_source,
    pace=pace,
    mention_id=lambda number, _kind: f"hackernews:{40_000_000 + number}",
    account_id=lambda number: f"hackernews:person{number}",
    kinds=(Kind.POST, Kind.COMMENT),
    threads=True,
)
