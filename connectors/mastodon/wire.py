"""Requests to one Mastodon server through Mastodon.py, its errors and limits put into our words; the client comes in.

Mastodon.py turns times into its own and back, so that its entities are not what the server sent. The answer itself is taken
where the library lets one in: at the session that it is given.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from mastodon import Mastodon
from mastodon.errors import MastodonError, MastodonNetworkError

from connectors.mastodon.fields import MISSHAPEN
from connectors.transport.answers import check, json_of, retry_after, server_time, translated
from connectors.transport.guard import USER_AGENT, open_session
from connectors.transport.pace import MARGIN
from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid, NotFound, PlatformUnavailable, RateLimited, SocialCrmError
from social_crm.domain.platform import PLATFORMS, host_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.transport.opening import Opening

TITLE = "Mastodon"
_LONGEST_WAIT = timedelta(days=1)


class Wire:
    """One server, asked one request at a time. `server` is its host, as ids carry it; `signed_in` is with a token."""

    def __init__(self, opening: Opening) -> None:
        instance = opening.options.get("instance", "")
        self.server, self.signed_in = host_of(instance), bool(opening.credentials.get("access_token"))
        self._opening = opening
        self._answer: requests.Response | None = None
        hosts = PLATFORMS["mastodon"].hosts_of("", opening.options)
        self._session = open_session(hosts, opening.base_url, opening.timeout, self._hear)
        self._library = Mastodon(
            api_base_url=opening.base_url or instance,
            ratelimit_method="throw",
            request_timeout=opening.timeout,
            session=self._session,
            user_agent=USER_AGENT,
            # The newest that the library knows, or each call would begin with asking the server for its version.
            version_check_mode="created",
            mastodon_version=Mastodon.get_supported_version(),
        )
        # Not by argument: the library would take the name of a file for one to read the token from.
        self._library.access_token = opening.credentials.get("access_token")

    def ask(self, call: Callable[[Mastodon], object]) -> tuple[bytes, Any]:
        """Make the one request that a call of the library makes: the answer as it came, and its JSON.

        Raises RateLimited, PlatformUnavailable, CredentialsRejected, NotFound or Invalid.
        """
        self._answer = None
        with self._opening.pace.turn():
            answer = self._call(call)
            until = self._heed(answer)
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS and until is not None:
            raise RateLimited(f"{TITLE} asks us to wait", until)
        check(answer, TITLE, self._opening.clock())
        return answer.content, json_of(answer, TITLE)

    def ask_again(self, call: Callable[[Mastodon], object]) -> tuple[bytes, Any]:
        """Like `ask`, for a second look, where an answer from elsewhere proves nothing: it is PlatformUnavailable."""
        try:
            found = self.ask(call)
        except (Invalid, NotFound) as error:
            if self._led_elsewhere():
                raise PlatformUnavailable(f"{TITLE} leads elsewhere: try again later") from error
            raise
        if self._led_elsewhere():
            raise PlatformUnavailable(f"{TITLE} leads elsewhere: try again later")
        return found

    def speaks(self) -> bool:
        """Whether the last answer was the server's own: a refusal of Mastodon is JSON with an error, a proxy's is not."""
        try:
            said = json_of(self._answer, TITLE) if self._answer is not None else None
        except PlatformUnavailable:
            return False
        return isinstance(said, dict) and "error" in said

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _led_elsewhere(self) -> bool:
        return self._answer is not None and (self._answer.is_redirect or bool(self._answer.history))

    def _hear(self, answer: requests.Response) -> None:
        self._answer = answer

    def _call(self, call: Callable[[Mastodon], object]) -> requests.Response:
        """The answer that a call gets. Whatever the library makes of it: we judge it ourselves."""
        reason = "it sends no request"
        try:
            call(self._library)
        except MastodonNetworkError as error:
            cause = error.__context__
            if isinstance(cause, SocialCrmError | requests.RequestException | OSError):
                with translated(TITLE):
                    raise cause from error
            raise Invalid(f"{TITLE} cannot be asked so: {cause}"[:200]) from error
        except (MastodonError, *MISSHAPEN) as error:
            reason = str(error)
        if self._answer is None:
            raise Invalid(f"{TITLE} cannot be asked so: {reason}"[:200])
        return self._answer

    def _heed(self, answer: requests.Response) -> datetime | None:
        """Tell the pace what the headers say; answers until when a refusal wants us to wait."""
        now = self._opening.clock()
        resets_in = _resets_in(answer, now)
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            until = retry_after(answer.headers, now) if resets_in is None else now + resets_in + MARGIN
            if until is not None:
                self._opening.pace.exhausted(until)
            return until
        left = answer.headers.get("X-RateLimit-Remaining", "")
        if resets_in is not None and left.isascii() and left.isdecimal():
            self._opening.pace.told(int(left[:9]), resets_in)
        return None


def _resets_in(answer: requests.Response, now: datetime) -> timedelta | None:
    """How long the window lasts by X-RateLimit-Reset, on the server's own clock; a time, or seconds since 1970."""
    text = answer.headers.get("X-RateLimit-Reset", "")
    try:
        resets_at = datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else parse_time(text)
    except (Invalid, ValueError, OverflowError, OSError):
        return None
    wait = resets_at - (server_time(answer.headers) or now)
    return min(max(wait, timedelta(0)), _LONGEST_WAIT)
