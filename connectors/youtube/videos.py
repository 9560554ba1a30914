"""The videos that a search walks through: how many, and which; the client comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.youtube.parse import items_of
from connectors.youtube.queries import listing_of_video
from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_USUAL, _MOST = 10, 50


def how_many(options: Mapping[str, str]) -> int:
    """How many of the newest videos a search walks through. Raises Invalid when it is not a number from 1 to 50."""
    text = options.get("videos", str(_USUAL))
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and 1 <= int(text) <= _MOST):
        raise Invalid(f"the option videos is {text!r:.40}: write a number from 1 to {_MOST}")
    return int(text)


def found_videos(page: Any, *, full: bool) -> tuple[tuple[str, ...], datetime | None]:
    """The listings of a search's videos and, where it found more than it shows, since when it shows all of them."""
    videos, times = [], []
    for item in items_of(page):
        try:
            videos.append(listing_of_video(_id(item)))
            times.append(parse_time(item["snippet"]["publishedAt"]))
        except (Invalid, AttributeError, KeyError, TypeError):
            continue
    return tuple(dict.fromkeys(videos)), min(times, default=None) if full else None


def _id(item: Any) -> str:
    own = item["id"]["videoId"]
    if not isinstance(own, str) or not own:
        raise Invalid("a result of a search that is no video")
    return own
