"""X at its loopback platform; the tests of sources come in."""

from __future__ import annotations

from connectors.x.client import open_source, pace
from demo.platforms.x import BEARER_TOKEN, LoopbackX
from social_crm.domain.mention import Kind
from tests.sources.stand import Stand

STAND = Stand(
    name="x",
    platform=LoopbackX,
    open_source=open_source,
    pace=pace,
    mention_id=lambda number, _kind: f"x:{1_900_000_000_000_000_000 + number}",
    account_id=lambda number: f"x:{2_000_000 + number}",
    kinds=(Kind.POST, Kind.REPLY),
    credentials={"bearer_token": BEARER_TOKEN},
    tells_edits=True,
    threads=True,
)
