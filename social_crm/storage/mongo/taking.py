"""Taking in mentions without a transaction, so that dying at any point leaves nothing changed unmarked; only mentions
comes in.

A transaction would be of no use: its first duplicate key aborts it, and nearly every page holds duplicates. Instead the
partitions are marked first, then the mentions are inserted as if all were new, and only those that were there already are
looked at and, if they changed, replaced by compare-and-set. Every step may be repeated.

A brand may change its time zone meanwhile. So the zones are read again when the mentions are written: who changed one
earlier is seen here, and who changes one later sees these mentions when it marks the days that move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pymongo import ReplaceOne

from social_crm.domain.errors import StoreUnavailable
from social_crm.ports import Taken
from social_crm.storage.columns import merged, newer, partition, partitions, quarter_of
from social_crm.storage.mongo.brands import zones_now
from social_crm.storage.mongo.bulk import find_among, insert_new
from social_crm.storage.mongo.documents import MentionRecord
from social_crm.storage.mongo.marks import Marking
from social_crm.storage.mongo.translation import mention_row, moment_of, some_moment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from social_crm.domain.mention import Mention
    from social_crm.ports import Heard
    from social_crm.storage.mongo.connection import Connection
    from social_crm.storage.mongo.marks import Partition

_ATTEMPTS = 20
_KNOWN = {"take": 1, "print": 1, "edited_at": 1, "deleted_at": 1, "posted_at": 1, "brands": 1}


class Incoming(NamedTuple):
    """A mention on its way in: the fact, its stored form, and the partitions that it counts in."""

    mention: Mention
    row: dict[str, Any]
    partitions: frozenset[Partition]


class Change(NamedTuple):
    """What replaces a stored mention: the new row, and the partitions that this outdates."""

    row: dict[str, Any]
    partitions: frozenset[Partition]


def incoming(heard: Heard, zones: Mapping[str, str]) -> Incoming:
    """Make a mention ready. Raises Invalid when no store can keep it or a zone is missing: before anything is written."""
    said = heard.mention
    return Incoming(said, mention_row(heard), frozenset(partitions(said.posted_at, heard.reading.brands, zones)))


def rounds(page: Sequence[Incoming]) -> Iterator[list[Incoming]]:
    """The page in as few parts as it takes for no mention to stand twice in one, each in its turn."""
    parts: list[list[Incoming]] = []
    seen: dict[str, int] = {}
    for one in page:
        turn = seen.get(one.mention.id, 0)
        seen[one.mention.id] = turn + 1
        if turn == len(parts):
            parts.append([])
        parts[turn].append(one)
    yield from parts


class Taking:
    """One round: mentions with distinct ids, written under one token.

    `outdated` are brands whose zone the caller had wrong: all of the page is marked for them, because an earlier attempt
    that died may have written it under that zone.
    """

    def __init__(
        self, connection: Connection, zones: Mapping[str, str], now: datetime, outdated: Collection[str] = ()
    ) -> None:
        self._connection = connection
        self._outdated = outdated
        self._quarters: set[tuple[str, int]] = set()
        self._mentions = connection.collection(MentionRecord)
        self._zones = zones
        self._marking = Marking(connection, now)
        self._new: set[str] = set()
        self._changed: set[str] = set()
        self._tried: dict[str, frozenset[Partition]] = {}
        self._touched: set[Partition] = set()

    def take(self, page: Sequence[Incoming]) -> Taken:
        """Store the mentions. Raises StoreUnavailable when others change the same ones again and again."""
        for one in page:
            one.row["take"] = self._marking.token
            self._note(moment_of(one.row["posted_at"]), one.row["brands"])
        self._marking.open({partition for one in page for partition in one.partitions})
        waiting: Sequence[Incoming] = page
        for _ in range(_ATTEMPTS):
            waiting = self._update(self._insert(waiting))
            if not waiting:
                break
        else:
            raise StoreUnavailable("other writers keep changing the same mentions: try again")
        self._mark_moved()
        self._marking.close(self._touched)
        new, changed = len(self._new), len(self._changed)
        return Taken(new, changed, len(page) - new - changed)

    def _insert(self, page: Sequence[Incoming]) -> list[Incoming]:
        """Insert what is new; answers what was there already."""
        positions = insert_new(self._mentions, [one.row for one in page])
        known = set(positions)
        for position, one in enumerate(page):
            if position not in known:
                self._is_new(one)
        return [page[position] for position in positions]

    def _update(self, known: Sequence[Incoming]) -> list[Incoming]:
        """Replace what changed; answers what must be looked at again, because somebody else was quicker."""
        if not known:
            return []
        found = find_among(self._mentions, "_id", [one.mention.id for one in known], _KNOWN)
        stored = {row["_id"]: row for row in found}
        again: list[Incoming] = []
        changes: list[tuple[Incoming, Change]] = []
        for one in known:
            old = stored.get(one.mention.id)
            if old is None:
                again.append(one)
            elif old["take"] == self._marking.token:
                self._is_ours(one)
            elif change := self._change(one, old):
                changes.append((one, change))
        return again + self._replace(changes, stored)

    def _change(self, one: Incoming, old: Mapping[str, Any]) -> Change | None:
        """What another sighting of a stored mention changes; None when nothing."""
        brands = merged(old["brands"], one.row["brands"])
        deleted = old.get("deleted_at") is not None
        row = {**one.row, "brands": list(brands)}
        if old["print"] == one.row["print"] and not deleted:
            added = set(brands).difference(old["brands"])
            return Change(row, self._counted(one.row["posted_at"], added)) if added else None
        if not newer(some_moment(old.get("edited_at")), deleted, one.mention):
            return None
        return Change(row, self._counted(old["posted_at"], old["brands"]) | self._counted(one.row["posted_at"], brands))

    def _counted(self, posted_at: int, brands: Sequence[str] | set[str]) -> frozenset[Partition]:
        moment = moment_of(posted_at)
        self._note(moment, brands)
        return frozenset(partitions(moment, brands, self._zones))

    def _note(self, posted_at: datetime, brands: Iterable[str]) -> None:
        quarter = quarter_of(posted_at)
        self._quarters.update((brand, quarter) for brand in brands)

    def _mark_moved(self) -> None:
        """Mark the partitions under the zones of now as well, where those are not the ones that we wrote with."""
        now = zones_now(self._connection)
        moved = {brand for brand, zone in now.items() if brand in self._outdated or zone != self._zones.get(brand)}
        added = {partition(brand, quarter, now) for brand, quarter in self._quarters if brand in moved}
        self._marking.open(added)
        self._touched |= added

    def _replace(self, changes: Sequence[tuple[Incoming, Change]], stored: Mapping[str, Any]) -> list[Incoming]:
        """Write changes where the stored mention is still the one that we looked at; answers those to look at again."""
        if not changes:
            return []
        self._marking.open({partition for _, change in changes for partition in change.partitions})
        self._tried |= {one.mention.id: change.partitions for one, change in changes}
        writes = [
            ReplaceOne({"_id": one.mention.id, "take": stored[one.mention.id]["take"]}, change.row)
            for one, change in changes
        ]
        if self._mentions.bulk_write(writes, ordered=False).matched_count < len(writes):
            return [one for one, _ in changes]
        for one, _ in changes:
            self._is_changed(one)
        return []

    def _is_ours(self, one: Incoming) -> None:
        """Our own write was there already: the driver had repeated it, or it stood in a batch where another one lost."""
        if one.mention.id in self._tried:
            self._is_changed(one)
        else:
            self._is_new(one)

    def _is_new(self, one: Incoming) -> None:
        self._new.add(one.mention.id)
        self._touched |= one.partitions

    def _is_changed(self, one: Incoming) -> None:
        self._changed.add(one.mention.id)
        self._touched |= self._tried[one.mention.id]
