"""A forum of Discourse on loopback: its listing, search, topics, single posts, and replies; the doors and tests come in."""

from __future__ import annotations

import html
import json
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from demo.platforms.platform import LoopbackPlatform, Window, answer_json
from demo.platforms.shelf import native
from social_crm.domain.account import Account
from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from demo.platforms.platform import Answer, Request
    from demo.platforms.shelf import Shelf

_PAGE, _CHUNK, _PAGES, _STEP = 50, 20, 10, 50
_WITHDRAWN = "<p>(post deleted by author)</p>"


class LoopbackDiscourse(LoopbackPlatform):
    """A forum whose mentions are `discourse:<host>/<topic>/<number>`; its own numbers of posts are the order of arrival.

    `page` is how many posts the listing shows, and topics a page of the search; `stepwise` lists by spans of numbers, as
    old versions do. `keys` are Api-Keys with their users. A first post that was taken back while others answer it stays as
    an empty shell; any other deleted post is gone, and a topic with its first.
    """

    name = "discourse"
    usual_window = (200, 60)

    def __init__(
        self,
        shelf: Shelf,
        clock: Callable[[], datetime],
        window: Window | None = None,
        page: int = _PAGE,
        keys: Mapping[str, str] | None = None,
        *,
        stepwise: bool = False,
    ) -> None:
        super().__init__(shelf, clock, window)
        self.page, self.stepwise = page, stepwise
        self.keys = {"loopback-key": "support"} if keys is None else keys
        self._arrived: list[str] = []
        self._number: dict[str, int] = {}
        self._topics: dict[int, list[int]] = defaultdict(list)

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        self._sort_in()
        headers = {name.lower(): value for name, value in request.headers.items()}
        key = headers.get("api-key", "")
        if key and (key not in self.keys or headers.get("api-username") != self.keys[key]):
            return _refused(403, "invalid_access", "The API username or key is invalid.")
        if request.path == "/posts.json":
            return self._reply(request, self.keys.get(key)) if request.method == "POST" else self._listing(request)
        if request.path == "/search.json":
            return self._search(request)
        kind, _, place = request.path.removesuffix(".json").strip("/").partition("/")
        return {"t": self._topic, "posts": self._single}.get(kind, _nothing)(place, request)

    def limited(self, *, says_when: bool) -> Answer:
        """One request too many, in Discourse's words."""
        headers = self.wait_headers() if says_when else {}
        body: dict[str, Any] = {"errors": ["Slow down."], "error_type": "rate_limit"}
        if says_when:
            body["extras"] = {"wait_seconds": int(headers["Retry-After"])}
        return answer_json(body, headers=headers, status=429)

    def _sort_in(self) -> None:
        """Give a number to each post that has arrived since."""
        for own in self.shelf.arrived(len(self._arrived)):
            self._arrived.append(own)
            self._number[own] = len(self._arrived)
            self._topics[_place(own)[0]].append(len(self._arrived))

    def _posts(self, numbers: list[int]) -> Iterator[tuple[Mention, dict[str, Any]]]:
        """Those posts of some numbers that are shown now."""
        for number in numbers:
            first = self.shelf.ever(self._arrived[number - 1]) if 0 < number <= len(self._arrived) else None
            if first is None or first.posted_at > self.clock():
                continue
            mention = self.shelf.find(first.id, self.clock())
            if mention is not None and (_place(first.id)[1] == 1 or self._is_there(_place(first.id)[0])):
                yield mention, self._post(mention, number)
            elif mention is None and _place(first.id)[1] == 1 and self._is_there(_place(first.id)[0]):
                shell = {**self._post(first, number), "cooked": _WITHDRAWN, "user_deleted": True}
                yield replace(first, text=""), shell

    def _is_there(self, topic: int) -> bool:
        """Whether a topic is shown: its first post is there, or somebody's answer."""
        return any(self.shelf.find(self._arrived[number - 1], self.clock()) for number in self._topics[topic])

    def _post(self, mention: Mention, number: int) -> dict[str, Any]:
        topic, place = _place(mention.id)
        changed = mention.edited_at or mention.posted_at
        to = next((account for how, account in mention.addressed if how is How.REPLY), None)
        likes = mention.metrics.get("likes", 0)
        author = native(mention.author).rpartition("/")[2]
        return {
            "id": number,
            "username": author,
            "name": author.title(),
            "user_id": 1,
            "created_at": _time(mention.posted_at),
            "updated_at": _time(changed),
            "version": 2 if mention.edited_at else 1,
            "cooked": _cooked(mention.text.partition("\n\n")[2] if place == 1 else mention.text),
            "post_number": place,
            "post_type": 1,
            "reply_to_post_number": _place(mention.parent)[1] if mention.parent else None,
            **({"reply_to_user": {"username": native(to).rpartition("/")[2]}} if to else {}),
            "topic_id": topic,
            "hidden": False,
            "user_deleted": False,
            "deleted_at": None,
            "actions_summary": [{"id": 2, "count": likes}] if likes else [],
        }

    def _title(self, topic: int) -> str:
        """What stands over a topic, as its first post has it now."""
        first = self._arrived[self._topics[topic][0] - 1]
        mention = self.shelf.find(first, self.clock()) or self.shelf.ever(first)
        return mention.text.partition("\n\n")[0] if mention else ""

    def _listing(self, request: Request) -> Answer:
        before = int(request.query.get("before") or 0)
        if self.stepwise:
            top = before or len(self._arrived)
            numbers = list(range(top, max(top - _STEP, 0), -1))
        else:
            numbers = list(range(min(before - 1, len(self._arrived)) if before else len(self._arrived), 0, -1))
        shown: list[tuple[Mention, dict[str, Any]]] = []
        for mention, post in self._posts(numbers):
            shown.append((mention, {**post, "topic_title": self._title(post["topic_id"])}))
            if not self.stepwise and len(shown) == self.page:
                break
        return answer_json({"latest_posts": [post for _, post in shown]}, tuple(mention.id for mention, _ in shown))

    def _search(self, request: Request) -> Answer:
        page = int(request.query.get("page") or 1)
        words = [word for word in request.query.get("q", "").lower().split() if ":" not in word]
        if page > _PAGES or not words:
            return _refused(400, "invalid_parameters", "You supplied invalid parameters to the request.")
        newest: dict[int, dict[str, Any]] = {}
        for mention in self.shelf.newest(self.clock()):
            topic = _place(mention.id)[0]
            if topic not in newest and all(word in mention.text.lower() for word in words):
                newest[topic] = self._hit(mention)
        begin = (page - 1) * self.page
        found = {
            "posts": list(newest.values())[begin : begin + self.page],
            "topics": [],
            "grouped_search_result": {"more_full_page_results": len(newest) > begin + self.page or None, "error": None},
        }
        return answer_json(found)

    def _hit(self, mention: Mention) -> dict[str, Any]:
        post = self._post(mention, self._number[mention.id])
        kept = ("id", "username", "name", "created_at", "post_number", "topic_id")
        return {**{name: post[name] for name in kept}, "blurb": mention.text[:200]}

    def _topic(self, place: str, request: Request) -> Answer:
        number, _, rest = place.partition("/")
        if not number.isdecimal() or rest not in {"", "posts"}:
            return _nothing(place, request)
        shown = list(self._posts(self._topics.get(int(number), [])))
        if not shown:
            return _nothing(place, request)
        wanted = set(request.queries.get("post_ids[]", ()))
        some = [one for one in shown if str(one[1]["id"]) in wanted] if rest else shown[:_CHUNK]
        stream: dict[str, Any] = {"posts": [post for _, post in some]}
        body: dict[str, Any] = {"post_stream": stream, "id": int(number)}
        if not rest:
            stream["stream"] = [post["id"] for _, post in shown]
            body["title"] = self._title(int(number))
        return answer_json(body, tuple(mention.id for mention, _ in some))

    def _single(self, place: str, request: Request) -> Answer:
        if place.startswith("by_number/"):
            host = native(self._arrived[0]).partition("/")[0] if self._arrived else ""
            number = self._number.get(f"discourse:{host}/{place.removeprefix('by_number/')}", 0)
        else:
            number = int(place) if place.isdecimal() else 0
        shown = list(self._posts([number]))
        return answer_json(shown[0][1], (shown[0][0].id,)) if shown else _nothing(place, request)

    def _reply(self, request: Request, user: str | None) -> Answer:
        """Take a reply in the name of the user whom the key belongs to."""
        if user is None:
            return _refused(403, "not_logged_in", "You need to be logged in to do that.")
        text = request.body.decode()
        told = json.loads(text) if text.startswith("{") else {name: last[-1] for name, last in parse_qs(text).items()}
        topic, said = int(told.get("topic_id") or 0), str(told.get("raw") or "").strip()
        shown = list(self._posts(self._topics.get(topic, [])))
        if not shown or not said:
            return _refused(422, "invalid_parameters", "Body is too short (minimum is 1 character)")
        to = int(told.get("reply_to_post_number") or 1)
        answered = next((mention for mention, post in shown if post["post_number"] == to), shown[0][0])
        host = native(answered.id).partition("/")[0]
        number = max(_place(self._arrived[one - 1])[1] for one in self._topics[topic]) + 1
        author, now = f"discourse:{host}/{user.lower()}", self.clock()
        mention = Mention(
            id=f"discourse:{host}/{topic}/{number}",
            author=author,
            posted_at=now,
            collected_at=now,
            text=said,
            kind=Kind.REPLY,
            parent=answered.id,
            thread=f"discourse:{host}/{topic}/1",
            addressed=address([(How.REPLY, answered.author)], author),
        )
        self.shelf.know([Account(author, user, now)])
        self.shelf.add(mention)
        self._sort_in()
        return answer_json(self._post(mention, self._number[mention.id]), (mention.id,))


def _place(own: str) -> tuple[int, int]:
    """Topic and number of a mention."""
    _, topic, number = native(own).rsplit("/", 2)
    return int(topic), int(number)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _cooked(text: str) -> str:
    return "".join(f"<p>{html.escape(part)}</p>\n" for part in text.split("\n\n")) if text else ""


def _nothing(_place: str, _request: Request) -> Answer:
    return _refused(404, "not_found", "The requested URL or resource could not be found.")


def _refused(status: int, kind: str, words: str) -> Answer:
    return answer_json({"errors": [words], "error_type": kind}, status=status)
