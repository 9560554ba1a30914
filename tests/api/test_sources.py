"""Sources over the API: set up as data, edited only by whoever has read the latest, paused and resumed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from social_crm.domain.source import Progress, Step
from social_crm.services import brands
from tests.builders import NOON, a_brand

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from social_crm.ports import Store
    from tests.api.conftest import Door

PATH = "/v1/sources/acme-hn"
HN: dict[str, Any] = {"platform": "hackernews", "brand": "acme", "query": "acme"}
REDDIT: dict[str, Any] = {
    "platform": "reddit",
    "brand": "acme",
    "query": "search:acme",
    "schedule": "0 */2 * * 1-5",
    "options": {"about": "text", "revisit_days": "7"},
    "credentials": {"client_id": "an id", "client_secret": "a secret"},
    "daily_cap": 500,
    "state": "paused",
    "reason": "not before Monday",
}
NO_PROGRESS = {"covered_from": None, "covered_to": None, "finished_at": None, "due_at": None, "failures": 0, "trouble": ""}


@pytest.fixture(autouse=True)
def brand(store: Store) -> None:
    brands.put(store, a_brand())


async def code(answer: ClientResponse) -> tuple[int, str]:
    return answer.status, (await answer.json(content_type="application/problem+json"))["code"]


def progressed(store: Store, progress: Progress) -> None:
    lease = store.leases.claim(progress.source, "a test", NOON, NOON + timedelta(minutes=1))
    assert lease is not None
    store.sources.advance(lease, Step(progress))


async def test_a_source_reads_as_it_was_written_but_for_its_credentials(door: Door) -> None:
    made = await door.put("/v1/sources/acme-reddit", json=REDDIT)
    assert (made.status, made.headers["ETag"]) == (201, '"1"')
    shown = {name: value for name, value in REDDIT.items() if name != "credentials"}
    expected = {
        "id": "acme-reddit",
        **shown,
        "has_credentials": True,
        "unit": "requests",
        "version": 1,
        "progress": NO_PROGRESS,
    }
    read = await door.get("/v1/sources/acme-reddit")
    assert read.headers["ETag"] == '"1"'
    assert await read.json() == await made.json() == expected
    assert await (await door.get("/v1/sources")).json() == {"items": [expected]}


async def test_what_is_left_out_has_its_default(door: Door) -> None:
    made = await (await door.put(PATH, json=HN)).json()
    assert (made["schedule"], made["options"], made["daily_cap"]) == ("*/15 * * * *", {}, None)
    assert (made["state"], made["reason"], made["has_credentials"]) == ("active", "", False)


async def test_sources_are_listed_by_id(door: Door) -> None:
    for source_id in ("zenith-hn", "acme-hn"):
        await door.put(f"/v1/sources/{source_id}", json=HN)
    listed = (await (await door.get("/v1/sources")).json())["items"]
    assert [source["id"] for source in listed] == ["acme-hn", "zenith-hn"]


async def test_how_far_a_source_has_come_is_shown_and_leaves_its_etag(door: Door) -> None:
    await door.put(PATH, json=HN)
    hour = timedelta(hours=1)
    progress = Progress(
        "acme-hn", "acme", "a cursor", NOON + hour, NOON - hour, NOON, NOON, failures=2, trouble="it is slow"
    )
    await door.on_a_thread(progressed, door.store, progress)
    for answer in (await door.get(PATH), await door.post(f"{PATH}/resume"), await door.put(PATH, json=HN)):
        assert (await answer.json())["progress"] == {
            "covered_from": "2025-01-15T11:00:00Z",
            "covered_to": "2025-01-15T12:00:00Z",
            "finished_at": "2025-01-15T12:00:00Z",
            "due_at": "2025-01-15T13:00:00Z",
            "failures": 2,
            "trouble": "it is slow",
        }
    assert (await (await door.get("/v1/sources")).json())["items"][0]["progress"]["failures"] == 2
    assert (await door.get(PATH)).headers["ETag"] == '"2"'  # the put; neither the step nor a resume that changed nothing


async def test_an_edit_with_the_etag_that_was_read_is_taken_and_a_second_one_is_stale(door: Door) -> None:
    tag = (await door.put(PATH, json=HN)).headers["ETag"]
    edited = await door.put(PATH, json={**HN, "query": "acme inc"}, headers={"If-Match": tag})
    assert (edited.status, edited.headers["ETag"]) == (200, '"2"')
    assert await code(await door.put(PATH, json=HN, headers={"If-Match": tag})) == (412, "stale")
    assert (await (await door.get(PATH)).json())["query"] == "acme inc"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": '"1"'}, 200),
        ({"If-Match": '"7", "1"'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"7"'}, 412),
        ({"If-Match": 'W/"1"'}, 412),
        ({"If-Match": "1"}, 412),
        ({"If-None-Match": "*"}, 412),
        ({"If-None-Match": '"1"'}, 422),
        ({"If-Match": '"1"', "If-None-Match": "*"}, 422),
    ],
)
async def test_preconditions_on_a_source_that_exists(door: Door, headers: dict[str, str], status: int) -> None:
    await door.put(PATH, json=HN)
    assert (await door.put(PATH, json=HN, headers=headers)).status == status


@pytest.mark.parametrize(
    ("headers", "status"), [({"If-None-Match": "*"}, 201), ({}, 201), ({"If-Match": "*"}, 412), ({"If-Match": '"1"'}, 412)]
)
async def test_preconditions_on_a_source_that_does_not_exist(door: Door, headers: dict[str, str], status: int) -> None:
    assert (await door.put(PATH, json=HN, headers=headers)).status == status


async def test_a_condition_in_two_lines_is_one_list(door: Door) -> None:
    await door.put(PATH, json=HN)
    headers = [("Authorization", f"Bearer {door.key}"), ("If-Match", '"7"'), ("If-Match", '"1"')]
    async with door.client.session.put(door.client.make_url(PATH), json=HN, headers=headers) as answer:
        assert answer.status == 200


async def test_of_many_edits_at_once_that_read_the_same_exactly_one_is_taken(door: Door) -> None:
    await door.put(PATH, json=HN)
    edits = [door.put(PATH, json={**HN, "query": f"acme {n}"}, headers={"If-Match": '"1"'}) for n in range(12)]
    assert sorted([answer.status for answer in await asyncio.gather(*edits)]) == [200] + [412] * 11


async def test_a_source_is_paused_and_resumed(door: Door) -> None:
    await door.put(PATH, json=HN)
    paused = await door.post(f"{PATH}/pause", json={"reason": "too dear"})
    body = await paused.json()
    assert (paused.status, body["state"], body["reason"], paused.headers["ETag"]) == (200, "paused", "too dear", '"2"')
    assert await (await door.get(PATH)).json() == body
    resumed = await door.post(f"{PATH}/resume")
    body = await resumed.json()
    assert (resumed.status, body["state"], body["reason"], resumed.headers["ETag"]) == (200, "active", "", '"3"')


async def test_pausing_needs_no_body_and_twice_is_once(door: Door) -> None:
    await door.put(PATH, json=HN)
    first, second = await door.post(f"{PATH}/pause"), await door.post(f"{PATH}/pause", json={})
    assert await first.json() == await second.json()
    assert ((await first.json())["reason"], second.headers["ETag"]) == ("paused by hand", '"2"')


@pytest.mark.parametrize("verb", ["pause", "resume"])
@pytest.mark.parametrize(("match", "status"), [('"1"', 200), ("*", 200), ('"7"', 412), ("1", 412)])
async def test_pausing_and_resuming_obey_if_match(door: Door, verb: str, match: str, status: int) -> None:
    await door.put(PATH, json=HN)
    assert (await door.post(f"{PATH}/{verb}", headers={"If-Match": match})).status == status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"json": {"reason": {"$gt": ""}}}, 422),
        ({"json": {"reason": "a\u0000b"}}, 422),
        ({"json": {"why": "so"}}, 422),
        ({"json": []}, 422),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
    ],
)
async def test_a_wrong_body_pauses_nothing(door: Door, sent: dict[str, Any], status: int) -> None:
    await door.put(PATH, json=HN)
    assert (await door.post(f"{PATH}/pause", **sent)).status == status
    assert (await (await door.get(PATH)).json())["state"] == "active"


@pytest.mark.parametrize(("method", "more"), [("GET", ""), ("GET", "/coverage"), ("POST", "/pause"), ("POST", "/resume")])
@pytest.mark.parametrize("source_id", ["nobody", "%20", "%00", "%ff", "a" * 3000])
async def test_a_source_that_is_not_there_is_not_found(door: Door, method: str, more: str, source_id: str) -> None:
    assert await code(await door.ask(method, f"/v1/sources/{source_id}{more}")) == (404, "not-found")
    tagged = {"If-Match": '"1"'}
    assert (await door.ask(method, f"/v1/sources/{source_id}{more}", headers=tagged)).status == 404


async def test_a_source_of_a_brand_that_is_not_there_is_not_found(door: Door) -> None:
    assert await code(await door.put(PATH, json={**HN, "brand": "nobody"})) == (404, "not-found")
    assert await (await door.get("/v1/sources")).json() == {"items": []}


WRONG_FIELDS: dict[str, tuple[Any, str]] = {
    "an operator for a platform": ({**HN, "platform": {"$gt": ""}}, "body.platform"),
    "an operator for a brand": ({**HN, "brand": {"$ne": None}}, "body.brand"),
    "an operator for a query": ({**HN, "query": {"$where": "1"}}, "body.query"),
    "an operator for an option": ({**HN, "options": {"about": {"$gt": ""}}}, "body.options.about"),
    "an operator as an option": ({**HN, "options": {"$gt": ""}}, "body.options.$gt.[key]"),
    "a list for options": ({**HN, "options": ["about"]}, "body.options"),
    "an operator for a cap": ({**HN, "daily_cap": {"$gt": 0}}, "body.daily_cap"),
    "a text for a cap": ({**HN, "daily_cap": "5"}, "body.daily_cap"),
    "a fraction for a cap": ({**HN, "daily_cap": 1.5}, "body.daily_cap"),
    "a truth for a cap": ({**HN, "daily_cap": True}, "body.daily_cap"),
    "a cap below nothing": ({**HN, "daily_cap": -1}, "body.daily_cap"),
    "a cap that no reader can hold": ({**HN, "daily_cap": 2**60}, "body.daily_cap"),
    "an operator for a state": ({**HN, "state": {"$in": []}}, "body.state"),
    "another state": ({**HN, "state": "asleep"}, "body.state"),
    "a number for a reason": ({**HN, "state": "paused", "reason": 7}, "body.reason"),
    "a reason without a pause": ({**HN, "reason": "so"}, "body"),
    "a schedule of two lines": ({**HN, "schedule": "* * * * *\n"}, "body.schedule"),
    "a query without end": ({**HN, "query": "a" * 513}, "body.query"),
    "a field too many": ({**HN, "version": 3}, "body.version"),
    "sealed credentials": ({**HN, "sealed": "gAAAA"}, "body.sealed"),
    "a field too few": ({"platform": "hackernews", "brand": "acme"}, "body.query"),
    "a list": ([HN], "body"),
    "null": (None, "body"),
}


@pytest.mark.parametrize(("sent", "place"), WRONG_FIELDS.values(), ids=WRONG_FIELDS)
async def test_a_wrong_field_is_named_and_nothing_is_stored(door: Door, sent: Any, place: str) -> None:
    answer = await door.put(PATH, data=orjson.dumps(sent), headers={"Content-Type": "application/json"})
    problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["code"]) == (422, "invalid")
    assert place in [issue["loc"] for issue in problem["errors"]]
    assert (await door.get(PATH)).status == 404


@pytest.mark.parametrize(
    ("path", "changes", "says"),
    [
        ("/v1/sources/Acme%20HN", {}, "source id"),
        (PATH, {"platform": "myspace"}, "choose from"),
        (PATH, {"schedule": "every day"}, "cron"),
        (PATH, {"schedule": "0 0 30 2 *"}, "never comes"),
        (PATH, {"query": "  "}, "query is empty"),
        (PATH, {"options": {"instance": "https://example.org"}}, "no option 'instance'"),
        (PATH, {"options": {"revisit_days": "1000"}}, "revisit_days"),
        (PATH, {"options": {"base_url": "https://example.org"}}, "not one of"),
        (PATH, {"credentials": {"api_key": "a key"}}, "a credential that Hacker News does not have"),
        (PATH, {"platform": "mastodon"}, "option `instance`"),
        (PATH, {"platform": "x"}, "needs the credentials bearer_token"),
        (PATH, {"platform": "reddit", "credentials": {"client_id": "an id"}}, "needs the credentials client_secret"),
    ],
)
async def test_what_no_source_can_be_is_refused(door: Door, path: str, changes: dict[str, Any], says: str) -> None:
    answer = await door.put(path, json={**HN, **changes})
    problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["code"]) == (422, "invalid")
    assert says in problem["detail"]
