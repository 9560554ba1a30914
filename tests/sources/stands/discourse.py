"""A forum of Discourse at its loopback platform; the tests of sources come in."""

from __future__ import annotations

from functools import partial

from connectors.discourse.client import open_source, pace
from demo.platforms.discourse import LoopbackDiscourse
from social_crm.domain.mention import Kind
from tests.sources.stand import Stand

HOST = "forum.example"
KEY = "a-key-of-the-forum"

STAND = Stand(
    name="discourse",
    # The size of a page is the forum's to choose; with 20 a walk has several.
    platform=partial(LoopbackDiscourse, page=20, keys={KEY: "support"}),
    open_source=open_source,
    pace=pace,
    mention_id=lambda number, _kind: f"discourse:{HOST}/{number}/1",
    account_id=lambda number: f"discourse:{HOST}/person{number}",
    answer_id=lambda number, parent: f"{parent.rpartition('/')[0]}/{number}",
    kinds=(Kind.POST, Kind.REPLY),
    query="latest",
    credentials={"api_key": KEY, "api_username": "support"},
    options={"instance": f"https://{HOST}"},
    tells_edits=True,
    threads=True,
)
