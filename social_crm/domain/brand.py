"""A brand: whom we listen for, by which words and handles, on whose calendar; anyone may come in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from social_crm.domain.clock import zone
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
RESERVED = ("all",)


class WeekStart(StrEnum):
    """The day on which a brand's weeks begin."""

    MONDAY = "monday"
    SUNDAY = "sunday"


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand and how to recognise it.

    `terms` are words, "quoted phrases", $cashtags and #hashtags; `exclusions` are terms that rule a text out. `handles`
    maps a platform to the brand's own handles there: addressing one is a mention, and what they post is not a person's.
    `staff` holds account ids (`x:123`) or platform handles (`x:@name`) of people who work for the brand. `version` counts
    the edits. Raises Invalid when the id is not a slug, nothing identifies the brand, or the zone does not exist.
    """

    id: str
    name: str
    terms: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    handles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    competitors: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    time_zone: str = "UTC"
    week_start: WeekStart = WeekStart.MONDAY
    version: int = 0

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise Invalid(
                f"brand id {self.id!r}: use 1 to 64 of a-z 0-9 . _ - and begin and end with a letter or digit, such as acme"
            )
        if self.id in RESERVED:
            raise Invalid(f"brand id {self.id!r} means every brand in questions: choose another")
        strange = [entry for entry in self.staff if not all(entry.partition(":")[::2])]
        if strange:
            raise Invalid(f"brand {self.id}: staff {strange[0]!r} is no account: write x:123 or x:@name")
        if not self.name.strip():
            raise Invalid(f"brand {self.id}: the name is empty")
        if not self.terms and not any(self.handles.values()):
            raise Invalid(f"brand {self.id}: give at least one term or handle to recognise it by")
        blank = [term for term in (*self.terms, *self.exclusions) if not term.strip(" \"'$#@")]
        if blank:
            raise Invalid(f"brand {self.id}: {blank[0]!r} is an empty term")
        zone(self.time_zone)

    @property
    def own_accounts(self) -> tuple[str, ...]:
        """The brand's own handles and staff, as `platform:@handle` (lower case) or account ids."""
        own = {f"{platform}:@{handle.lstrip('@').lower()}" for platform, names in self.handles.items() for handle in names}
        return tuple(sorted(own | {entry.lower() if ":@" in entry else entry for entry in self.staff}))
