"""X on loopback: recent search, the mentions of an account, look-ups and replies; the doors and tests come in."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from demo.platforms.platform import Answer, LoopbackPlatform, Window, answer_json, whole
from demo.platforms.shelf import native
from demo.platforms.x_posts import Answering, written_at
from social_crm.domain.account import Account
from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from demo.platforms.platform import Request
    from demo.platforms.shelf import Shelf

BEARER_TOKEN = "loopback-bearer-token"  # noqa: S105 - of a server on this machine
USER_TOKEN = "loopback-user-token"  # noqa: S105
_DAYS = timedelta(days=7)
_NOT_YET = timedelta(seconds=30)
_LARGEST, _TIMELINE = 100, 800
_PROBLEM = "https://api.twitter.com/2/problems/"
_MENTIONS = re.compile(r"/2/users/(\d+)/mentions")
_ID = re.compile(r"[0-9]{1,19}")
_FIRST_SNOWFLAKE = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)


class LoopbackX(LoopbackPlatform):
    """Recent search over seven days, mentions over 800 posts, look-ups of 100 ids, and posting.

    Each kind of request has a window of its own, as X counts. An edit shows under a new id, what was deleted or `hidden`
    (accounts that are protected) leaves holes in a page. `forget_tokens` lets page tokens run out. A look-up with an id
    that is `refused` fails whole, as with one that is no id of X.
    """

    name = "x"
    usual_window: ClassVar[tuple[int, int]] = (450, 900)

    def __init__(
        self, shelf: Shelf, clock: Callable[[], datetime], window: Window | None = None, signed_in: str = "x:999"
    ) -> None:
        super().__init__(shelf, clock, window)
        self._windows = {kind: Window(self.window.limit, self.window.seconds) for kind in ("mentions", "lookup", "post")}
        self.signed_in, self._era, self._posted = signed_in, 0, dict[str, str]()
        self.hidden, self.refused = set[str](), set[str]()
        shelf.know([Account(signed_in, "the_brand", clock(), "The brand", followers=10)])

    def forget_tokens(self) -> None:
        """Let every page token that was given run out."""
        self._era += 1

    def counts(self, request: Request) -> bool:
        """Searches count against the platform's window; the others against their own."""
        return _kind(request) == "search"

    def limit_headers(self) -> Mapping[str, str]:
        """What X says of the window of searches."""
        return _headers(self.window)

    def limited(self, *, says_when: bool) -> Answer:
        """The answer to one request too many: X names no time to wait, only the end of the window."""
        headers = self.limit_headers() if says_when else {}
        return _problem(429, "Too Many Requests", "Too Many Requests", headers)

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        kind = _kind(request)
        window = self._windows.get(kind)
        if window is not None and not window.take(self.clock()):
            return _problem(429, "Too Many Requests", "Too Many Requests", _headers(window))
        found = self._answer(kind, request)
        headers = {**(_headers(window) if window is not None else {}), **found.headers}
        return Answer(found.status, found.body, headers, found.items)

    def _answer(self, kind: str, request: Request) -> Answer:
        signed = request.headers.get("Authorization", "")
        as_user = signed == f"Bearer {USER_TOKEN}" or (signed.startswith("OAuth ") and f'"{USER_TOKEN}"' in signed)
        if not as_user and signed != f"Bearer {BEARER_TOKEN}":
            return _problem(401, "Unauthorized", "Unauthorized")
        if kind == "search":
            return self._search(request)
        if kind == "mentions":
            return self._mentions(request)
        if kind == "lookup":
            return self._look_up(request)
        if kind == "post":
            return self._post(request) if as_user else _problem(403, "Unsupported Authentication", "Sign in as a user.")
        return _problem(404, "Not Found", "Not Found")

    def _search(self, request: Request) -> Answer:
        now = self.clock()
        start = _time(request.query.get("start_time"))
        if start is not None and start < now - _DAYS:
            return _invalid("start_time", request.query["start_time"], "it must be within the last seven days")
        query = request.query.get("query", "")
        newest = now - _NOT_YET
        return self._page(request, "next_token", start or now - _DAYS, newest, lambda one: _matches(one, query), None)

    def _mentions(self, request: Request) -> Answer:
        user = f"x:{(_MENTIONS.fullmatch(request.path) or [''] * 2)[1]}"
        start = _time(request.query.get("start_time")) or datetime.min.replace(tzinfo=UTC)
        return self._page(request, "pagination_token", start, self.clock(), lambda one: _names(one, user), _TIMELINE)

    def _page(
        self,
        request: Request,
        name: str,
        start: datetime,
        end: datetime,
        wanted: Callable[[Mention], bool],
        most: int | None,
    ) -> Answer:
        """A page of a listing, newest first; what is gone counts as there until the page is cut."""
        after = self._place(request.query.get(name, ""))
        if after is None:
            return _invalid(name, request.query[name], "it is not a valid token")
        count, at, own = after
        size = whole(request, "max_results", 10, _LARGEST)
        size = size if most is None else min(size, most - count)
        listed = (one for one in self._listed(min(at or end, end)) if not own or (written_at(one), one.id) < (at, own))
        found = list(islice((one for one in _since(listed, start) if wanted(one)), size + 1))
        page = found[:size]
        last = page[-1] if len(found) > size and (most is None or count + size < most) else None
        token = {"next_token": self._token(count + size, last)} if last is not None else {}
        shown = [now for one in page if (now := self._visible(one.id)) is not None]
        answering = Answering.to(request, self.shelf, self.clock())
        data = [answering.post(one) for one in shown]
        ends = {"newest_id": data[0]["id"], "oldest_id": data[-1]["id"]} if data else {}
        body = {"data": data, **answering.includes()} if data else {}
        return answer_json({**body, "meta": {**ends, "result_count": len(data), **token}}, tuple(one.id for one in shown))

    def _listed(self, upto: datetime) -> Iterator[Mention]:
        """Every post at the time at which its newest version was written, newest first, those that are gone too."""
        now = self.clock()
        edits = self.shelf.edited(now)
        changed = {one.id for one in edits}
        first = (one for one in self.shelf.newest_ever(now, upto) if one.id not in changed)
        late = (one for one in edits if written_at(one) <= upto)
        return merge(first, late, key=lambda one: (written_at(one), one.id), reverse=True)

    def _visible(self, own_id: str) -> Mention | None:
        found = self.shelf.find(own_id, self.clock())
        return None if found is None or found.author in self.hidden else found

    def _look_up(self, request: Request) -> Answer:
        ids = request.query.get("ids", "").split(",")
        if len(ids) > _LARGEST:
            return _invalid("ids", request.query["ids"], f"it holds more than {_LARGEST} ids")
        odd = [one for one in ids if not _ID.fullmatch(one) or one in self.refused]
        if odd:
            return _invalid("ids", odd[0], "it is not a valid id")
        answering = Answering.to(request, self.shelf, self.clock())
        shown = [found for one in ids if (found := self._visible(f"x:{one}")) is not None]
        data = [answering.post(one) for one in shown]
        errors = [self._gone(one) for one in ids if self._visible(f"x:{one}") is None]
        body = {**({"data": data, **answering.includes()} if data else {}), **({"errors": errors} if errors else {})}
        return answer_json(body, tuple(one.id for one in shown))

    def _gone(self, number: str) -> dict[str, Any]:
        protected = self.shelf.find(f"x:{number}", self.clock()) is not None
        words = (
            ("Authorization Error", "not-authorized-for-resource")
            if protected
            else ("Not Found Error", "resource-not-found")
        )
        return {
            "value": number,
            "detail": f"The post [{number}] cannot be shown.",
            "title": words[0],
            "resource_type": "tweet",
            "parameter": "ids",
            "resource_id": number,
            "type": _PROBLEM + words[1],
        }

    def _post(self, request: Request) -> Answer:
        wish = _json(request.body)
        text, answered = wish.get("text"), (wish.get("reply") or {}).get("in_reply_to_tweet_id")
        if not isinstance(text, str) or not text.strip():
            return _invalid("text", "", "a post needs words")
        if text in self._posted:
            return _problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")
        parent = self._visible(f"x:{answered}") if answered else None
        if answered and parent is None:
            return _problem(403, "Forbidden", "You attempted to reply to a Tweet that is deleted or not visible to you.")
        made = self._said(text, parent)
        self._posted[text] = made.id
        self.shelf.add(made)
        own = native(made.id)
        return answer_json({"data": {"edit_history_tweet_ids": [own], "id": own, "text": text}}, status=201)

    def _said(self, text: str, parent: Mention | None) -> Mention:
        now = self.clock()
        own = f"x:{(int((now - _FIRST_SNOWFLAKE).total_seconds() * 1000) << 22) + len(self._posted)}"
        return Mention(
            id=own,
            author=self.signed_in,
            posted_at=now,
            collected_at=now,
            text=text,
            kind=Kind.REPLY if parent else Kind.POST,
            parent=parent.id if parent else None,
            thread=(parent.thread or parent.id) if parent else own,
            addressed=address([(How.REPLY, parent.author)] if parent else [], self.signed_in),
        )

    def _token(self, count: int, last: Mention) -> str:
        place = json.dumps([self._era, count, written_at(last).isoformat(), last.id])
        return base64.b32encode(place.encode()).decode().rstrip("=").lower()

    def _place(self, token: str) -> tuple[int, datetime | None, str] | None:
        """How many posts a token has behind it and which one it stands at; None for one that is not valid."""
        if not token:
            return 0, None, ""
        try:
            era, count, at, own = json.loads(base64.b32decode(token.upper() + "=" * (-len(token) % 8)))
            return (int(count), datetime.fromisoformat(at), str(own)) if era == self._era else None
        except (binascii.Error, TypeError, ValueError):
            return None


def _kind(request: Request) -> str:
    if request.path == "/2/tweets/search/recent":
        return "search"
    if _MENTIONS.fullmatch(request.path):
        return "mentions"
    return ("post" if request.method == "POST" else "lookup") if request.path == "/2/tweets" else ""


def _headers(window: Window) -> dict[str, str]:
    told = {"limit": window.limit, "remaining": window.left(), "reset": int(window.resets_at().timestamp())}
    return {f"x-rate-limit-{name}": str(value) for name, value in told.items()}


def _since(listed: Iterable[Mention], start: datetime) -> Iterator[Mention]:
    for one in listed:
        if written_at(one) < start:
            return
        yield one


def _names(mention: Mention, user: str) -> bool:
    return any(account == user for _, account in mention.addressed)


def _matches(mention: Mention, query: str) -> bool:
    """Whether a post holds what is searched for: words, one of several alternatives, a conversation, a language."""
    return any(all(_holds(mention, word) for word in piece.split()) for piece in query.strip("() ").split(" OR "))


def _holds(mention: Mention, word: str) -> bool:
    name, colon, value = word.partition(":")
    if name == "conversation_id":
        return native(mention.thread or mention.id) == value
    if name == "lang":
        return mention.language == value
    return bool(colon) or word.lower() in mention.text.lower()


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _json(body: bytes) -> dict[str, Any]:
    try:
        wish = json.loads(body)
    except ValueError:
        return {}
    return wish if isinstance(wish, dict) else {}


def _problem(status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> Answer:
    body = {"title": title, "type": "about:blank", "status": status, "detail": detail}
    return answer_json(body, headers=headers, status=status)


def _invalid(name: str, value: str, why: str) -> Answer:
    body = {
        "errors": [{"parameters": {name: [value]}, "message": f"Invalid '{name}': '{value}': {why}"}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": _PROBLEM + "invalid-request",
    }
    return answer_json(body, status=400)
