"""Threads of Reddit: nested comments are read whole, and what became of stored ones is told; nobody comes in."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

import praw
import pytest

from connectors.transport.guard import open_session
from demo.platforms.faults import Fault
from demo.platforms.platform import Answer, error
from demo.platforms.reddit import LoopbackReddit
from social_crm.domain.errors import PlatformUnavailable
from social_crm.domain.mention import How, Kind
from tests.sources.reddit_world import Subreddit, found, gone, told
from tests.sources.stand import Place, ids
from tests.sources.stands.reddit import STAND
from tests.sources.test_changes import test_a_late_reply_is_found_with_its_thread as a_late_reply_is_found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.platforms.platform import Request
    from social_crm.domain.mention import Mention


@pytest.fixture
def acme() -> Iterator[Subreddit]:
    with Subreddit() as place:
        yield place


def a_thread(acme: Subreddit, wide: int = 130, deep: int = 35) -> list[Mention]:
    """A post with many comments, an answer to each third, and one chain of answers deeper than Reddit sends at once."""
    post = acme.post()
    wide_ones = [acme.comment(post) for _ in range(wide)]
    answers = [acme.comment(one) for one in wide_ones[::3]]
    chain = [acme.comment(wide_ones[-1])]
    chain += [acme.comment(chain[-1]) for _ in range(1)]
    for _ in range(deep):
        chain.append(acme.comment(chain[-1]))
    return [post, *wide_ones, *answers, *chain]


def test_a_thread_is_read_whole_and_each_comment_once(acme: Subreddit) -> None:
    said = a_thread(acme)
    pages = acme.looked_up(said[0])
    assert {own: told(one) for own, one in found(pages).items()} == {one.id: told(one) for one in said}
    comments = Counter(own for own in ids(pages) if own != said[0].id)
    again = [own for own, times in comments.items() if times > 1]
    assert len(again) <= acme.asked(f"/comments/{said[0].id.partition('_')[2]}/_/"), "only where a branch hangs"
    assert acme.asked("/api/morechildren") > 1
    assert not [reject for page in pages for reject in page.rejects]
    assert not gone(pages)


def test_a_branch_that_stands_too_deep_is_read_on_its_own(acme: Subreddit) -> None:
    acme.platform.inline = 1000
    said = a_thread(acme, wide=1, deep=50)
    assert {own: told(one) for own, one in found(acme.looked_up(said[0])).items()} == {one.id: told(one) for one in said}
    assert acme.asked("/comments/") > 4
    assert acme.asked("/api/morechildren") == 0


def test_pages_of_a_thread_are_asked_for_one_by_one(acme: Subreddit) -> None:
    said = a_thread(acme)
    pages = acme.source().revisit([said[0]])
    next(pages)
    assert (acme.asked("/api/info"), acme.asked("/comments/")) == (1, 0)
    next(pages)
    assert acme.asked("/comments/") == 1
    assert acme.asked("/api/morechildren") == 0
    next(pages)
    assert acme.asked("/api/morechildren") == 1


def test_each_page_of_a_thread_can_be_read_again(acme: Subreddit) -> None:
    said = a_thread(acme)
    acme.shelf.delete(said[7].id, acme.clock())
    acme.shelf.edit(said[9].id, "Better words", acme.clock())
    source = acme.source()
    for page in source.revisit(said):
        again = source.read(page.raw, acme.clock())
        assert (again.mentions, again.accounts, again.deletions) == (page.mentions, page.accounts, page.deletions)


def test_a_late_reply_is_found_with_its_thread() -> None:
    with Place(replace(STAND, kinds=(Kind.POST, Kind.COMMENT), threads=True)) as place:
        a_late_reply_is_found(place)


def test_what_was_deleted_is_told_wherever_it_stood(acme: Subreddit) -> None:
    said = a_thread(acme)
    other, loose = acme.post(), acme.post()
    answered = next(one for one in said[1:] if any(answer.parent == one.id for answer in said))
    leaf = next(one for one in said[1:] if not any(answer.parent == one.id for answer in said))
    for one in (answered, leaf, said[-1], other):
        acme.shelf.delete(one.id, acme.clock())
    pages = acme.looked_up(*said, other, loose)
    assert gone(pages) == {answered.id, leaf.id, said[-1].id, other.id}
    assert not {answered.id, leaf.id, other.id} & set(ids(pages))
    assert acme.asked("/api/info") == 3, "each is looked up by name, a hundred at once"


def test_an_edit_that_reddit_does_not_mark_is_seen(acme: Subreddit) -> None:
    """What is changed in the first minutes carries no mark."""
    post = acme.post("Right words")
    stored = replace(post, text="Wrong words")
    seen, *again = [one for page in acme.looked_up(stored) for one in page.mentions]
    assert (seen.text, seen.edited_at) == ("Right words", acme.clock())
    assert [(one.text, one.edited_at) for one in again] == [("Right words", None)], "an edit is told once"


def test_whom_a_comment_answers_is_kept_where_its_thread_is_not_read(acme: Subreddit) -> None:
    comment = acme.comment(acme.post())
    stored = replace(comment, thread="reddit:t1_unknown")
    seen = found(acme.looked_up(stored))[comment.id]
    assert acme.asked("/api/info") == 1
    assert seen.addressed == comment.addressed != ()


def test_whom_a_comment_answers_is_kept_when_that_was_deleted(acme: Subreddit) -> None:
    parent = acme.comment(acme.post())
    comment = acme.comment(parent)
    acme.shelf.delete(parent.id, acme.clock())
    assert found(acme.looked_up(comment))[comment.id].addressed == comment.addressed != ()


def test_what_stands_in_a_subreddit_that_closed_is_not_called_deleted(acme: Subreddit) -> None:
    here, there = acme.post(), acme.post("Elsewhere", "running")
    comment = acme.comment(there)
    for reason in ("private", "banned"):
        acme.platform.refused["running"] = reason
        pages = acme.looked_up(there, comment, here)
        assert gone(pages) == set()
        assert set(ids(pages)) == {here.id}
        (reject,) = [reject for page in pages for reject in page.rejects]
        assert reason in reject.reason


class Grudging(LoopbackReddit):
    """A Reddit that refuses one thread and does not say why."""

    def answer(self, request: Request) -> Answer:
        refused = request.path.startswith("/comments/z000001")
        return error(403, "Forbidden") if refused else super().answer(request)


def test_a_refusal_of_one_thread_says_nothing_of_the_credentials_or_the_others(acme: Subreddit) -> None:
    acme.server.platform = Grudging(acme.shelf, acme.clock)
    refused, post = acme.post(), acme.post()
    pages = acme.looked_up(refused, post)
    assert (set(ids(pages)), gone(pages)) == ({refused.id, post.id}, set())
    assert [reject.reason for page in pages for reject in page.rejects] == [
        "Reddit: this place is closed to us: choose another query, or use an account that may read it"
    ]


def test_a_name_that_does_not_come_back_is_not_called_deleted(acme: Subreddit) -> None:
    comment = acme.comment(acme.post("Elsewhere", "running"))
    acme.platform.refused["running"] = "private"
    assert gone(acme.looked_up(replace(comment, thread=None))) == set()
    assert acme.asked("/api/info") == 1


def test_a_thread_that_is_not_there_is_a_reject_and_what_stood_in_it_is_not_called_deleted(acme: Subreddit) -> None:
    post = acme.post()
    lost = replace(post, id="reddit:t3_never", thread="reddit:t3_never")
    under = acme.comment(post)
    pages = acme.looked_up(lost, replace(under, thread=lost.id), post)
    assert gone(pages) == set()
    assert set(ids(pages)) == {post.id, under.id}
    assert ["no such thing" in reject.reason for page in pages for reject in page.rejects] == [True]
    acme.shelf.delete(under.id, acme.clock())
    assert gone(acme.looked_up(lost, replace(under, thread=lost.id))) == {under.id}, "by its name Reddit tells it"


class Elsewhere(LoopbackReddit):
    """A Reddit whose threads are answered by somebody who stands before it."""

    told = Answer(404, b"<html>not found</html>", {"Content-Type": "text/html"})

    def answer(self, request: Request) -> Answer:
        return self.told if request.path.startswith("/comments/") else super().answer(request)


@pytest.mark.parametrize("status", [301, 302, 307, 404, 410])
def test_a_page_of_somebody_else_in_place_of_a_thread_deletes_nothing(status: int, acme: Subreddit) -> None:
    said = a_thread(acme, wide=3, deep=1)
    acme.server.platform = platform = Elsewhere(acme.shelf, acme.clock)
    platform.told = Answer(status, b"<html>busy</html>", {"Location": "https://www.reddit.com/maintenance"})
    pages = []
    with pytest.raises(PlatformUnavailable):
        pages += iter(acme.source().revisit(said))
    assert gone(pages) == set()


class Choosy(LoopbackReddit):
    """A Reddit that refuses a look-up of some names as a whole."""

    refuses = "t3_z000003"

    def answer(self, request: Request) -> Answer:
        if request.path.startswith("/api/info") and self.refuses in request.query["id"]:
            return error(400, "Bad Request")
        return super().answer(request)


def test_one_name_that_is_refused_does_not_hide_the_others(acme: Subreddit) -> None:
    acme.server.platform = Choosy(acme.shelf, acme.clock)
    posts = [acme.post() for _ in range(6)]
    for one in posts:
        acme.shelf.delete(one.id, acme.clock())
    pages = list(islice(acme.source().revisit(posts), 7))
    assert (acme.asked("/api/info"), acme.asked("/comments/")) == (7, 0)
    assert gone(pages) == {one.id for one in posts} - {f"reddit:{Choosy.refuses}"}
    assert [(len(page.rejects), page.spent) for page in pages] == [(1, 1), (1, 1), (0, 1), (1, 1), (0, 1), (1, 1), (0, 1)]


def test_what_became_of_each_is_told_before_a_thread_is_read(acme: Subreddit) -> None:
    posts = [acme.post() for _ in range(5)]
    acme.shelf.delete(posts[3].id, acme.clock())
    first = next(acme.source().revisit(posts))
    assert gone([first]) == {posts[3].id}
    assert acme.asked("/comments/") == 0


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.HTML, Fault.BAD_JSON, Fault.RESET])
def test_trouble_in_the_middle_of_a_thread_calls_nothing_deleted(fault: Fault, acme: Subreddit) -> None:
    said = a_thread(acme)
    pages = acme.source().revisit(said)
    first = next(pages)
    acme.server.faults.plan(fault)
    with pytest.raises(PlatformUnavailable):
        next(pages)
    assert gone([first]) == set()


def test_ids_that_are_not_reddits_are_asked_for_by_nobody(acme: Subreddit) -> None:
    post = acme.post()
    strange = replace(post, id="reddit:../me", thread="reddit:t3_a/b?c")
    imported = replace(post, id="reddit:row-17", thread=None)
    under = replace(post, id="reddit:row-18", thread=post.id)
    assert acme.looked_up(strange, imported, under) == []
    assert not acme.server.log


def test_a_reply_through_the_real_library_reaches_the_shelf(acme: Subreddit) -> None:
    comment = acme.comment(acme.post())
    client_id, client_secret = LoopbackReddit.CLIENT
    username, password = LoopbackReddit.PERSON
    session = open_session((), acme.server.url, 2.0)
    reddit = praw.Reddit(
        client_id=client_id,
        client_secret=client_secret,
        username=username,
        password=password,
        user_agent="tests of social-crm",
        reddit_url=acme.server.url,
        oauth_url=acme.server.url,
        check_for_updates=False,
        requestor_kwargs={"session": session},
    )
    reply = reddit.comment(comment.id.removeprefix("reddit:t1_")).reply("Thank you & sorry")
    assert reddit.user.me().name == username
    session.close()
    acme.clock.forward(timedelta(minutes=1))
    seen = found(acme.looked_up(comment))[f"reddit:{reply.fullname}"]
    assert (seen.author, seen.text, seen.parent) == (LoopbackReddit.ACCOUNT, "Thank you & sorry", comment.id)
    assert seen.addressed == ((How.REPLY, comment.author),)
