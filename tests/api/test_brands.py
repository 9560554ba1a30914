"""Brands over the API: written by natural id, edited only by whoever has read the latest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from social_crm.services import brands

if TYPE_CHECKING:
    from tests.api.conftest import Door

ACME: dict[str, Any] = {
    "name": "Acme",
    "terms": ["acme", "$ACME"],
    "handles": {"x": ["acme"], "mastodon": ["@acme@example.social"]},
    "staff": ["x:7"],
    "time_zone": "Europe/Berlin",
    "week_start": "sunday",
}


async def test_a_brand_reads_as_it_was_written(door: Door) -> None:
    made = await door.put("/v1/brands/acme", json=ACME)
    assert (made.status, made.headers["ETag"]) == (201, '"1"')
    read = await door.get("/v1/brands/acme")
    expected = {"id": "acme", "exclusions": [], "competitors": [], "version": 1, **ACME}
    assert await read.json() == await made.json() == expected
    assert (await (await door.get("/v1/brands")).json()) == {"items": [expected]}
    stored = await asyncio.to_thread(brands.get, door.store, "acme")
    assert (stored.own_accounts, stored.week_start.name) == (("mastodon:@acme@example.social", "x:7", "x:@acme"), "SUNDAY")


async def test_an_edit_with_the_etag_that_was_read_is_taken_and_a_second_one_is_stale(door: Door) -> None:
    tag = (await door.put("/v1/brands/acme", json=ACME)).headers["ETag"]
    edited = await door.put("/v1/brands/acme", json={**ACME, "name": "Acme Inc"}, headers={"If-Match": tag})
    assert (edited.status, edited.headers["ETag"]) == (200, '"2"')
    late = await door.put("/v1/brands/acme", json=ACME, headers={"If-Match": tag})
    assert (late.status, (await late.json(content_type=None))["code"]) == (412, "stale")
    assert (await (await door.get("/v1/brands/acme")).json())["name"] == "Acme Inc"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": '"1"'}, 200),
        ({"If-Match": '"7", "1"'}, 200),
        ({"If-Match": "*"}, 200),
        ({}, 200),
        ({"If-Match": '"7"'}, 412),
        ({"If-Match": 'W/"1"'}, 412),
        ({"If-Match": "1"}, 412),
        ({"If-Match": ""}, 412),
        ({"If-Match": '"' + "1" * 4000 + '"'}, 412),
        ({"If-None-Match": "*"}, 412),
        ({"If-None-Match": '"1"'}, 422),
        ({"If-Match": '"1"', "If-None-Match": "*"}, 422),
    ],
)
async def test_preconditions_on_a_brand_that_exists(door: Door, headers: dict[str, str], status: int) -> None:
    await door.put("/v1/brands/acme", json=ACME)
    assert (await door.put("/v1/brands/acme", json=ACME, headers=headers)).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": "*"}, 201),
        ({}, 201),
        ({"If-Match": "*"}, 412),
        ({"If-Match": '"1"'}, 412),
        ({"If-Match": '"0"'}, 412),
    ],
)
async def test_preconditions_on_a_brand_that_does_not_exist(door: Door, headers: dict[str, str], status: int) -> None:
    assert (await door.put("/v1/brands/acme", json=ACME, headers=headers)).status == status


async def test_of_many_edits_at_once_that_read_the_same_exactly_one_is_taken(door: Door) -> None:
    await door.put("/v1/brands/acme", json=ACME)
    edits = [
        door.put("/v1/brands/acme", json={**ACME, "name": f"Acme {n}"}, headers={"If-Match": '"1"'}) for n in range(12)
    ]
    statuses = [answer.status for answer in await asyncio.gather(*edits)]
    assert sorted(statuses) == [200] + [412] * 11


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("/v1/brands/Acme%20Inc", {}),
        ("/v1/brands/acme", {"time_zone": "Mars/Olympus"}),
        ("/v1/brands/acme", {"terms": [], "handles": {}}),
        ("/v1/brands/acme", {"terms": ['""']}),
    ],
)
async def test_what_no_brand_can_be_is_refused(door: Door, path: str, changes: dict[str, Any]) -> None:
    answer = await door.put(path, json={**ACME, **changes})
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (422, "invalid")


async def test_brands_are_listed_by_id(door: Door) -> None:
    for brand_id in ("zenith", "acme"):
        await door.put(f"/v1/brands/{brand_id}", json=ACME)
    listed = (await (await door.get("/v1/brands")).json())["items"]
    assert [brand["id"] for brand in listed] == ["acme", "zenith"]


async def test_a_brand_that_is_not_there_is_not_found(door: Door) -> None:
    answer = await door.get("/v1/brands/nobody")
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (404, "not-found")
