"""Requests to YouTube's Data API, each at its price, and its refusals as our errors; this room's client comes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.transport.answers import json_of, translated
from connectors.transport.guard import open_session
from connectors.youtube.parse import items_of
from connectors.youtube.refusals import TITLE, refuse
from social_crm.domain.errors import CredentialsRejected, Invalid, PlatformUnavailable, RateLimited
from social_crm.domain.platform import PLATFORMS

if TYPE_CHECKING:
    from connectors.transport.opening import Opening

# Quota units; a read of anything else costs one. Projects that count searches apart have 100 of them a day: by this count,
# no more than those are made either.
SEARCH_COST = 100
_COSTS = {"search": SEARCH_COST}


@dataclass(frozen=True, slots=True)
class Answer:
    """A list that YouTube gave: as it came, and read; `token` leads to its next page, "" after the last."""

    content: bytes
    page: Any
    token: str


class Api:
    """The Data API with a key. The key goes in a header: addresses are written to logs, headers are not.

    Raises CredentialsRejected when there is no key, or one that cannot be.
    """

    def __init__(self, opening: Opening) -> None:
        self._opening, self._key = opening, opening.credentials.get("api_key", "").strip()
        if not self._key or not self._key.isascii() or not self._key.isprintable():
            raise CredentialsRejected(f"{TITLE} needs an API key of plain letters and digits in api_key: copy it again")
        hosts = PLATFORMS["youtube"].hosts
        self._place = f"{opening.base_url or f'https://{hosts[0]}'}/youtube/v3/"
        self._session = open_session(hosts, opening.base_url, opening.timeout)
        self._session.headers["X-Goog-Api-Key"] = self._key

    def get(self, what: str, asked: dict[str, str]) -> Answer:
        """A page of a list. Raises RateLimited, PlatformUnavailable, CredentialsRejected, NotFound or Invalid."""
        with self._opening.pace.turn(_COSTS.get(what, 1)), translated(TITLE):
            answer = self._session.get(self._place + what, params=asked, allow_redirects=False)
        try:
            refuse(answer, self._key, self._opening.clock())
        except RateLimited as limit:
            # Searches have a limit of their own in some projects: it holds nothing else up.
            if limit.retry_at is not None and what not in _COSTS:
                self._opening.pace.exhausted(limit.retry_at)
            raise
        page = json_of(answer, TITLE)
        return Answer(answer.content, page, _token(page, asked.get("pageToken", "")))

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()


def _token(page: Any, used: str) -> str:
    """The token of the next page. One that leads back to the same page would never end."""
    try:
        items_of(page)
    except Invalid as error:
        raise PlatformUnavailable(f"{TITLE} sends something that is not a list: try again later") from error
    token = str(page.get("nextPageToken") or "")
    if token and token == used:
        raise PlatformUnavailable(f"{TITLE} sends the same page again instead of the next one: try again later")
    return token
