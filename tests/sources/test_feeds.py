"""Feeds: what is special about fetching them, about what they show, and about what strangers may send."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
import pytest

from demo.platforms.platform import Answer
from social_crm.domain.errors import Invalid, PlatformUnavailable
from tests.sources.stand import START, Place, ids
from tests.sources.stands.feeds import STAND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from social_crm.domain.page import Page

ATOM = replace(STAND, query_at=lambda _query, url: f"{url}/feed.atom")


@pytest.fixture
def site() -> Iterator[Place]:
    with Place(STAND) as place:
        yield place


def show(place: Place, body: str | bytes, status: int = 200, path: str = "/feed.xml", **headers: str) -> None:
    content = body if isinstance(body, bytes) else body.encode()
    place.platform.instead[path] = Answer(status, content, {"Content-Type": "application/rss+xml", **headers})  # type: ignore[attr-defined]  # the site of feeds


def rss(*items: str) -> str:
    return f'<rss version="2.0"><channel><title>T</title>{"".join(items)}</channel></rss>'


def walk(place: Place, cursor: str | None = None) -> Page:
    pages = place.walk(cursor)
    assert len(pages) == 1
    return pages[0]


def test_atom_tells_the_same_as_rss(site: Place) -> None:
    posted = site.fill(20)
    site.settle()
    plain = {one.id: (one.text, one.author, one.posted_at, one.url) for one in walk(site).mentions}
    atom = site.source(query=f"{site.server.url}/feed.atom").pull(f"{site.server.url}/feed.atom", None)
    assert {one.id: (one.text, one.author, one.posted_at, one.url) for page in atom for one in page.mentions} == plain
    assert plain.keys() == {mention.id for mention in posted}


def test_atom_says_when_an_entry_was_edited() -> None:
    with Place(ATOM) as place:
        posted = place.fill(3)
        place.shelf.edit(posted[0].id, "Other words on acme", place.clock())
        place.settle()
        found = {mention.id: mention for mention in walk(place).mentions}
        assert found[posted[0].id].edited_at is not None
        assert found[posted[1].id].edited_at is None


def test_a_feed_that_has_not_changed_is_not_sent_again(site: Place) -> None:
    site.fill(5)
    site.settle()
    before = walk(site)
    site.clock.forward(timedelta(hours=3))
    after = walk(site, before.cursor)
    assert site.server.log[-1].status == 304
    assert after.mentions == ()
    assert after.covered
    assert before.covered
    assert after.covered.start == before.covered.end
    new = site.fill(1, first=6)
    site.settle()
    assert new[0].id in ids(site.walk(after.cursor))


def test_what_fell_out_of_the_feed_is_not_called_deleted(site: Place) -> None:
    posted = site.fill(130)
    site.settle()
    stored = [replace(one, url=f"{site.server.url}/entries/{one.id.partition('/')[2]}") for one in posted]
    for mention in posted[:10]:
        site.shelf.delete(mention.id, site.clock())
    assert not [gone for page in site.source().revisit(stored) for gone in page.deletions]


def test_an_entry_that_the_feed_leaves_out_but_whose_page_is_there_is_not_called_deleted(site: Place) -> None:
    posted = site.fill(9)
    site.settle()
    stored = list(walk(site).mentions)
    site.shelf.delete(posted[4].id, site.clock())
    page = next(one.url for one in stored if one.id == posted[4].id) or ""
    show(site, "still here", path=page.removeprefix(site.server.url))
    assert not [gone for page in site.source().revisit(stored) for gone in page.deletions]


def test_entries_without_a_date_keep_the_time_at_which_they_were_seen_first(site: Place) -> None:
    bare = "<item><title>acme, undated</title><guid>urn:bare</guid></item>"
    show(site, rss(bare))
    first = walk(site)
    site.clock.forward(timedelta(days=1))
    show(site, rss("<item><title>newer</title><guid>urn:newer</guid></item>", bare))
    second = walk(site, first.cursor)
    times = {mention.id: mention.posted_at for mention in second.mentions}
    assert times["feeds:127.0.0.1/urn:bare"] == first.mentions[0].posted_at == START
    assert times["feeds:127.0.0.1/urn:newer"] == START + timedelta(days=1)
    again = site.source().read(second.raw, site.clock())
    assert again.mentions == second.mentions


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ("<html><body>Welcome</body></html>", Invalid, "is no feed"),
        ("hello", Invalid, "is no feed"),
        ("", PlatformUnavailable, "empty"),
        ('<rss version="2.0"><channel><item><title>half', PlatformUnavailable, "half a document"),
        ("<rss><channel>" + "<a>" * 600 + "</a>" * 600 + "</channel></rss>", Invalid, "nests deeper"),
        ("<rss>" + "<a>" * 6000 + "</rss>", Invalid, "nests deeper"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + rss("<item>&x;</item>"), Invalid, "entities"),
        ('\n<!DOCTYPE r [ <!ENTITY a "b"> <!ENTITY c "&a;&a;">]>' + rss("<item>&c;</item>"), Invalid, "entities"),
    ],
)
def test_what_is_no_sound_feed_is_refused(site: Place, body: str, error: type[Exception], words: str) -> None:
    show(site, body)
    with pytest.raises(error, match=words):
        walk(site)


def test_a_bomb_of_entities_is_refused_before_it_is_read(site: Place) -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    for encoding in ("utf-8", "utf-16"):
        bomb = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE r [<!ENTITY l0 "ha">{levels}]>' + rss(
            "<item>&l11;</item>"
        )
        show(site, bomb.encode(encoding))
        with pytest.raises(Invalid, match="entities"):
            walk(site)


def test_a_feed_with_a_fault_gives_what_can_be_read(site: Place) -> None:
    show(site, rss("<item><title>acme & sons</title><guid>urn:1</guid></item>", "<item><guid>urn:2</guid></item>"))
    page = walk(site)
    assert [mention.text for mention in page.mentions] == ["acme & sons"]
    assert [reject.reason for reject in page.rejects] == ["an entry without a word"]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-8", "utf-16", "windows-1252"])
def test_the_encoding_that_a_feed_declares_is_read(site: Place, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + rss("<item><title>Zoë à acme</title><guid>urn:1</guid></item>")
    show(site, text.encode(encoding))
    assert walk(site).mentions[0].text == "Zoë à acme"


def test_a_redirect_within_the_host_is_followed(site: Place) -> None:
    site.fill(2)
    show(site, "", 302, path="/old.xml", Location="/feed.xml")
    address = f"{site.server.url}/old.xml"
    pages = list(site.source(query=address).pull(address, None))
    assert len(pages[0].mentions) == 2
    assert pages[0].spent == 2


def test_a_move_to_another_host_is_refused_with_the_new_address(site: Place) -> None:
    show(site, "", 301, Location="https://elsewhere.example/feed.xml")
    with pytest.raises(Invalid, match=r"https://elsewhere\.example/feed\.xml"):
        walk(site)
    assert "elsewhere.example" in site.source().probe(site.query).missing[0]
    show(site, "", 302, Location="https://elsewhere.example/feed.xml")
    with pytest.raises(PlatformUnavailable, match=r"elsewhere\.example"):
        walk(site)
    show(site, "", 302, Location="/feed.xml")
    with pytest.raises(PlatformUnavailable, match="without end"):
        walk(site)


def test_the_archive_keeps_the_text_of_the_feed(site: Place) -> None:
    site.fill(2)
    kept = orjson.loads(walk(site).raw)["answer"]
    assert kept["text"].lstrip().startswith("<rss")


def test_a_cursor_that_was_tampered_with_is_refused(site: Place) -> None:
    for cursor in ('{"seen":[1]}', '{"seen":{"a":"never"}}', '{"known":5}', "[]"):
        with pytest.raises(Invalid, match="cursor"):
            site.walk(cursor)


def test_a_feed_that_is_empty_for_once_vouches_for_nothing_and_hides_no_gap(site: Place) -> None:
    site.fill(50)
    site.settle()
    before = walk(site)
    show(site, rss(), ETag='"empty"')
    site.clock.forward(timedelta(minutes=20))
    empty = walk(site, before.cursor)
    assert before.covered
    assert empty.covered
    assert empty.covered.start == empty.covered.end == before.covered.end
    site.platform.instead.clear()  # type: ignore[attr-defined]  # the site of feeds
    again = walk(site, empty.cursor)
    assert site.server.log[-1].status == 304, "what we have is the version from before"
    assert again.covered
    assert again.covered.start == before.covered.end
    new = site.fill(250, first=100)
    site.clock.forward(timedelta(minutes=20))
    page = walk(site, empty.cursor)
    lost = {mention.posted_at for mention in new if mention.id not in ids([page])}
    assert len(lost) == 150
    assert len(page.missed) == 1
    assert page.missed[0].start == before.covered.end
    assert all(page.missed[0].start <= moment < page.missed[0].end for moment in lost)


def test_a_feed_that_was_always_empty_covers(site: Place) -> None:
    show(site, rss())
    before = walk(site)
    site.clock.forward(timedelta(hours=1))
    after = walk(site, before.cursor)
    assert before.covered
    assert after.covered
    assert after.covered.start == before.covered.end
    assert after.covered.end - after.covered.start == timedelta(hours=1)


def test_only_entries_that_may_be_of_this_feed_are_looked_up(site: Place) -> None:
    show(site, rss("<item><title>acme</title><guid>17</guid></item>"))
    (own,) = walk(site).mentions
    show(site, rss("<item><title>acme</title><guid>17</guid></item>"), path="/other.xml")
    other = f"{site.server.url}/other.xml"
    (foreign,) = next(iter(site.source(query=other).pull(other, None))).mentions
    rows = [
        replace(own, id=one) for one in ("feeds:row-17", "feeds:127.0.0.1/row-17", "feeds:else.example/urn:1", foreign.id)
    ]
    site.server.log.clear()
    assert list(site.source().revisit(rows)) == []
    assert site.server.log == []
    assert ids(list(site.source().revisit([*rows, own]))) == [own.id]


@pytest.mark.parametrize("status", [301, 302, 403, 451])
def test_an_entry_whose_page_leads_elsewhere_or_is_refused_is_not_called_deleted(site: Place, status: int) -> None:
    posted = site.fill(9)
    site.settle()
    stored = list(walk(site).mentions)
    for gone in posted[3:5]:
        site.shelf.delete(gone.id, site.clock())
    page = next(one.url for one in stored if one.id == posted[4].id) or ""
    show(site, "", status, path=page.removeprefix(site.server.url), Location="/entries/nowhere")
    pages = list(site.source().revisit(stored))
    assert [gone.mention for page in pages for gone in page.deletions] == [posted[3].id]
    assert [page.spent for page in pages] == [1, 1, 1]


@pytest.mark.parametrize(("status", "to"), [(404, ""), (301, "https://elsewhere.example/feed.xml"), (403, "")])
def test_a_feed_that_is_refused_on_a_look_again_says_nothing_of_its_entries(site: Place, status: int, to: str) -> None:
    site.fill(9)
    site.settle()
    stored = list(walk(site).mentions)
    show(site, "", status, Location=to)
    with pytest.raises(PlatformUnavailable):
        list(site.source().revisit(stored))
