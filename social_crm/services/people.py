"""People: saying that two identities are one person, taking it back, and reading who is who; the doors come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_crm.analytics.people import resolve
from social_crm.domain.errors import Invalid
from social_crm.domain.identifier import new_id
from social_crm.domain.link import Link

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from social_crm.domain.link import Basis
    from social_crm.ports import Store


def link(store: Store, left: str, right: str, basis: Basis, author: str, now: datetime) -> Link:
    """Note that two identities are one person. Raises Invalid when they are the same identity."""
    if left == right:
        raise Invalid(f"{left} cannot be linked to itself")
    made = Link(new_id("lk"), left, right, basis, author, now)
    store.links.add(made)
    return made


def retract(store: Store, link_id: str, now: datetime) -> None:
    """Take a link back: every report then reads as if it had never been made. Raises NotFound."""
    store.links.retract(link_id, now)


def people(store: Store) -> pl.DataFrame:
    """The table PEOPLE, computed from the active links."""
    return resolve(store.links.table())
