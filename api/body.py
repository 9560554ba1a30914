"""Reading a request's body: JSON, small, shallow and clean, or a 4xx; the operations come in."""

from __future__ import annotations

import asyncio

import orjson
from aiohttp import hdrs, web

MOST_BYTES = 64 * 1024
MOST_LEVELS = 32
SECONDS = 10.0  # for the body to arrive
_SMALLEST, _BEYOND = -(2**63), 2**63


async def read_json(request: web.Request) -> object:
    """The body as plain values.

    Raises HTTPUnsupportedMediaType, HTTPRequestEntityTooLarge, HTTPRequestTimeout, and HTTPBadRequest for what is not JSON
    that every reader reads alike (RFC 7493).
    """
    coding = request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower()
    charset = (request.charset or "utf-8").lower()
    if request.content_type != "application/json" or charset not in ("utf-8", "utf8") or coding != "identity":
        raise web.HTTPUnsupportedMediaType(
            text="send the body as `Content-Type: application/json`, in UTF-8, not compressed"
        )
    try:
        async with asyncio.timeout(SECONDS):
            raw = await request.read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text=f"the body did not arrive within {SECONDS:.0f} seconds") from error
    except web.RequestPayloadError as error:
        raise web.HTTPBadRequest(text="the body broke off or is not framed as HTTP says") from error
    return decode(raw)


def decode(raw: bytes) -> object:
    """JSON bytes as plain values.

    Raises HTTPBadRequest for text that is malformed, too deep, not UTF-8, or holds NaN, a lone surrogate or a number beyond
    64 bits.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise web.HTTPBadRequest(text=f"the body is not JSON: {error}") from error
    level = [value]
    for _ in range(MOST_LEVELS):
        if any(_too_large(item) for item in level):
            raise web.HTTPBadRequest(text="the body holds a number beyond 64 bits")
        level = [inner for item in level for inner in _inside(item)]
        if not level:
            return value
    raise web.HTTPBadRequest(text=f"the body is nested deeper than {MOST_LEVELS} levels")


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_large(value: object) -> bool:
    # Integers beyond 64 bits arrive as floats: no field of ours needs a float of that size.
    return isinstance(value, int | float) and not _SMALLEST <= value < _BEYOND
