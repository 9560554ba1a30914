"""What a loopback platform holds: posts with what becomes of them, and accounts; the platforms and tests come in."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from social_crm.domain.account import Account
    from social_crm.domain.mention import Mention


def native(own_id: str) -> str:
    """The platform's own id: what stands behind the first colon of ours."""
    return own_id.partition(":")[2]


@dataclass(slots=True)
class Shelf:
    """Posts as mentions, by the time at which they were posted; what is edited or deleted shows from its time on.

    Safe between threads: tests add, edit and delete while a server answers. A mention's `addressed`, `parent` and `thread`
    say what it answers; its `collected_at` is never looked at.
    """

    _order: list[tuple[datetime, str]] = field(default_factory=list)
    _first: dict[str, Mention] = field(default_factory=dict)
    _last: dict[str, Mention] = field(default_factory=dict)
    _accounts: dict[str, Account] = field(default_factory=dict)
    _answers: dict[str, list[str]] = field(default_factory=dict)
    _edits: set[str] = field(default_factory=set)
    _guard: threading.RLock = field(default_factory=threading.RLock)

    def know(self, accounts: Iterable[Account]) -> None:
        """Add accounts, or show their newer face."""
        with self._guard:
            self._accounts.update({account.id: account for account in accounts})

    def add(self, first: Mention, last: Mention | None = None) -> None:
        """Add a post, as it was first told and as it will be after its `edited_at` or `deleted_at`."""
        with self._guard:
            if first.id not in self._first:
                insort(self._order, (first.posted_at, first.id))
                if first.parent is not None:
                    self._answers.setdefault(first.parent, []).append(first.id)
            self._first[first.id], self._last[first.id] = first, last or first
            if last is not None and last.edited_at is not None:
                self._edits.add(first.id)

    def edit(self, own_id: str, text: str, at: datetime) -> None:
        """Change the words of a post from a time on."""
        with self._guard:
            self._last[own_id] = replace(self._last[own_id], text=text, edited_at=at)
            self._edits.add(own_id)

    def delete(self, own_id: str, at: datetime) -> None:
        """Take a post away from a time on."""
        with self._guard:
            self._last[own_id] = replace(self._last[own_id], deleted_at=at)

    def account(self, own_id: str) -> Account:
        """An account by its id."""
        return self._accounts[own_id]

    def find(self, own_id: str, now: datetime) -> Mention | None:
        """A post as it is now; None when it does not exist, not yet or no longer."""
        with self._guard:
            first, last = self._first.get(own_id), self._last.get(own_id)
        if first is None or last is None or first.posted_at > now:
            return None
        if last.deleted_at is not None and last.deleted_at <= now:
            return None
        if last.edited_at is not None and last.edited_at <= now:
            return replace(last, deleted_at=None)
        return first

    def ever(self, own_id: str) -> Mention | None:
        """A post as it was first told, also when it is gone."""
        return self._first.get(own_id)

    def __len__(self) -> int:
        """How many posts there have ever been, and will be."""
        return len(self._first)

    def ids(self) -> tuple[str, ...]:
        """The ids of all posts that have ever been, and will be, in no particular order."""
        with self._guard:
            return tuple(self._first)

    def is_deleted(self, own_id: str, now: datetime) -> bool:
        """Whether a post was there and is gone."""
        last = self._last.get(own_id)
        return last is not None and last.deleted_at is not None and last.deleted_at <= now

    def newest(self, now: datetime, upto: datetime | None = None, skip: str = "") -> Iterator[Mention]:
        """What is there now, newest first: from `upto` down where given, and behind the post `skip` where given.

        A post that is gone can still be skipped to, as its place is remembered.
        """
        for first in self.newest_ever(now, upto, skip):
            mention = self.find(first.id, now)
            if mention is not None:
                yield mention

    def newest_ever(self, now: datetime, upto: datetime | None = None, skip: str = "") -> Iterator[Mention]:
        """Like `newest`, but what has been there, as it was first told and also when it is gone."""
        with self._guard:
            end = bisect_right(self._order, (now, "\uffff"))
            if upto is not None:
                end = min(end, bisect_right(self._order, (upto, "\uffff")))
            if skip and skip in self._first:
                end = min(end, bisect_left(self._order, (self._first[skip].posted_at, skip)))
        for place in range(end - 1, -1, -1):
            yield self._first[self._order[place][1]]

    def edited(self, now: datetime) -> list[Mention]:
        """What is there now in other words than at first, the newest edit first."""
        with self._guard:
            found = [self.find(own_id, now) for own_id in self._edits]
        edits = [(one.edited_at, one.id, one) for one in found if one is not None and one.edited_at is not None]
        return [one for _, _, one in sorted(edits, key=lambda edit: edit[:2], reverse=True)]

    def oldest(self, now: datetime, after: tuple[datetime, str] | None = None) -> Iterator[Mention]:
        """What is there now, oldest first, behind a (posted_at, id)."""
        with self._guard:
            start = bisect_right(self._order, after) if after else 0
            order = self._order[start : bisect_right(self._order, (now, "\uffff"))]
        for _, own_id in order:
            mention = self.find(own_id, now)
            if mention is not None:
                yield mention

    def arrived(self, behind: int = 0) -> tuple[str, ...]:
        """The ids of all posts in the order in which they were added, behind the first so many."""
        with self._guard:
            return tuple(islice(self._first, behind, None))

    def answers(self, own_id: str, now: datetime) -> tuple[Mention, ...]:
        """What answers a post directly and is there now, oldest first."""
        found = [self.find(answer, now) for answer in self._answers.get(own_id, ())]
        return tuple(sorted((one for one in found if one is not None), key=lambda one: (one.posted_at, one.id)))

    def every_answer(self, own_id: str, now: datetime) -> tuple[Mention, ...]:
        """What has answered a post directly, as it was first told and also when it is gone, oldest first."""
        found = [self._first[answer] for answer in self._answers.get(own_id, ())]
        return tuple(sorted((one for one in found if one.posted_at <= now), key=lambda one: (one.posted_at, one.id)))
