"""Bluesky at its loopback platform; the tests of sources come in."""

from __future__ import annotations

from connectors.bluesky.client import open_source, pace
from demo.platforms.bluesky import APP_PASSWORD, HANDLE, LoopbackBluesky
from social_crm.domain.mention import Kind
from tests.sources.stand import Stand

_TID = "234567abcdefghijklmnopqrstuvwxyz"


def did(number: int) -> str:
    """An identifier of the form that Bluesky's own registry gives."""
    return f"did:plc:{_spelled(number, 24)}"


def record_key(number: int) -> str:
    """A key of a record; keys rise with time."""
    return f"3{_spelled(number, 12)}"


def _spelled(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        digits, number = _TID[number % 32] + digits, number // 32
    return digits


STAND = Stand(
    name="bluesky",
    platform=LoopbackBluesky,
    open_source=open_source,
    pace=pace,
    mention_id=lambda number, _kind: f"bluesky:at://{did(number % 11 + 1)}/app.bsky.feed.post/{record_key(number)}",
    account_id=lambda number: f"bluesky:{did(number)}",
    kinds=(Kind.POST, Kind.REPLY),
    credentials={"handle": HANDLE, "app_password": APP_PASSWORD},
    threads=True,
    author_in=lambda own_id: f"bluesky:{own_id.split('/')[2]}",
    handles=lambda number: f"person{number}.bsky.social",
)
