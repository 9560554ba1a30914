"""Mastodon at its loopback server; the tests of sources come in.

The numbers of statuses are snowflakes of the world's first minute, rising with the number.
"""

from __future__ import annotations

from connectors.mastodon.client import open_source, pace
from connectors.mastodon.fields import snowflake
from demo.platforms.mastodon import HOST, TOKEN, LoopbackMastodon
from social_crm.domain.mention import Kind
from tests.sources.stand import START, Stand

STAND = Stand(
    name="mastodon",
    platform=LoopbackMastodon,
    open_source=open_source,
    pace=pace,
    mention_id=lambda number, _kind: f"mastodon:{HOST}/{snowflake(START) + (number << 16)}",
    account_id=lambda number: f"mastodon:{HOST}/{1_000_000 + number}",
    kinds=(Kind.POST, Kind.REPLY),
    query="tag:acme",
    credentials={"access_token": TOKEN},
    placed_at=lambda url: {"instance": f"https://{HOST}", "base_url": url},
    tells_edits=True,
    threads=True,
)
