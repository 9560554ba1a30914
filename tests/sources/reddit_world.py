"""A small world for the tests of Reddit: posts with trees of comments; they come in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from demo.platforms.reddit import LoopbackReddit
from social_crm.domain.account import Account
from social_crm.domain.mention import How, Kind, Mention, address
from tests.sources.stand import Place
from tests.sources.stands.reddit import STAND

if TYPE_CHECKING:
    from social_crm.domain.page import Page

PERSONAL = {**STAND.credentials, **dict(zip(("username", "password"), LoopbackReddit.PERSON, strict=True))}


class Subreddit(Place):
    """A place with posts and comments of r/acme, made one a minute."""

    platform: LoopbackReddit

    def __init__(self, query: str = "posts:acme", *, personal: bool = False, **platform: Any) -> None:
        credentials = PERSONAL if personal else STAND.credentials
        super().__init__(replace(STAND, query=query, credentials=credentials), **platform)
        self._made = 0
        self.shelf.know(Account(STAND.account_id(n), f"person{n}", self.clock()) for n in range(30))

    def post(self, text: str = "", subreddit: str = "acme", **changes: Any) -> Mention:
        return self._add(Kind.POST, None, text or f"Post on acme {self._made}", subreddit, changes)

    def comment(self, parent: Mention, text: str = "", **changes: Any) -> Mention:
        subreddit = (parent.url or "").split("/")[4]
        return self._add(Kind.COMMENT, parent, text or f"Comment on acme {self._made}", subreddit, changes)

    def _add(self, kind: Kind, parent: Mention | None, text: str, subreddit: str, changes: dict[str, Any]) -> Mention:
        self._made += 1
        self.clock.forward(timedelta(minutes=1))
        own = STAND.mention_id(self._made, kind)
        author = STAND.account_id(self._made % 30)
        said = Mention(
            id=own,
            author=author,
            posted_at=self.clock(),
            collected_at=self.clock(),
            text=text,
            kind=kind,
            parent=parent.id if parent else None,
            thread=parent.thread if parent else own,
            addressed=address([(How.REPLY, parent.author)] if parent else [], author),
            url=f"https://www.reddit.com/r/{subreddit}/comments/{self._made}/_/",
        )
        said = replace(said, **changes)
        self.shelf.add(said)
        return said

    def looked_up(self, *mentions: Mention) -> list[Page]:
        self.clock.forward(timedelta(minutes=5))
        return list(self.source().revisit(mentions))

    def asked(self, path: str) -> int:
        return sum(entry.path.startswith(path) for entry in self.server.log)


def found(pages: list[Page]) -> dict[str, Mention]:
    return {mention.id: mention for page in pages for mention in page.mentions}


def gone(pages: list[Page]) -> set[str]:
    return {deletion.mention for page in pages for deletion in page.deletions}


def told(mention: Mention) -> tuple[object, ...]:
    same = (mention.id, mention.author, mention.posted_at, mention.text, mention.kind, mention.parent, mention.thread)
    return (*same, mention.addressed)
