"""What a page of mentions changes in the database, worked out before it is written; only mentions comes in."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from social_crm.ports import Taken
from social_crm.storage.columns import blanked, merged, newer, partition
from social_crm.storage.sqlite.rows import COLUMNS, Row, brands_of, to_row
from social_crm.storage.sqlite.values import moment_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from social_crm.ports import Heard

# Where a row holds what a brand's list repeats of it, and what `Known` is made of.
_PLACE = tuple(COLUMNS.index(name) for name in ("brands", "posted_at", "id", "kind", "label"))
_KNOWN = tuple(COLUMNS.index(name) for name in ("fingerprint", "edited_at", "deleted_at", "posted_at", "brands"))
_POSTED_AT = COLUMNS.index("posted_at")
# As with their texts: mostly the same few brands meet.
_merged = lru_cache(maxsize=4096)(merged)
_QUARTER = 15 * 60 * 1_000_000


class Known(NamedTuple):
    """What tells whether another sighting of a stored mention changes it; times in microseconds."""

    digest: str
    edited_at: int | None
    deleted_at: int | None
    posted_at: int
    brands: tuple[str, ...]


class Taking:
    """A page on its way in.

    `known` is what is stored, by id; a mention that stands in the page twice meets itself. In the end `rows` are to be
    written, `outdated` are the (brand, posted_at, id) that no longer hold, and `marked` are the partitions out of date.
    """

    def __init__(self, known: Mapping[str, Known], zones: Mapping[str, str]) -> None:
        self.rows: dict[str, Row] = {}
        self.outdated: list[tuple[str, int, str]] = []
        self._known = known
        self._zones = zones
        self._touched: set[tuple[str, int]] = set()
        self._new = self._changed = self._same = 0

    @property
    def taken(self) -> Taken:
        """What became of the mentions of the page."""
        return Taken(self._new, self._changed, self._same)

    def add(self, heard: Heard, digest: str) -> None:
        """Take in the next mention of the page, whose fingerprint is `digest`."""
        known = self._find(heard.mention.id)
        brands = _merged(known.brands if known else (), heard.reading.brands)
        if known is None:
            self._new += 1
            self._touch(self._put(heard, digest, brands), brands)
        elif self._stands(known, heard, digest, brands):
            self._same += 1
        else:
            self._changed += 1
            self._replace(known, heard, digest, brands)

    def places(self) -> Iterator[tuple[str, int, str, str, str]]:
        """For each row and brand (brand, posted_at, id, kind, label): where a brand's list holds it."""
        brands, posted_at, mention_id, kind, label = _PLACE
        for row in self.rows.values():
            for brand in brands_of(row[brands]):
                yield brand, row[posted_at], row[mention_id], row[kind], row[label]

    def marked(self) -> set[tuple[str, date]]:
        """The partitions that the page changes. Raises Invalid when a brand has no zone."""
        return {partition(brand, quarter, self._zones) for brand, quarter in self._touched}

    def _find(self, mention_id: str) -> Known | None:
        row = self.rows.get(mention_id)
        if row is None:
            return self._known.get(mention_id)
        digest, edited_at, deleted_at, posted_at, brands = (row[column] for column in _KNOWN)
        return Known(digest, edited_at, deleted_at, posted_at, brands_of(brands))

    def _stands(self, known: Known, heard: Heard, digest: str, brands: tuple[str, ...]) -> bool:
        """Whether what is stored stays as it is."""
        if known.digest == digest and known.deleted_at is None:
            return known.brands == brands
        return not newer(moment_or_none(known.edited_at), known.deleted_at is not None, heard.mention)

    def _replace(self, known: Known, heard: Heard, digest: str, brands: tuple[str, ...]) -> None:
        """Where only brands are added, the partitions of the others stay right."""
        self.outdated += [(brand, known.posted_at, heard.mention.id) for brand in known.brands]
        posted_at = self._put(heard, digest, brands)
        if known.digest == digest:
            self._touch(posted_at, set(brands).difference(known.brands))
        else:
            self._touch(posted_at, brands)
            self._touch(known.posted_at, known.brands)

    def _put(self, heard: Heard, digest: str, brands: tuple[str, ...]) -> int:
        """Note the row to write; answers its posted_at."""
        said = blanked(heard.mention)
        row = self.rows[said.id] = to_row(said, heard.reading, brands, digest)
        posted_at: int = row[_POSTED_AT]
        return posted_at

    def _touch(self, posted_at: int, brands: Iterable[str]) -> None:
        quarter = posted_at // _QUARTER
        for brand in brands:
            self._touched.add((brand, quarter))
