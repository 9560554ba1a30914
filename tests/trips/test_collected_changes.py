"""What is edited, deleted or answered on a platform after it was collected: the store, its files and the archive follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from jobs.replay import replay
from social_crm.domain.span import Span
from social_crm.storage import open_store
from tests.builders import a_brand
from tests.sources.stand import START, Place
from tests.sources.stands.hackernews import STAND
from tests.trips.collecting import Service

if TYPE_CHECKING:
    from pathlib import Path

    from social_crm.ports import Store


def test_a_deletion_reaches_the_store_within_the_hour_and_the_counts_stay(service: Service, place: Place):
    posted = place.fill(30)
    place.settle()
    service.add()
    service.run(keep=True)
    service.run_every(15, times=4, keep=True)
    gone = posted[7]
    place.shelf.delete(gone.id, place.clock())
    service.run_every(15, times=4, keep=True)
    heard = service.store.mentions.get(gone.id)
    assert (heard.mention.text, heard.mention.url) == ("", None)
    assert heard.mention.deleted_at is not None
    assert place.clock() - heard.mention.deleted_at <= timedelta(hours=1)
    assert service.store.mentions.count() == 30
    kept = service.store.archive.pages("src", START, place.clock() + timedelta(days=1))
    assert not [page.id for page in kept if gone.text in page.raw]


def test_no_byte_of_a_deleted_text_is_left_in_the_files(tmp_path: Path, place: Place):
    """In SQLite's file, its log and its index; a MongoDB server keeps its files to itself."""
    store = open_store(f"sqlite:///{tmp_path / 'crm.db'}")
    service = Service(store, place)
    posted = place.fill(40)
    place.settle()
    service.add()
    service.run(keep=True)
    gone = posted[3:33:3]
    for mention in gone:
        place.shelf.delete(mention.id, place.clock())
    service.run_every(15, times=4, keep=True)
    files = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("crm.db*")))
    assert not [mention.text for mention in gone if mention.text.encode() in files]
    assert posted[0].text.encode() in files
    store.close()


def test_an_edit_is_stored_and_read_anew(service: Service, place: Place):
    posted = place.fill(30)
    place.settle()
    service.add()
    service.run()
    place.shelf.edit(posted[4].id, "I hate acme now, terrible", place.clock())
    service.run_every(15, times=4)
    heard = service.store.mentions.get(posted[4].id)
    assert heard.mention.text == "I hate acme now, terrible"
    assert heard.reading.sentiment.label == "negative"


def test_replaying_the_archive_into_an_empty_store_brings_what_collecting_brought(
    service: Service, place: Place, tmp_path: Path
):
    posted = place.fill(40)
    place.settle()
    setup = service.add()
    service.run(keep=True)
    place.shelf.edit(posted[4].id, "Edited words on acme", place.clock())
    place.shelf.delete(posted[9].id, place.clock())
    service.run_every(15, times=4, keep=True)
    place.fill(5, first=41)
    place.settle()
    service.run(keep=True)
    empty = open_store(f"sqlite:///{tmp_path / 'replayed.db'}")
    copy = Service(empty, place)
    span = Span(START, place.clock() + timedelta(days=1))
    for page in service.store.archive.pages("src", span.start, span.end):
        empty.archive.keep(page)
    done = replay(empty, setup, place.source().read, copy.worker().listen, span)
    assert done.pages > 5
    assert facts(empty) == facts(service.store)
    again = replay(empty, setup, place.source().read, copy.worker().listen, span)
    assert again.taken.new == 0
    assert facts(empty) == facts(service.store)
    empty.close()


def facts(store: Store) -> list[Any]:
    return [store.mentions.get(own) for own in store.mentions.table("acme")["id"].to_list()]


def test_what_is_said_to_the_brands_own_account_is_about_the_brand_whatever_the_words(service: Service, place: Place):
    posted = place.fill(12)
    place.settle()
    answered = posted[0]
    handle = place.shelf.account(answered.author).handle
    service.store.brands.put(a_brand("acme", handles={"hackernews": (handle,)}))
    service.add()
    service.run()
    late = replace(
        posted[1],
        id=STAND.mention_id(700, STAND.kinds[1]),
        author=STAND.account_id(11 if handle != "person11" else 10),
        kind=STAND.kinds[1],
        text="Thank you so much!",
        posted_at=place.clock(),
        parent=answered.id,
        thread=answered.thread,
    )
    place.shelf.add(late)
    service.run_every(15, times=4)
    assert service.store.mentions.get(late.id).reading.brands == ("acme",)
