"""Credentials of sources: taken, kept encrypted, kept when left out, and never to be seen again anywhere."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from api.app import ROUTES, SERVER, create_app
from api.openapi import document
from social_crm.services import brands
from social_crm.services.sealing import Sealer, new_key
from tests.api.conftest import Door
from tests.builders import a_brand

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aiohttp import ClientResponse

    from api.bridge import Bridge
    from social_crm.ports import Store
    from tests.api.conftest import Watch

    Doors = Callable[..., Awaitable[Door]]

PATH = "/v1/sources/acme-x"
PLANTED = "pl4nted-t0ken"
TOKEN = {"bearer_token": PLANTED}
X: dict[str, Any] = {"platform": "x", "brand": "acme", "query": "acme lang:en"}
MASTODON: dict[str, Any] = {
    "platform": "mastodon",
    "brand": "acme",
    "query": "mentions",
    "options": {"instance": "https://mastodon.example"},
}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def brand(store: Store) -> None:
    brands.put(store, a_brand())


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([new_key()])


@pytest.fixture
def open_door(
    bridge: Bridge, store: Store, watch: Watch, master: str, aiohttp_client: Callable[..., Awaitable[Any]]
) -> Doors:
    """Open a door to an application that was made with some sealer."""

    async def open_it(sealer: Sealer | None, *, loopback: bool = False) -> Door:
        app = await asyncio.to_thread(create_app, bridge, sealer=sealer, loopback=loopback)
        server = TestServer(app)
        await server.start_server(**SERVER)
        return Door(await aiohttp_client(server), store, watch, master)

    return open_it


@pytest.fixture
async def own(open_door: Doors, sealer: Sealer) -> Door:
    return await open_door(sealer)


def opened(door: Door, sealer: Sealer, source_id: str = "acme-x") -> dict[str, str]:
    return sealer.open(door.store.sources.get(source_id).sealed)


async def told(answer: ClientResponse) -> str:
    """All that an answer says."""
    return f"{await answer.text()} {dict(answer.headers)}"


WRONG: dict[str, bytes] = {
    "a wrong type": orjson.dumps({**X, "credentials": {"bearer_token": [PLANTED]}}),
    "an operator": orjson.dumps({**X, "credentials": {"bearer_token": {"$gt": PLANTED}}}),
    "an operator as a name": orjson.dumps({**X, "credentials": {"$ne": PLANTED}}),
    "a text": orjson.dumps({**X, "credentials": PLANTED}),
    "a list": orjson.dumps({**X, "credentials": [PLANTED]}),
    "a number beside it": orjson.dumps({**X, "credentials": {"bearer_token": PLANTED, "api_key": 7}}),
    "null beside it": orjson.dumps({**X, "credentials": {"bearer_token": PLANTED, "api_key": None}}),
    "an empty one": orjson.dumps({**X, "credentials": {"bearer_token": "", "api_key": PLANTED}}),
    "the name and the value swapped": orjson.dumps({**X, "credentials": {PLANTED: "bearer_token"}}),
    "a line break": orjson.dumps({**X, "credentials": {"bearer_token": f"{PLANTED}\r\nHost: example.org"}}),
    "too long": orjson.dumps({**X, "credentials": {"bearer_token": PLANTED * 1000}}),
    "of another platform": orjson.dumps({**X, "credentials": {**TOKEN, "api_key": PLANTED}}),
    "a platform that needs another": orjson.dumps({**X, "platform": "youtube", "credentials": TOKEN}),
    "beside the object": orjson.dumps({**X, **TOKEN}),
    "among the options": orjson.dumps({**X, "options": TOKEN}),
    "another field is wrong": orjson.dumps({**X, "credentials": TOKEN, "daily_cap": "x"}),
    "a schedule that is none": orjson.dumps({**X, "credentials": TOKEN, "schedule": "now"}),
    "no such platform": orjson.dumps({**X, "credentials": TOKEN, "platform": "myspace"}),
    "no such brand": orjson.dumps({**X, "credentials": TOKEN, "brand": "nobody"}),
    "a password in an address": orjson.dumps({**MASTODON, "options": {"instance": f"https://me:{PLANTED}@example.org"}}),
    "a password without https": orjson.dumps({**MASTODON, "options": {"instance": f"me:{PLANTED}@example.org"}}),
    "a password in a base": orjson.dumps({**X, "options": {"base_url": f"https://{PLANTED}@api.x.com"}, "credentials": {}}),
    "a password in a feed": orjson.dumps({**X, "platform": "feeds", "query": f"https://me:{PLANTED}@example.org/feed"}),
    "JSON that breaks off": orjson.dumps({**X, "credentials": TOKEN})[:-1],
    "JSON with a comma too many": b'{"credentials": {"bearer_token": "%s",}}' % PLANTED.encode(),
    "JSON with a bare word": b'{"credentials": {"bearer_token": %s}}' % PLANTED.encode(),
    "JSON with half a character": b'{"credentials": {"bearer_token": "%s\\ud800"}}' % PLANTED.encode(),
    "a list of sources": orjson.dumps([{**X, "credentials": TOKEN}]),
}


@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG)
async def test_a_refusal_repeats_no_credential(door: Door, caplog: pytest.LogCaptureFixture, raw: bytes) -> None:
    with caplog.at_level(logging.DEBUG), capture_logs() as lines:
        answer = await door.put(PATH, data=raw, headers=JSON)
    assert answer.status in {400, 404, 422}
    assert PLANTED not in await told(answer)
    assert PLANTED not in f"{lines}{caplog.text}"
    assert (await door.get(PATH)).status == 404


async def test_no_answer_no_log_and_no_file_shows_a_credential(
    own: Door, sealer: Sealer, caplog: pytest.LogCaptureFixture, database: Path
) -> None:
    with caplog.at_level(logging.DEBUG), capture_logs() as lines:
        answers = [
            await own.put(PATH, json={**X, "credentials": TOKEN}),
            await own.put(PATH, json={**X, "credentials": TOKEN}, headers={"If-Match": '"7"'}),
            await own.put(PATH, json={**X, "query": "acme inc"}),
            await own.get(PATH),
            await own.get("/v1/sources"),
            await own.post(f"{PATH}/pause"),
            await own.post(f"{PATH}/resume"),
            await own.get(f"{PATH}/coverage"),
            await own.get("/v1/events"),
        ]
    assert [answer.status for answer in answers] == [201, 412, 200, 200, 200, 200, 200, 200, 200]
    assert PLANTED not in "".join([await told(answer) for answer in answers])
    assert PLANTED not in f"{lines}{caplog.text}"
    assert await own.on_a_thread(opened, own, sealer) == TOKEN
    for file in await own.on_a_thread(lambda: [path.read_bytes() for path in database.parent.glob(f"{database.name}*")]):
        assert PLANTED.encode() not in file


async def test_credentials_that_are_left_out_stay_and_others_take_their_place(own: Door, sealer: Sealer) -> None:
    await own.put(PATH, json={**X, "credentials": TOKEN})
    for left_out in ({}, {"credentials": None}):
        kept = await own.put(PATH, json={**X, "query": "acme inc", **left_out})
        assert (kept.status, (await kept.json())["has_credentials"]) == (200, True)
        assert await own.on_a_thread(opened, own, sealer) == TOKEN
    await own.put(PATH, json={**X, "credentials": {"bearer_token": "another"}})
    assert await own.on_a_thread(opened, own, sealer) == {"bearer_token": "another"}


async def test_no_credentials_at_all_take_away_those_that_are_there(own: Door) -> None:
    path = "/v1/sources/acme-mastodon"
    made = await own.put(path, json={**MASTODON, "credentials": {"access_token": PLANTED}})
    assert (await made.json())["has_credentials"] is True
    assert (await (await own.put(path, json={**MASTODON, "credentials": {}})).json())["has_credentials"] is False


@pytest.mark.parametrize(
    "moved",
    [{"options": {"instance": "https://evil.example"}}, {"platform": "discourse", "query": "latest"}],
    ids=["server", "platform"],
)
async def test_another_platform_or_server_is_another_source(own: Door, moved: dict[str, Any]) -> None:
    path = "/v1/sources/acme-mastodon"
    await own.put(path, json={**MASTODON, "credentials": {"access_token": PLANTED}})
    for credentials in (None, {}):
        refused = await own.put(path, json={**MASTODON, **moved, "credentials": credentials})
        assert refused.status == 409
        assert "another id" in await told(refused)
    assert (await (await own.get(path)).json())["options"] == MASTODON["options"]


async def test_credentials_do_not_follow_a_source_to_another_address(own: Door, sealer: Sealer) -> None:
    path, token = "/v1/sources/acme-mastodon", {"access_token": PLANTED}
    await own.put(path, json={**MASTODON, "credentials": token})
    moved = {**MASTODON, "options": {**MASTODON["options"], "base_url": "https://mastodon.example/elsewhere"}}
    refused = await own.put(path, json=moved)
    assert refused.status == 422
    assert "credentials again" in await told(refused)
    assert (await (await own.get(path)).json())["options"] == MASTODON["options"]
    assert (await own.put(path, json={**moved, "credentials": {"access_token": "a new one"}})).status == 200
    assert await own.on_a_thread(opened, own, sealer, "acme-mastodon") == {"access_token": "a new one"}


async def test_without_a_key_to_seal_with_credentials_are_refused_and_the_rest_works(open_door: Doors) -> None:
    door = await open_door(None)
    refused = await door.put(PATH, json={**X, "credentials": TOKEN})
    said = await told(refused)
    assert (refused.status, PLANTED in said) == (422, False)
    assert "SOCIAL_CRM_SECRETS_FILE" in said
    assert (await door.put("/v1/sources/acme-hn", json={**X, "platform": "hackernews"})).status == 201


async def test_credentials_that_no_key_opens_must_be_given_again(own: Door, open_door: Doors) -> None:
    await own.put(PATH, json={**X, "credentials": TOKEN})
    door = await open_door(Sealer([new_key()]))
    assert (await door.get(PATH)).status == 200
    assert (await door.put(PATH, json=X)).status == 422
    assert (await door.put(PATH, json={**X, "credentials": TOKEN})).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"platform": "hackernews", "options": {"base_url": "http://127.0.0.1:8080"}},
        {"platform": "feeds", "query": "http://localhost/feed"},
        {"platform": "discourse", "query": "latest", "options": {"instance": "http://[::1]:4200"}},
    ],
    ids=["base_url", "query", "instance"],
)
async def test_a_source_on_this_machine_needs_leave(open_door: Doors, sealer: Sealer, changes: dict[str, Any]) -> None:
    for loopback, status in ((False, 422), (True, 201)):
        door = await open_door(sealer, loopback=loopback)
        answer = await door.put(f"/v1/sources/acme-{loopback}".lower(), json={**X, **changes})
        assert answer.status == status
        assert loopback or "this machine" in await answer.text()


def test_the_document_says_that_credentials_are_only_written() -> None:
    written = document(ROUTES)
    shape = written["components"]["schemas"]["SourceBody"]["properties"]["credentials"]
    assert shape["anyOf"][0] == {"type": "object", "additionalProperties": {"type": "string"}, "writeOnly": True}
    assert "credentials" not in written["components"]["schemas"]["SourceShape"]["properties"]
    pause = written["paths"]["/v1/sources/{source_id}/pause"]["post"]["requestBody"]
    put = written["paths"]["/v1/sources/{source_id}"]["put"]["requestBody"]
    assert (pause["required"], put["required"]) == (False, True)


def test_a_body_that_is_printed_shows_no_credential() -> None:
    put = next(item for item in ROUTES if item.name == "put_source")
    body = put.body.model_validate({**X, "credentials": TOKEN})
    assert PLANTED not in f"{body!r} {body}"
