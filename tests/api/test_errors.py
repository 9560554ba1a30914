"""What callers and the log see when something is wrong: a problem document, a request id, and never a secret."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from api.app import ROUTES, SERVER, create_app
from api.auth import PUBLIC
from api.operation import Call, operation
from api.wire import Answer
from social_crm.domain.errors import OutcomeUnknown, RateLimited, SocialCrmError
from tests.api.conftest import Door
from tests.builders import NOON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from api.bridge import Bridge
    from social_crm.ports import Store
    from tests.api.conftest import Watch

SECRET = "what somebody wrote"
RAISED: dict[str, Exception] = {
    "bug": ValueError(SECRET),
    "bare": SocialCrmError(SECRET),
    "later": RateLimited("too many", NOON + timedelta(seconds=90)),
    "earlier": RateLimited("too many", NOON - timedelta(seconds=90)),
    "unknown": OutcomeUnknown("it may have been sent"),
}


@operation("GET", "/v1/raise/{what}", permission=PUBLIC, answers={})
async def fail(call: Call) -> Answer:
    """Fail as the path says."""
    raise RAISED[call.part("what")]


# Set when a caller is being kept waiting, and when that is over.
KEPT = web.AppKey("kept", tuple[asyncio.Event, asyncio.Event])


@operation("GET", "/v1/wait", permission=PUBLIC, answers={})
async def wait(call: Call) -> Answer:
    """Wait until the caller has left."""
    arrived, left = call.request.app[KEPT]
    arrived.set()
    try:
        await asyncio.Event().wait()
    finally:
        left.set()
    return Answer({})


@pytest.fixture
async def failing(
    bridge: Bridge, store: Store, watch: Watch, master: str, aiohttp_client: Callable[..., Awaitable[Any]]
) -> Door:
    app = await asyncio.to_thread(create_app, bridge, (*ROUTES, fail, wait))
    app[KEPT] = asyncio.Event(), asyncio.Event()
    server = TestServer(app)
    await server.start_server(**SERVER)
    return Door(await aiohttp_client(server), store, watch, master)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "no-such-route"),
        ("GET", "/v1/brands/", 404, "no-such-route"),
        ("GET", "/v1/../etc/passwd", 404, "no-such-route"),
        ("DELETE", "/v1/brands", 405, "method-not-allowed"),
        ("POST", "/v1/brands/acme", 405, "method-not-allowed"),
        ("GET", "/v1/brands/nobody", 404, "not-found"),
        ("GET", "/v1/reports/rep_none", 404, "not-found"),
        ("GET", "/v1/mentions?limit=0", 422, "invalid"),
    ],
)
async def test_an_error_is_a_problem_document(door: Door, method: str, path: str, status: int, code: str) -> None:
    answer = await door.ask(method, path)
    problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"/docs#error-{code}"
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert problem["title"]
    assert problem["detail"]
    assert {"type", "title", "status", "code", "detail", "request_id"} | {"errors"} >= set(problem)


async def test_a_method_that_is_not_there_says_which_are(door: Door) -> None:
    assert set((await door.ask("DELETE", "/v1/brands/acme")).headers["Allow"].split(",")) == {"GET", "HEAD", "PUT"}


@pytest.mark.parametrize("what", ["bug", "bare"])
async def test_what_nobody_foresaw_is_a_500_that_tells_nothing(failing: Door, what: str) -> None:
    with capture_logs() as lines:
        answer = await failing.get(f"/v1/raise/{what}")
    problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["code"]) == (500, "internal")
    assert SECRET not in str((problem, lines))
    failed = [line for line in lines if line["log_level"] == "error"]
    assert [line["request_id"] for line in failed] == [problem["request_id"]]
    assert failed[0]["error"] == type(RAISED[what]).__name__
    assert any("test_errors.py" in frame for frame in failed[0]["where"])


@pytest.mark.parametrize(("what", "status", "after"), [("later", 503, "90"), ("earlier", 503, "1"), ("unknown", 502, None)])
async def test_the_caller_learns_when_to_try_again(failing: Door, what: str, status: int, after: str | None) -> None:
    answer = await failing.get(f"/v1/raise/{what}")
    assert (answer.status, answer.headers.get("Retry-After")) == (status, after)


@pytest.mark.parametrize(
    "path", ["/healthz", "/docs", "/v1/brands", "/v1/brands/nobody", "/nowhere", "/v1/mentions?limit=0"]
)
async def test_every_answer_has_an_id_and_safe_headers(door: Door, path: str) -> None:
    first, second = await door.get(path), await door.get(path)
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in first.headers["Content-Security-Policy"]
    assert first.headers["Server"] == "social-crm"
    assert (first.headers["Cache-Control"] == "no-store") == path.startswith("/v1")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abcd-1234_XY.z", True), ("short", False), ("a" * 65, False), ("has spaces in it", False), ("<script>alert", False)],
)
async def test_the_callers_request_id_is_kept_when_it_is_a_plain_word(door: Door, given: str, kept: bool) -> None:
    answer = await door.get("/healthz", headers={"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"] == given) == kept


async def test_one_line_a_request_is_logged_and_nothing_that_a_person_wrote(door: Door) -> None:
    with capture_logs() as lines:
        answer = await door.get("/v1/mentions?author=x:secretive&brand=nobody")
        await door.get("/v1/brands/secretive")
        await door.put("/v1/brands/acme", json={"name": "secretive", "terms": ["secretive"]})
        await door.get("/secretive")
    requests = [line for line in lines if line["event"] == "request"]
    told = [(line["method"], line["route"], line["status"]) for line in requests]
    assert told == [
        ("GET", "/v1/mentions", 404),
        ("GET", "/v1/brands/{brand_id}", 404),
        ("PUT", "/v1/brands/{brand_id}", 201),
        ("GET", "no route", 404),
    ]
    assert requests[0]["request_id"] == answer.headers["X-Request-Id"]
    assert all(line["ms"] >= 0 for line in requests)
    assert "secretive" not in str(lines)
    assert door.key not in str(lines)


async def test_a_caller_who_left_is_logged_as_such(failing: Door) -> None:
    arrived, left = failing.client.server.app[KEPT]  # type: ignore[union-attr] # it has one
    with capture_logs() as lines:
        asking = asyncio.create_task(failing.get("/v1/wait"))
        await arrived.wait()
        asking.cancel()
        await left.wait()
    assert [(line["route"], line["status"]) for line in lines] == [("/v1/wait", 499)]
    assert asking.cancelled()


async def test_head_answers_like_get_without_the_body(door: Door) -> None:
    got, head = await door.get("/v1/brands"), await door.ask("HEAD", "/v1/brands")
    assert (head.status, head.headers["Content-Length"], await head.read()) == (200, got.headers["Content-Length"], b"")
    assert (await door.ask("HEAD", "/v1/brands", key=None)).status == 401


@pytest.mark.parametrize(
    "line",
    [b"GET /v1/brands/\xff HTTP/1.1", b"GET /v1/mentions?\xff=1 HTTP/1.1", b"GET /v1/mentions?author=\xed\xa0\x80 HTTP/1.1",
     b"GET /v1/brands HTTP/1.1\r\nExpect: nothing", b"BREW / HTTP/1.1", b"GET http://[ HTTP/1.1", b"\x16\x03\x01"],
)  # fmt: skip
async def test_bytes_that_are_no_text_are_the_callers_fault(door: Door, line: bytes) -> None:
    reader, writer = await asyncio.open_connection(door.client.host, door.client.port)
    key = f"Authorization: Bearer {door.key}".encode()
    writer.write(line + b"\r\nHost: here\r\nConnection: close\r\n" + key + b"\r\n\r\n")
    first = await reader.readline()
    assert first.split()[1][:1] == b"4"
    writer.close()
