"""What an answer over HTTP means: its JSON, or one of our errors; connectors come in."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import requests

from social_crm.domain.errors import CredentialsRejected, Invalid, NotFound, PlatformUnavailable, RateLimited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST_WAIT = timedelta(days=2)
_LEAST_SECRET = 8
_VALUES = re.compile(r'[^"&=\s]+')
_SAID = 200  # characters of a platform's own words that we repeat


class HttpAnswer(Protocol):
    """What we read of an answer, whichever library brought it."""

    @property
    def status_code(self) -> int:
        """The status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by names of any case."""
        ...

    @property
    def request(self) -> Any:
        """What was asked, with its headers."""
        ...

    @property
    def content(self) -> bytes:
        """The body."""
        ...

    @property
    def text(self) -> str:
        """The body as text."""
        ...


@contextmanager
def translated(title: str) -> Iterator[None]:
    """What goes wrong on the way to a platform becomes PlatformUnavailable."""
    try:
        yield
    except requests.Timeout as error:
        raise PlatformUnavailable(f"{title} does not answer in time: try again later") from error
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        raise Invalid(f"{title} cannot be asked at this address: check the source's options") from error
    except (requests.RequestException, OSError, ValueError) as error:  # a redirect to nonsense is a ValueError
        away = PlatformUnavailable(f"{title} cannot be reached ({type(error).__name__}): try again later")
        away.refused = "NewConnectionError" in repr(error)  # nobody was there who could have done anything
        raise away from error


def check(answer: HttpAnswer, title: str, now: datetime) -> None:
    """Raise what an answer that is not a success means.

    401 and 403 CredentialsRejected, 404 and 410 NotFound, 429 RateLimited, 5xx PlatformUnavailable, the rest Invalid.
    """
    status = answer.status_code
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise RateLimited(f"{title} asks us to wait", retry_after(answer.headers, now))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        away = PlatformUnavailable(f"{title} is out of order ({status})", retry_after(answer.headers, now))
        away.refused = True
        raise away
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise CredentialsRejected(f"{title} rejects the credentials ({status}): {said(answer)}")
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise NotFound(f"{title} has no such thing ({status}): check the query")
    raise Invalid(f"{title} does not accept the request ({status}): {said(answer)}")


def json_of(answer: HttpAnswer, title: str) -> Any:
    """The JSON of an answer. Raises PlatformUnavailable when it is none: platforms in trouble send HTML, or half of it."""
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError as error:
        raise PlatformUnavailable(f"{title} sends something that is not JSON: try again later") from error


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The time that the header Retry-After names, as seconds or as a date; None without one that makes sense."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return now + min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment - (server_time(headers) or now), timedelta(0)), _LONGEST_WAIT) + now


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """What time it is for the platform, by its header Date."""
    try:
        moment = parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def said(answer: HttpAnswer) -> str:
    """The platform's own words, short, on one line and fit to be shown; HTML is not worth repeating.

    What we sent to prove who we are is cut out: some platforms repeat it.
    """
    text = "".join(letter if letter.isprintable() else " " for letter in answer.text[: 50 * _SAID])
    for proof in _proofs(answer.request):
        text = text.replace(proof, "...")
    text = " ".join(text.split())
    return "no reason given" if not text or text.startswith("<") else text[:_SAID]


def _proofs(asked: Any) -> list[str]:
    """What a request may have proved itself with: the last word of each header, and each text in its body."""
    headers = [_text(value).rpartition(" ")[2] for value in asked.headers.values()]
    body = _text(getattr(asked, "body", None) or getattr(asked, "content", None) or b"")
    found = [*headers, *_VALUES.findall(body[: 50 * _SAID])]
    return [proof for proof in found if len(proof) >= _LEAST_SECRET]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
