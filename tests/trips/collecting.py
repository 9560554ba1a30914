"""A service that collects from a loopback platform into a store, by a clock that a test moves; the trips come in."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cli.listening import to_all_brands
from cli.live import Opener
from jobs.collectors import Collectors
from social_crm.domain.source import SourceSetup
from social_crm.services import sources
from social_crm.services.sealing import Sealer, new_key
from tests.builders import a_brand

if TYPE_CHECKING:
    from jobs.collect import Collected
    from social_crm.domain.source import Progress
    from social_crm.ports import Store
    from tests.sources.stand import Place

SEALER = Sealer([new_key()])


class Service:
    """One brand, sources at a place, and workers that run them once whenever a test says so."""

    def __init__(self, store: Store, place: Place) -> None:
        self.store, self.place = store, place
        store.brands.put(a_brand("acme", handles={place.stand.name: ("acme_official",)}))

    def add(self, source_id: str = "src", **changes: Any) -> SourceSetup:
        place, stand = self.place, self.place.stand
        options = {**stand.options, **stand.placed_at(place.server.url), **changes.pop("options", {})}
        setup = SourceSetup(source_id, stand.name, "acme", changes.pop("query", place.query), options=options, **changes)
        return sources.put(self.store, setup, dict(stand.credentials), SEALER, loopback=True)

    def worker(self, name: str = "one", page_size: int = 7, **changes: Any) -> Collectors:
        return Collectors(
            self.store,
            Opener(SEALER, self.place.clock, page_size=page_size, timeout=1.0),
            to_all_brands(self.store),
            self.place.clock,
            random.Random(7),
            name,
            **changes,
        )

    def run(self, **changes: Any) -> Collected:
        """Run what is due once; there must be one source that is."""
        (done,) = self.worker(**changes).run_once()
        return done

    def run_every(self, minutes: int, times: int, **changes: Any) -> list[Collected]:
        """Let time pass in steps, and run what is due after each."""
        runs: list[Collected] = []
        for _ in range(times):
            self.place.clock.forward(timedelta(minutes=minutes))
            runs += self.worker(**changes).run_once()
        return runs

    def progress(self, source_id: str = "src") -> Progress:
        return self.store.sources.progress()[source_id]
