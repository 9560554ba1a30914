"""YouTube's Data API on loopback: threads, comments, searches for videos, a daily quota; the doors and tests come in."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from demo.platforms.platform import Answer, LoopbackPlatform, answer_json, whole
from demo.platforms.shelf import native
from social_crm.domain.account import Account
from social_crm.domain.clock import zone
from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from demo.platforms.platform import Request, Window
    from demo.platforms.shelf import Shelf

API_KEY, TOKEN = "loopback-key", "loopback-token"
CHANNEL, VIDEO = "UCloopback", "loopbackvid"
SIGNED_IN = Account("youtube:UCbrand", "brand", datetime(2020, 1, 1, tzinfo=UTC), "@brand")
_COSTS = {"search": 100, "POST": 50}
_EMBEDDED = 5  # replies that come with their thread
_LARGEST = 100
_MOST_IDS = 50


@dataclass(frozen=True, slots=True)
class Video:
    """A video of the one channel; every comment whose address names no other stands under the first."""

    id: str
    title: str
    published_at: datetime
    comments_off: bool = False


class LoopbackYouTube(LoopbackPlatform):
    """`/youtube/v3/` with commentThreads, comments (POST answers a comment), search and videos.

    Threads have two levels: what answers a reply stands under the thread's top comment, and goes with it. `strict` look-ups
    answer 404 when one of their ids is gone: the documents allow for that, too.
    """

    name = "youtube"
    usual_window = (10_000, 86_400)

    def __init__(self, shelf: Shelf, clock: Callable[[], datetime], window: Window | None = None) -> None:
        super().__init__(shelf, clock, window)
        self.strict = False
        self.videos = {VIDEO: Video(VIDEO, "All about acme", datetime(2020, 1, 1, tzinfo=UTC))}
        shelf.know([SIGNED_IN])

    def counts(self, request: Request) -> bool:  # noqa: ARG002 - requests differ in what they cost
        """The window is counted here, in units."""
        return False

    def limited(self, *, says_when: bool) -> Answer:
        """The day's quota is used up, which ends at midnight in California; or only too many requests at once."""
        if says_when:
            words = "The request cannot be completed because you have exceeded your quota."
            return refusal(403, "quotaExceeded", words, "youtube.quota")
        return refusal(403, "rateLimitExceeded", "Rate Limit Exceeded", "usageLimits")

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        what = request.path.removeprefix("/youtube/v3/")
        places: dict[str, Callable[[Request], Answer]] = {
            "commentThreads": self._threads,
            "comments": self._answer if request.method == "POST" else self._comments,
            "search": self._search,
            "videos": lambda _: self._list("video", []),
        }
        if what not in places or not request.path.startswith("/youtube/v3/"):
            return refusal(404, "notFound", "Not Found")
        local = self.clock().astimezone(zone("America/Los_Angeles"))
        cost = _COSTS.get(request.method, _COSTS.get(what, 1))
        refused = self._stranger(request)
        if refused is None and not self.window.take(local.replace(tzinfo=UTC), cost):
            refused = self.limited(says_when=True)
        return refused or places[what](request)

    def _stranger(self, request: Request) -> Answer | None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if request.method == "POST":
            known = headers.get("authorization") == f"Bearer {TOKEN}"
            return None if known else refusal(401, "authError", "Invalid Credentials", "global")
        key = headers.get("x-goog-api-key") or request.query.get("key")
        if not key:
            return refusal(403, "forbidden", "The request is missing a valid API key.")
        return None if key == API_KEY else refusal(400, "badRequest", "API key not valid.", detail="API_KEY_INVALID")

    def _threads(self, request: Request) -> Answer:
        if "id" in request.query:
            return self._by_id(request, "commentThread")
        wanted = request.query.get("videoId", "")
        if "videoId" in request.query and wanted not in self.videos:
            return refusal(404, "videoNotFound", "The video could not be found.", "youtube.commentThread")
        if wanted and self.videos[wanted].comments_off:
            return refusal(403, "commentsDisabled", "The video has disabled comments.", "youtube.commentThread")
        if not wanted and request.query.get("allThreadsRelatedToChannelId") != CHANNEL:
            return refusal(404, "channelNotFound", "The channel could not be found.", "youtube.commentThread")
        return self._page(request, "commentThread", lambda skip: self._tops(wanted, skip))

    def _tops(self, video: str, skip: str) -> Iterator[Mention]:
        for mention in self.shelf.newest(self.clock(), skip=skip):
            if mention.parent is None and video in {"", video_of(mention)}:
                yield mention

    def _comments(self, request: Request) -> Answer:
        if "id" in request.query:
            return self._by_id(request, "comment")
        top = self._shown(request.query.get("parentId", ""))
        if top is None:
            return refusal(404, "commentNotFound", "The comment could not be found.", "youtube.comment")
        replies = self._replies(top)
        return self._page(request, "comment", lambda skip: _behind(replies, self.shelf.ever(skip)))

    def _by_id(self, request: Request, kind: str) -> Answer:
        """What is there of some ids, in silence about the rest, or nothing at all while `strict` says so."""
        ids = request.query["id"].split(",")
        if len(ids) > _MOST_IDS:
            return refusal(400, "invalidFilters", "The request has too many ids.", f"youtube.{kind}")
        found = [one for own in ids if (one := self._shown(own)) is not None]
        if self.strict and len(found) < len(ids):
            return refusal(404, f"{kind}NotFound", "One or more of the comments could not be found.", f"youtube.{kind}")
        return self._list(kind, [one for one in found if kind == "comment" or one.parent is None])

    def _search(self, request: Request) -> Answer:
        words = request.query.get("q", "").lower().split()
        found = [
            one
            for one in self.videos.values()
            if one.published_at <= self.clock() and all(word in one.title.lower() for word in words)
        ]
        found.sort(key=lambda one: one.published_at, reverse=True)
        size = whole(request, "maxResults", 5, 50)
        items = [
            {
                "kind": "youtube#searchResult",
                "id": {"kind": "youtube#video", "videoId": one.id},
                "snippet": {"publishedAt": _time(one.published_at), "channelId": CHANNEL, "title": one.title},
            }
            for one in found[:size]
        ]
        token = {"nextPageToken": "CAUQAA"} if len(found) > size else {}
        return answer_json({"kind": "youtube#searchListResponse", **token, "items": items})

    def _answer(self, request: Request) -> Answer:
        try:
            snippet = json.loads(request.body)["snippet"]
            top, text = self._shown(str(snippet["parentId"])), str(snippet["textOriginal"])
        except (ValueError, KeyError, TypeError):
            return refusal(400, "parentIdMissing", "The comment's parent is missing.", "youtube.comment")
        if top is None or top.parent is not None:
            return refusal(404, "parentCommentNotFound", "The parent comment could not be found.", "youtube.comment")
        if not text.strip():
            return refusal(400, "commentTextRequired", "The comment has no text.", "youtube.comment")
        own = f"{top.id}.{len(self.shelf.every_answer(top.id, self.clock())):06}"
        now = self.clock().replace(microsecond=0)
        addressed = address([(How.REPLY, top.author)], SIGNED_IN.id)
        reply = Mention(own, SIGNED_IN.id, now, now, text, Kind.REPLY, top.id, top.id, addressed)
        self.shelf.add(reply)
        return answer_json(self._comment(reply), (own,))

    def _shown(self, own: str) -> Mention | None:
        """A comment that is there; one goes with the top of its thread."""
        mention = self.shelf.find(f"youtube:{own}", self.clock())
        if mention is None or self.shelf.find(self._top(mention).id, self.clock()) is None:
            return None
        return mention

    def _top(self, mention: Mention) -> Mention:
        while mention.parent is not None and (above := self.shelf.ever(mention.parent)) is not None:
            mention = above
        return mention

    def _replies(self, top: Mention) -> list[Mention]:
        """All that answers a top comment, at whatever depth, newest first."""
        now, waiting, found = self.clock(), [top.id], []
        while waiting:
            answers = self.shelf.every_answer(waiting.pop(), now)
            found += [shown for one in answers if (shown := self.shelf.find(one.id, now)) is not None]
            waiting += [one.id for one in answers]
        return sorted(found, key=lambda one: (one.posted_at, one.id), reverse=True)

    def _page(self, request: Request, kind: str, listed: Callable[[str], Iterable[Mention]]) -> Answer:
        size = whole(request, "maxResults", 20, _LARGEST)
        try:
            skip = base64.urlsafe_b64decode(request.query.get("pageToken", "").encode()).decode()
        except (binascii.Error, ValueError):
            skip = "?"
        if skip and self.shelf.ever(skip) is None:
            return refusal(400, "invalidPageToken", "The page token is not valid.", f"youtube.{kind}")
        found = list(islice(listed(skip), size + 1))
        token = base64.urlsafe_b64encode(found[size - 1].id.encode()).decode() if len(found) > size else ""
        return self._list(kind, found[:size], {"nextPageToken": token} if token else {})

    def _list(self, kind: str, found: list[Mention], more: dict[str, str] | None = None) -> Answer:
        served: list[str] = []
        write = self._thread if kind == "commentThread" else self._listed
        items = [write(mention, served) for mention in found]
        return answer_json({"kind": f"youtube#{kind}ListResponse", **(more or {}), "items": items}, tuple(served))

    def _thread(self, top: Mention, served: list[str]) -> dict[str, Any]:
        replies = self._replies(top)
        shared = {"channelId": CHANNEL, "videoId": video_of(top), "canReply": True, "isPublic": True}
        item = {
            "kind": "youtube#commentThread",
            "id": native(top.id),
            "snippet": {**shared, "topLevelComment": self._listed(top, served), "totalReplyCount": len(replies)},
        }
        told = [self._listed(one, served) for one in replies[:_EMBEDDED]]
        return {**item, "replies": {"comments": told}} if told else item

    def _listed(self, mention: Mention, served: list[str]) -> dict[str, Any]:
        served.append(mention.id)
        return self._comment(mention)

    def _comment(self, mention: Mention) -> dict[str, Any]:
        author, top = self.shelf.account(mention.author), self._top(mention)
        snippet = {
            "channelId": CHANNEL,
            "textDisplay": mention.text,
            "textOriginal": mention.text,
            "authorDisplayName": f"@{author.handle}",
            "authorChannelId": {"value": native(mention.author)},
            "likeCount": mention.metrics.get("likes", 0),
            "publishedAt": _time(mention.posted_at),
            "updatedAt": _time(mention.edited_at or mention.posted_at),
            **({} if top.id == mention.id else {"parentId": native(top.id)}),
        }
        return {"kind": "youtube#comment", "id": native(mention.id), "snippet": snippet}


def video_of(mention: Mention) -> str:
    """The video under which a comment stands."""
    return parse_qs(urlsplit(mention.url or "").query).get("v", [VIDEO])[0]


def refusal(status: int, reason: str, words: str, domain: str = "global", detail: str = "") -> Answer:
    """An error as Google's APIs write it."""
    body: dict[str, Any] = {
        "code": status,
        "message": words,
        "errors": [{"message": words, "domain": domain, "reason": reason}],
    }
    if detail:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        body |= {"status": "INVALID_ARGUMENT", "details": [{"@type": kind, "reason": detail, "domain": "googleapis.com"}]}
    return answer_json({"error": body}, status=status)


def _behind(found: list[Mention], skip: Mention | None) -> list[Mention]:
    """What is listed below a comment, newest first; its place is known also when it is gone."""
    return [one for one in found if skip is None or (one.posted_at, one.id) < (skip.posted_at, skip.id)]


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
