"""The requests that we make of X, through tweepy and past the guard, and what refusals mean; this room's client comes in.

tweepy writes each request with its bearer token into its log at DEBUG, so nothing below INFO leaves that log. Our session
takes the place of tweepy's own, and reads an answer before tweepy does: a refusal becomes one of our errors there.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
import tweepy

from connectors.transport.answers import check, json_of, said, translated
from connectors.transport.guard import open_session
from connectors.x.limits import note, pace_of, refused_until
from social_crm.domain.errors import CredentialsRejected, Invalid, PlatformUnavailable, RateLimited
from social_crm.domain.platform import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from connectors.transport.opening import Opening
    from connectors.transport.pace import Pace

TITLE = "X"
# What the parser reads. Users whom a post names come with their ids in it, so that only authors are asked for.
_ASKED = {
    "tweet_fields": [
        "author_id",
        "conversation_id",
        "created_at",
        "edit_history_tweet_ids",
        "entities",
        "in_reply_to_user_id",
        "lang",
        "note_tweet",
        "public_metrics",
        "referenced_tweets",
    ],
    "expansions": ["author_id", "referenced_tweets.id", "edit_history_tweet_ids"],
    "user_fields": ["created_at", "name", "public_metrics", "username"],
}
_SEARCH, _MENTIONS, _LOOKUP = "search", "mentions", "lookup"


class TokenRefused(Invalid):
    """X does not accept a parameter: of a request with a page token, that is the token as a rule."""


class _NoSecrets(logging.Filter):
    """Lets nothing through that is meant for those who debug tweepy."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record may be written."""
        return record.levelno >= logging.INFO


_NO_SECRETS = _NoSecrets()


class Calls:
    """One account's requests. Raises RateLimited, PlatformUnavailable, CredentialsRejected, NotFound or Invalid."""

    def __init__(self, opening: Opening) -> None:
        logging.getLogger(tweepy.client.__name__).addFilter(_NO_SECRETS)
        self._opening = opening
        self._pace: Pace = opening.pace
        token = opening.credentials.get("bearer_token", "").strip()
        self._client = tweepy.Client(token, return_type=requests.Response, wait_on_rate_limit=False)
        self._client.session.close()
        self._client.session = open_session(PLATFORMS["x"].hosts, opening.base_url, opening.timeout, self._heard)

    def search(self, query: str, size: int, token: str = "", since: datetime | None = None) -> requests.Response:
        """A page of recent search."""
        asked = {"max_results": size, "next_token": token or None, "start_time": since, **_ASKED}
        return self._made(_SEARCH, lambda: self._client.search_recent_tweets(query, **asked))

    def mentions(self, user: str, size: int, token: str = "", since: datetime | None = None) -> requests.Response:
        """A page of the posts that mention an account."""
        asked = {"max_results": size, "pagination_token": token or None, "start_time": since, **_ASKED}
        return self._made(_MENTIONS, lambda: self._client.get_users_mentions(user, **asked))

    def look_up(self, ids: Sequence[str]) -> requests.Response:
        """Posts by their ids, a hundred at most."""
        return self._made(_LOOKUP, lambda: self._client.get_tweets(list(ids), **_ASKED))

    def close(self) -> None:
        """Let go of connections."""
        self._client.session.close()

    def _made(self, kind: str, call: Callable[[], Any]) -> requests.Response:
        token = self._client.bearer_token
        if not token or not token.isascii() or not token.isprintable():
            raise CredentialsRejected(f"{TITLE} needs a bearer_token: letters, digits and signs on one line")
        self._pace = pace_of(self._opening.pace, kind)
        with self._pace.turn(), translated(TITLE):
            answer: requests.Response = call()
        json_of(answer, TITLE)
        return answer

    def _heard(self, answer: requests.Response) -> None:
        """Read an answer's limits, and raise what a refusal means."""
        now, status = self._opening.clock(), answer.status_code
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            self._refused(refused_until(answer.headers, now))
        note(self._pace, answer.headers, now)
        if answer.is_redirect:
            raise PlatformUnavailable(
                f"{TITLE} sends us elsewhere ({status}), where credentials must not go: check base_url"
            )
        if status == HTTPStatus.BAD_REQUEST:
            raise TokenRefused(f"{TITLE} does not accept the request ({status}): {said(answer)}")
        if status == HTTPStatus.PAYMENT_REQUIRED:
            raise CredentialsRejected(
                f"{TITLE} has no credits left for this account: buy some, then start the source again"
            )
        check(answer, TITLE, now)

    def _refused(self, until: datetime | None) -> None:
        if until is not None:
            self._pace.exhausted(until)
        raise RateLimited(f"{TITLE} asks us to wait", until)
