"""A session with Reddit through praw: signed in, one request a question, never asleep; our client comes in.

praw's own core repeats what fails and sleeps by the headers. Both happen behind its requestor, the one part that it lets
others replace: ours raises our errors itself, so that nothing is left to repeat, and keeps the headers to itself.
"""

from __future__ import annotations

from configparser import ConfigParser
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import praw
from praw.config import Config
from prawcore import BadJSON, OAuthException, PrawcoreException, RequestException, Requestor

from connectors.reddit.answers import written
from connectors.reddit.refusals import (
    TITLE,
    TokenExpired,
    is_signing_in,
    number,
    refuse,
    refuse_to_sign_in,
    waiting_until,
)
from connectors.transport.answers import translated
from connectors.transport.guard import open_session
from social_crm.domain.errors import CredentialsRejected, Invalid, PlatformUnavailable, SocialCrmError
from social_crm.domain.platform import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from connectors.transport.opening import Opening

_AGENT = "python:social-crm:0.1 (listens for brands; see its operator)"
_LIMITS = ("x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-used")


@dataclass(frozen=True, slots=True)
class Reply:
    """What Reddit answered: its JSON as Python values, and as text."""

    value: Any
    text: bytes


class OneRequest(Requestor):
    """Makes each request once and in its turn, follows nowhere, tells the pace what Reddit says, and raises our errors.

    `told` is shown each answer to a question. Raises what `refuse` and `refuse_to_sign_in` raise.
    """

    def __init__(self, *, opening: Opening, told: Callable[[requests.Response], None], **given: Any) -> None:
        super().__init__(**given)
        self._opening, self._told = opening, told

    def request(self, *args: Any, timeout: float | None = None, **kwargs: Any) -> requests.Response:
        """Make one request."""
        with self._opening.pace.turn():
            answer = self._sent(args, timeout, kwargs)
            signing_in = is_signing_in(answer)
            if not signing_in:
                self._tell(answer)
        if answer.status_code == 429 and (until := waiting_until(answer.headers, self._opening.clock())):
            self._opening.pace.exhausted(until)
        refuse(answer, self._opening.clock())
        for name in _LIMITS:
            answer.headers.pop(name, None)
        if signing_in:
            refuse_to_sign_in(answer)
        else:
            self._told(answer)
        return answer

    def _sent(self, args: Any, timeout: float | None, kwargs: dict[str, Any]) -> requests.Response:
        try:
            return super().request(*args, timeout=timeout, **{**kwargs, "allow_redirects": False})
        except RequestException as error:
            went_wrong = error.original_exception
        if isinstance(went_wrong, SocialCrmError):
            raise went_wrong
        with translated(TITLE):
            raise went_wrong

    def _tell(self, answer: requests.Response) -> None:
        left = number(answer.headers.get("x-ratelimit-remaining"))
        resets_in = number(answer.headers.get("x-ratelimit-reset"))
        if left is not None and resets_in is not None:
            self._opening.pace.told(int(left), timedelta(seconds=resets_in))


class Session:
    """Questions to Reddit, by an application or, with username and password, by an account. Used by one thread."""

    def __init__(self, opening: Opening) -> None:
        """Raises Invalid when the credentials are not whole."""
        self._opening = opening
        self._requests = open_session(PLATFORMS["reddit"].hosts, opening.base_url, opening.timeout)
        self._text = b""
        self._reddit = self._signed_out()

    @property
    def account(self) -> str:
        """The name of the account that asks, "" when it is the application itself."""
        return self._opening.credentials.get("username", "")

    def ask(self, path: str, asked: Mapping[str, Any]) -> Reply:
        """Ask once; with a token that ran out, sign in anew and ask once more. Raises the errors of `refuse`."""
        try:
            return self._asked(path, asked)
        except TokenExpired:
            self._reddit = self._signed_out()
        try:
            return self._asked(path, asked)
        except TokenExpired as error:
            raise CredentialsRejected(error.message) from error

    def close(self) -> None:
        """Let go of connections."""
        self._requests.close()

    def _asked(self, path: str, asked: Mapping[str, Any]) -> Reply:
        """Ask through praw, which adds raw_json=1 to every question and signs in before the first."""
        try:
            value = self._reddit.request(method="GET", path=path, params=dict(asked))
        except OAuthException as error:
            raise CredentialsRejected(f"{TITLE} does not sign us in: check the credentials") from error
        except (BadJSON, RecursionError) as error:
            raise PlatformUnavailable(f"{TITLE} sends something that is not JSON: try again later") from error
        except PrawcoreException as error:
            raise PlatformUnavailable(f"{TITLE} answers oddly ({type(error).__name__}): try again later") from error
        return Reply(value, _writable(value, self._text))

    def _keep(self, answer: requests.Response) -> None:
        self._text = answer.content

    def _signed_out(self) -> praw.Reddit:
        """Every setting is given, so that none comes from a praw.ini or from the environment."""
        _read_no_file()
        given = {name: self._opening.credentials.get(name) or None for name in (*_NEEDED, *_OPTIONAL)}
        if not all(given[name] for name in _NEEDED):
            raise Invalid(f"{TITLE} needs the credentials client_id and client_secret: both of a `script` application")
        if bool(given["username"]) != bool(given["password"]):
            raise Invalid(f"{TITLE} needs username and password together, or neither")
        return praw.Reddit(
            "DEFAULT",
            requestor_class=OneRequest,
            requestor_kwargs={"session": self._requests, "opening": self._opening, "told": self._keep},
            user_agent=_AGENT,
            reddit_url=self._opening.base_url or "https://www.reddit.com",
            oauth_url=self._opening.base_url or "https://oauth.reddit.com",
            redirect_uri=None,
            refresh_token=None,
            check_for_updates=False,
            check_for_async=False,
            ratelimit_seconds=0,
            **given,
        )


_NEEDED, _OPTIONAL = PLATFORMS["reddit"].credentials, PLATFORMS["reddit"].optional


def _read_no_file() -> None:
    """Give praw the settings of its own package as all there is: else it reads a praw.ini from the working directory."""
    with Config.LOCK:
        if Config.CONFIG is None:
            settings = ConfigParser(interpolation=None)
            settings.read_string(files(praw).joinpath("praw.ini").read_text())
            Config.CONFIG = settings


def _writable(value: Any, text: bytes) -> bytes:
    """The text of an answer; where it may hold half of a surrogate pair, it is written anew."""
    return written(value) if b"\\ud" in text or b"\\uD" in text else text
