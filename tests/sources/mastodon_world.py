"""A Mastodon server whose statuses have the numbers that a real one gives; the tests of Mastodon come in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors.mastodon.fields import snowflake
from demo.platforms.mastodon import HOST, LoopbackMastodon
from social_crm.domain.account import Account
from social_crm.domain.mention import How, Kind, Mention, address
from tests.sources.stand import Place
from tests.sources.stands.mastodon import STAND

if TYPE_CHECKING:
    from datetime import datetime

    from social_crm.domain.page import Page

AUTHOR = f"mastodon:{HOST}/77"


class World(Place):
    """The stand of Mastodon, another query or platform, and posts whose numbers are snowflakes of their time."""

    def __init__(
        self, query: str = "tag:acme", platform: type[LoopbackMastodon] = LoopbackMastodon, **settings: Any
    ) -> None:
        super().__init__(replace(STAND, query=query, platform=platform), **settings)
        self.shelf.know([Account(AUTHOR, "sam@elsewhere.example", self.clock(), "Sam")])
        self._count = 0

    @property
    def me(self) -> str:
        return self.platform.account.id

    def post(self, text: str = "News of acme", at: datetime | None = None, **changes: Any) -> Mention:
        """A post of now, or one that has been fetched late: its number is of the time at which it was written."""
        self._count += 1
        moment = at or self.clock()
        own = f"mastodon:{HOST}/{snowflake(moment) + self._count}"
        values = {"id": own, "author": AUTHOR, "posted_at": moment, "collected_at": moment, "text": text, "thread": own}
        mention = Mention(**{**values, **changes})
        self.shelf.add(mention)
        return mention

    def reply(self, parent: Mention, text: str = "About that acme", **changes: Any) -> Mention:
        whom = address([(How.REPLY, parent.author)], AUTHOR)
        made = {"kind": Kind.REPLY, "parent": parent.id, "thread": parent.thread, "addressed": whom}
        return self.post(text, **{**made, **changes})

    def posts(self, count: int, every: timedelta = timedelta(minutes=1), **changes: Any) -> list[Mention]:
        made = []
        for _ in range(count):
            made.append(self.post(**changes))
            self.clock.forward(every)
        return made


def found(pages: list[Page]) -> set[str]:
    return {mention.id for page in pages for mention in page.mentions}
