"""A session with Bluesky through its own library, and its errors in our words; the client of this room comes in."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
import orjson
from atproto_client import Client, models
from atproto_client.request import Request
from atproto_core.exceptions import AtProtocolError

from connectors.bluesky.guard import GuardedTransport, check_place
from connectors.transport.answers import check, server_time
from connectors.transport.guard import USER_AGENT
from connectors.transport.pace import MARGIN, Pace
from social_crm.domain.errors import CredentialsRejected, Invalid, NotFound, PlatformUnavailable, RateLimited
from social_crm.domain.platform import PLATFORMS, host_of, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from connectors.transport.opening import Opening
    from social_crm.ports import Clock

TITLE = "Bluesky"
_XRPC = "/xrpc/"
_SIGNING_IN = "com.atproto.server."  # these calls have a ration of their own, and say so in the same headers
_STALE = frozenset({"ExpiredToken", "InvalidToken"})
_MOST_REDIRECTS = 3
_LONGEST_WAIT = timedelta(days=2)
_PARAMS = {
    "app.bsky.feed.searchPosts": models.AppBskyFeedSearchPosts.Params,
    "app.bsky.feed.getPosts": models.AppBskyFeedGetPosts.Params,
    "app.bsky.feed.getPostThread": models.AppBskyFeedGetPostThread.Params,
}


@dataclass(slots=True)
class SharedPace(Pace):
    """What sources of one account share: how fast they may ask, and the session, as signing in is rationed by the day."""

    session: str = field(default="", repr=False)


class _Client(Client):  # type: ignore[misc] # the library has no types
    """The library's client by our clock, and at the servers of the platform alone."""

    def __init__(self, place: str, request: Request, clock: Clock, hosts: tuple[str, ...], base_url: str) -> None:
        super().__init__(base_url=place, request=request)
        self._now, self._hosts, self._named = clock, hosts, base_url

    def get_current_time(self) -> datetime:
        """What time it is: by it the library renews a session that is about to expire."""
        return self._now()

    def update_base_url(self, base_url: str | None = None) -> None:
        """Go to the server where the account lives. Raises CredentialsRejected when that is none of the platform's own."""
        try:
            check_place(base_url or "", self._hosts, self._named)
        except Invalid as error:
            raise CredentialsRejected(
                f"the account lives at {base_url!r:.80}, which is none of {TITLE}'s own servers: listen with one of theirs"
            ) from error
        super().update_base_url(base_url)


class Session:
    """Signs in when something is first asked, renews itself, and gives answers as the bytes that came."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._hosts = PLATFORMS["bluesky"].hosts
        self._place = opening.base_url or f"https://{self._hosts[0]}"
        self._pinned = opening.base_url if is_loopback(host_of(self._place)) else ""
        self._shared = opening.pace if isinstance(opening.pace, SharedPace) else SharedPace(opening.clock)
        self._client: _Client | None = None
        self._exported = ""
        self._last: httpx.Response | None = None

    def ask(self, method: str, **asked: Any) -> bytes:
        """The answer to a query, as it came.

        A session that the platform no longer takes is renewed by signing in again, once. Raises CredentialsRejected,
        RateLimited, PlatformUnavailable, NotFound where the platform says that a post does not exist, Invalid.
        """
        kept = bool(self._shared.session)
        try:
            return self._asked(method, asked)
        except CredentialsRejected:
            if not kept or self._last is None or self._last.status_code == HTTPStatus.FORBIDDEN:
                raise
            if self._shared.session == self._exported:  # else another source has renewed it meanwhile
                self._shared.session = ""
        return self._asked(method, asked)

    def look_up(self, method: str, **asked: Any) -> bytes:
        """As `ask`, about what is stored: NotFound holds the platform's words, and a redirect is PlatformUnavailable."""
        try:
            return self.ask(method, **asked)
        except Invalid as error:
            if self._last is None or self._last.is_redirect:
                raise PlatformUnavailable(f"{TITLE} sends us elsewhere: try again later") from error
            raise

    def close(self) -> None:
        """Let go of connections."""
        if self._client is not None:
            self._client.request.close()
            self._client = None

    def _asked(self, method: str, asked: Mapping[str, Any]) -> bytes:
        with self._translated():
            self._signed_in().invoke_query(method, _PARAMS[method](**asked))
        if self._last is None or not isinstance(_json(self._last), dict):
            raise PlatformUnavailable(f"{TITLE} sends something else than it was asked for: try again later")
        return self._last.content

    def _signed_in(self) -> _Client:
        """The client, with a session. Several sources of one account go on with one session."""
        if self._client is not None and self._shared.session and self._exported == self._shared.session:
            return self._client
        self.close()
        self._client = client = self._new_client()
        client.on_session_change(lambda _event, session: self._keep(session.export()))
        if self._shared.session:
            client.login(session_string=self._shared.session, fetch_bsky_profile=False)
        else:
            given = self._opening.credentials
            handle, password = given.get("handle", "").strip().lstrip("@"), given.get("app_password", "")
            if not handle or not password:
                raise CredentialsRejected(f"{TITLE} needs the credentials handle and app_password")
            client.login(handle, password, fetch_bsky_profile=False)
        return client

    def _new_client(self) -> _Client:
        opening = self._opening
        transport = GuardedTransport(self._hosts, self._pinned, opening.timeout, opening.pace, self._hear)
        request = Request(transport=transport, timeout=opening.timeout, max_redirects=_MOST_REDIRECTS)
        request.add_additional_header("User-Agent", USER_AGENT)
        return _Client(self._place, request, opening.clock, self._hosts, self._pinned)

    def _keep(self, session: str) -> None:
        self._shared.session = self._exported = session

    def _hear(self, answer: httpx.Response) -> None:
        """Note an answer, and what it says of the limit."""
        self._last = answer
        told = self._told(answer)
        if told is None or answer.url.path.startswith(_XRPC + _SIGNING_IN):
            return
        left, resets_in = told
        self._opening.pace.told(left, resets_in)
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            self._opening.pace.exhausted(self._opening.clock() + resets_in + MARGIN)

    def _told(self, answer: httpx.Response) -> tuple[int, timedelta] | None:
        """How many requests an answer says are left, and how long their window still lasts; None where it says nothing."""
        left, reset = (answer.headers.get(f"ratelimit-{name}", "").strip()[:12] for name in ("remaining", "reset"))
        if not (left.isascii() and left.isdecimal() and reset.isascii() and reset.isdecimal()):
            return None
        now = server_time(answer.headers) or self._opening.clock()
        return int(left), min(timedelta(seconds=max(int(reset) - now.timestamp(), 0)), _LONGEST_WAIT)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What goes wrong on the way becomes one of our errors: what the platform answered says most."""
        self._last = None
        try:
            yield
        except (AtProtocolError, httpx.HTTPError, ValueError) as error:
            self._refused(error)
            if isinstance(error.__cause__ or error, httpx.TimeoutException):
                raise PlatformUnavailable(f"{TITLE} does not answer in time: try again later") from error
            if isinstance(error.__cause__ or error, httpx.HTTPError):
                raise PlatformUnavailable(f"{TITLE} cannot be reached: try again later") from error
            raise PlatformUnavailable(f"{TITLE} sends something that cannot be read: try again later") from error

    def _refused(self, error: Exception) -> None:
        """Raise what the last answer means, when it is not a success."""
        answer = self._last
        if answer is None or answer.is_success:
            return
        status, said = answer.status_code, _told(answer, "error")
        if status == HTTPStatus.TOO_MANY_REQUESTS and (told := self._told(answer)) is not None:
            raise RateLimited(f"{TITLE} asks us to wait", self._opening.clock() + told[1] + MARGIN) from error
        if status < HTTPStatus.INTERNAL_SERVER_ERROR and said in _STALE:
            raise CredentialsRejected(f"{TITLE} rejects the session ({status} {said})") from error
        if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND} and said == "NotFound":
            raise NotFound(f"{TITLE} has no such post: {_told(answer, 'message')}") from error
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            raise PlatformUnavailable(f"{TITLE} does not know the call ({status}): try again later") from error
        check(answer, TITLE, self._opening.clock())


def _told(answer: httpx.Response, field: str) -> str:
    """The name (`error`) or the words (`message`) of an error in the protocol's form, "" where there are none."""
    raw = _json(answer)
    told = raw.get(field) if isinstance(raw, dict) else None
    return told if isinstance(told, str) else ""


def _json(answer: httpx.Response) -> Any:
    """The JSON of an answer, None where it is none."""
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None
