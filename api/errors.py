"""Errors as callers see them: problem documents (RFC 9457) with a stable type and code; the application comes in."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING

import orjson
import structlog
from aiohttp import hdrs, web

from api.bridge import BRIDGE
from api.log import request_id, route
from social_crm.domain import errors as ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.log import Handler
    from api.wire import Problem

MEDIA = "application/problem+json"
_MOST_ISSUES = 50
_RETRY_AFTER = 2  # seconds, where the error does not know better

log = structlog.get_logger("api")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A kind of error: its stable code, its status, and one sentence for whoever meets it."""

    code: str
    status: int
    says: str

    @property
    def type(self) -> str:
        """Where it is explained: a place on the documentation page."""
        return f"/docs#error-{self.code}"


# What the door itself says no to, before any service is asked.
_DOOR = (
    Trouble("malformed", 400, "The request is not well formed."),
    Trouble("no-such-route", 404, "There is nothing at this path: /docs lists what there is."),
    Trouble("method-not-allowed", 405, "This path does not answer to this method: see the Allow header."),
    Trouble("body-too-slow", 408, "The body did not arrive in time."),
    Trouble("body-too-large", 413, "The body is larger than 64 kB."),
    Trouble("wrong-content-type", 415, "The body must be application/json."),
    Trouble("expectation-failed", 417, "The only expectation that is met is 100-continue."),
    Trouble("internal", 500, "Something went wrong on our side; it is logged under the request id."),
)
_BY_STATUS = {trouble.status: trouble for trouble in _DOOR}


def _tree(root: type[ours.SocialCrmError]) -> Iterator[Trouble]:
    for kind in root.__subclasses__():
        yield Trouble(kind.code, kind.status, (kind.__doc__ or "").strip().splitlines()[0])
        yield from _tree(kind)


# Every code that an answer can carry, by status.
TROUBLES = tuple(sorted((*_DOOR, *_tree(ours.SocialCrmError)), key=lambda trouble: (trouble.status, trouble.code)))
_BY_CODE = {trouble.code: trouble for trouble in TROUBLES}


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a problem document."""
    try:
        return await handler(request)
    except ours.SocialCrmError as error:
        return _known(request, error)
    except web.HTTPException as error:
        trouble = _BY_STATUS.get(error.status, _BY_STATUS[500])
        plain = f"{error.status}: {error.reason}"  # what aiohttp says when nobody said anything better
        detail = error.text if error.text and error.text != plain else trouble.says
        allow: dict[str, str] = {hdrs.ALLOW: error.headers[hdrs.ALLOW]} if hdrs.ALLOW in error.headers else {}
        return _answer(request, trouble, detail, (), allow)
    except Exception as error:  # noqa: BLE001 - the last stand before the caller: what is unknown is logged and becomes a 500
        return _unknown(request, error)


def _known(request: web.Request, error: ours.SocialCrmError) -> web.Response:
    trouble = _BY_CODE.get(error.code)
    if trouble is None:  # somebody raised the root of the tree
        return _unknown(request, error)
    issues = error.issues if isinstance(error, ours.Invalid) else ()
    return _answer(request, trouble, _detail(request, error), issues, _headers(request, error))


def _detail(request: web.Request, error: ours.SocialCrmError) -> str:
    if not isinstance(error, ours.StoreUnavailable):
        return error.message
    log.warning("store unavailable", reason=error.message, request_id=request_id(request))
    return "the database does not answer: try again in a moment"  # where it lives is no business of the caller


def _headers(request: web.Request, error: ours.SocialCrmError) -> dict[str, str]:
    if isinstance(error, ours.Transient):
        now = request.app[BRIDGE].clock()
        seconds = _RETRY_AFTER if error.retry_at is None else ceil((error.retry_at - now).total_seconds())
        return {hdrs.RETRY_AFTER: str(max(1, seconds))}
    if isinstance(error, ours.Unauthenticated):
        wrong = ', error="invalid_token"' if hdrs.AUTHORIZATION in request.headers else ""
        return {hdrs.WWW_AUTHENTICATE: f'Bearer realm="social-crm"{wrong}'}
    if isinstance(error, ours.Forbidden):
        return {hdrs.WWW_AUTHENTICATE: 'Bearer realm="social-crm", error="insufficient_scope"'}
    return {}


def _answer(
    request: web.Request,
    trouble: Trouble,
    detail: str,
    issues: tuple[tuple[str, str], ...] = (),
    headers: dict[str, str] | None = None,
) -> web.Response:
    body: Problem = {
        "type": trouble.type,
        "title": HTTPStatus(trouble.status).phrase,
        "status": trouble.status,
        "code": trouble.code,
        "detail": _clean(detail),
        "request_id": request_id(request),
    }
    if issues:
        body["errors"] = [{"loc": _clean(loc)[:200], "msg": _clean(message)} for loc, message in issues[:_MOST_ISSUES]]
    return web.Response(body=orjson.dumps(body), status=trouble.status, content_type=MEDIA, headers=headers)


def _clean(text: str) -> str:
    # A path or a parameter name may come in bytes that are no text at all; the answer must be text.
    return text.encode("utf-8", "replace").decode()


def _unknown(request: web.Request, error: Exception) -> web.Response:
    # Neither the message nor the values are logged: they may hold what someone wrote, or a key.
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    kind = type(error).__name__
    log.error("request failed", error=kind, where=where, route=route(request), request_id=request_id(request))
    return _answer(request, _BY_STATUS[500], _BY_STATUS[500].says)
