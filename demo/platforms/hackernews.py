"""Hacker News on loopback: its search by date and its items; the doors and tests come in."""

from __future__ import annotations

import html
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from demo.platforms.platform import LoopbackPlatform, answer_json, whole
from demo.platforms.shelf import native
from social_crm.domain.mention import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.platforms.platform import Answer, Request
    from social_crm.domain.mention import Mention

_BELOW = re.compile(r"created_at_i<=(\d+)")
_LARGEST = 1000


class LoopbackHackerNews(LoopbackPlatform):
    """`/api/v1/search_by_date`, newest first, at most 1,000 hits a question, and `/api/v1/items/<id>` with its tree."""

    name = "hackernews"
    usual_window = (10_000, 3600)

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        if request.path == "/api/v1/search_by_date":
            return self._search(request)
        if request.path.startswith("/api/v1/items/"):
            return self._item(request.path.rpartition("/")[2])
        return _missing()

    def _search(self, request: Request) -> Answer:
        """A page of the hits; how many there are is counted up to the most that a question can reach."""
        size = whole(request, "hitsPerPage", 20, _LARGEST)
        page = int(request.query.get("page") or 0)
        found = list(islice(self._hits(request), _LARGEST))
        hits = found[page * size : (page + 1) * size]
        body = {
            "hits": [self._hit(mention) for mention in hits],
            "nbHits": len(found),
            "page": page,
            "nbPages": -(-len(found) // size),
            "hitsPerPage": size,
        }
        return answer_json(body, tuple(mention.id for mention in hits))

    def _hits(self, request: Request) -> Iterator[Mention]:
        words = request.query.get("query", "").lower().split()
        below = _BELOW.search(request.query.get("numericFilters", ""))
        for mention in self.shelf.newest(self.clock()):
            second = int(mention.posted_at.timestamp())
            if (below is None or second <= int(below.group(1))) and all(word in mention.text.lower() for word in words):
                yield mention

    def _hit(self, mention: Mention) -> dict[str, Any]:
        shared = {
            "objectID": native(mention.id),
            "created_at": mention.posted_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "created_at_i": int(mention.posted_at.timestamp()),
            "author": native(mention.author),
            "_tags": ["story" if mention.kind is Kind.POST else "comment", f"author_{native(mention.author)}"],
        }
        thread = int(native(mention.thread or mention.id))
        if mention.kind is Kind.POST:
            title, _, said = mention.text.partition("\n\n")
            points = mention.metrics.get("points", 0)
            return {**shared, "title": title, "story_text": _html(said) or None, "points": points, "story_id": thread}
        parent = int(native(mention.parent or mention.id))
        return {**shared, "comment_text": _html(mention.text), "story_id": thread, "parent_id": parent}

    def _item(self, number: str) -> Answer:
        mention = self.shelf.ever(f"hackernews:{number}")
        if mention is None or mention.posted_at > self.clock():
            return _missing()
        items: list[str] = []
        return answer_json(self._tree(mention, items), tuple(items))

    def _tree(self, mention: Mention, items: list[str]) -> dict[str, Any]:
        now = self.shelf.find(mention.id, self.clock())
        thread = native(mention.thread or mention.id)
        children = [self._tree(answer, items) for answer in self.shelf.every_answer(mention.id, self.clock())]
        known: dict[str, Any] = {
            "id": int(native(mention.id)),
            "created_at_i": int(mention.posted_at.timestamp()),
            "type": "story" if mention.kind is Kind.POST else "comment",
            "parent_id": int(native(mention.parent)) if mention.parent else None,
            "story_id": int(thread),
            "children": children,
        }
        if now is None:
            return {**known, "author": None, "text": None, "title": None, "points": None}
        items.append(now.id)
        title, _, said = now.text.partition("\n\n") if now.kind is Kind.POST else (None, "", now.text)
        points = now.metrics.get("points", 0) if now.kind is Kind.POST else None
        return {**known, "author": native(now.author), "title": title, "text": _html(said) or None, "points": points}


def _missing() -> Answer:
    return answer_json({"status": 404, "error": "Not Found"}, status=404)


def _html(text: str) -> str:
    return html.escape(text).replace("\n\n", "<p>") if text else ""
