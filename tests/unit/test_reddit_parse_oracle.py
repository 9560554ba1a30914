"""Tests of our reading of Reddit against praw's own models; nobody comes in."""

from __future__ import annotations

import html
from datetime import UTC, datetime

import pytest

from connectors.reddit.parse import parse_reddit
from tests.builders import NOON
from tests.platforms.reddit import comment_data, listing, post_data

praw = pytest.importorskip("praw", reason="the extra `reddit` is not installed")


@pytest.fixture
def reddit():
    return praw.Reddit(client_id="a", client_secret="b", user_agent="tests", check_for_updates=False)


@pytest.mark.parametrize("changes", [{}, {"body": "AT&amp;T"}, {"edited": 1_400_000_060.0}, {"score": 0}])
def test_a_comment_reads_as_praw_reads_it(reddit, changes):
    data = comment_data(**changes)
    theirs = praw.models.Comment(reddit, _data=dict(data))
    (ours,), (account,), _ = parse_reddit({"kind": "t1", "data": data}, NOON)
    assert ours.id == f"reddit:{theirs.fullname}"
    assert ours.author == f"reddit:{theirs.author_fullname}"
    assert account.handle == theirs.author.name
    assert ours.text == html.unescape(theirs.body)
    assert ours.posted_at == datetime.fromtimestamp(theirs.created_utc, UTC)
    assert (ours.parent, ours.thread) == (f"reddit:{theirs.parent_id}", f"reddit:{theirs.link_id}")
    assert ours.edited_at == (datetime.fromtimestamp(theirs.edited, UTC) if theirs.edited else None)
    assert ours.metrics["score"] == theirs.score


def test_a_post_reads_as_praw_reads_it(reddit):
    data = post_data()
    theirs = praw.models.Submission(reddit, _data=dict(data))
    (ours,), _, _ = parse_reddit({"kind": "t3", "data": data}, NOON)
    assert (ours.id, ours.author) == (f"reddit:{theirs.fullname}", f"reddit:{theirs.author_fullname}")
    assert ours.text == f"{theirs.title}\n\n{theirs.selftext}"
    assert ours.posted_at == datetime.fromtimestamp(theirs.created_utc, UTC)
    assert ours.metrics["comments"] == theirs.num_comments


def test_a_nested_thread_holds_what_praws_forest_holds(reddit):
    def nested() -> dict:
        reply = {"kind": "t1", "data": comment_data("c2", "Bob", "t1_c1")}
        return listing({"kind": "t1", "data": comment_data(replies=listing(reply))})

    top = reddit._objector.objectify(data=nested())
    theirs = {comment.fullname for comment in top} | {reply.fullname for comment in top for reply in comment.replies}
    assert {mention.id for mention in parse_reddit(nested(), NOON)[0]} == {f"reddit:{name}" for name in theirs}
