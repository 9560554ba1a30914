"""What is special about collecting from Mastodon: paging forward, its limits, its doors, and the library's habits."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from mastodon import Mastodon

from connectors.mastodon.fields import snowflake
from demo.platforms.faults import Fault
from demo.platforms.mastodon import HOST, TOKEN, LoopbackMastodon
from demo.platforms.platform import Answer, Window, answer_json
from social_crm.domain.errors import CredentialsRejected, Invalid, PlatformUnavailable, RateLimited
from social_crm.domain.mention import How, Kind
from tests.sources.mastodon_world import World, found

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.platforms.platform import Request


@pytest.fixture
def world() -> Iterator[World]:
    with World() as world:
        yield world


@pytest.fixture(autouse=True)
def _no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(seconds: float) -> None:
        pytest.fail(f"slept for {seconds} s")

    monkeypatch.setattr(time, "sleep", sleep)


def test_a_burst_between_two_walks_is_read_upwards_to_its_end(world: World) -> None:
    world.posts(3)
    world.settle()
    before = world.walk()[-1]
    burst = world.posts(500, every=timedelta(milliseconds=10))
    world.settle()
    pages = world.walk(before.cursor)
    assert {one.id for one in burst} <= found(pages)
    assert not [gap for page in pages for gap in page.missed]
    newest = [max(int(one.id.rpartition("/")[2]) for one in page.mentions) for page in pages if page.mentions]
    assert newest == sorted(newest), "each page lies above the last"


def test_what_the_server_fetches_late_is_found_within_the_hour(world: World) -> None:
    world.posts(100)
    before = world.walk()[-1]
    late = world.post("A late acme", at=world.clock() - timedelta(minutes=30))
    world.clock.forward(timedelta(minutes=15))
    assert late.id in found(world.walk(before.cursor))


def test_a_long_silence_is_not_read_again(world: World) -> None:
    world.posts(100)
    world.clock.forward(timedelta(days=3))
    before = world.walk()[-1]
    new = world.post()
    world.clock.forward(timedelta(minutes=15))
    pages = world.walk(before.cursor)
    assert found(pages) == {new.id}


def test_a_walk_ends_where_it_began_however_fast_people_write(world: World) -> None:
    world.posts(30)
    walk = world.source(7).pull(world.query, None)
    pages = []
    for page in walk:
        pages.append(page)
        assert len(pages) < 20
        world.posts(20, every=timedelta(seconds=1))
    assert pages[-1].covered is not None


def test_the_first_walk_covers_from_the_oldest_post_there_is(world: World) -> None:
    oldest = world.posts(90)[0]
    world.settle()
    covered = world.walk(page_size=20)[-1].covered
    assert covered is not None
    assert covered.start == oldest.posted_at
    assert covered.end == world.clock() - timedelta(minutes=10)


def test_each_page_is_one_request_and_nothing_else_is_asked(world: World) -> None:
    world.posts(50)
    world.settle()
    pages = world.walk(page_size=20)
    assert [entry.path for entry in world.server.log] == ["/api/v1/timelines/tag/acme"] * len(pages)
    assert [page.spent for page in pages] == [1] * len(pages)


class _Deaf(LoopbackMastodon):
    """A server that does not know `min_id`."""

    def answer(self, request: Request) -> Answer:
        query = {name: value for name, value in request.query.items() if name != "min_id"}
        return super().answer(type(request)(request.method, request.path, query, request.queries, request.headers))


def test_a_server_that_does_not_page_forward_is_told_and_not_asked_for_ever() -> None:
    with World(platform=_Deaf) as world:
        world.posts(50)
        world.settle()
        with pytest.raises(PlatformUnavailable, match=r"2\.6"):
            world.walk(page_size=20)
        assert len(world.server.log) == 2


def test_what_the_headers_say_is_kept_to() -> None:
    with World(window=Window(limit=3, seconds=900)) as world:
        world.posts(50)
        world.settle()
        source, pages = world.source(10), []
        with pytest.raises(RateLimited) as caught:
            pages += source.pull(world.query, None)
        assert caught.value.retry_at is not None
        wait = caught.value.retry_at - world.platform.window.resets_at()
        assert timedelta(0) <= wait <= timedelta(seconds=2)
        assert len(world.server.log) == 3
        assert world.platform.window.overrun == 0


def test_a_refusal_says_when_to_come_again(world: World) -> None:
    world.posts(30)
    source = world.source(10)
    walk = source.pull(world.query, None)
    first = next(walk)
    world.server.faults.plan(Fault.LIMITED)
    with pytest.raises(RateLimited) as caught:
        next(walk)
    assert caught.value.retry_at is not None
    wait = caught.value.retry_at - world.platform.window.resets_at()
    assert timedelta(0) <= wait <= timedelta(seconds=2)
    with pytest.raises(RateLimited):
        list(source.pull(world.query, first.cursor))
    assert len(world.server.log) == 2, "nothing is asked before the time has come"


def test_hashtags_need_no_token_and_a_wrong_one_is_told(world: World) -> None:
    world.posts(3)
    assert len(found(list(world.source(credentials={}).pull("tag:acme", None)))) == 3
    with pytest.raises(CredentialsRejected):
        list(world.source(credentials={"access_token": "wrong"}).pull("tag:acme", None))


@pytest.mark.parametrize("query", ["search:acme", "mentions"])
def test_without_a_token_searches_and_mentions_are_refused_before_asking(world: World, query: str) -> None:
    source = world.source(credentials={})
    with pytest.raises(CredentialsRejected, match="access_token"):
        list(source.pull(query, None))
    assert source.probe(query).missing
    assert world.server.log == []


@pytest.mark.parametrize("query", ["tag:acme", "search:acme", "mentions"])
def test_a_probe_of_each_query_is_one_request(world: World, query: str) -> None:
    world.post(addressed=((How.MENTION, world.me),))
    probe = world.source().probe(query)
    assert (probe.missing, probe.cost, len(world.server.log)) == ((), 1, 1)
    assert "has posts" in probe.works[0]


def test_a_probe_says_what_is_wrong_with_a_query_or_a_token(world: World) -> None:
    assert "write tag:acme" in world.source().probe("acme").missing[0]
    assert world.source(credentials={"access_token": "wrong"}).probe("tag:acme").missing


class _Elsewhere(LoopbackMastodon):
    """A server that sends everybody elsewhere."""

    def answer(self, request: Request) -> Answer:
        return Answer(302, b"", {"Location": f"https://evil.example{request.path}"})


def test_a_redirect_to_another_host_is_refused() -> None:
    with World(platform=_Elsewhere) as world:
        source = world.source(options={"instance": world.server.url})
        with pytest.raises(Invalid, match=r"evil\.example is not one of"):
            list(source.pull("tag:acme", None))
        assert len(world.server.log) == 1


def test_a_token_is_told_to_nobody(world: World) -> None:
    records: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(self.format(record))

    ear, root = Ear(), logging.getLogger()
    before = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        world.posts(3)
        stored = [mention for page in world.walk() for mention in page.mentions]
        list(world.source().revisit(stored))
        world.server.faults.plan(Fault.RESET, Fault.UNAUTHORIZED)
        for expected in (PlatformUnavailable, CredentialsRejected):
            with pytest.raises(expected) as caught:
                world.walk()
            records.append(f"{caught.value!r} {caught.value.__cause__!r}")
    finally:
        root.removeHandler(ear)
        root.setLevel(before)
    assert records
    assert not [record for record in records if TOKEN in record]
    assert TOKEN not in repr(world.opening())


def test_a_token_is_never_taken_for_the_name_of_a_file(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / TOKEN).write_text("another token\n")
    world.posts(2)
    assert len(found(world.walk())) == 2


class _Unlike(LoopbackMastodon):
    """A server that answers with JSON of another kind."""

    told: object = {"hello": "there"}

    def answer(self, request: Request) -> Answer:
        return answer_json(self.told)


class _Lost(_Unlike):
    """A server that answers with nothing at all, which is JSON too."""

    told = None


@pytest.mark.parametrize("query", ["tag:acme", "search:acme", "mentions"])
@pytest.mark.parametrize("platform", [_Unlike, _Lost])
def test_an_answer_of_another_kind_is_an_outage_and_no_empty_page(query: str, platform: type[LoopbackMastodon]) -> None:
    with World(query, platform=platform) as world:
        with pytest.raises(PlatformUnavailable, match="no list of items"):
            world.walk()
        stored = world.post()
        with pytest.raises(PlatformUnavailable, match="no list of items"):
            list(world.source().revisit([stored]))


def a_library(world: World) -> Mastodon:
    return Mastodon(
        access_token=TOKEN,
        api_base_url=world.server.url,
        version_check_mode="created",
        mastodon_version=Mastodon.get_supported_version(),
    )


def test_a_reply_through_the_library_reaches_the_shelf_once_an_hour(world: World) -> None:
    asked = world.post("Does acme dim?")
    library = a_library(world)
    number = asked.id.rpartition("/")[2]
    sent = library.status_post("It does. Try acme twice.", in_reply_to_id=number, idempotency_key="rp_1")
    world.clock.forward(timedelta(minutes=59))
    again = library.status_post("It does. Try acme twice.", in_reply_to_id=number, idempotency_key="rp_1")
    assert again.id == sent.id
    world.clock.forward(timedelta(minutes=2))
    late = library.status_post("It does. Try acme twice.", in_reply_to_id=number, idempotency_key="rp_1")
    assert late.id != sent.id, "the server forgets a key after an hour"
    answers = world.shelf.answers(asked.id, world.clock())
    assert [(one.author, one.parent, one.kind) for one in answers] == [(world.me, asked.id, Kind.REPLY)] * 2
    (_, context) = world.source().revisit([asked])
    assert {one.id for one in context.mentions} == {f"mastodon:{HOST}/{sent.id}", f"mastodon:{HOST}/{late.id}"}
    assert {one.thread for one in context.mentions} == {asked.id}
    assert library.account_verify_credentials().id == world.me.rpartition("/")[2]


def test_numbers_of_the_loopback_server_are_those_of_the_real_one(world: World) -> None:
    sent = a_library(world).status_post("acme")
    assert int(sent.id) >= snowflake(world.clock())
    assert datetime.fromtimestamp((int(sent.id) >> 16) / 1000, UTC) == world.clock()
