"""Events over the API: the outbox in order, page by page, and on from where a caller has come."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api import cursor
from social_crm.domain.errors import Invalid
from social_crm.domain.event import Event, EventKind
from social_crm.domain.source import Progress, Step
from tests.builders import NOON

if TYPE_CHECKING:
    from social_crm.ports import Store
    from tests.api.conftest import Door


def tell(store: Store, *numbers: int) -> None:
    lease = store.leases.claim("acme-hn", "a test", NOON, NOON + timedelta(minutes=1))
    assert lease is not None
    events = [
        Event(f"ev_{one}", EventKind.SOURCE_GAP, NOON, "acme-hn", {"number": one, "in": {"it": []}}) for one in numbers
    ]
    store.sources.advance(lease, Step(Progress("acme-hn"), events=tuple(events)))
    store.leases.release(lease)


async def page(door: Door, **query: Any) -> dict[str, Any]:
    """A page, whose Link header says the same as its body."""
    answer = await door.get("/v1/events", params={name: str(value) for name, value in query.items()})
    assert answer.status == 200
    body: dict[str, Any] = await answer.json()
    link = answer.links.get("next")
    onward = link["url"].query["after"] if link else None  # type: ignore[union-attr] # aiohttp gives a URL
    assert onward == (body["next_cursor"] if body["more"] else None)
    return body


def numbers(body: dict[str, Any]) -> list[int]:
    return [item["body"]["number"] for item in body["items"]]


async def test_an_event_reads_as_it_was_told(door: Door, store: Store) -> None:
    await door.on_a_thread(tell, store, 7)
    assert (await page(door))["items"] == [
        {
            "id": "ev_7",
            "kind": "source.gap",
            "at": "2025-01-15T12:00:00Z",
            "subject": "acme-hn",
            "body": {"number": 7, "in": {"it": []}},
        }
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 200])
async def test_pages_of_any_size_give_every_event_once_and_in_order(door: Door, store: Store, limit: int) -> None:
    told = [5, 1, 4, 2, 9, 3, 6]
    await door.on_a_thread(tell, store, *told)
    body = await page(door, limit=limit)
    heard, pages = numbers(body), 1
    while body["more"]:
        body = await page(door, limit=limit, after=body["next_cursor"])
        heard, pages = heard + numbers(body), pages + 1
    assert (heard, pages) == (told, -(-len(told) // limit))


async def test_the_cursor_of_the_end_leads_to_what_happens_next(door: Door, store: Store) -> None:
    nothing = await page(door)
    assert (nothing["items"], nothing["more"]) == ([], False)
    await door.on_a_thread(tell, store, 1, 2)
    first = await page(door, after=nothing["next_cursor"])
    assert (numbers(first), first["more"]) == ([1, 2], False)
    still = await page(door, after=first["next_cursor"])
    assert still == {"items": [], "next_cursor": first["next_cursor"], "more": False}
    await door.on_a_thread(tell, store, 2, 3)  # an event that was told before is not told again
    assert numbers(await page(door, after=still["next_cursor"])) == [3]


async def test_a_cursor_outlives_a_change_of_limit(door: Door, store: Store) -> None:
    await door.on_a_thread(tell, store, 1, 2, 3, 4)
    onward = (await page(door, limit=1))["next_cursor"]
    assert numbers(await page(door, limit=200, after=onward)) == [2, 3, 4]


async def test_a_cursor_that_was_made_up_or_is_of_another_list_is_refused(door: Door, store: Store) -> None:
    await door.on_a_thread(tell, store, 1, 2)
    onward = (await page(door, limit=1))["next_cursor"]
    secret = await door.on_a_thread(store.secret, "cursor")
    others = [cursor.seal(secret, b"mentions", (NOON, "x:1")), cursor.seal_number(secret, b"mentions", 1)]
    for forged in (onward[:-1], onward + "=", onward.swapcase(), "0", "eyJ9", "\u00e4", *others):
        answer = await door.get("/v1/events", params={"after": forged})
        problem = await answer.json(content_type="application/problem+json")
        assert (answer.status, [issue["loc"] for issue in problem["errors"]]) == (422, ["query.after"])


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("limit=0", "query.limit"),
        ("limit=201", "query.limit"),
        ("limit=5&limit=6", "query.limit"),
        ("after=", "query.after"),
        ("after=" + "A" * 1001, "query.after"),
        ("after[$gt]=0", "query.after[$gt]"),
        ("cursor=AAAA", "query.cursor"),
    ],
)
async def test_a_wrong_parameter_is_named(door: Door, query: str, place: str) -> None:
    answer = await door.get(f"/v1/events?{query}")
    assert answer.status == 422
    assert place in [issue["loc"] for issue in (await answer.json(content_type=None))["errors"]]


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**63 - 1), st.binary(max_size=20))
def test_a_position_comes_back_from_its_cursor(position: int, scope: bytes) -> None:
    text = cursor.seal_number(b"secret", scope, position)
    assert cursor.unseal_number(b"secret", scope, text, "after") == position
    for secret, other in ((b"another", scope), (b"secret", scope + b"x")):
        with pytest.raises(Invalid, match="cursor"):
            cursor.unseal_number(secret, other, text, "after")
