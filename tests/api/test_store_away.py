"""The store is away: every route says 503 in time, the loop stays free, and all is well again when the store is back."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from api.app import ROUTES, SERVER, create_app
from api.auth import PUBLIC
from api.bridge import Bridge
from social_crm.services import access
from social_crm.storage import open_store
from tests.api.conftest import Door, Tap
from tests.builders import NOON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from aiohttp import ClientResponse

    from social_crm.ports import Store
    from tests.api.conftest import Watch
    from tests.mongo_server import MongoServer

BODY: dict[str, Any] = {"name": "Acme", "terms": ["acme"]}
BODIES = {
    "put_brand": BODY,
    "put_source": {"platform": "hackernews", "brand": "acme", "query": "acme"},
    "pause_source": {"reason": "a test"},
}
QUERY = {"report_retention": "?brand=all", "list_retention_people": "?brand=all&cohort=2025-01&k=1"}
# What is public asks the store for nothing, and the list of platforms for no more than whether the key is good.
ASKING = [item for item in ROUTES if item.path == "/readyz" or (item.permission != PUBLIC and item.path != "/v1/platforms")]


@pytest.fixture
def tap(store: Store) -> Tap:
    return Tap(store)


@pytest.fixture
def cut_off_app(tap: Tap, watch: Watch) -> Iterator[web.Application]:
    bridge = Bridge(tap, watch)  # type: ignore[arg-type] # a tap is whatever the store behind it is
    yield create_app(bridge)
    tap.open()
    bridge.close()


@pytest.fixture
async def far_door(
    cut_off_app: web.Application, tap: Tap, watch: Watch, master: str, aiohttp_client: Callable[..., Awaitable[Any]]
) -> Door:
    server = TestServer(cut_off_app)
    await server.start_server(**SERVER)
    return Door(await aiohttp_client(server), tap, watch, master)  # type: ignore[arg-type] # as above


def every_route(door: Door) -> list[Awaitable[ClientResponse]]:
    return [
        door.ask(
            item.method,
            item.path.format(brand_id="acme", source_id="acme-hn", mention_id="x:1", report_id="rep_1")
            + QUERY.get(item.name, ""),
            json=BODIES.get(item.name),
        )
        for item in ASKING
    ]


@pytest.mark.parametrize("known", [False, True], ids=["new key", "key just seen"])
async def test_every_route_answers_503_while_the_store_hangs_and_recovers(far_door: Door, tap: Tap, known: bool) -> None:
    if known:
        assert (await far_door.get("/v1/brands")).status == 200
    tap.close_off()
    async with asyncio.timeout(20):  # far from the two seconds; a call that hangs would never end
        waiting = asyncio.gather(*every_route(far_door))
        beats = [(await far_door.get("/healthz", key=None)).status for _ in range(50)]
        assert (waiting.done(), set(beats)) == (False, {200})
        for answer in await waiting:
            problem = await answer.json(content_type="application/problem+json")
            assert (answer.status, problem["code"]) == (503, "store-unavailable")
            assert int(answer.headers["Retry-After"]) >= 1
    tap.open()
    assert (await far_door.put("/v1/brands/acme", json=BODY)).status == 201
    assert {answer.status for answer in await asyncio.gather(*every_route(far_door))} <= {200, 201, 404, 412, 422}
    assert (await far_door.get("/readyz", key=None)).status == 200


async def test_platforms_are_known_without_the_store_once_the_key_is(far_door: Door, tap: Tap) -> None:
    assert (await far_door.get("/v1/platforms")).status == 200
    tap.close_off()
    assert (await far_door.get("/v1/platforms")).status == 200


async def test_more_callers_than_threads_all_get_their_503(far_door: Door, tap: Tap) -> None:
    tap.close_off()
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*(far_door.get("/v1/brands") for _ in range(60)))
    assert {answer.status for answer in answers} == {503}


async def test_a_store_that_was_closed_is_away_at_once_and_says_nothing_of_where_it_is(door: Door, database: Path) -> None:
    await door.on_a_thread(door.store.close)
    for answer in await asyncio.gather(*every_route(door)):
        assert answer.status == 503
        assert database.name not in await answer.text()


async def test_while_another_process_holds_the_write_lock_reads_go_on_and_writes_say_503(
    door: Door, database: Path
) -> None:
    assert (await door.put("/v1/brands/acme", json=BODY)).status == 201
    other = await door.on_a_thread(lambda: sqlite3.connect(database, isolation_level=None, check_same_thread=False))
    await door.on_a_thread(other.execute, "BEGIN EXCLUSIVE")
    try:
        write = asyncio.create_task(door.put("/v1/brands/acme", json={**BODY, "name": "Later"}))
        reads = [(await door.get("/v1/brands/acme")).status for _ in range(20)]
        assert (set(reads), write.done()) == ({200}, False)
        assert (await write).status == 503
    finally:
        await door.on_a_thread(other.execute, "ROLLBACK")
        await door.on_a_thread(other.close)
    assert (await door.put("/v1/brands/acme", json={**BODY, "name": "Now"})).status == 200


async def test_over_mongodb_a_killed_server_is_a_503_and_a_restarted_one_is_not(
    mongo_app: web.Application, mongo: MongoServer, watch: Watch, aiohttp_client: Callable[..., Awaitable[Any]]
) -> None:
    server = TestServer(mongo_app)
    await server.start_server(**SERVER)
    door = Door(await aiohttp_client(server), mongo_app[MONGO_STORE], watch, mongo_app[MONGO_KEY])
    assert (await door.put("/v1/brands/acme", json=BODY)).status == 201
    await door.on_a_thread(mongo.kill)
    assert {answer.status for answer in await asyncio.gather(*every_route(door))} == {503}
    await door.on_a_thread(mongo.restart)
    assert (await door.get("/readyz", key=None)).status == 200
    assert (await (await door.get("/v1/brands/acme")).json())["name"] == "Acme"


MONGO_STORE = web.AppKey("mongo_store", object)
MONGO_KEY = web.AppKey("mongo_key", str)


@pytest.fixture
def mongo(new_mongo_server: Callable[..., MongoServer]) -> Iterator[MongoServer]:
    with new_mongo_server() as server:
        yield server


@pytest.fixture
def mongo_app(mongo: MongoServer, watch: Watch) -> Iterator[web.Application]:
    store = open_store(mongo.url("social_crm"))
    bridge = Bridge(store, watch)
    app = create_app(bridge)
    app[MONGO_STORE], app[MONGO_KEY] = store, access.issue(store, "a test", ("*",), NOON)[1]
    yield app
    bridge.close()
    store.close()
