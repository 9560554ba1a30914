"""What Reddit means by an answer that is no success, in our errors; our session comes in."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from prawcore.const import ACCESS_TOKEN_PATH

from connectors.transport.answers import check, retry_after, said
from social_crm.domain.errors import CredentialsRejected, Invalid, NotFound, PlatformUnavailable, RateLimited

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import requests

TITLE = "Reddit"
_TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
_PLACE = re.compile(r"/(?:(r/[^/]+)|comments)/")
_SUBREDDIT = re.compile(r"/r/[^/]+/")
_LONGEST = 48 * 3600.0
_NO_SUBREDDIT = "/subreddits/search"  # where Reddit leads who asks for one that does not exist
_WHAT_TO_DO = {
    "private": "let the account of this source join it, or choose another query",
    "banned": "Reddit has closed it: choose another query",
    "quarantined": "opt in to it with the account of this source, or choose another query",
    "gold_only": "let the account of this source in, or choose another query",
}


class TokenExpired(CredentialsRejected):
    """Reddit no longer takes the token: signing in once more may help."""


def is_signing_in(answer: requests.Response) -> bool:
    """Whether an answer is one to our signing in."""
    return answer.url.partition("?")[0].endswith(ACCESS_TOKEN_PATH)


def refuse(answer: requests.Response, now: datetime) -> None:
    """Raise what an answer that is no success means.

    TokenExpired for a 401 and CredentialsRejected where signing in fails or the access is too small; Invalid where Reddit
    keeps one subreddit closed; NotFound, RateLimited (with the time that the headers name) and PlatformUnavailable.
    """
    status = answer.status_code
    if status in _TAKEN:
        return
    if status < HTTPStatus.MULTIPLE_CHOICES:
        raise PlatformUnavailable(f"{TITLE} sends an answer without content ({status}): try again later")
    if status < HTTPStatus.BAD_REQUEST:
        _led_elsewhere(answer)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise RateLimited(f"{TITLE} asks us to wait", waiting_until(answer.headers, now))
    if status == HTTPStatus.REQUEST_TIMEOUT:
        raise PlatformUnavailable(f"{TITLE} lost patience ({status}): try again later")
    if status < HTTPStatus.INTERNAL_SERVER_ERROR and is_signing_in(answer):
        raise CredentialsRejected(f"{TITLE} does not sign us in ({status}): check client_id, client_secret and password")
    if status == HTTPStatus.UNAUTHORIZED:
        raise TokenExpired(f"{TITLE} rejects a fresh token ({status}): check that the application still exists")
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} and not _said(answer):
        raise PlatformUnavailable(f"{TITLE} is hidden behind a page of somebody else ({status}): try again later")
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        _closed(answer)
    check(answer, TITLE, now)


def refuse_to_sign_in(answer: requests.Response) -> None:
    """Raise CredentialsRejected or PlatformUnavailable for an answer to signing in that holds no token: it may be a 200."""
    try:
        found: Any = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, dict) and "error" in found:
        raise CredentialsRejected(f"{TITLE} does not sign us in ({str(found['error'])[:40]}): check username and password")
    expected = {"access_token": str, "expires_in": int, "scope": str}
    if not isinstance(found, dict) or any(not isinstance(found.get(name), kind) for name, kind in expected.items()):
        raise PlatformUnavailable(f"{TITLE} sends something that is no token: try again later")


def waiting_until(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Until when Reddit wants us to wait: by Retry-After, else by the end of its window; None when it does not say."""
    if (until := retry_after(headers, now)) is not None:
        return until
    seconds = number(headers.get("x-ratelimit-reset"))
    return None if seconds is None else now + timedelta(seconds=seconds)


def number(text: str | None) -> float | None:
    """A header's number, from 0 to the seconds of two days; None where it has none. Requests left are told as 598.0."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return min(max(value, 0.0), _LONGEST) if math.isfinite(value) else None


def _led_elsewhere(answer: requests.Response) -> None:
    """Only the way to the search for subreddits says something: that there is none of that name."""
    to, status = urlsplit(answer.headers.get("Location", "")).path, answer.status_code
    if to.startswith(_NO_SUBREDDIT) and _SUBREDDIT.search(answer.url):
        raise NotFound(f"{TITLE}: there is no such subreddit ({status}): check the query")
    raise PlatformUnavailable(f"{TITLE} leads elsewhere ({status}): try again later")


def _closed(answer: requests.Response) -> None:
    """One subreddit or thread keeps us out, which says nothing of our credentials; or the access itself is too small."""
    if "insufficient_scope" in answer.headers.get("www-authenticate", ""):
        raise CredentialsRejected(f"{TITLE} gives this application too little access: let it read")
    if answer.status_code == HTTPStatus.FORBIDDEN and said(answer) == "no reason given":
        raise PlatformUnavailable(f"{TITLE} blocks requests from here for now (403): try again later")
    reason = _reason(answer)
    place = _PLACE.search(answer.url)
    if reason in _WHAT_TO_DO or (place is not None and answer.status_code == HTTPStatus.FORBIDDEN):
        name = (place and place[1]) or "this place"
        advice = _WHAT_TO_DO.get(reason, "choose another query, or use an account that may read it")
        raise Invalid(f"{TITLE}: {name} is {reason or 'closed to us'}: {advice}")


def _reason(answer: requests.Response) -> str:
    reason = _said(answer).get("reason")
    return reason[:40] if isinstance(reason, str) else ""


def _said(answer: requests.Response) -> Mapping[str, Any]:
    """Reddit's own refusal, which is JSON with words; nothing where it is somebody else's."""
    try:
        found = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) and ("error" in found or "message" in found) else {}
