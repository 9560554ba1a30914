"""What is listened for: the brands of the store, made first where that is asked; the commands come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.domain.brand import Brand
from social_crm.domain.errors import Invalid
from social_crm.services import brands, ingest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from social_crm.ports import Store

FEW = 5


class Ears:
    """Listens for all brands of a store, and sees an edit of one from the next page on.

    `named` are the brands that the input itself names. Raises Invalid at once when one of them does not exist and is not to
    be created, or when there is none at all; those to be created are, when the first page has come.
    """

    def __init__(
        self, store: Store, named: Collection[str], *, create_brands: bool, scoring: bool, dry_run: bool = False
    ) -> None:
        known = {brand.id for brand in brands.list_all(store)}
        self._missing = [brand_from_ticker(brand_id) for brand_id in sorted(set(named) - known)]
        self._store, self._scoring, self._dry_run = store, scoring, dry_run
        self._heard: ingest.Listening | None = None
        self._seen: tuple[Brand, ...] = ()
        if self._missing and not create_brands:
            few = ", ".join(brand.id for brand in self._missing[:FEW]) + (", ..." if len(self._missing) > FEW else "")
            raise Invalid(f"the brand map names brands that do not exist ({few}): add them, or give --create-brands")
        if not known and not self._missing:
            raise Invalid("there is no brand to listen for: add one with `social-crm brand add`")

    def listen(self) -> ingest.Listening:
        """What to listen for now."""
        if not self._dry_run:
            for brand in self._missing:
                brands.put(self._store, brand, 0)
            self._missing = []
        current = (*brands.list_all(self._store), *self._missing)
        if self._heard is None or current != self._seen:
            self._heard, self._seen = ingest.listen_for(current, scoring=self._scoring), current
        return self._heard


def to_all_brands(store: Store) -> Callable[[], ingest.Listening]:
    """What to listen for now, whenever it is asked: all brands, and an edit of one from then on. Safe between threads."""
    known: list[tuple[tuple[Brand, ...], ingest.Listening]] = [((), ingest.listen_for(()))]

    def listen() -> ingest.Listening:
        current = brands.list_all(store)
        seen, heard = known[0]
        if current != seen:
            heard = ingest.listen_for(current)
            known[0] = current, heard
        return heard

    return listen


def brand_from_ticker(brand_id: str) -> Brand:
    """A brand that is known by its ticker alone: `aapl` is recognised by $AAPL."""
    return Brand(id=brand_id, name=brand_id.upper(), terms=(f"${brand_id.upper()}",))
