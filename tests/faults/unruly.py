"""An X that repeats and shuffles what it shows, and a worker to be killed; the fault tests come in."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cli.listening import to_all_brands
from cli.live import Opener
from demo.platforms.x import LoopbackX
from jobs.collectors import Collectors
from social_crm.services.sealing import Sealer
from social_crm.storage import open_store

if TYPE_CHECKING:
    from demo.platforms.platform import Answer, Request

REPEATED = 0.1


class UnrulyX(LoopbackX):
    """Shuffles each page of a search and puts a tenth of earlier posts in again."""

    def __init__(self, *given: Any, seed: int, **named: Any) -> None:
        super().__init__(*given, **named)
        self._random = random.Random(seed)
        self._shown: dict[str, Any] = {}

    def answer(self, request: Request) -> Answer:
        """The answer to a request, unruly where it is a page of a search."""
        found = super().answer(request)
        if not request.path.endswith("/search/recent") or found.status != 200:
            return found
        body = json.loads(found.body)
        posts = body.get("data") or []
        if posts:
            earlier = list(self._shown.values())
            again = self._random.sample(earlier, min(int(len(posts) * REPEATED), len(earlier)))
            self._shown = {post["id"]: post for post in posts}
            body["data"] = self._random.sample(posts + again, len(posts + again))
        return replace(found, body=json.dumps(body).encode())


class SharedClock:
    """A clock that another process moves: seconds since 1970 in shared memory, and what passes in between."""

    def __init__(self, seconds: Any) -> None:
        self._seconds = seconds

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self._seconds.value, UTC)


def work(store_url: str, sealing_key: str, seconds: Any, name: str) -> None:
    """Collect until killed."""
    clock, store, sealer = SharedClock(seconds), open_store(store_url), Sealer([sealing_key])
    chance, look = random.Random(time.time_ns()), timedelta(milliseconds=20)
    Collectors(store, Opener(sealer, clock), to_all_brands(store), clock, chance, name, look=look).run()
