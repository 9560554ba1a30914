"""Platforms over the API: what a client must know to draw the form of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.domain.platform import COMMON_OPTIONS, PLATFORMS

if TYPE_CHECKING:
    from tests.api.conftest import Door


async def test_platforms_say_what_a_form_must_ask_for(door: Door) -> None:
    items = {place["name"]: place for place in (await (await door.get("/v1/platforms")).json())["items"]}
    assert list(items) == list(PLATFORMS)
    assert items["x"]["unit"] == "usd_micros"
    assert items["x"]["title"] == "X"
    assert items["x"]["query"] == PLATFORMS["x"].query
    assert items["reddit"]["credentials"] == [
        {"name": "client_id", "required": True},
        {"name": "client_secret", "required": True},
        {"name": "username", "required": False},
        {"name": "password", "required": False},
    ]
    needed = {name: [option["name"] for option in place["options"] if option["required"]] for name, place in items.items()}
    assert {name for name, options in needed.items() if options} == {"mastodon", "discourse"}
    assert needed["mastodon"] == ["instance"]
    for name, place in items.items():
        assert {one["name"]: one["says"] for one in place["options"]} == {**COMMON_OPTIONS, **PLATFORMS[name].options}


async def test_a_source_made_of_what_its_platform_says_it_needs_is_taken(door: Door) -> None:
    await door.put("/v1/brands/acme", json={"name": "Acme", "terms": ["acme"]})
    queries = {"reddit": "inbox", "mastodon": "mentions", "discourse": "latest", "feeds": "https://example.org/feed"}
    queries |= {"youtube": "channel:1"}
    for place in (await (await door.get("/v1/platforms")).json())["items"]:
        credentials = {one["name"]: "given" for one in place["credentials"] if one["required"]}
        options = {one["name"]: "https://example.org" for one in place["options"] if one["required"]}
        source = {"platform": place["name"], "brand": "acme", "query": queries.get(place["name"], "acme")}
        sent = {**source, "credentials": credentials, "options": options}
        answer = await door.put(f"/v1/sources/acme-{place['name']}", json=sent)
        made = await answer.json()
        assert (answer.status, made["options"], made["has_credentials"]) == (201, options, bool(credentials))
        assert made["unit"] == place["unit"]
