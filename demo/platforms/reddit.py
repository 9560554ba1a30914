"""Reddit on loopback: signing in, listings, threads with stubs, the inbox and replies; the doors and tests come in."""

from __future__ import annotations

import base64
import math
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs

from demo.platforms.platform import LoopbackPlatform, answer_json, whole
from demo.platforms.reddit_things import Things, listing, subreddit_of
from demo.platforms.shelf import native
from social_crm.domain.account import Account
from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from demo.platforms.platform import Answer, Request, Window
    from demo.platforms.shelf import Shelf

_TOKEN = "/api/v1/access_token"  # noqa: S105 - a path
_PLACE = re.compile(r"/r/([A-Za-z0-9_+]+)/(new|comments|search)/?")
_THREAD = re.compile(r"/comments/([0-9a-z]+)(?:/_/([0-9a-z]+))?/?")
_STATUS = {"private": 403, "quarantined": 403, "gold_only": 403, "banned": 404}


class LoopbackReddit(LoopbackPlatform):
    """Reddit as far as we use it.

    A listing shows what is there of the newest `depth` items (a search `search_depth`); what was removed counts and is not
    shown, and behind an item that was removed nothing is shown. A thread sends `inline` comments at once, `nested` levels
    deep, and stubs for the rest. `refused` holds subreddits that are closed, with Reddit's reason ("" where there is
    none of that name). `letters` are private messages in the inbox: (time, words).
    """

    name = "reddit"
    usual_window = (1000, 600)
    CLIENT: ClassVar[tuple[str, str]] = ("acme-listens", "acme-client-secret")
    PERSON: ClassVar[tuple[str, str]] = ("acme", "acme-password")
    ACCOUNT: ClassVar[str] = "reddit:t2_acme"

    def __init__(self, shelf: Shelf, clock: Callable[[], datetime], window: Window | None = None) -> None:
        super().__init__(shelf, clock, window)
        self.depth, self.search_depth, self.inline, self.nested = 1000, 250, 20, 10
        self.refused: dict[str, str] = {}
        self.letters: list[tuple[datetime, str]] = []
        self._tokens: dict[str, bool] = {}
        self._issued = 0
        shelf.know([Account(self.ACCOUNT, self.PERSON[0], clock())])

    def expire_tokens(self) -> None:
        """Take no token any more that was given so far."""
        self._tokens.clear()

    def counts(self, request: Request) -> bool:
        """Signing in has limits of its own."""
        return request.path != _TOKEN

    def limit_headers(self) -> Mapping[str, str]:
        """What is left is written with a decimal, as Reddit does."""
        left = self.window.left()
        reset = math.ceil((self.window.resets_at() - self.clock()).total_seconds())
        return {
            "x-ratelimit-remaining": f"{float(left)}",
            "x-ratelimit-used": str(self.window.limit - left),
            "x-ratelimit-reset": str(reset),
        }

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        if request.path == _TOKEN:
            return self._sign_in(request)
        token = request.headers.get("Authorization", "").removeprefix("bearer ")
        if token not in self._tokens:
            challenge = {"www-authenticate": 'Bearer realm="reddit", error="invalid_token"'}
            return _refusal(401, "Unauthorized", headers=challenge)
        if (place := _PLACE.fullmatch(request.path)) is not None:
            return self._subreddit(request, place[1], place[2])
        if (place := _THREAD.fullmatch(request.path)) is not None:
            return self._thread(request, place[1], place[2])
        return self._other(request, personal=self._tokens[token])

    def _other(self, request: Request, *, personal: bool) -> Answer:
        path = request.path.rstrip("/")
        if (
            ask := {"/search": self._search, "/api/info": self._info, "/api/morechildren": self._more}.get(path)
        ) is not None:
            return ask(request)
        own = {"/message/inbox": self._inbox, "/api/comment": self._reply, "/api/v1/me": self._me}.get(path)
        if own is not None and personal:
            return own(request)
        return _refusal(404, "Not Found") if own is None else _refusal(403, "Forbidden")

    def _search(self, request: Request) -> Answer:
        return self._listing(request, self._found(request, ""), self.search_depth)

    def _me(self, _request: Request) -> Answer:
        return answer_json({"name": self.PERSON[0], "id": native(self.ACCOUNT).removeprefix("t2_")})

    def _sign_in(self, request: Request) -> Answer:
        given = base64.b64encode(":".join(self.CLIENT).encode()).decode()
        if request.headers.get("Authorization") != f"Basic {given}":
            return _refusal(401, "Unauthorized")
        form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        personal = form.get("grant_type") == "password"
        if personal and (form.get("username"), form.get("password")) != self.PERSON:
            return answer_json({"error": "invalid_grant"})
        self._issued += 1
        token = f"acme-token-{self._issued}"
        self._tokens[token] = personal
        return answer_json({"access_token": token, "token_type": "bearer", "expires_in": 3600, "scope": "*"})

    def _subreddit(self, request: Request, name: str, kind: str) -> Answer:
        reason = self.refused.get(name)
        if reason == "":
            return answer_json({}, headers={"Location": f"/subreddits/search?q={name}"}, status=302)
        if reason is not None:
            return _refusal(_STATUS[reason], "Forbidden", reason=reason)
        if kind == "search":
            return self._listing(request, self._found(request, name), self.search_depth)
        wanted = Kind.POST if kind == "new" else Kind.COMMENT
        return self._listing(request, (one for one in self._ever(name) if one.kind is wanted), self.depth)

    def _ever(self, name: str) -> Iterator[Mention]:
        names = name.lower().split("+")
        for one in self.shelf.newest_ever(self.clock()):
            if not name or subreddit_of(one).lower() in names:
                yield one

    def _found(self, request: Request, name: str) -> Iterator[Mention]:
        words = request.query.get("q", "").lower().split()
        for one in self._ever(name):
            if one.kind is Kind.POST and all(word in one.text.lower() for word in words):
                yield one

    def _things(self, request: Request) -> Things:
        return Things(self.shelf, self.clock(), raw=request.query.get("raw_json") == "1")

    def _listing(self, request: Request, ever: Iterator[Mention], depth: int) -> Answer:
        there = [one for one in islice(ever, depth) if self.shelf.find(one.id, self.clock()) is not None]
        return self._slice(request, [(native(one.id), one) for one in there])

    def _slice(self, request: Request, rows: list[tuple[str, Any]]) -> Answer:
        """A page of the rows: mentions, or things that are written already."""
        size = whole(request, "limit", 25, 100)
        names = [name for name, _ in rows]
        after, before = request.query.get("after", ""), request.query.get("before", "")
        start, end = 0, len(rows)
        if after or before:
            if (after or before) not in names:
                return answer_json(listing([]))
            anchor = names.index(after or before)
            start, end = (anchor + 1, end) if after else (max(anchor - size, 0), anchor)
        page = rows[start : min(start + size, end)]
        writer = self._things(request)
        children = [writer.thing(one) if isinstance(one, Mention) else one for _, one in page]
        more = page[-1][0] if page and start + size < len(rows) else None
        items = tuple(one.id for _, one in page if isinstance(one, Mention))
        return answer_json(listing(children, more, page[0][0] if page and start else None), items)

    def _thread(self, request: Request, link: str, below: str | None) -> Answer:
        post = self.shelf.ever(f"reddit:t3_{link}")
        root = post if below is None else self.shelf.ever(f"reddit:t1_{below}")
        if post is None or root is None or post.posted_at > self.clock():
            return _refusal(404, "Not Found")
        reason = self.refused.get(subreddit_of(post))
        if reason:
            return _refusal(_STATUS[reason], "Forbidden", reason=reason)
        writer, items = self._things(request), [post.id]
        left = [self.inline]
        if root is post:
            comments = self._below(writer, post.id, left, 0, items)
        else:
            comments = [self._with_replies(writer, root, left, 0, items)]
        body = [listing([writer.thing(post)]), listing(comments)]
        return answer_json(body, tuple(one for one in items if self.shelf.find(one, self.clock())))

    def _with_replies(self, writer: Things, one: Mention, left: list[int], depth: int, items: list[str]) -> dict[str, Any]:
        thing = writer.thing(one)
        items.append(one.id)
        left[0] -= 1
        replies = self._below(writer, one.id, left, depth + 1, items)
        thing["data"]["replies"] = listing(replies) if replies else ""
        return thing

    def _below(self, writer: Things, own_id: str, left: list[int], depth: int, items: list[str]) -> list[dict[str, Any]]:
        waiting = writer.answers(own_id)
        if waiting and depth >= self.nested:
            return [writer.stub(own_id, [])]
        shown = []
        while waiting and left[0] > 0:
            shown.append(self._with_replies(writer, waiting.pop(0), left, depth, items))
        return [*shown, writer.stub(own_id, waiting)] if waiting else shown

    def _more(self, request: Request) -> Answer:
        """The comments that a stub named, flat; what stands below them comes as stubs again."""
        writer = self._things(request)
        names = request.query.get("children", "").split(",")[:100]
        asked = [one for name in names if (one := self.shelf.ever(f"reddit:t1_{name}")) is not None]
        things = []
        for one in asked:
            things.append(writer.thing(one))
            if below := writer.answers(one.id):
                things.append(writer.stub(one.id, below))
        items = tuple(one.id for one in asked if self.shelf.find(one.id, self.clock()))
        return answer_json({"json": {"errors": [], "data": {"things": things}}}, items)

    def _info(self, request: Request) -> Answer:
        names = request.query.get("id", "").split(",")[:100]
        found = [one for name in names if (one := self.shelf.ever(f"reddit:{name}")) is not None]
        seen = [one for one in found if one.posted_at <= self.clock() and not self.refused.get(subreddit_of(one))]
        items = tuple(one.id for one in seen if self.shelf.find(one.id, self.clock()))
        writer = self._things(request)
        return answer_json(listing([writer.thing(one) for one in seen]), items)

    def _inbox(self, request: Request) -> Answer:
        writer, rows = self._things(request), []
        for one in self.shelf.newest(self.clock()):
            named = f"u/{self.PERSON[0]}" in one.text
            if one.kind is Kind.COMMENT and (named or (How.REPLY, self.ACCOUNT) in one.addressed):
                thing = writer.thing(one)
                context = thing["data"].pop("permalink") + "?context=3"
                thing["data"] |= {"context": context, "was_comment": True, "link_id": None, "new": True}
                rows.append((one.posted_at, native(one.id), thing))
        for number, (at, words) in enumerate(self.letters):
            data = {
                "name": f"t4_{number}",
                "author": "person1",
                "body": words,
                "created_utc": at.timestamp(),
                "subject": "hi",
            }
            rows.append((at, f"t4_{number}", {"kind": "t4", "data": data}))
        rows.sort(key=lambda row: row[:2], reverse=True)
        return self._slice(request, [(name, thing) for _, name, thing in rows])

    def _reply(self, request: Request) -> Answer:
        form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        parent = self.shelf.ever(f"reddit:{form.get('thing_id', '')}")
        if parent is None or not form.get("text"):
            errors = [["NO_TEXT" if parent else "DELETED_COMMENT", "we need something here", "text"]]
            return answer_json({"json": {"errors": errors}})
        self._issued += 1
        said = Mention(
            f"reddit:t1_r{self._issued:06d}",
            self.ACCOUNT,
            self.clock(),
            self.clock(),
            form["text"],
            Kind.COMMENT,
            parent.id,
            parent.thread or parent.id,
            address([(How.REPLY, parent.author)], self.ACCOUNT),
            url=parent.url,
        )
        self.shelf.add(said)
        return answer_json({"json": {"errors": [], "data": {"things": [self._things(request).thing(said)]}}})


def _refusal(status: int, words: str, reason: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    body = {"message": words, "error": status, **({"reason": reason} if reason else {})}
    return answer_json(body, headers=headers, status=status)
