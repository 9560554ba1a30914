"""Mentions over the API: pages that neither repeat nor lose one, filters, and cursors that cannot be made up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from yarl import URL

from api import cursor, wire
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind
from social_crm.ports import Heard
from social_crm.services import brands
from tests.builders import NOON, a_brand, a_mention, a_reading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from social_crm.ports import Store
    from tests.api.conftest import Door

MANY = 250


def _all_three(one: Heard) -> bool:
    return "acme" in one.reading.brands and one.mention.platform == "x" and one.mention.kind == "post"


@pytest.fixture(autouse=True)
def told(store: Store) -> list[Heard]:
    """250 mentions of two brands; many share a time, so that only the id tells them apart."""
    for brand_id in ("acme", "zenith"):
        brands.put(store, a_brand(brand_id), None)
    heard = [_heard(number) for number in range(MANY)]
    store.mentions.take(heard, [], {"acme": "UTC", "zenith": "UTC"}, NOON)
    return sorted(heard, key=lambda one: (one.mention.posted_at, one.mention.id), reverse=True)


def _heard(number: int) -> Heard:
    platform, author = ("x", "reddit")[number % 2], f"x:{number % 7}"
    kind = Kind.REPLY if number % 5 == 0 else Kind.POST
    posted_at = NOON + timedelta(minutes=number // 10)
    addressed = ((How.REPLY, "x:99"),) if kind is Kind.REPLY else ()
    mention = a_mention(
        f"{platform}:{number}", author, posted_at, kind=kind, addressed=addressed, metrics={"likes": number}
    )
    return Heard(mention, a_reading(("acme", "zenith")[number % 3 == 0], compound=None if number % 11 == 0 else 0.5))


async def pages(door: Door, path: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Walk a list by its Link header, and see that `next_cursor` says the same."""
    onward: str | None = path
    while onward:
        answer = await door.get(onward)
        assert answer.status == 200
        body, link = await answer.json(), answer.links.get("next")
        assert (link["url"].query["cursor"] if link else None) == body["next_cursor"]
        yield body["items"]
        onward = URL(str(link["url"])).path_qs if link else None


@pytest.mark.parametrize("limit", [1, 7, 50, 125, 200])
async def test_a_walk_meets_every_mention_once_newest_first(door: Door, told: list[Heard], limit: int) -> None:
    walked = [page async for page in pages(door, f"/v1/mentions?limit={limit}")]
    assert [item["id"] for page in walked for item in page] == [one.mention.id for one in told]
    assert {len(page) for page in walked[:-1]} <= {limit}
    assert walked[-1]


async def test_a_mention_that_arrives_during_a_walk_neither_repeats_nor_hides_another(
    door: Door, told: list[Heard]
) -> None:
    met: list[str] = []
    async for page in pages(door, "/v1/mentions?limit=100"):
        met += [item["id"] for item in page]
        newer = Heard(a_mention(f"x:late{len(met)}", posted_at=NOON + timedelta(days=1)), a_reading("acme"))
        await door.on_a_thread(door.store.mentions.take, [newer], [], {"acme": "UTC"}, NOON)
    assert met == [one.mention.id for one in told]


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ("brand=zenith", lambda one: "zenith" in one.reading.brands),
        ("author=x:3", lambda one: one.mention.author == "x:3"),
        ("platform=reddit", lambda one: one.mention.platform == "reddit"),
        ("kind=reply", lambda one: one.mention.kind == "reply"),
        ("label=unscored", lambda one: one.reading.sentiment.label == "unscored"),
        ("since=2025-01-15T12:05:00Z", lambda one: one.mention.posted_at >= NOON + timedelta(minutes=5)),
        ("until=2025-01-15T13:05:00%2B01:00", lambda one: one.mention.posted_at < NOON + timedelta(minutes=5)),
        ("brand=acme&platform=x&kind=post", _all_three),
        ("since=2025-01-16", lambda _: False),
    ],
)
async def test_a_filter_lets_through_exactly_what_it_says(door: Door, told: list[Heard], query: str, passes: Any) -> None:
    found = [item["id"] async for page in pages(door, f"/v1/mentions?{query}&limit=40") for item in page]
    assert found == [one.mention.id for one in told if passes(one)]


async def test_a_page_has_the_shape_that_the_document_promises(door: Door) -> None:
    page = await (await door.get("/v1/mentions?limit=200")).json()
    TypeAdapter(wire.MentionPage).validate_python(page)
    assert page["items"][0]["posted_at"] == "2025-01-15T12:24:00Z"


async def test_one_mention_is_read_by_its_id(door: Door) -> None:
    item = await (await door.get("/v1/mentions/reddit:5")).json()
    assert (item["id"], item["addressed"]) == ("reddit:5", [{"how": "reply", "account": "x:99"}])
    assert (await door.get("/v1/mentions/reddit:none")).status == 404


async def test_an_id_with_a_slash_is_read_when_it_is_quoted(door: Door) -> None:
    natural = "feeds:https://example.org/a?b=1#c"
    await door.on_a_thread(
        door.store.mentions.take, [Heard(a_mention(natural), a_reading("acme"))], [], {"acme": "UTC"}, NOON
    )
    path = URL("/v1/mentions/feeds:https:%2F%2Fexample.org%2Fa%3Fb=1%23c", encoded=True)
    assert (await (await door.get(path)).json())["id"] == natural  # type: ignore[arg-type] # an encoded URL is a path too


async def test_a_brand_that_does_not_exist_has_no_mentions_to_list(door: Door) -> None:
    assert (await door.get("/v1/mentions?brand=nobody")).status == 404


async def test_a_cursor_is_good_for_its_own_filter_only(door: Door) -> None:
    onward = (await (await door.get("/v1/mentions?brand=acme&limit=5")).json())["next_cursor"]
    assert (await door.get(f"/v1/mentions?brand=acme&limit=9&cursor={onward}")).status == 200
    for query in ("", "brand=zenith", "brand=acme&kind=post"):
        answer = await door.get(f"/v1/mentions?{query}&cursor={onward}")
        assert (answer.status, (await answer.json(content_type=None))["errors"][0]["loc"]) == (422, "query.cursor")


async def test_a_cursor_with_any_character_changed_is_refused(door: Door) -> None:
    onward = (await (await door.get("/v1/mentions?limit=5")).json())["next_cursor"]
    for place in range(len(onward)):
        other = "B" if onward[place] != "B" else "C"
        forged = onward[:place] + other + onward[place + 1 :]
        assert (await door.get(f"/v1/mentions?limit=5&cursor={forged}")).status == 422
    for forged in (onward[:-1], onward + "A", onward + "!", "!", "A", "\u00e4"):
        assert (await door.get("/v1/mentions", params={"limit": "5", "cursor": forged})).status == 422


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    moment=st.datetimes(timezones=st.just(NOON.tzinfo)),
    identity=st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
    scope=st.binary(max_size=50),
)
def test_a_position_comes_back_from_its_cursor(moment: Any, identity: str, scope: bytes) -> None:
    text = cursor.seal(b"secret", scope, (moment, identity))
    assert cursor.unseal(b"secret", scope, text) == (moment, identity)
    for secret, other in ((b"another", scope), (b"secret", scope + b".")):
        with pytest.raises(Invalid, match="cursor"):
            cursor.unseal(secret, other, text)
