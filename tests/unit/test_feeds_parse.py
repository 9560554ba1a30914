"""The parser of feeds: RSS 0.9x, 1.0 and 2.0, Atom, and whatever else may come."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.feeds.parse import parse_feed
from connectors.feeds.safety import text_of
from social_crm.domain.errors import Invalid, PlatformUnavailable

if TYPE_CHECKING:
    from social_crm.domain.mention import Mention

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ADDRESS = "https://news.example/feed"


def parse(text: str, seen: dict[str, str] | None = None) -> Any:
    return parse_feed({"text": text, "seen": seen or {}}, NOW, ADDRESS, "news.example")


def rss(item: str) -> list[Mention]:
    mentions, _, faults = parse(f'<rss version="2.0"><channel><title>The News</title><item>{item}</item></channel></rss>')
    assert not faults
    return list(mentions)


def test_rss_titles_and_texts_are_html() -> None:
    mention = rss(
        "<title>AT&amp;amp;T &amp;amp; acme</title><guid>urn:1</guid><link>https://news.example/1</link>"
        "<description>&lt;p&gt;One &amp;amp; two&lt;/p&gt;&lt;p&gt;three&lt;/p&gt;</description>"
        "<pubDate>Mon, 02 Mar 2026 10:00:00 +0200</pubDate>"
    )[0]
    assert mention.text == "AT&T & acme\n\nOne & two\n\nthree"
    assert mention.posted_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert mention.url == "https://news.example/1"


def test_an_entry_without_an_author_is_the_feeds() -> None:
    mentions, accounts, _ = parse(
        '<rss version="2.0"><channel><title>The News</title><item><title>a</title><guid>urn:1</guid></item></channel></rss>'
    )
    assert mentions[0].author == "feeds:news.example"
    assert (accounts[0].handle, accounts[0].name) == ("news.example", "The News")


def test_no_mail_address_becomes_an_account() -> None:
    named = rss("<title>a</title><guid>urn:1</guid><author>ann@example.org (Ann Other)</author>")[0]
    bare = rss("<title>a</title><guid>urn:1</guid><author>ann@example.org</author>")[0]
    assert (named.author, bare.author) == ("feeds:news.example/ann-other", "feeds:news.example/ann")


def test_a_bare_number_is_known_by_its_feed_too() -> None:
    bare, uri = rss("<title>a</title><guid>17</guid>")[0], rss("<title>a</title><guid>urn:17</guid>")[0]
    assert uri.id == "feeds:news.example/urn:17"
    assert bare.id.startswith("feeds:news.example/")
    assert bare.id.endswith("/17")
    assert bare.id.count("/") == 2
    long = rss(f"<title>a</title><guid>urn:{'x' * 500}</guid>")[0]
    assert long.id.startswith("feeds:news.example/digest:")


@pytest.mark.parametrize(
    "text",
    [
        '<rss version="0.91"><channel><title>T</title><item><title>acme</title><link>https://n.example/1</link></item></channel></rss>',
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><item rdf:about="https://n.example/1"><title>acme</title><link>https://n.example/1</link></item></rdf:RDF>',
        '<rss version="2.0"><channel><item><title>acme</title><link>https://n.example/1</link></item></channel></rss>',
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>acme</title><id>https://n.example/1</id></entry></feed>',
    ],
    ids=["rss 0.91", "rss 1.0", "rss 2.0", "atom"],
)
def test_every_kind_of_feed_is_read(text: str) -> None:
    mentions, _, faults = parse(text)
    assert [(one.id, one.text) for one in mentions] == [("feeds:news.example/https://n.example/1", "acme")]
    assert not faults


def test_plain_text_of_atom_is_not_taken_for_html() -> None:
    atom = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>a &lt;b&gt; c</title><id>urn:1</id></entry></feed>'
    assert parse(atom)[0][0].text == "a <b> c"


def test_an_update_without_a_date_of_publishing_keeps_the_first_time() -> None:
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>a</title><id>urn:1</id>'
        "<updated>2026-03-02T08:00:00Z</updated></entry></feed>"
    )
    first = parse(atom)[0][0]
    assert (first.posted_at, first.edited_at) == (datetime(2026, 3, 2, 8, tzinfo=UTC), None)
    later = parse(atom, {first.id: "2026-03-01T00:00:00+00:00"})[0][0]
    assert (later.posted_at, later.edited_at) == (datetime(2026, 3, 1, tzinfo=UTC), first.posted_at)


@pytest.mark.parametrize("date", ["Mon, 99 Xyz 2026", "", "0000-00-00", "9" * 40, "Mon, 02 Mar 0001 00:00:00 +2300"])
def test_a_date_that_cannot_be_is_none(date: str) -> None:
    assert rss(f"<title>a</title><guid>urn:1</guid><pubDate>{date}</pubDate>")[0].posted_at == NOW


@pytest.mark.parametrize("answer", [None, [], {}, "text", {"text": 1, "seen": {}}, {"text": "a", "seen": []}])
def test_an_answer_of_another_shape_is_invalid(answer: Any) -> None:
    with pytest.raises(Invalid):
        parse_feed(answer, NOW, ADDRESS, "news.example")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["", "text/xml; charset=utf-16", "application/xml; charset=nonsense"]))
def test_any_bytes_are_a_feed_or_an_error_of_ours(content: bytes, kind: str) -> None:
    for piece in (content, b'<rss version="2.0"><channel><item><title>' + content + b"</title></item></channel></rss>"):
        text = text_of(piece, kind)
        text.encode()
        try:
            mentions, _, faults = parse(text)
        except (Invalid, PlatformUnavailable):
            continue
        assert all(mention.text for mention in mentions)
        assert all(reason for reason, _ in faults)
