"""Posts, comments and stubs as Reddit writes them, from what a shelf holds; the loopback Reddit comes in."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from demo.platforms.shelf import native
from social_crm.domain.mention import Kind

if TYPE_CHECKING:
    from datetime import datetime

    from demo.platforms.shelf import Shelf
    from social_crm.domain.mention import Mention

NOBODY = "[deleted]"


class Things:
    """Writes things as of a time; with `raw`, texts stand as they were written, else with entities."""

    def __init__(self, shelf: Shelf, now: datetime, *, raw: bool) -> None:
        self._shelf, self._now, self._raw = shelf, now, raw

    def thing(self, first: Mention) -> dict[str, Any]:
        """A post or comment in its envelope, as it is now: what is gone is shown as a stub without author and text."""
        now = self._shelf.find(first.id, self._now)
        if first.kind is Kind.POST:
            return {"kind": "t3", "data": self._post(first, now)}
        return {"kind": "t1", "data": self._comment(first, now)}

    def _post(self, first: Mention, now: Mention | None) -> dict[str, Any]:
        title, _, said = (now or first).text.partition("\n\n")
        place = f"/r/{subreddit_of(first)}/comments/{bare(first.id)}/_/"
        return {
            **self._shared(first, now),
            "title": self._written(title),
            "selftext": self._written(said) if now else NOBODY,
            "is_self": True,
            "num_comments": self.count_below(first.id),
            "permalink": place,
            "removed_by_category": None,
        }

    def _comment(self, first: Mention, now: Mention | None) -> dict[str, Any]:
        link = native(first.thread or first.id)
        return {
            **self._shared(first, now),
            "body": self._written(now.text) if now else NOBODY,
            "link_id": link,
            "parent_id": native(first.parent or first.thread or first.id),
            "permalink": f"/r/{subreddit_of(first)}/comments/{bare(link)}/_/{bare(first.id)}/",
            "replies": "",
        }

    def _shared(self, first: Mention, now: Mention | None) -> dict[str, Any]:
        edited = now.edited_at.timestamp() if now and now.edited_at else False
        metrics = first.metrics
        known = {
            "id": bare(first.id),
            "name": native(first.id),
            "created_utc": float(int(first.posted_at.timestamp())),
            "edited": edited,
            "score": metrics.get("score", metrics.get("likes", 1)),
            "subreddit": subreddit_of(first),
            "subreddit_name_prefixed": f"r/{subreddit_of(first)}",
        }
        if now is None:
            return {**known, "author": NOBODY}
        author = native(first.author)
        if author.startswith("t2_"):
            known["author_fullname"] = author
        return {**known, "author": self.handle(first.author)}

    def handle(self, account: str) -> str:
        """The name of an account."""
        try:
            return self._shelf.account(account).handle
        except KeyError:
            return native(account).removeprefix("t2_").removeprefix("u_")

    def count_below(self, own_id: str) -> int:
        """How many comments stand below a post or comment."""
        waiting, count = [own_id], 0
        while waiting:
            answers = self._shelf.every_answer(waiting.pop(), self._now)
            count += len(answers)
            waiting += [answer.id for answer in answers]
        return count

    def answers(self, own_id: str) -> list[Mention]:
        """What stands directly below, newest first; a deleted comment only while one that is there stands below it."""
        return [one for one in reversed(self._shelf.every_answer(own_id, self._now)) if self._stands(one)]

    def _stands(self, first: Mention) -> bool:
        waiting = [first]
        while waiting:
            one = waiting.pop()
            if self._shelf.find(one.id, self._now) is not None:
                return True
            waiting += self._shelf.every_answer(one.id, self._now)
        return False

    def stub(self, above: str, left: list[Mention]) -> dict[str, Any]:
        """A stub for comments below `above` that are not sent; without any it leads to a thread of its own."""
        count = sum(1 + self.count_below(one.id) for one in left)
        name = bare(left[0].id) if left else "_"
        data = {"count": count, "id": name, "name": f"t1_{name}", "parent_id": native(above), "depth": 0}
        return {"kind": "more", "data": {**data, "children": [bare(one.id) for one in left]}}

    def _written(self, text: str) -> str:
        return text if self._raw else html.escape(text, quote=False)


def bare(own_id: str) -> str:
    """An id without platform and kind."""
    return native(own_id).partition("_")[2] if ":" in own_id else own_id.partition("_")[2]


def subreddit_of(mention: Mention) -> str:
    """The subreddit in which a mention was said: its address tells it, else it is r/acme."""
    _, found, rest = (mention.url or "").partition("/r/")
    return rest.partition("/")[0] if found else "acme"


def listing(children: list[dict[str, Any]], after: str | None = None, before: str | None = None) -> dict[str, Any]:
    """A listing."""
    return {"kind": "Listing", "data": {"modhash": None, "children": children, "after": after, "before": before}}
