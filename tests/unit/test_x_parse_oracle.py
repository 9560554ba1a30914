"""Tests of our reading of X against tweepy's own models; nobody comes in."""

from __future__ import annotations

import html

import pytest

from connectors.x.parse import parse_v1, parse_v2
from tests.builders import NOON
from tests.platforms import x_v1 as v1
from tests.platforms import x_v2 as v2

tweepy = pytest.importorskip("tweepy", reason="the extra `x` is not installed")


@pytest.mark.parametrize(
    "raw",
    [
        v1.a_tweet(),
        v1.a_tweet(text="AT&amp;T &lt;3"),
        v1.a_tweet(in_reply_to_status_id=90, in_reply_to_status_id_str="90", in_reply_to_user_id_str="2"),
        v1.a_tweet(retweeted_status=v1.a_tweet(50, user=2)),
        v1.a_tweet(created_at="Thu Dec 31 23:59:59 +0000 2015"),
    ],
)
def test_a_tweet_of_v1_reads_as_tweepy_reads_it(raw):
    theirs = tweepy.models.Status.parse(None, raw)
    (ours,), accounts, _ = parse_v1(raw, NOON)
    assert (ours.id, ours.author) == (f"x:{theirs.id_str}", f"x:{theirs.author.id_str}")
    assert ours.text == html.unescape(theirs.text)
    assert ours.posted_at == theirs.created_at
    assert accounts[0].created_at == theirs.author.created_at
    if hasattr(theirs, "retweeted_status"):
        assert ours.parent == f"x:{theirs.retweeted_status.id_str}"
        assert accounts[1].handle == theirs.retweeted_status.author.screen_name


@pytest.mark.parametrize(
    "raw",
    [
        v2.a_tweet(),
        v2.a_tweet(text="AT&amp;T", created_at="2015-12-31T23:59:59.999Z"),
        v2.a_tweet(in_reply_to_user_id="2", referenced_tweets=[v2.refers("replied_to", 90)], conversation_id="80"),
        v2.a_tweet(referenced_tweets=[v2.refers("quoted", 50)]),
    ],
)
def test_a_tweet_of_v2_reads_as_tweepy_reads_it(raw):
    theirs = tweepy.Tweet({**raw, "edit_history_tweet_ids": [raw["id"]]})
    (ours,), _, _ = parse_v2(raw, NOON)
    assert (ours.id, ours.author) == (f"x:{theirs.id}", f"x:{theirs.author_id}")
    assert ours.text == html.unescape(theirs.text)
    assert ours.posted_at == theirs.created_at
    assert ours.thread == f"x:{theirs.conversation_id}"
    assert ours.metrics["likes"] == theirs.public_metrics["like_count"]
    assert ours.parent == (f"x:{theirs.referenced_tweets[0].id}" if theirs.referenced_tweets else None)
