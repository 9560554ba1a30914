"""One structured line a request, and the headers that every answer carries; the application comes in."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import structlog
from aiohttp import hdrs, web

from social_crm.domain.identifier import new_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID = "X-Request-Id"
NO_ROUTE = "no route"
_CLIENT_LEFT = 499  # what proxies write when the caller did not wait for the answer

_ID = web.RequestKey("request_id", str)
_OURS = re.compile(r"[A-Za-z0-9._-]{8,64}")

log = structlog.get_logger("api")


def request_id(request: web.Request) -> str:
    """The id of a request: the caller's own where it is a plain word, else a new one; the same at every call."""
    if _ID not in request:
        given = request.headers.get(REQUEST_ID, "")
        request[_ID] = given if _OURS.fullmatch(given) else new_id("req")
    return request[_ID]


def route(request: web.Request) -> str:
    """The template of the route, such as /v1/brands/{brand_id}: never what the caller put into it."""
    resource = request.match_info.route.resource
    return NO_ROUTE if resource is None else resource.canonical


@web.middleware
async def log_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write method, route, status, milliseconds and request id: never a value, a key or a text."""
    started, status = time.perf_counter(), _CLIENT_LEFT
    with structlog.contextvars.bound_contextvars(request_id=request_id(request)):
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            log.info(
                "request",
                method=request.method,
                route=route(request),
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
                request_id=request_id(request),
            )


async def mark(request: web.Request, response: web.StreamResponse) -> None:
    """Put the request id and the rules for caches and browsers on an answer, whoever made it."""
    response.headers[REQUEST_ID] = request_id(request)
    response.headers[hdrs.CACHE_CONTROL] = "no-store" if request.path.startswith("/v1") else "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    response.headers[hdrs.SERVER] = "social-crm"  # not the versions of what we are made of
