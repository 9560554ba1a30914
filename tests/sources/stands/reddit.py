"""Reddit at its loopback platform; the tests of sources come in."""

from __future__ import annotations

from connectors.reddit.client import open_source, pace
from demo.platforms.reddit import LoopbackReddit
from social_crm.domain.mention import Kind
from tests.sources.stand import Stand

# No listing of Reddit's shows posts and comments alike: the shared tests walk posts, and test_reddit walks comments.
STAND = Stand(
    name="reddit",
    platform=LoopbackReddit,
    open_source=open_source,
    pace=pace,
    mention_id=lambda number, kind: f"reddit:{'t3' if kind is Kind.POST else 't1'}_z{number:06d}",
    account_id=lambda number: f"reddit:t2_person{number}",
    kinds=(Kind.POST,),
    query="posts:acme",
    credentials=dict(zip(("client_id", "client_secret"), LoopbackReddit.CLIENT, strict=True)),
    window=1000,
    tells_edits=True,
)
