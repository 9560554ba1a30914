"""A Mastodon server on loopback: hashtags, search, notifications, statuses, contexts; the doors and tests come in.

Ids of statuses and accounts are `mastodon:<host>/<number>`. Listings sort by number, which should rise with the time of the
posts; for a search it must be a snowflake (milliseconds since 1970, shifted by 16 bits). A text is under a hashtag when it
holds the word, with or without its sign: people of the demo seldom write the sign.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from demo.platforms.mastodon_shapes import account_shape, gone, number, status_shape, written
from demo.platforms.platform import Answer, LoopbackPlatform, answer_json, whole
from social_crm.domain.account import Account
from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from demo.platforms.platform import Request, Window
    from demo.platforms.shelf import Shelf

HOST = "mastodon.example"
TOKEN = "loopback-token"  # noqa: S105 - opens nothing but this server
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST, _BATCH = 40, 20
_A_SECOND = timedelta(seconds=1)
_KEPT = timedelta(hours=1)  # for how long the key of a post is remembered
_STATUS = re.compile(r"/api/v1/statuses/(\d+)(/context)?")


class LoopbackMastodon(LoopbackPlatform):
    """One server: `host` names it in ids, `token` signs in as `account`. `batches` says whether it is of version 4.3."""

    name = "mastodon"
    usual_window = (300, 900)  # requests that page; the other bound, 300 in 5 minutes, is never the tighter one here

    def __init__(
        self,
        shelf: Shelf,
        clock: Callable[[], datetime],
        window: Window | None = None,
        *,
        host: str = HOST,
        token: str = TOKEN,
        account: Account | None = None,
        batches: bool = True,
    ) -> None:
        super().__init__(shelf, clock, window)
        self.host, self.batches = host, batches
        self.account = account or Account(f"mastodon:{host}/1", "acme", clock(), "Acme")
        shelf.know([self.account])
        self._token = token
        self._posted: dict[str, tuple[datetime, str]] = {}
        self._order: list[tuple[int, str]] = []

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        signed_in = request.headers.get("Authorization")
        if signed_in not in {None, f"Bearer {self._token}"}:
            return _refusal(401, "The access token is invalid")
        if request.path.startswith("/api/v1/timelines/tag/"):
            return self._tag(request)
        if request.path.rstrip("/") in {"/api/v1/instance", "/api/v2/instance"}:
            return answer_json({"uri": self.host, "domain": self.host, "title": self.host, "version": "4.5.0"})
        found = _STATUS.fullmatch(request.path)
        if found:
            return self._status(found.group(1), whole_thread=bool(found.group(2)))
        if request.path == "/api/v1/statuses" and request.method == "GET":
            return self._statuses(request)
        return self._own(request) if signed_in else _refusal(401, "The access token is invalid")

    def limit_headers(self) -> Mapping[str, str]:
        """What each answer says of the window, as Mastodon writes it."""
        return {
            "X-RateLimit-Limit": str(self.window.limit),
            "X-RateLimit-Remaining": str(self.window.left()),
            "X-RateLimit-Reset": self.window.resets_at().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }

    def wait_headers(self) -> Mapping[str, str]:
        """A refusal says that nothing is left, and no Retry-After."""
        return {"X-RateLimit-Remaining": "0"}

    def _own(self, request: Request) -> Answer:
        """What only somebody who is signed in may ask."""
        if request.path == "/api/v1/notifications":
            return self._notifications(request)
        if request.path == "/api/v2/search":
            return self._search(request)
        if request.path == "/api/v1/accounts/verify_credentials":
            return answer_json(account_shape(self.account, self.host))
        if request.path == "/api/v1/statuses" and request.method == "POST":
            return self._post(request)
        return _refusal(404, "Record not found")

    def _tag(self, request: Request) -> Answer:
        tag = request.path.rpartition("/")[2].lower()
        found = self._listed(request, lambda mention: tag in _words(mention.text))
        body = [self._shape(mention) for mention in found]
        return answer_json(body, tuple(one.id for one in found), self._link(request, found))

    def _notifications(self, request: Request) -> Answer:
        me = self.account.id
        found = self._listed(request, lambda mention: any(whom == me for _, whom in mention.addressed))
        body = [
            {
                "id": number(mention.id),
                "type": "mention",
                "created_at": written(mention.posted_at),
                "account": account_shape(self._person(mention.author), self.host),
                "status": self._shape(mention),
            }
            for mention in found
        ]
        return answer_json(body, tuple(one.id for one in found), self._link(request, found))

    def _search(self, request: Request) -> Answer:
        """Newest first. A `max_id` is turned into a full second, before which a status must be written."""
        words, most = request.query.get("q", "").lower().split(), request.query.get("max_id", "")
        before = time_of(most).replace(microsecond=0) if most.isdecimal() else self.clock() + _A_SECOND
        first, size = int(request.query.get("offset") or 0), whole(request, "limit", 20, _LARGEST)
        shown = (self.shelf.find(own, self.clock()) for _, own in reversed(self._numbers()))
        held = (one for one in shown if one is not None and one.posted_at < before and _holds(one.text, words))
        found = list(islice(held, first, first + size))
        body = {"accounts": [], "statuses": [self._shape(mention) for mention in found], "hashtags": []}
        return answer_json(body, tuple(one.id for one in found))

    def _listed(self, request: Request, fits: Callable[[Mention], bool]) -> list[Mention]:
        """A page, newest first; with `min_id` it is the one right above that number."""
        size = whole(request, "limit", 20, _LARGEST)
        above, most, since = (request.query.get(name, "") for name in ("min_id", "max_id", "since_id"))
        order = self._numbers()
        end = bisect_left(order, (int(most), "")) if most.isdecimal() else len(order)
        least = above or since
        start = bisect_left(order, (int(least) + 1, "")) if least.isdecimal() else 0
        places = range(start, end) if above.isdecimal() else range(end - 1, start - 1, -1)
        shown = (self.shelf.find(order[place][1], self.clock()) for place in places)
        found = [*islice((mention for mention in shown if mention is not None and fits(mention)), size)]
        return found[::-1] if above.isdecimal() else found

    def _numbers(self) -> list[tuple[int, str]]:
        """All posts that will ever be, by number."""
        if len(self._order) != len(self.shelf):
            self._order = sorted((int(number(own)), own) for own in self.shelf.ids())
        return self._order

    def _link(self, request: Request, found: list[Mention]) -> Mapping[str, str]:
        if not found:
            return {}
        place = f"http://{request.headers.get('Host', self.host)}{request.path}?limit={request.query.get('limit', '20')}"
        first, last = (number(one.id) for one in (found[0], found[-1]))
        return {"Link": f'<{place}&max_id={last}>; rel="next", <{place}&min_id={first}>; rel="prev"'}

    def _status(self, native: str, *, whole_thread: bool) -> Answer:
        mention = self._find(native)
        if mention is None:
            return gone()
        if not whole_thread:
            return answer_json(self._shape(mention), (mention.id,))
        above, beneath = self._above(mention), self._beneath(mention)
        body = {"ancestors": [self._shape(one) for one in above], "descendants": [self._shape(one) for one in beneath]}
        return answer_json(body, tuple(one.id for one in (*above, *beneath)))

    def _statuses(self, request: Request) -> Answer:
        wanted = request.queries.get("id[]", ())
        if not self.batches:
            return Answer(404, b"<html><body>The page you are looking for isn't here.</body></html>")
        if len(wanted) > _BATCH:
            return _refusal(422, "Validation failed: Too many ids")
        found = [mention for one in wanted if (mention := self._find(one)) is not None]
        return answer_json([self._shape(mention) for mention in found], tuple(one.id for one in found))

    def _post(self, request: Request) -> Answer:
        """Post a status; the key of a post that is less than an hour old gives that post again."""
        asked = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        now, key = self.clock(), request.headers.get("Idempotency-Key", "")
        at, known = self._posted.get(key, (now - _KEPT, ""))
        if key and known and at > now - _KEPT:
            return self._status(number(known), whole_thread=False)
        parent = self._find(asked["in_reply_to_id"]) if asked.get("in_reply_to_id") else None
        if asked.get("in_reply_to_id") and parent is None:
            return gone()
        if not asked.get("status", "").strip():
            return _refusal(422, "Validation failed: Text can't be blank")
        mention = self._written(asked["status"], parent, now)
        self.shelf.add(mention)
        self._posted[key] = now, mention.id
        return answer_json(self._shape(mention), (mention.id,))

    def _written(self, text: str, parent: Mention | None, now: datetime) -> Mention:
        snowflake = (now - _EPOCH) // timedelta(milliseconds=1) << 16
        while self.shelf.ever(f"mastodon:{self.host}/{snowflake}"):
            snowflake += 1
        own, author = f"mastodon:{self.host}/{snowflake}", self.account.id
        return Mention(
            id=own,
            author=author,
            posted_at=now,
            collected_at=now,
            text=text,
            kind=Kind.REPLY if parent else Kind.POST,
            parent=parent.id if parent else None,
            thread=(parent.thread or parent.id) if parent else own,
            addressed=address([(How.REPLY, parent.author)] if parent else [], author),
        )

    def _find(self, native: str) -> Mention | None:
        return self.shelf.find(f"mastodon:{self.host}/{native}", self.clock())

    def _above(self, mention: Mention) -> list[Mention]:
        found: list[Mention] = []
        parent = self.shelf.find(mention.parent, self.clock()) if mention.parent else None
        while parent is not None:
            found.append(parent)
            parent = self.shelf.find(parent.parent, self.clock()) if parent.parent else None
        return found[::-1]

    def _beneath(self, mention: Mention) -> list[Mention]:
        found: list[Mention] = []
        waiting = [*reversed(self.shelf.answers(mention.id, self.clock()))]
        while waiting:
            now = waiting.pop()
            found.append(now)
            waiting += reversed(self.shelf.answers(now.id, self.clock()))
        return found

    def _shape(self, mention: Mention, *, deep: bool = True) -> dict[str, Any]:
        """A status; what it boosts or quotes hangs on it, one deep."""
        people = {one: self._person(one) for one in (mention.author, *(whom for _, whom in mention.addressed))}
        parent = self.shelf.ever(mention.parent) if mention.parent else None
        replies = len(self.shelf.answers(mention.id, self.clock()))
        shape = status_shape(mention, self._person(parent.author) if parent else None, people, replies, self.host)
        original = self.shelf.find(parent.id, self.clock()) if parent and deep else None
        if mention.kind is Kind.REPOST and original:
            shape["reblog"] = self._shape(original, deep=False)
        if mention.kind is Kind.QUOTE and parent:
            told = self._shape(original, deep=False) if original else None
            shape["quote"] = {"state": "accepted" if told else "deleted", "quoted_status": told}
        return shape

    def _person(self, own_id: str) -> Account:
        try:
            return self.shelf.account(own_id)
        except KeyError:
            return Account(own_id, f"person{number(own_id)}", self.clock())


def _refusal(status: int, words: str) -> Answer:
    return Answer(status, json.dumps({"error": words}).encode(), {"Content-Type": "application/json; charset=utf-8"})


def time_of(native: str) -> datetime:
    """When a number was made, if it is a snowflake."""
    return _EPOCH + timedelta(milliseconds=min(int(native), 2**63) >> 16)


def _holds(text: str, words: list[str]) -> bool:
    said = text.lower()
    return all(word in said for word in words)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))
