"""The archive of raw pages: what is kept of each, read again, and taken out when a mention is deleted."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connectors.transport.envelopes import read_page, sealed
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention
from social_crm.domain.page import Deletion, Page, Reject
from social_crm.domain.span import Span
from social_crm.services import archive
from social_crm.storage import open_store
from tests.builders import NOON, a_brand, a_mention, an_account, heard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from social_crm.domain.archived import ArchivedPage
    from social_crm.ports import Store

HOUR = timedelta(hours=1)
LATER = NOON + HOUR


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/store.db")) as opened:
        opened.brands.put(a_brand())
        yield opened


def parse(answer: Any, fetched_at: datetime) -> tuple[list[Mention], list, list[tuple[str, Any]]]:
    """A platform that says `[[number, text], ...]`; a number below 0 cannot be read."""
    said = [
        a_mention(
            f"x:{number}",
            collected_at=fetched_at,
            text=text,
            url=f"https://x.example/{number}",
            kind=Kind.REPLY,
            parent="x:1",
            thread="x:1",
            addressed=((How.REPLY, "x:2"),),
            metrics={"likes": number},
        )
        for number, text in answer
        if number > 0
    ]
    faults = [("a number below 0", item) for item in answer if item[0] < 0]
    return said, [an_account(created_at=NOON, followers=3)] if said else [], faults


def read(raw: str, fetched_at: datetime) -> Page:
    return read_page(raw, fetched_at, {"list": parse}, "A Platform")


def a_page(*items: tuple[int, str], fetched_at: datetime = NOON, asked: tuple[Mention, ...] = ()) -> Page:
    return read(sealed("list", json.dumps(items).encode(), asked), fetched_at)


def keep(store: Store, *pages: Page) -> None:
    for number, page in enumerate(pages):
        archive.keep(store, "src", page, number, read)


def kept(store: Store) -> list[ArchivedPage]:
    return list(store.archive.pages("src", NOON - HOUR, NOON + 24 * HOUR))


def test_a_page_is_kept_as_the_platform_said_it_and_once(store: Store):
    page = a_page((1, "I love acme"), (2, "me too"))
    keep(store, page)
    keep(store, page)
    (one,) = kept(store)
    assert (one.raw, one.source, one.fetched_at, one.mentions) == (page.raw, "src", NOON, ("x:1", "x:2"))
    assert archive.reread(one, read) == page


def test_pages_of_one_instant_are_read_again_as_they_came(store: Store):
    pages = [a_page((number, f"number {number}")) for number in (9, 3, 7, 1, 5)]
    keep(store, *pages)
    assert [archive.reread(one, read) for one in kept(store)] == pages


@pytest.mark.parametrize(
    "page",
    [
        replace(a_page((1, "acme")), fetched_at=None),
        replace(a_page((1, "acme")), raw=""),
        a_page(),
    ],
    ids=["never fetched", "nothing to keep", "empty"],
)
def test_a_page_without_anything_in_it_is_not_kept(store: Store, page: Page):
    keep(store, page)
    assert kept(store) == []


def test_a_page_of_rejects_or_deletions_alone_is_kept(store: Store):
    keep(store, a_page((-1, "broken")), a_page(asked=(a_mention("x:8"),)))
    assert len(kept(store)) == 2


def deleted(*ids: str, at: datetime = LATER) -> dict[str, tuple[datetime, datetime]]:
    return dict.fromkeys(ids, (at, at))


def test_a_deleted_mention_loses_its_words_in_every_page_and_stays_as_a_fact(store: Store):
    keep(store, a_page((1, "I love acme"), (2, "me too")), a_page((2, "me too"), (3, "not me")), a_page((3, "not me")))
    assert archive.redact(store, deleted("x:2"), read) == 2
    assert not [one.id for one in kept(store) if "me too" in one.raw]
    first, _, third = (archive.reread(one, read) for one in kept(store))
    gone = first.mentions[1]
    assert (gone.id, gone.text, gone.url, gone.deleted_at, gone.collected_at) == ("x:2", "", None, LATER, LATER)
    assert (gone.kind, gone.parent, gone.addressed, gone.metrics) == (
        Kind.REPLY,
        "x:1",
        ((How.REPLY, "x:2"),),
        {"likes": 2},
    )
    assert third == a_page((3, "not me"))


def test_what_stands_beside_it_is_read_again_as_it_was(store: Store):
    before = replace(
        a_page((1, "I love acme"), (2, "me too, “Zoë”")),
        deletions=(Deletion("x:77", NOON),),
        brands={"x:1": ("acme",)},
        covered=Span(NOON, LATER),
    )
    keep(store, before)
    archive.redact(store, deleted("x:2"), lambda _raw, _at: before)
    (one,) = kept(store)
    after = archive.reread(one, read)
    assert after.mentions[0] == before.mentions[0]
    assert (after.accounts, after.deletions, after.brands) == (before.accounts, before.deletions, {"x:1": ("acme",)})


def test_deleting_again_changes_nothing_and_another_deletion_only_its_own(store: Store):
    keep(store, a_page((1, "I love acme"), (2, "me too"), (3, "not me")))
    archive.redact(store, deleted("x:2"), read)
    (first,) = kept(store)
    assert archive.redact(store, deleted("x:2", at=LATER + HOUR), read) == 0
    assert kept(store) == [first]
    assert archive.redact(store, deleted("x:2", "x:3", at=LATER + HOUR), read) == 1
    times = [mention.deleted_at for mention in archive.reread(kept(store)[0], read).mentions]
    assert times == [None, LATER, LATER + HOUR]


def test_rejects_go_with_the_raw_text_since_they_hold_pieces_of_it(store: Store):
    keep(store, a_page((1, "I love acme"), (-2, "a broken secret")))
    assert archive.reread(kept(store)[0], read).rejects == (Reject(1, "a number below 0", '[-2,"a broken secret"]'),)
    archive.redact(store, deleted("x:1"), read)
    assert "broken secret" not in kept(store)[0].raw
    assert archive.reread(kept(store)[0], read).rejects == ()


def test_a_blanked_mention_is_still_about_its_brands(store: Store):
    said = a_page((1, "I love acme"))
    store.mentions.take([heard(said.mentions[0])], said.accounts, {"acme": "UTC"}, NOON)
    keep(store, said)
    archive.redact(store, deleted("x:1", "x:99"), read)
    assert archive.reread(kept(store)[0], read).brands == {"x:1": ("acme",)}


def test_what_the_platform_itself_told_as_deleted_keeps_its_time(store: Store):
    told = replace(a_page((1, "")), mentions=(a_mention("x:1", text="", deleted_at=NOON),))
    keep(store, told)
    archive.redact(store, deleted("x:1"), lambda _raw, _at: told)
    assert archive.reread(kept(store)[0], read).mentions[0].deleted_at == NOON


def test_a_page_can_be_found_by_its_mentions_after_it_was_rewritten(store: Store):
    keep(store, a_page((1, "I love acme"), (2, "me too")))
    archive.redact(store, deleted("x:2"), read)
    assert [one.id for one in store.archive.holding(["x:1"])] == [one.id for one in kept(store)]


def test_a_page_that_was_written_by_something_else_is_refused(store: Store):
    keep(store, replace(a_page((1, "acme")), raw="<html>"))
    with pytest.raises(Invalid, match="not a page of the archive"):
        archive.reread(kept(store)[0], read)
