"""What callers may send: everything else is refused with a 4xx that says where and why, never with a 5xx."""

from __future__ import annotations

import gzip
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import ROUTES
from api.body import MOST_BYTES, MOST_LEVELS, decode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from api.operation import Operation
    from tests.api.conftest import Door

READS = [item for item in ROUTES if item.method == "GET"]
JSON = {"Content-Type": "application/json"}
ACME: dict[str, Any] = {"name": "Acme", "terms": ["acme"]}

NOT_JSON = {
    "nothing": b"",
    "a word": b"acme",
    "an open brace": b"{",
    "single quotes": b"{'name': 'Acme'}",
    "a comma too many": b'{"name": "Acme",}',
    "two documents": b"{}{}",
    "not a number": b'{"name": NaN}',
    "infinity": b'{"name": -Infinity}',
    "a number too large for a float": b'{"name": 1e400}',
    "a huge integer": b'{"name": 123456789012345678901234567890}',
    "an integer of 5,000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "Acme"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"name": "Acme"}',
    "a lone surrogate": b'{"name": "\\ud800"}',
    "a lone surrogate in a key": b'{"\\udfff": 1}',
    "surrogates in CESU-8": b'{"name": "\xed\xa0\x80"}',
    "a control character": b'{"name": "a\x00b"}',
    "too deep": b"[" * (MOST_LEVELS + 1) + b"]" * (MOST_LEVELS + 1),
    "far too deep": b"[" * 30_000,
    "deep objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
}

WRONG_FIELDS: dict[str, tuple[Any, str]] = {
    "an operator for a scalar": ({**ACME, "name": {"$gt": ""}}, "body.name"),
    "an operator in a list": ({**ACME, "terms": [{"$ne": None}]}, "body.terms.0"),
    "an operator for a list": ({**ACME, "terms": {"$gt": ""}}, "body.terms"),
    "an operator as a key": ({**ACME, "handles": {"$where": ["x"]}}, "body.handles.$where.[key]"),
    "a number for a text": ({**ACME, "name": 7}, "body.name"),
    "null for a text": ({**ACME, "name": None}, "body.name"),
    "a field too many": ({**ACME, "version": 3}, "body.version"),
    "a field too few": ({"terms": ["acme"]}, "body.name"),
    "a control character": ({**ACME, "name": "a\u0000b"}, "body.name"),
    "a list": ([ACME], "body"),
    "a text": ("acme", "body"),
    "null": (None, "body"),
}


@pytest.mark.parametrize("item", READS, ids=lambda item: item.name)
async def test_an_unknown_parameter_is_refused_by_every_route(door: Door, item: Operation) -> None:
    answer = await door.get(f"{item.path.replace('{', '').replace('}', '')}?colour=red")
    body = await answer.json(content_type="application/problem+json")
    assert (answer.status, body["code"]) == (422, "invalid")
    assert {"loc": "query.colour", "msg": "Extra inputs are not permitted"} in body["errors"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("limit=0", "query.limit"),
        ("limit=201", "query.limit"),
        ("limit=ten", "query.limit"),
        ("limit=" + "9" * 5000, "query.limit"),
        ("limit=5&limit=6", "query.limit"),
        ("brand=a&brand=b", "query.brand"),
        ("brand=", "query.brand"),
        ("author[$gt]=", "query.author[$gt]"),
        ("kind=shout", "query.kind"),
        ("label=happy", "query.label"),
        ("platform=../x", "query.platform"),
        ("since=yesterday", "query.since"),
        ("since=2026-01-01T00:00:00", "query.since"),
        ("until=0001-01-01T00:00:00%2B23:00", "query.until"),
        ("until=9999-12-31T23:00:00-23:00", "query.until"),
        ("author=%00", "query.author"),
        ("%ff=1", "query.\ufffd"),
        ("cursor=", "query.cursor"),
        ("cursor=" + "A" * 1001, "query.cursor"),
    ],
)
async def test_a_wrong_parameter_is_named(door: Door, query: str, place: str) -> None:
    answer = await door.get(f"/v1/mentions?{query}")
    assert answer.status == 422
    assert place in [issue["loc"] for issue in (await answer.json(content_type=None))["errors"]]


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON)
async def test_what_is_not_json_is_malformed(door: Door, raw: bytes) -> None:
    answer = await door.put("/v1/brands/acme", data=raw, headers=JSON)
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (400, "malformed")


@pytest.mark.parametrize(("sent", "place"), WRONG_FIELDS.values(), ids=WRONG_FIELDS)
async def test_a_wrong_field_is_named_and_nothing_is_stored(door: Door, sent: Any, place: str) -> None:
    answer = await door.put("/v1/brands/acme", data=orjson.dumps(sent), headers=JSON)
    assert answer.status == 422
    assert place in [issue["loc"] for issue in (await answer.json(content_type=None))["errors"]]
    assert (await door.get("/v1/brands/acme")).status == 404


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(raw=st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda text: f'{{"name": "{text}"}}'.encode())))
async def test_no_body_whatever_brings_the_server_down(door: Door, raw: bytes) -> None:
    answer = await door.put("/v1/brands/acme", data=raw, headers=JSON)
    assert answer.status in (200, 201, 400, 422)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)
fields = st.sampled_from(["name", "terms", "exclusions", "handles", "competitors", "staff", "time_zone", "week_start"])


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sent=st.dictionaries(fields, json_values))
async def test_no_json_whatever_brings_the_server_down(door: Door, sent: dict[str, Any]) -> None:
    raw = orjson.dumps({**ACME, **sent}, default=str, option=orjson.OPT_NON_STR_KEYS) if _is_text(sent) else b"{}"
    assert (await door.put("/v1/brands/acme", data=raw, headers=JSON)).status in (200, 201, 400, 422)


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=300))
def test_a_body_is_read_or_refused_and_nothing_else(raw: bytes) -> None:
    with suppress(web.HTTPBadRequest):
        orjson.dumps(decode(raw))


def test_what_is_just_deep_or_large_enough_is_read() -> None:
    assert decode(b"[" * MOST_LEVELS + b"]" * MOST_LEVELS)
    assert decode(b"[9223372036854775807, -9223372036854775808, 1.5]") == [2**63 - 1, -(2**63), 1.5]


async def test_a_body_of_64_kb_is_read_and_one_byte_more_is_too_large(door: Door) -> None:
    whole = orjson.dumps(ACME).ljust(MOST_BYTES)
    assert (await door.put("/v1/brands/acme", data=whole, headers=JSON)).status == 201
    answer = await door.put("/v1/brands/acme", data=whole + b" ", headers=JSON)
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (413, "body-too-large")


async def test_a_large_body_that_hides_its_length_is_too_large_as_well(door: Door) -> None:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 8192

    assert (await door.put("/v1/brands/acme", data=drip(), headers=JSON)).status == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/octet-stream"},
        {"Content-Type": ";;;"},
        {**JSON, "Content-Encoding": "br"},
    ],
)
async def test_another_content_type_is_refused(door: Door, headers: dict[str, str]) -> None:
    answer = await door.put("/v1/brands/acme", data=orjson.dumps(ACME), headers=headers)
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (415, "wrong-content-type")


async def test_a_packed_body_is_refused_before_it_is_unpacked(door: Door) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    answer = await door.put("/v1/brands/acme", data=bomb, headers={**JSON, "Content-Encoding": "gzip"})
    assert answer.status == 415


def _is_text(value: object) -> bool:
    try:
        orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return False
    return True
