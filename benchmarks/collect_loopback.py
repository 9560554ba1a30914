"""A loopback platform with a world of mentions, in a process of its own; the benchmark of collecting comes in."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from demo.platforms.platform import LoopbackPlatform
from demo.platforms.server import PlatformServer
from demo.platforms.shelf import Shelf
from social_crm.domain.account import Account
from social_crm.domain.mention import How, Mention, address
from tests.raw_tweets import FILLER, OPINIONS
from tests.sources.stand import FakeClock, Stand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

    from demo.platforms.platform import Answer, Request

MANY = 10**9  # requests in a window: no limit is ever near
TOPICS = 20  # words of which each text holds one, so that so many sources find so many different things
STALLED = "stalled"  # a question that holds this word is not answered while the benchmark lasts
PEOPLE, NEAR, EMBEDDED = 500, 50, 5
_EVERY = timedelta(seconds=25)  # X shows seven days: more than 20,000 mentions
_AFTER = timedelta(hours=2)  # then nothing is too young to be vouched for
_SIZES = {"discourse": {"page": 50}}  # the forum chooses the size of a page; elsewhere we do


def stand_of(name: str) -> Stand:
    """The stand of a platform: its connector, its loopback platform, its ids and credentials."""
    found: Stand = import_module(f"tests.sources.stands.{name}").STAND
    return found


class Remembering(LoopbackPlatform):
    """A platform whose world stands still: a question is answered once, then from memory, each `away` seconds late.

    The loopback platforms search their whole shelf for each page; and a slow server makes a slow client look good.
    """

    name = "remembering"
    usual_window = (MANY, 900)

    def __init__(self, inner: LoopbackPlatform, away: float) -> None:
        super().__init__(inner.shelf, inner.clock, inner.window)
        self._inner, self._away = inner, away
        self._answers: dict[tuple[str, str], Answer] = {}

    def answer(self, request: Request) -> Answer:
        """The answer to a request; signing in is not remembered."""
        if any(STALLED in value for value in request.query.values()):
            threading.Event().wait()
        time.sleep(self._away)
        if request.method != "GET":
            return self._inner.answer(request)
        asked = request.path, repr(sorted(request.queries.items()))
        if asked not in self._answers:
            answer = self._inner.answer(request)
            if answer.status != 200:
                return answer
            self._answers[asked] = answer
        return self._answers[asked]

    def counts(self, request: Request) -> bool:
        """What the platform counts."""
        return self._inner.counts(request)

    def limit_headers(self) -> Mapping[str, str]:
        """What the platform says of its window."""
        return self._inner.limit_headers()


class Loopback:
    """A platform in a process of its own, with `count` mentions; a context manager. `now` is the time that it has there.

    `away` is how late it answers from memory, in seconds; None for the platform as it is, that searches for each answer.
    """

    def __init__(self, name: str, count: int, away: float | None = 0.0) -> None:
        self.name, self.count, self.stand = name, count, stand_of(name)
        self.url, self.now = "", datetime.now(UTC)
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(name, count, away, theirs), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self.url, self.now = self._ours.recv()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()


def _serve(name: str, count: int, away: float | None, pipe: Connection) -> None:
    """Serve until the process is ended."""
    # The world ends now: client libraries renew a session that has run out by this machine's clock.
    stand, shelf, clock = stand_of(name), Shelf(), FakeClock(datetime.now(UTC) - _AFTER - count * _EVERY)
    more: Mapping[str, Any] = _SIZES.get(name, {})
    platform = stand.platform(shelf, clock, **more)
    platform.window.limit = MANY  # not its length: praw sleeps when a window lasts longer than the real one
    if name == "reddit":
        platform.depth = MANY  # type: ignore[attr-defined] # Reddit's own: else a listing ends at 1,000 items
    fill(stand, shelf, clock, count)
    with PlatformServer(platform if away is None else Remembering(platform, away)) as server:
        pipe.send((server.url, clock()))
        threading.Event().wait()


def fill(stand: Stand, shelf: Shelf, clock: FakeClock, count: int) -> None:
    """Post so many mentions about acme, each of one topic; half of them answer, where people answer there."""
    chance = random.Random(5)
    shelf.know(_person(stand, number, clock()) for number in range(1, PEOPLE + 1))
    made: list[Mention] = []
    answers: dict[str, int] = {}
    for number in range(1, count + 1):
        parent = _parent(chance, stand, made, answers)
        mention = _mention(chance, stand, number, parent, clock())
        if parent is not None:
            answers[parent.id] = answers.get(parent.id, 0) + 1
        made.append(mention)
        shelf.add(mention)
        clock.forward(_EVERY)
    clock.forward(_AFTER)


def _person(stand: Stand, number: int, at: datetime) -> Account:
    return Account(stand.account_id(number), stand.handles(number), at, f"Person {number}", followers=number)


def _parent(chance: random.Random, stand: Stand, made: list[Mention], answers: dict[str, int]) -> Mention | None:
    """Whom a mention answers: one of the last few. Where threads are flat, no more than come with their thread."""
    if len(stand.kinds) == 1 or not made or chance.random() < 0.5:
        return None
    near = made[-NEAR:]
    if stand.flat_threads:
        near = [one for one in near if one.parent is None and answers.get(one.id, 0) < EMBEDDED]
    return chance.choice(near) if near else None


def _mention(chance: random.Random, stand: Stand, number: int, parent: Mention | None, at: datetime) -> Mention:
    kind = stand.kinds[0] if parent is None else chance.choice(stand.kinds[1:])
    own = stand.id_of(number, kind, parent.id if parent else None)
    author = stand.author_in(own) if stand.author_in else stand.account_id(chance.randrange(1, PEOPLE + 1))
    opinion, more = chance.choice(OPINIONS), FILLER[: chance.randrange(len(FILLER))]
    return Mention(
        id=own,
        author=author,
        posted_at=at,
        collected_at=at,
        text=f"I tried acme today: {opinion} {more} ({topic(number)}, number {number})",
        language="en",  # told by X, Mastodon and Bluesky; elsewhere we detect it
        kind=kind,
        parent=parent.id if parent else None,
        thread=(parent.thread if parent else None) or own,
        addressed=address([(How.REPLY, parent.author)] if parent else [], author),
    )


def topic(number: int) -> str:
    """The word that a mention of that number holds beside the brand."""
    return f"topic{number % TOPICS:02}"
