"""A stand: a connector at its loopback platform, with a world and a clock; the tests of sources come in."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Self

from connectors.transport.opening import Opening
from demo.platforms.server import PlatformServer
from demo.platforms.shelf import Shelf
from social_crm.domain.account import Account
from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from connectors.transport.pace import Pace
    from demo.platforms.platform import LoopbackPlatform
    from social_crm.domain.page import Page
    from social_crm.ports import Clock, LiveSource

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class FakeClock:
    """A clock that a test moves; safe between threads."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._guard = threading.Lock()

    def __call__(self) -> datetime:
        with self._guard:
            return self._now

    def forward(self, by: timedelta) -> None:
        with self._guard:
            self._now += by


@dataclass(frozen=True)
class Stand:
    """What the shared tests must know of a platform.

    `mention_id(number, kind)` and `account_id(number)` write ids as the platform does, rising with the number. `kinds` are
    what people do there: the first is what stands alone, the others answer. `placed_at(url)` are the options and the query
    that lead to a server. `window` is how many items the platform shows at most, None for all. `reads_late` says whether an
    item that turns up late, with an earlier time than what was seen already, is found by the next walk. `tells_edits`: the
    platform itself says when something was edited. `threads`: looking a mention up again brings late replies.
    `flat_threads`: all that answers stands under the first mention of its thread, and goes with it.
    `one_page`: a walk is one page, whatever there is. `answer_id(number, parent)` writes the id of an answer where it says
    what thread it stands in. `author_in(id)`: the author, where the id of a mention names its author.
    """

    name: str
    platform: Callable[..., LoopbackPlatform]
    open_source: Callable[[Opening], LiveSource]
    pace: Callable[[Clock], Pace]
    mention_id: Callable[[int, Kind], str]
    account_id: Callable[[int], str]
    kinds: tuple[Kind, ...] = (Kind.POST,)
    query: str = "acme"
    credentials: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    placed_at: Callable[[str], Mapping[str, str]] = lambda url: {"base_url": url}
    query_at: Callable[[str, str], str] = lambda query, _url: query
    page_sizes: tuple[int, ...] = (2, 7, 0)
    window: int | None = None
    reads_late: bool = True
    tells_edits: bool = False
    threads: bool = False
    flat_threads: bool = False
    one_page: bool = False
    answer_id: Callable[[int, str], str] | None = None
    author_in: Callable[[str], str] | None = None
    handles: Callable[[int], str] = lambda number: f"person{number}"

    def id_of(self, number: int, kind: Kind, parent: str | None = None) -> str:
        """The id of a mention, which answers `parent` where there is one."""
        return self.answer_id(number, parent) if self.answer_id and parent else self.mention_id(number, kind)


class Place:
    """A stand that is open: the server, its shelf, the clock, and sources opened at it."""

    def __init__(self, stand: Stand, **platform: Any) -> None:
        self.stand, self.clock, self.shelf = stand, FakeClock(), Shelf()
        self.platform = stand.platform(self.shelf, self.clock, **platform)
        self.server = PlatformServer(self.platform)
        self._opened: list[LiveSource] = []

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        for source in self._opened:
            source.close()
        self.server.__exit__(None, None, None)

    @property
    def query(self) -> str:
        return self.stand.query_at(self.stand.query, self.server.url)

    def opening(self, page_size: int = 0, **changes: Any) -> Opening:
        options = {**self.stand.options, **self.stand.placed_at(self.server.url)}
        made = Opening(
            clock=self.clock,
            pace=self.stand.pace(self.clock),
            options=options,
            credentials=dict(self.stand.credentials),
            query=self.query,
            page_size=page_size,
            timeout=2.0,
        )
        return replace(made, **changes)

    def source(self, page_size: int = 0, **changes: Any) -> LiveSource:
        source = self.stand.open_source(self.opening(page_size, **changes))
        self._opened.append(source)
        return source

    def walk(self, cursor: str | None = None, page_size: int = 0) -> list[Page]:
        """All pages of one walk, by a source opened for it."""
        return list(self.source(page_size).pull(self.query, cursor))

    def settle(self) -> None:
        """Let so much time pass that whatever was posted is vouched for by the next walk."""
        self.clock.forward(timedelta(hours=2))

    def fill(self, count: int, first: int = 1, seed: int = 5, every: timedelta = timedelta(minutes=1)) -> list[Mention]:
        """Post `count` items, numbered from `first` on, one each `every`; the clock then stands at the last one."""
        random = Random(seed + first)
        stand = self.stand
        made: list[Mention] = []
        for number in range(first, first + count):
            made.append(self._post(random, number, made))
            self.clock.forward(every)
        self.shelf.know(
            Account(stand.account_id(n), stand.handles(n), self.clock(), f"Person {n}", followers=n) for n in range(1, 12)
        )
        for mention in made:
            self.shelf.add(mention)
        return made

    def _post(self, random: Random, number: int, made: list[Mention]) -> Mention:
        stand = self.stand
        answers = len(stand.kinds) > 1 and bool(made) and random.random() < 0.5
        kind = random.choice(stand.kinds[1:]) if answers else stand.kinds[0]
        parent = random.choice(made) if answers else None
        if parent and stand.flat_threads:
            parent = next(one for one in made if one.id == parent.thread)
        author = stand.account_id(random.randrange(1, 12))
        own = stand.id_of(number, kind, parent.id if parent else None)
        author = stand.author_in(own) if stand.author_in else author
        return Mention(
            id=own,
            author=author,
            posted_at=self.clock(),
            collected_at=self.clock(),
            text=f"Number {number} on acme & more <b> by “Zoë”",
            kind=kind,
            parent=parent.id if parent else None,
            thread=(parent.thread if parent else None) or own,
            addressed=address([(How.REPLY, parent.author)] if parent else [], author),
        )

    def gone(self, deleted: Iterable[str], among: Iterable[Mention]) -> set[str]:
        """What is no longer there when some mentions were deleted: those, and what goes with them."""
        taken = set(deleted)
        return taken | {one.id for one in among if self.stand.flat_threads and one.thread in taken}


def ids(pages: list[Page]) -> list[str]:
    """The ids of all mentions of some pages, in their order."""
    return [mention.id for page in pages for mention in page.mentions]
