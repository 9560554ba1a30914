"""Which identities are one person: facts that are added and retracted, never changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from social_crm import tables
from social_crm.domain.errors import NotFound
from social_crm.domain.link import Basis, Link
from tests.builders import NOON

if TYPE_CHECKING:
    from social_crm.ports import Store

LATER = NOON + timedelta(hours=1)


def a_link(link_id: str = "ln_1", left: str = "x:1", right: str = "shop:7", **changes: Any) -> Link:
    return Link(
        **{
            "id": link_id,
            "left": left,
            "right": right,
            "basis": Basis.OPT_IN,
            "author": "ada",
            "linked_at": NOON,
            **changes,
        }
    )


def test_a_link_comes_back_from_both_its_ends(store: Store):
    store.links.add(a_link())
    assert store.links.list("x:1") == store.links.list("shop:7") == (a_link(),)
    assert store.links.list("x:2") == ()


def test_the_same_id_again_changes_nothing(store: Store):
    store.links.add(a_link())
    version = store.links.version()
    store.links.add(a_link(right="shop:8", basis=Basis.INFERRED))
    assert store.links.list("x:1") == (a_link(),)
    assert store.links.version() == version


def test_links_are_listed_by_id_with_the_retracted_ones(store: Store):
    for number, right in ((3, "shop:7"), (1, "reddit:5"), (2, "shop:9")):
        store.links.add(a_link(f"ln_{number}", right=right))
    store.links.retract("ln_2", LATER)
    assert [link.id for link in store.links.list("x:1")] == ["ln_1", "ln_2", "ln_3"]
    assert [link.retracted_at for link in store.links.list("x:1")] == [None, LATER, None]


def test_an_identity_linked_to_itself_is_listed_once(store: Store):
    store.links.add(a_link(right="x:1"))
    assert len(store.links.list("x:1")) == 1


def test_the_table_holds_what_is_active(store: Store):
    store.links.add(a_link("ln_1"))
    store.links.add(a_link("ln_2", "reddit:5", "shop:7"))
    store.links.retract("ln_1", LATER)
    found = store.links.table()
    assert found.schema == pl.Schema(tables.LINKS)
    assert found.rows() == [("reddit:5", "shop:7")]


def test_a_link_that_comes_retracted_is_not_active(store: Store):
    store.links.add(a_link(retracted_at=LATER))
    assert store.links.table().is_empty()
    assert store.links.table().schema == pl.Schema(tables.LINKS)


def test_a_link_is_retracted_once(store: Store):
    store.links.add(a_link())
    store.links.retract("ln_1", LATER)
    version = store.links.version()
    store.links.retract("ln_1", LATER + timedelta(hours=1))
    assert store.links.list("x:1") == (replace(a_link(), retracted_at=LATER),)
    assert store.links.version() == version


def test_a_retracted_link_does_not_come_back_by_being_added_again(store: Store):
    store.links.add(a_link())
    store.links.retract("ln_1", LATER)
    store.links.add(a_link())
    assert store.links.table().is_empty()


def test_an_unknown_link_is_not_found(store: Store):
    with pytest.raises(NotFound):
        store.links.retract("ln_1", LATER)
    assert store.links.version() == 0


def test_the_version_rises_with_every_link_added_or_retracted(store: Store):
    versions = [store.links.version()]
    for change in (
        lambda: store.links.add(a_link()),
        lambda: store.links.add(a_link("ln_2")),
        lambda: store.links.retract("ln_1", LATER),
    ):
        change()
        versions.append(store.links.version())
    assert versions == sorted(set(versions))
