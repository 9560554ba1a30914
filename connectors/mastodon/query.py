"""What a source asks a Mastodon server for, and where the next page of a search begins; this room's client comes in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from mastodon.types_base import PaginationInfo

from connectors.mastodon.answers import NOTIFICATIONS, SEARCH, TIMELINE
from connectors.mastodon.fields import snowflake, time_of
from social_crm.domain.errors import Invalid

_TAG = re.compile(r"[\w·]+")
_TOKEN = re.compile(r"(\d{1,20})(?:\+(\d{1,9}))?")
_A_MINUTE = timedelta(seconds=61)  # and what is left of the second


@dataclass(frozen=True, slots=True)
class Query:
    """`how` is the kind of answer that it gives; `words` are the hashtag without its sign, or what to search for."""

    how: str
    words: str = ""

    def page(self, **asked: str) -> PaginationInfo:
        """A page of the hashtag as the library describes pages.

        Its own call for hashtags asks the server about itself first, and again with each call where that fails.
        """
        endpoint = f"/api/v1/timelines/tag/{quote(self.words, safe='')}"
        return PaginationInfo({"_pagination_method": "GET", "_pagination_endpoint": endpoint, **asked})


def read_query(text: str) -> Query:
    """Read `tag:<hashtag>`, `search:<words>` or `mentions`. Raises Invalid for anything else."""
    how, _, rest = text.strip().partition(":")
    words = rest.strip()
    if how == "mentions" and not words:
        return Query(NOTIFICATIONS)
    if how == "search" and words:
        return Query(SEARCH, words)
    if how == "tag" and _TAG.fullmatch(words.removeprefix("#")):
        return Query(TIMELINE, words.removeprefix("#"))
    raise Invalid(f"{text!r:.80} is no query for Mastodon: write tag:acme, search:acme lamp, or mentions")


def start_of(token: str) -> tuple[str | None, int | None]:
    """The number below which a page of a search begins, and how many items to leave out. Raises Invalid."""
    if not token:
        return None, None
    found = _TOKEN.fullmatch(token)
    if not found:
        raise Invalid(f"{token!r:.40} is not of a cursor of this source: begin again without one")
    return found.group(1), int(found.group(2)) if found.group(2) else None


def below(token: str, lowest: int, size: int) -> str:
    """The token of the page behind one whose lowest number is given.

    Servers since 4.2 turn `max_id` into a full second and compare it with when a status was written, while they sort by
    number: clocks differ, so the page begins a minute above. A page that lies within that minute is followed by counting.
    """
    most = snowflake(time_of(lowest).replace(microsecond=0) + _A_MINUTE)
    before, left_out = start_of(token)
    if before is not None and most >= int(before):
        return f"{before}+{(left_out or 0) + size}"
    return str(most)
