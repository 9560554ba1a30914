"""The demo world as a source of mentions: pages in no order, with repeats and late news; the doors come in."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from social_crm.domain.errors import Invalid, NotFound
from social_crm.ports import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from demo.world import World
    from social_crm.domain.mention import Mention

_REPEATED = 0.05  # the share of mentions that arrive twice


class DemoSource:
    """Tells a world the way platforms do: shuffled, some of it twice, an edit even before the original."""

    def __init__(self, world: World, page_size: int = 500) -> None:
        if page_size < 1:
            raise Invalid("a page holds at least one mention")
        self._world = world
        self._page_size = page_size
        self._accounts = {account.id: account for account in world.accounts}

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        """Walk what is about a brand (its id), or everything and the noise too (""); `done` counts mentions.

        A deletion comes without its words, so the page says which brands it is about. Raises NotFound for a brand that the
        world does not have, and Invalid for a cursor that is not ours.
        """
        if query and query not in {brand.id for brand in self._world.brands}:
            raise NotFound(f"there is no brand {query!r} in the demo world")
        arrivals = self._arrivals(query)
        start = _position(cursor, len(arrivals))
        return (self._page(arrivals, begin) for begin in range(start, len(arrivals), self._page_size))

    def _arrivals(self, query: str) -> list[Mention]:
        world = self._world
        arrivals = [
            mention for mention in (*world.mentions, *world.versions) if not query or query in world.about[mention.id]
        ]
        random = Random(world.seed)  # noqa: S311 - the same order at each pull, not a secret
        arrivals += random.sample(arrivals, int(len(arrivals) * _REPEATED))
        arrivals += [] if query else world.noise
        random.shuffle(arrivals)
        return arrivals

    def _page(self, arrivals: Sequence[Mention], begin: int) -> Page:
        mentions = tuple(arrivals[begin : begin + self._page_size])
        done = begin + len(mentions)
        return Page(
            mentions=mentions,
            accounts=tuple(self._accounts[author] for author in dict.fromkeys(one.author for one in mentions)),
            cursor=str(done),
            brands={one.id: self._world.about[one.id] for one in mentions if one.deleted_at is not None},
            done=done,
            total=len(arrivals),
        )


def _position(cursor: str | None, total: int) -> int:
    if not cursor:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or int(cursor) > total:
        raise Invalid(f"{cursor!r} is not a cursor of the demo world: begin again without one")
    return int(cursor)
