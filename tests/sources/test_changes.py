"""Changes: what is edited, deleted or answered late on a platform is seen when stored mentions are looked up again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from social_crm.domain.page import Page
    from tests.sources.stand import Place


def collected(place: Place, count: int = 40) -> dict[str, Mention]:
    place.fill(count)
    place.settle()
    return {mention.id: mention for page in place.walk() for mention in page.mentions}


def looked_up(place: Place, stored: dict[str, Mention]) -> list[Page]:
    place.clock.forward(timedelta(minutes=5))
    return list(place.source().revisit(list(stored.values())))


def test_looking_up_what_has_not_changed_changes_nothing(place: Place) -> None:
    stored = collected(place)
    pages = looked_up(place, stored)
    assert not [deletion for page in pages for deletion in page.deletions]
    seen = {mention.id: mention for page in pages for mention in page.mentions}
    assert {own: seen[own].text for own in seen if own in stored} == {
        own: stored[own].text for own in seen if own in stored
    }
    assert not [mention for mention in seen.values() if mention.edited_at]


def test_an_edit_is_seen(place: Place) -> None:
    stored = collected(place)
    edited = sorted(stored)[3:9]
    for own in edited:
        place.shelf.edit(own, f"Better words on acme for {own[-3:]}", place.clock())
    seen = {mention.id: mention for page in looked_up(place, stored) for mention in page.mentions}
    for own in edited:
        assert seen[own].text == f"Better words on acme for {own[-3:]}"
        assert seen[own].edited_at is not None
    assert not [own for own, mention in seen.items() if mention.edited_at and own not in edited]


def test_a_deletion_is_seen_and_nothing_else_is_called_one(place: Place) -> None:
    stored = collected(place)
    deleted = set(sorted(stored)[5:15])
    for own in deleted:
        place.shelf.delete(own, place.clock())
    pages = looked_up(place, stored)
    told = {deletion.mention for page in pages for deletion in page.deletions}
    told |= {mention.id for page in pages for mention in page.mentions if mention.deleted_at}
    assert told == place.gone(deleted, stored.values())
    assert not [one.text for page in pages for one in page.mentions if one.deleted_at and one.text]


def test_a_late_reply_is_found_with_its_thread(place: Place) -> None:
    if not place.stand.threads:
        return
    stored = collected(place)
    root = next(mention for mention in stored.values() if mention.kind is place.stand.kinds[0])
    kind = place.stand.kinds[1]
    author = place.stand.account_id(4)
    late = Mention(
        id=place.stand.id_of(800, kind, root.id),
        author=author,
        posted_at=place.clock(),
        collected_at=place.clock(),
        text="A late word on acme",
        kind=kind,
        parent=root.id,
        thread=root.thread,
        addressed=address([(How.REPLY, root.author)], author),
    )
    place.shelf.add(late)
    found = {mention.id: mention for page in looked_up(place, {root.id: root}) for mention in page.mentions}
    assert found[late.id].text == late.text
    assert found[late.id].kind in {Kind.COMMENT, Kind.REPLY}


def test_looking_nothing_up_asks_nothing(place: Place) -> None:
    before = len(place.server.log)
    assert list(place.source().revisit([])) == []
    assert len(place.server.log) == before


def test_a_page_of_a_second_look_can_be_read_again_from_its_raw_text(place: Place) -> None:
    stored = collected(place)
    ordered = sorted(stored)
    place.shelf.edit(ordered[2], "Other words on acme", place.clock())
    place.shelf.delete(ordered[4], place.clock())
    source = place.source()
    place.clock.forward(timedelta(minutes=5))
    for page in source.revisit(list(stored.values())):
        again = source.read(page.raw, place.clock())
        assert (again.mentions, again.accounts, again.deletions) == (page.mentions, page.accounts, page.deletions)
