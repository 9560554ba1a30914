"""Collects a demo town's year through its platforms, day after day by a simulated clock; the demo command comes in."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cli.listening import to_all_brands
from cli.live import Opener
from demo.changes import RETRY
from jobs.collectors import Collectors
from social_crm.ports import Taken
from social_crm.services import brands, sources
from social_crm.services.sealing import Sealer, new_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from demo.town import Town
    from jobs.collect import Collected
    from social_crm.ports import Store

# Little is new from one look to the next: of larger pages most would be known already.
_PAGE_SIZE = 25
_PATIENCE = 7  # days for which a platform that is out of order is tried again


@dataclass(slots=True)
class Year:
    """Collects a town into a store: brands, sources with sealed credentials, then every day on which something is due.

    `told` hears how many of how many days are done, and how many mentions are stored. The key that seals the credentials of
    the sources is made here and kept nowhere.
    """

    store: Store
    town: Town
    told: Callable[[int, int, int], None] = lambda _done, _total, _mentions: None
    taken: Taken = field(default_factory=Taken)
    unmatched: int = 0
    troubles: list[str] = field(default_factory=list)
    _sealer: Sealer = field(default_factory=lambda: Sealer([new_key()]))
    _opener: Opener = field(init=False)

    def __post_init__(self) -> None:
        self._opener = Opener(self._sealer, self.town.clock, page_size=_PAGE_SIZE)

    def collect(self) -> None:
        """Set everything up, and let the year go by. Doing it again for the same store and town reads on from its end."""
        for brand in self.town.world.brands:
            brands.put(self.store, brand)
        for link in self.town.world.links:
            self.store.links.add(link)
        days = self.town.days()
        for done, day in enumerate(days, 1):
            self._collect(day)
            self.told(done, len(days), self.taken.new)

    def _collect(self, day: datetime) -> None:
        """What is due on a day; where a platform is out of order, the same again on the days after."""
        for again in range(_PATIENCE):
            self._look(day + again * RETRY)
            if not any(one.failures for one in self.store.sources.progress().values()):
                return

    def _look(self, day: datetime) -> None:
        for listing in self.town.world.listings:
            self.town.clock.move(self.town.due(day, listing))
            if day == self.town.world.span.start:
                for setup, credentials in self.town.sources(listing):
                    sources.put(self.store, setup, credentials, self._sealer, loopback=True)
            self._run()
        while (again := self._waiting()) is not None:
            self.town.clock.move(again)
            self._run()

    def _run(self) -> None:
        worker = Collectors(
            self.store,
            self._opener,
            to_all_brands(self.store),
            self.town.clock,
            random.Random(self.town.world.seed),  # noqa: S311 - jitter
            "demo",
        )
        for done in worker.run_once():
            self._count(done)

    def _count(self, done: Collected) -> None:
        self.taken, self.unmatched = self.taken + done.taken, self.unmatched + done.unmatched
        if done.trouble:
            self.troubles.append(done.trouble)

    def _waiting(self) -> datetime | None:
        """When the first of those sources may go on that a platform's limit, and no failure, has stopped."""
        progress = self.store.sources.progress().values()
        return min((one.due_at for one in progress if one.trouble and not one.failures and one.due_at), default=None)
