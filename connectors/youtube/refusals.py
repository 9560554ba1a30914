"""What YouTube's refusals mean: the quota of a day, a key that is no good, comments that are off; the client comes in."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson

from connectors.transport.answers import check, retry_after
from connectors.transport.pace import MARGIN
from social_crm.domain.clock import ONE_DAY, day_start, zone
from social_crm.domain.errors import CredentialsRejected, Invalid, NotFound, PlatformUnavailable, RateLimited

if TYPE_CHECKING:
    import requests

TITLE = "YouTube"
_QUOTA_ZONE = "America/Los_Angeles"  # where a day of quota begins at midnight
_SHORTLY = timedelta(minutes=1)
_SAID = 200  # characters of YouTube's own words that we repeat

_DAY_USED = frozenset({"quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"})
_TOO_FAST = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})
_BAD_KEY = frozenset({"API_KEY_INVALID", "keyInvalid", "keyExpired", "API_KEY_EXPIRED", "accessNotConfigured"})
_ABSENT = frozenset(
    {"videoNotFound", "channelNotFound", "commentThreadNotFound", "commentNotFound", "parentCommentNotFound"}
)
_STALE_TOKEN = frozenset({"invalidPageToken", "processingFailure"})


class PageTokenLost(PlatformUnavailable):
    """YouTube no longer knows the page token: what it belongs to can be read from the top."""


class Withheld(Invalid):
    """YouTube has it and does not show it: comments are turned off, or only some may see them."""


def quota_day_ends(now: datetime) -> datetime:
    """The midnight in California that ends the quota's day."""
    local = now.astimezone(zone(_QUOTA_ZONE)).date()
    return day_start(local + ONE_DAY, _QUOTA_ZONE)


def refuse(answer: requests.Response, key: str, now: datetime) -> None:
    """Raise what an answer that is not a success means; the key stays out of the message, also where YouTube repeats it.

    Raises RateLimited, CredentialsRejected, PlatformUnavailable, NotFound or Invalid.
    """
    status = answer.status_code
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return
    reasons, words = _reasons(answer)
    said = words.replace(key, "***")[:_SAID]
    _limits(answer, reasons, now)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        check(answer, TITLE, now)
    names = {name for _, name in reasons}
    if names & _STALE_TOKEN and "pageToken" in (answer.request.url or ""):
        raise PageTokenLost(f"{TITLE} no longer knows the page token: try again later")
    if "processingFailure" in names:
        raise PlatformUnavailable(f"{TITLE} could not process the request: try again later")
    gone = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
    if status < HTTPStatus.BAD_REQUEST or (status in gone and not reasons):
        raise PlatformUnavailable(f"{TITLE} does not answer itself ({status}), something in between does: try again later")
    if names & _ABSENT:
        raise NotFound(f"{TITLE} has no such video, channel or comment ({min(names & _ABSENT)}): check the query")
    if "commentsDisabled" in names:
        raise Withheld(f"{TITLE}: comments are turned off there: choose another video or channel")
    if any(name == "forbidden" and domain.startswith("youtube.") for domain, name in reasons):
        raise Withheld(f"{TITLE} shows these comments to some only: {said}")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} or names & _BAD_KEY:
        raise CredentialsRejected(f"{TITLE} rejects the API key ({status}): {said}")
    raise Invalid(f"{TITLE} does not accept the request ({status}): {said}")


def _limits(answer: requests.Response, reasons: list[tuple[str, str]], now: datetime) -> None:
    names = {name for _, name in reasons}
    if names & _DAY_USED:
        raise RateLimited(
            f"{TITLE}'s quota of the day is used up: it begins anew at midnight in California", quota_day_ends(now) + MARGIN
        )
    if names & _TOO_FAST or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise RateLimited(f"{TITLE} asks us to be slower", retry_after(answer.headers, now) or now + _SHORTLY)


def _reasons(answer: requests.Response) -> tuple[list[tuple[str, str]], str]:
    """Why, as (domain, reason) pairs, and in words; nothing where the answer is none of YouTube's."""
    try:
        error: Any = orjson.loads(answer.content)["error"]
        told = [*(error.get("errors") or ()), *(error.get("details") or ())]
        pairs = [(str(one.get("domain")), str(one["reason"])) for one in told if isinstance(one, dict) and "reason" in one]
        return pairs, " ".join(str(error.get("message") or "no reason given").split())
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return [], "no reason given"
