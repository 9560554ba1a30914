"""Which stored mentions are looked at again, and when: often while they are young, rarely later; collecting comes in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid
from social_crm.ports import MentionFilter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from social_crm.domain.mention import Mention
    from social_crm.ports import Store

TICK = timedelta(minutes=30)
BATCH = 20
_PORTION = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# (up to which age, every how many ticks): a young thread every half an hour, then every four hours, then once a day.
DECAY: tuple[tuple[timedelta, int], ...] = (
    (timedelta(days=1), 1),
    (timedelta(days=3), 8),
    (timedelta(days=90), 48),
)


@dataclass(frozen=True, slots=True)
class Round:
    """One round of looking again: the mentions whose turn came after the tick `last`, up to the tick of `now`.

    `after` is the place (posted_at, id) behind which it goes on, newest first; None at its beginning.
    """

    now: datetime
    last: int
    after: tuple[datetime, str] | None = None

    @staticmethod
    def begin(now: datetime, revisited_at: datetime) -> Round | None:
        """The next round; None when no tick has passed since the last one."""
        last = _tick(revisited_at)
        return Round(now, last) if _tick(now) > last else None

    @staticmethod
    def of(text: str) -> Round:
        """A round that was interrupted, from its `place`. Raises Invalid for what is none."""
        try:
            now, last, *after = text.split("|", 3)
            return Round(parse_time(now), int(last), (parse_time(after[0]), after[1]) if after else None)
        except (ValueError, IndexError) as error:
            raise Invalid(f"{text!r:.80} is not the place of a round") from error

    def place(self, behind: Mention) -> str:
        """Where to go on once everything down to a mention has been looked at."""
        return "|".join((self.now.isoformat(), str(self.last), behind.posted_at.isoformat(), behind.id))

    def due(self, mention: Mention) -> bool:
        """Whether it is the turn of a mention: of a whole thread at once, spread evenly over the ticks."""
        age = self.now - mention.posted_at
        every = next((every for upto, every in DECAY if age < upto), None)
        if every is None or mention.deleted_at is not None:
            return False
        turn = _turn(mention.thread or mention.id) % every
        ticks = range(max(self.last + 1, _tick(self.now) - every + 1), _tick(self.now) + 1)
        return any(tick % every == turn for tick in ticks)


def batches(store: Store, platform: str, days: int, at: Round) -> Iterator[tuple[list[Mention], Mention]]:
    """The mentions that are due, newest first, in batches; each with the last mention that was considered with it."""
    only = MentionFilter(platform=platform, since=at.now - timedelta(days=days), until=at.now)
    after = at.after
    due: list[Mention] = []
    while portion := store.mentions.page(only, after, _PORTION):
        for heard in portion:
            if at.due(heard.mention):
                due.append(heard.mention)
            if len(due) == BATCH:
                yield due, heard.mention
                due = []
        last = portion[-1].mention
        after = (last.posted_at, last.id)
        if len(portion) < _PORTION:
            break
    if due:
        yield due, due[-1]


def _tick(moment: datetime) -> int:
    return (moment - _EPOCH) // TICK


def _turn(thread: str) -> int:
    """The same in every process."""
    return int.from_bytes(hashlib.blake2b(thread.encode(), digest_size=8).digest(), "big")
