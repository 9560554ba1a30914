"""YouTube at its loopback platform, and what the tests of its own need; the tests of sources come in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors.youtube.client import open_source, pace
from demo.platforms.youtube import API_KEY, VIDEO, LoopbackYouTube, Video
from social_crm.domain.account import Account
from social_crm.domain.mention import Kind, Mention
from tests.sources.stand import Place, Stand

if TYPE_CHECKING:
    from collections.abc import Callable

STAND = Stand(
    name="youtube",
    platform=LoopbackYouTube,
    open_source=open_source,
    pace=pace,
    mention_id=lambda number, _kind: f"youtube:Ugy{number:015}4AaABAg",
    account_id=lambda number: f"youtube:UC{number:022}",
    kinds=(Kind.COMMENT, Kind.REPLY),
    query=f"video:{VIDEO}",
    credentials={"api_key": API_KEY},
    tells_edits=True,
    threads=True,
    flat_threads=True,
)


def served_by(platform: Callable[..., LoopbackYouTube], **changes: Any) -> Place:
    return Place(replace(STAND, platform=platform, **changes))


def asking(query: str, **changes: Any) -> Place:
    return Place(replace(STAND, query=query, **changes))


def paths(place: Place) -> list[str]:
    return [entry.path.rpartition("/")[2] for entry in place.server.log]


def comment(place: Place, number: int, under: Mention | None = None, video: str = VIDEO) -> Mention:
    """Post a comment under a video, or a reply under a comment."""
    own = STAND.mention_id(number, Kind.REPLY if under else Kind.COMMENT)
    made = Mention(
        own,
        STAND.account_id(1 + number % 9),
        place.clock(),
        place.clock(),
        f"Word {number} on acme",
        Kind.REPLY if under else Kind.COMMENT,
        under.id if under else None,
        under.id if under else own,
        url=f"https://www.youtube.com/watch?v={video}&lc={own}",
    )
    place.shelf.know([Account(made.author, made.author.partition(":")[2], place.clock())])
    place.shelf.add(made)
    return made


def film(place: Place, *names: str, every: timedelta = timedelta(hours=1), **changes: Any) -> None:
    """Publish videos about acme, one each so often, beside the first one."""
    for name in names:
        place.platform.videos[name] = Video(name, "A film on acme", place.clock(), **changes)
        place.clock.forward(every)
