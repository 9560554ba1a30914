"""The second look at what is stored, when something goes wrong: the walk keeps its schedule, deleted words go."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from demo.platforms.faults import Fault
from demo.platforms.hackernews import LoopbackHackerNews
from jobs.revisit import BATCH
from social_crm.domain.errors import Invalid
from tests.sources.stand import START, Place
from tests.sources.stands.feeds import STAND as FEEDS
from tests.sources.stands.hackernews import STAND
from tests.trips.collecting import Service
from tests.trips.faulty import Faulty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from demo.platforms.platform import Answer, Request
    from social_crm.domain.mention import Mention
    from social_crm.domain.probe import Probe
    from social_crm.domain.source import SourceSetup
    from social_crm.ports import LiveSource, Page, Store

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def archived_with(store: Store, words: str) -> list[str]:
    """The archived pages that hold some words."""
    kept = (page for setup in store.sources.list() for page in store.archive.pages(setup.id, START - DAY, START + 90 * DAY))
    return [page.id for page in kept if words in page.raw]


def is_gone(store: Store, mention: Mention) -> bool:
    """Whether the store knows that a mention was deleted, and has forgotten its words."""
    known = store.mentions.get(mention.id).mention
    return known.deleted_at is not None and known.text == ""


def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@pytest.mark.parametrize("method", ["archive.holding", "archive.replace", "mentions.take"])
def test_words_of_a_deleted_mention_go_though_the_store_went_away_between_archive_and_facts(
    service: Service, place: Place, method: str
):
    """The run dies before, between or after the pages that hold it are rewritten; the next one makes an end of it."""
    posted = place.fill(10)
    place.settle()
    service.add()
    service.run(keep=True)
    words = f"Number {len(posted)} on acme"
    assert archived_with(service.store, words)
    place.shelf.delete(posted[-1].id, place.clock())
    place.clock.forward(40 * MINUTE)

    def fails(_number: int, given: object, *_: object) -> bool:
        tells = method != "mentions.take" or any(one.mention.deleted_at for one in given)
        return bool(tells) and not happened.append(1) and len(happened) == 1

    happened: list[int] = []
    worker = service.worker(keep=True)
    worker.store = Faulty(service.store, method, fails)
    worker.run_once()
    assert happened == [1]
    assert not is_gone(service.store, posted[-1])
    place.clock.forward(MINUTE)
    worker.run_once()
    assert is_gone(service.store, posted[-1])
    assert archived_with(service.store, words) == []


class SlowIndex(LoopbackHackerNews):
    """Hacker News whose search stands still at a time, while its items are as they are."""

    at: datetime | None = None

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        at = self.at
        if at is None or "search" not in request.path:
            return super().answer(request)
        return LoopbackHackerNews(self.shelf, lambda: at).answer(request)


def test_words_of_a_deleted_mention_stay_away_though_a_slow_index_shows_them_again(store: Store):
    with Place(replace(STAND, platform=SlowIndex)) as place:
        service = Service(store, place)
        posted = place.fill(10)
        place.clock.forward(25 * MINUTE)
        service.add(schedule="*/5 * * * *")
        service.run(keep=True)
        place.platform.at = place.clock()
        place.shelf.delete(posted[-1].id, place.clock() + MINUTE)
        known = []
        for _ in range(8):
            service.run_every(6, times=1, keep=True)
            known.append(is_gone(store, posted[-1]))
            assert not (known[-1] and archived_with(store, f"Number {len(posted)} on acme"))
        assert sum(known) > 2, "it was seen again after it was known to be gone"
        assert known == sorted(known), "and it stays so"


@pytest.mark.parametrize("once", [False, True], ids=["it never could", "it could two days ago"])
def test_another_source_of_the_place_looks_again_when_the_first_cannot_walk(service: Service, place: Place, once: bool):
    posted = place.fill(10)
    place.settle()
    if once:
        service.add("a-first", options={"revisit_days": "14"})
        service.run()
    service.add("a-first", options={"base_url": f"http://127.0.0.1:{closed_port()}"})
    service.add("b-second", schedule="*/30 * * * *")
    service.worker().run_once()
    place.shelf.delete(posted[-1].id, place.clock())
    service.run_every(60, times=60 if once else 2)
    assert is_gone(service.store, posted[-1])


def test_feeds_look_again_at_their_own_site_each(store: Store):
    """Two sites, of which the second has an entry that it takes back."""
    with Place(FEEDS) as first, Place(FEEDS) as second:
        service, elsewhere = Service(store, first), Service(store, second)
        first.fill(3)
        posted = [
            replace(one, id=one.id.replace("127.0.0.1", "localhost"), thread=one.id.replace("127.0.0.1", "localhost"))
            for one in first.fill(6, first=30)
        ]
        for mention in posted:
            second.shelf.add(mention)
        second.shelf.know([first.shelf.account(one.author) for one in posted])
        first.settle()
        second.clock.forward(first.clock() - second.clock())
        service.add("a-feed")
        elsewhere.add("b-feed", query=second.query.replace("127.0.0.1", "localhost"))
        service.worker().run_once()
        second.shelf.delete(posted[2].id, second.clock())
        for _ in range(3):
            second.clock.forward(31 * MINUTE)
            service.run_every(31, times=1)
        assert is_gone(store, posted[2])
        assert not is_gone(store, posted[3])


@pytest.mark.parametrize("fault", [Fault.LIMITED, Fault.LIMITED_BLIND, Fault.HTML, Fault.RESET])
def test_a_limit_or_an_outage_ends_the_look_and_leaves_the_walk_its_schedule(service: Service, place: Place, fault: Fault):
    posted = place.fill(5)
    place.settle()
    service.add(schedule="*/30 * * * *")
    service.run(page_size=0)
    place.shelf.delete(posted[0].id, place.clock())
    place.clock.forward(40 * MINUTE)
    place.server.faults.plan(Fault.NONE, fault)
    done = service.run(page_size=0)
    progress = service.progress()
    assert done.finished
    assert progress.trouble.startswith("looking again: Hacker News")
    assert (progress.finished_at, progress.failures) == (place.clock(), 0)
    assert progress.due_at is not None
    assert timedelta(0) < progress.due_at - place.clock() <= 30 * MINUTE
    service.run_every(61, times=1, page_size=0)
    assert is_gone(service.store, posted[0])
    assert service.progress().trouble == ""


class Refusing:
    """A source that refuses for good to look a batch up in which a certain mention stands; all else is the real one's."""

    def __init__(self, source: LiveSource, refused: str) -> None:
        self._source, self._refused, self.page_cost = source, refused, source.page_cost

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        return self._source.pull(query, cursor)

    def revisit(self, mentions: Sequence[Mention]) -> Iterator[Page]:
        if any(one.id == self._refused for one in mentions):
            message = "this id cannot be"
            raise Invalid(message)
        return self._source.revisit(mentions)

    def read(self, raw: str, fetched_at: datetime) -> Page:
        return self._source.read(raw, fetched_at)

    def probe(self, query: str) -> Probe:
        return self._source.probe(query)

    def close(self) -> None:
        self._source.close()


def test_a_batch_that_is_refused_for_good_is_passed_over(service: Service, place: Place):
    posted = place.fill(BATCH + 10)
    place.settle()
    service.add()
    service.run()
    place.shelf.delete(posted[0].id, place.clock())  # the oldest: in the last batch
    place.clock.forward(40 * MINUTE)
    worker = service.worker()
    opener = worker.open_source

    def open_source(setup: SourceSetup) -> LiveSource:
        return Refusing(opener(setup), posted[-1].id)

    worker.open_source = open_source
    (done,) = worker.run_once()
    assert (done.finished, done.trouble, service.progress().trouble) == (True, "", "")
    assert is_gone(service.store, posted[0])
    assert service.progress().revisited_at == place.clock()
