"""The demo's town: a world on the shelves of seven loopback platforms, and the sources that listen there; doors come in."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from demo import changes
from demo.places import FORUM, PLATFORMS, SERVER
from demo.platforms.bluesky import APP_PASSWORD, HANDLE, LoopbackBluesky
from demo.platforms.discourse import LoopbackDiscourse
from demo.platforms.hackernews import LoopbackHackerNews
from demo.platforms.mastodon import TOKEN, LoopbackMastodon
from demo.platforms.reddit import LoopbackReddit
from demo.platforms.server import PlatformServer
from demo.platforms.shelf import Shelf
from demo.platforms.x import BEARER_TOKEN, LoopbackX
from demo.platforms.youtube import API_KEY, LoopbackYouTube, Video
from social_crm.domain.clock import ONE_DAY
from social_crm.domain.source import SourceSetup
from social_crm.domain.span import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from demo.catalogue import Listing
    from demo.platforms.platform import LoopbackPlatform
    from demo.world import World
    from social_crm.domain.mention import Mention

FORUM_KEY, FORUM_USER = "loopback-key", "support"
_PLATFORMS: Mapping[str, Callable[[Shelf, Callable[[], datetime]], LoopbackPlatform]] = {
    "x": LoopbackX,
    "reddit": LoopbackReddit,
    "mastodon": LoopbackMastodon,
    "bluesky": LoopbackBluesky,
    "youtube": LoopbackYouTube,
    "hackernews": LoopbackHackerNews,
    "discourse": LoopbackDiscourse,
}
_CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "x": {"bearer_token": BEARER_TOKEN},
    "reddit": dict(zip(("client_id", "client_secret"), LoopbackReddit.CLIENT, strict=True)),
    "mastodon": {"access_token": TOKEN},
    "bluesky": {"handle": HANDLE, "app_password": APP_PASSWORD},
    "youtube": {"api_key": API_KEY},
    "hackernews": {},
    "discourse": {"api_key": FORUM_KEY, "api_username": FORUM_USER},
}
_INSTANCES = {"mastodon": f"https://{SERVER}", "discourse": f"https://{FORUM}"}
# When a day's work begins, and how long after one brand's sources those of the next are due: then no two of one platform
# ask at the same moment.
_MORNING, _APART = timedelta(hours=3), timedelta(minutes=10)
BROKEN = "mastodon"
# How long before a day of collecting it breaks down, and for how long: on the day after that one it is well again.
_BREAKS, _LASTS = timedelta(days=2, hours=4), timedelta(days=3, hours=4)
_SHORTEST = 6  # days of collecting that a world must have for that


class TownClock:
    """The clock of a town: it stands until somebody moves it; safe between threads."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._guard = threading.Lock()

    def __call__(self) -> datetime:
        """What time it is in the town."""
        with self._guard:
            return self._now

    def move(self, to: datetime) -> None:
        """Let time pass up to an instant; it never goes back."""
        with self._guard:
            self._now = max(self._now, to)


class Town:
    """Seven servers on loopback that tell a world as time goes by, while it is open; a context manager.

    `servers` are by platform, each with the log of what it was asked. One of them, BROKEN, is out of order for some days:
    `outage` is when, None in a world that is too short for it.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.clock = TownClock(world.span.start)
        self.servers = {name: PlatformServer(self._platform(name)) for name in PLATFORMS}
        self.outage = _outage(world.span)
        if self.outage is not None:
            self.servers[BROKEN].faults.outages.append(self.outage)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        for server in self.servers.values():
            self._open.enter_context(server)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def days(self) -> tuple[datetime, ...]:
        """The days (midnight UTC) on which to collect, so that everything that is said or changed is seen."""
        return tuple(_days(self.world.span))

    def due(self, day: datetime, listing: Listing) -> datetime:
        """When the sources of a brand are due on a day."""
        return day + _MORNING + _APART * self.world.listings.index(listing)

    def sources(self, listing: Listing) -> Iterator[tuple[SourceSetup, Mapping[str, str]]]:
        """The sources of a brand, one on each platform, with their credentials."""
        at = self.due(self.world.span.start, listing)
        for name, server in self.servers.items():
            options = {"base_url": server.url, "revisit_days": str(changes.LOOKED_AGAIN[name])}
            if name in _INSTANCES:
                options["instance"] = _INSTANCES[name]
            setup = SourceSetup(
                f"{listing.brand.id}-{name}",
                name,
                listing.brand.id,
                listing.queries[name],
                schedule=f"{at.minute} {at.hour} {','.join(map(str, changes.DAYS[name]))} * *",
                options=options,
            )
            yield setup, _CREDENTIALS[name]

    def _platform(self, name: str) -> LoopbackPlatform:
        world, shelf = self.world, Shelf()
        shelf.know(account for account in world.accounts if account.platform == name)
        first = {version.id: version for version in world.versions}
        told = [mention for mention in (*world.mentions, *world.noise) if mention.platform == name]
        for mention in sorted(told, key=_when):
            shelf.add(first.get(mention.id, mention), mention)
        platform = _PLATFORMS[name](shelf, self.clock)
        if isinstance(platform, LoopbackYouTube):
            films = (Video(one.video, f"All about {one.brand.name}", world.span.start) for one in world.listings)
            platform.videos = {film.id: film for film in films}
        return platform


def _when(mention: Mention) -> tuple[datetime, str]:
    return mention.posted_at, mention.id


def _days(span: Span) -> Iterator[datetime]:
    """The first day, and then all on which any source is due."""
    day, last = span.start, span.end + timedelta(days=max(changes.LOOKED_AGAIN.values()))
    while day < last:
        if day == span.start or any(_is_due(day, name) for name in PLATFORMS):
            yield day
        day += ONE_DAY


def _is_due(day: datetime, platform: str) -> bool:
    """As the schedule of its sources says."""
    return day.day in changes.DAYS[platform]


def _outage(span: Span) -> Span | None:
    """In the middle of the world, around a day on which the platform should have been collected."""
    days = [day for day in _days(span) if _is_due(day, BROKEN)]
    start = days[len(days) // 2] - _BREAKS
    return Span(start, start + _LASTS) if len(days) > _SHORTEST else None
