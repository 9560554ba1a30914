"""The requests that we make of a forum, and what its refusals mean; the client comes in."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson

from connectors.transport.answers import check, json_of, retry_after, translated
from connectors.transport.guard import open_session
from social_crm.domain.errors import Invalid, NotFound, PlatformUnavailable, RateLimited
from social_crm.domain.platform import PLATFORMS, host_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import requests

    from connectors.transport.opening import Opening

TITLE = "Discourse"
_LONGEST_WAIT = 86_400
_ORDER = "order:latest"
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class Forum:
    """A forum over HTTP: each method is one request and answers its JSON, as bytes that have been looked at.

    Raises the errors of connectors.transport.answers.check; 429 is RateLimited, until when the forum says so. What looks
    single things up - topics and posts - follows no redirect, and believes that one is gone only if the forum itself says
    so in its JSON: anything else is PlatformUnavailable.
    """

    def __init__(self, opening: Opening) -> None:
        place = opening.options.get("instance", "")
        self.host = host_of(place)
        self._opening = opening
        self._place = opening.base_url or place.rstrip("/")
        if "://" not in self._place:
            self._place = f"https://{self._place}"
        hosts = PLATFORMS["discourse"].hosts_of(opening.query, opening.options)
        self._session = open_session(hosts, opening.base_url, opening.timeout)
        self._session.headers["Accept"] = "application/json"
        key, user = opening.credentials.get("api_key", ""), opening.credentials.get("api_username", "")
        if key:
            self._session.headers.update({"Api-Key": key, "Api-Username": user or "system"})

    def latest(self, before: int) -> bytes:
        """All posts, newest first, below a number; 0 for the newest."""
        answer, told = self._get("/posts.json", {"before": str(before)} if before else {})
        if not isinstance(told, dict) or not isinstance(told.get("latest_posts"), list):
            raise PlatformUnavailable(f"{self.host} sends no list of posts: is it a forum of Discourse?")
        return answer

    def search(self, words: str, page: int) -> bytes:
        """A page of a search, from 1 on: of each topic the newest hit, newest first."""
        answer, told = self._get("/search.json", {"q": f"{words} {_ORDER}", "page": str(page)})
        found = told.get("grouped_search_result") if isinstance(told, dict) else None
        if not isinstance(found, dict):
            raise Invalid(f"{self.host} does not search for {words!r:.80}: the words may be too short")
        if found.get("error"):
            raise PlatformUnavailable(f"{self.host} is too busy to search: {str(found['error'])[:200]}")
        return answer

    def topic(self, topic: int) -> bytes:
        """A topic with its first posts and the numbers of all. Raises NotFound when it is gone, moved or not for us."""
        return self._thread(f"/t/{topic}.json", {})

    def posts(self, topic: int, numbers: Sequence[int]) -> bytes:
        """Posts of a topic by number; those that are not there any more are left out."""
        return self._thread(f"/t/{topic}/posts.json", {"post_ids[]": [str(number) for number in numbers]})

    def post(self, number: int) -> bytes:
        """A post by the forum's own number. Raises NotFound when it is gone, CredentialsRejected when it is not for us."""
        answer, told = self._looked_up(f"/posts/{number}.json", {})
        if not isinstance(told, dict) or told.get("id") != number:
            raise PlatformUnavailable(f"{self.host} sends something else than the post it was asked for: try again later")
        return answer

    def post_at(self, topic: int, place: int) -> bytes:
        """A post by its topic and its place there; raises as `post`."""
        answer, told = self._looked_up(f"/posts/by_number/{topic}/{place}.json", {})
        if not isinstance(told, dict) or (told.get("topic_id"), told.get("post_number")) != (topic, place):
            raise PlatformUnavailable(f"{self.host} sends something else than the post it was asked for: try again later")
        return answer

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _thread(self, path: str, asked: Mapping[str, Any]) -> bytes:
        answer, told = self._looked_up(path, asked)
        stream = told.get("post_stream") if isinstance(told, dict) else None
        if not isinstance(stream, dict) or not isinstance(stream.get("posts"), list):
            raise PlatformUnavailable(f"{self.host} sends no topic where one was asked for: try again later")
        return answer

    def _looked_up(self, path: str, asked: Mapping[str, Any]) -> tuple[bytes, Any]:
        answer = self._asked(path, asked, follow=False)
        target = answer.headers.get("Location", "")
        if HTTPStatus.MULTIPLE_CHOICES <= answer.status_code < HTTPStatus.BAD_REQUEST:
            if path.startswith("/t/") and target.startswith("/") and not target.startswith("//"):
                raise NotFound(f"{self.host} has moved that topic")
            raise PlatformUnavailable(f"{self.host} sends us elsewhere, to {target:.300}: try again later")
        if answer.status_code in _GONE and not _says_gone(answer):
            raise PlatformUnavailable(f"{self.host} does not say in its own words what is missing: try again later")
        check(answer, self.host, self._opening.clock())
        return answer.content, json_of(answer, self.host)

    def _get(self, path: str, asked: Mapping[str, Any]) -> tuple[bytes, Any]:
        answer = self._asked(path, asked, follow=True)
        check(answer, self.host, self._opening.clock())
        return answer.content, json_of(answer, self.host)

    def _asked(self, path: str, asked: Mapping[str, Any], *, follow: bool) -> requests.Response:
        with self._opening.pace.turn(), translated(self.host):
            answer = self._session.get(self._place + path, params=asked, allow_redirects=follow)
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            now = self._opening.clock()
            until = retry_after(answer.headers, now) or _waited(answer, now)
            if until is not None:
                self._opening.pace.exhausted(until)
            raise RateLimited(f"{self.host} asks us to wait", until)
        return answer


def _says_gone(answer: requests.Response) -> bool:
    """Whether it is the forum itself that knows no such thing, and not something that stands before it."""
    try:
        told = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return False
    return isinstance(told, dict) and told.get("error_type") == "not_found"


def _waited(answer: requests.Response, now: datetime) -> datetime | None:
    """Until when a refusal tells us to wait in its body, where its headers do not."""
    try:
        seconds = orjson.loads(answer.content)["extras"]["wait_seconds"]
        return now + timedelta(seconds=min(max(float(seconds), 0), _LONGEST_WAIT))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
