"""Where to go on in Bluesky's search, so that nothing is passed over; its client comes in.

The search pages by counting from the top, ends at 10,000 hits, and hides posts after it has counted them: a page may be
short, or empty, with more to come. So each page is asked for below the last one by time (`until`), where no new post shifts
the count and no count ends. Only inside an instant that is longer than a page, or behind a page that shows nothing, the
platform's own cursor leads on, below the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from social_crm.domain.errors import PlatformUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# The search counts in thousandths of a second; below the end of the last one, its posts come again, and none is missed.
_TICK = timedelta(milliseconds=1)
_COUNTED = 10_000  # hits that the search counts up to


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the search: below a time (RFC 3339, "" for the top) and behind the platform's cursor ("" for none).

    `turns` says how many times the cursor has led on below that time.
    """

    until: str = ""
    cursor: str = ""
    turns: int = 0

    @staticmethod
    def of(token: str) -> Place:
        """Read the token of a walk."""
        until, _, rest = token.partition(" ")
        turns, _, cursor = rest.partition(" ")
        return Place(until, cursor, int(turns[:9]) if turns.isascii() and turns.isdecimal() else 0)

    def token(self) -> str:
        """The place as the token of a walk."""
        return f"{self.until} {self.turns} {self.cursor}"


def onward(here: Place, cursor: object, latest: Sequence[datetime], size: int) -> str:
    """The token of the next page, "" at the end of the search, which is where it gives no cursor.

    `latest` bounds each post of this page from above; `size` is how many posts a page was asked to hold. Raises
    PlatformUnavailable when the search goes round in a circle, or further than it counts.
    """
    if not isinstance(cursor, str) or not cursor:
        return ""
    below = _below(min(latest)) if latest else ""
    if below and (not here.until or below < here.until):
        return Place(below).token()
    if cursor == here.cursor:
        raise PlatformUnavailable("Bluesky sends the same page of its search again: try again later")
    if here.turns * size > _COUNTED:
        raise PlatformUnavailable("Bluesky's search goes on without end and gets no further: try again later")
    return Place(here.until, cursor, here.turns + 1).token()


def _below(low: datetime) -> str:
    second = low.replace(microsecond=low.microsecond // 1000 * 1000)
    return (second + _TICK).isoformat(timespec="milliseconds").replace("+00:00", "Z")
