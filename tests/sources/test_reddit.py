"""What is special about walking through Reddit: its listings, its window, its anchors, its inbox; nobody comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors.reddit.queries import listing_of
from demo.platforms.platform import Answer, answer_json
from demo.platforms.reddit import LoopbackReddit
from social_crm.domain.errors import Invalid, PlatformUnavailable
from tests.sources.reddit_world import Subreddit, found, told
from tests.sources.stand import ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.platforms.platform import Request


@pytest.fixture
def acme() -> Iterator[Subreddit]:
    with Subreddit() as place:
        yield place


def test_comments_are_found_in_any_page_size_with_whom_they_answer() -> None:
    with Subreddit("comments:acme") as acme:
        post = acme.post()
        said = [acme.comment(post) for _ in range(5)]
        said += [acme.comment(one) for one in said]
        acme.settle()
        for size in (1, 3, 0):
            pages = acme.walk(page_size=size)
            assert {own: told(one) for own, one in found(pages).items()} == {one.id: told(one) for one in said}
            assert not [reject for page in pages for reject in page.rejects]


def test_a_page_of_comments_takes_two_questions_and_one_of_posts_takes_one() -> None:
    with Subreddit("comments:acme") as acme:
        acme.comment(acme.post())
        acme.settle()
        assert [page.spent for page in acme.walk()] == [2]
        assert [page.spent for page in acme.source().pull("posts:acme", None)] == [1]
        assert acme.asked("/api/info") == 1


def test_a_search_finds_posts_everywhere_or_in_one_subreddit(acme: Subreddit) -> None:
    here, there = acme.post("Acme shoes"), acme.post("My acme shoes hurt", "running")
    acme.post("Nothing of it", "running")
    acme.comment(here, "acme shoes again")
    acme.settle()
    assert set(ids(list(acme.source().pull("search:acme shoes", None)))) == {here.id, there.id}
    assert set(ids(list(acme.source().pull("search:running:acme shoes", None)))) == {there.id}
    assert set(ids(list(acme.source().pull("posts:acme+running", None)))) >= {here.id, there.id}


@pytest.mark.parametrize("query", ["", "acme", "posts:", "posts:a b", "comments:../me", "search:", "inbox:x", "posts:a/b"])
def test_a_query_that_cannot_be_is_told_with_what_to_write(query: str, acme: Subreddit) -> None:
    with pytest.raises(Invalid, match="write search:<words>"):
        next(acme.source().pull(query, None))
    assert acme.source().probe(query).works == ()
    assert not acme.server.log


def test_a_field_of_a_search_is_no_subreddit() -> None:
    assert listing_of("search:title:acme").asked["q"] == "title:acme"
    assert listing_of("search:acme:title:shoes").path == "r/acme/search"
    assert listing_of("search:acme shoes: good?").asked["q"] == "acme shoes: good?"


def test_the_inbox_gives_replies_and_mentions_and_never_a_private_letter() -> None:
    with Subreddit("inbox", personal=True) as acme:
        post = acme.post(author=LoopbackReddit.ACCOUNT)
        reply, other = acme.comment(post, "A word on acme"), acme.post()
        named = acme.comment(other, "What does u/acme say?")
        acme.comment(other, "A word to others")
        acme.platform.letters.append((acme.clock(), "secret words"))
        acme.settle()
        pages = acme.walk(page_size=2)
        assert set(ids(pages)) == {reply.id, named.id}
        assert found(pages)[reply.id].addressed == reply.addressed
        assert found(pages)[reply.id].thread == post.id
        assert [reject.reason for page in pages for reject in page.rejects] == ["a private message is not a mention"]
        assert "secret words" not in repr(pages)


def test_the_inbox_needs_an_account(acme: Subreddit) -> None:
    with pytest.raises(Invalid, match="add username and password"):
        next(acme.source().pull("inbox", None))
    assert "add username and password" in acme.source().probe("inbox").missing[0]


def test_a_probe_says_who_asks_and_what_is_there() -> None:
    with Subreddit(personal=True) as acme:
        assert acme.source().probe("posts:acme").works[1] == "posts:acme: nothing is there yet"
        acme.post()
        works = acme.source().probe("inbox").works
        assert works[0] == "Reddit signs us in as u/acme"
        assert "2026-03-02 09:01 UTC" in acme.source().probe("posts:acme").works[1]


def test_entities_that_an_author_spelled_out_stay_as_they_are(acme: Subreddit) -> None:
    acme.post("acme &amp;amp; <b> & you\n\n&lt;3 “Zoë” 😀")
    acme.settle()
    assert [one.text for page in acme.walk() for one in page.mentions] == ["acme &amp;amp; <b> & you\n\n&lt;3 “Zoë” 😀"]


def test_items_that_were_removed_count_in_the_window_and_the_gap_is_told(acme: Subreddit) -> None:
    acme.post()
    acme.settle()
    before = acme.walk()[-1]
    assert before.covered is not None
    posted = [acme.post() for _ in range(1100)]
    for mention in posted[200:500]:
        acme.shelf.delete(mention.id, acme.clock())
    acme.settle()
    pages = acme.walk(before.cursor)
    assert len(set(ids(pages))) == 700
    (missed,) = [gap for page in pages for gap in page.missed]
    lost = [one for one in posted[:200] if one.id not in ids(pages)]
    assert lost
    assert all(missed.start <= one.posted_at < missed.end for one in lost)


def test_a_search_that_ends_early_leaves_a_gap() -> None:
    with Subreddit("search:acme") as acme:
        acme.post()
        acme.settle()
        before = acme.walk()[-1]
        for _ in range(300):
            acme.post()
        acme.settle()
        pages = acme.walk(before.cursor)
        assert len(set(ids(pages))) == 250
        assert len([gap for page in pages for gap in page.missed]) == 1


@pytest.mark.parametrize("removed", [1, 3, 7])
def test_items_that_are_removed_under_a_walk_do_not_end_it(removed: int, acme: Subreddit) -> None:
    """The page token names an item: without it Reddit shows an empty page, as if the listing ended there."""
    posted = [acme.post() for _ in range(40)]
    acme.settle()
    first = next(acme.source(7).pull("posts:acme", None))
    for mention in posted[33 : 33 + removed]:
        acme.shelf.delete(mention.id, acme.clock())
    pages = acme.walk(first.cursor, page_size=7)
    assert {one.id for one in posted[:33]} <= set(ids(pages))
    assert pages[-1].covered is not None
    assert pages[-1].covered.start <= posted[1].posted_at


def test_a_page_that_ends_with_the_last_item_ends_the_walk(acme: Subreddit) -> None:
    posted = [acme.post() for _ in range(8)]
    acme.settle()
    first = next(acme.source(4).pull("posts:acme", None))
    for mention in posted[:4]:
        acme.shelf.delete(mention.id, acme.clock())
    pages = acme.walk(first.cursor, page_size=4)
    assert pages[-1].covered is not None
    assert len(pages) == 2


class Odd(LoopbackReddit):
    """A Reddit whose listings are something else."""

    body: object = None

    def answer(self, request: Request) -> Answer:
        return answer_json(self.body) if request.path == "/r/acme/new" else super().answer(request)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"data": []},
        {"data": {"children": None}},
        {"data": {"children": [1]}},
        {"json": {"errors": []}},
    ],
)
def test_an_answer_that_is_no_listing_is_trouble_of_the_platform(body: object) -> None:
    with Subreddit() as acme:
        acme.server.platform = odd = Odd(acme.shelf, acme.clock)
        odd.body = body
        with pytest.raises(PlatformUnavailable):
            next(acme.source().pull("posts:acme", None))


class Halved(LoopbackReddit):
    """A Reddit that sends half of a surrogate pair."""

    def answer(self, request: Request) -> Answer:
        answer = super().answer(request)
        return Answer(answer.status, answer.body.replace(b"HALF", b"\\ud83d"), answer.headers, answer.items)


def test_half_of_a_surrogate_pair_does_not_stop_a_walk() -> None:
    with Subreddit() as acme:
        acme.server.platform = Halved(acme.shelf, acme.clock)
        acme.post("acme 😀 HALF")
        acme.settle()
        source = acme.source()
        (page,) = source.pull("posts:acme", None)
        assert [one.text for one in page.mentions] == ["acme 😀 ?"]
        assert source.read(page.raw, acme.clock()).mentions == page.mentions
