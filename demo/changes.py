"""When mentions of the demo change: late enough to be collected before, early enough to be seen; its rooms come in.

A platform is collected on certain DAYS, at most STEPS days apart, and what is stored is looked at again for LOOKED_AGAIN
days. So a mention is stored at most a step after it was posted, and looked at for the last time at least LOOKED_AGAIN less
a step after it was; an outage makes both RETRY worse. What changes in between is always seen. X lets people edit for half
an hour only: there the edited words are mostly the first that anybody collects.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from demo.places import PLATFORMS

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

# On which days of a month a platform is collected, and the longest step between them. X's search reaches back seven days;
# what the others show stays, and a few looks a month tell it all.
DAYS = {name: (1, 7, 13, 19, 25, 31) if name == "x" else (1, 16) for name in PLATFORMS}
STEPS = {name: 6 if name == "x" else 16 for name in PLATFORMS}
LOOKED_AGAIN = {name: 16 if name == "x" else 36 for name in PLATFORMS}
RETRY = timedelta(days=1)  # after an outage

_MARGIN = timedelta(hours=1)
_MINUTES_ON_X = 30
# Nobody can edit on Bluesky, nor on Hacker News after an hour or two.
_NEVER_EDITED = frozenset({"bluesky", "hackernews"})


def gone_at(random: Random, posted_at: datetime, platform: str) -> datetime:
    """When a mention that will be deleted is."""
    return posted_at + _between(random, platform)


def edited_at(random: Random, posted_at: datetime, platform: str) -> datetime | None:
    """When a mention that its author would edit is; None where that cannot be."""
    if platform in _NEVER_EDITED:
        return None
    if platform == "x":
        return posted_at + timedelta(minutes=1 + random.randrange(_MINUTES_ON_X))
    return posted_at + _between(random, platform)


def _between(random: Random, platform: str) -> timedelta:
    stored = timedelta(days=STEPS[platform]) + RETRY + _MARGIN
    seen = timedelta(days=LOOKED_AGAIN[platform] - STEPS[platform]) - RETRY - _MARGIN
    return stored + timedelta(seconds=random.randrange(int((seen - stored).total_seconds())))
