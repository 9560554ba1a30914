"""Looking up again on X: what is gone and why, past versions, threads that move; and replies that are found again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests
import tweepy

from connectors.transport.guard import open_session
from demo.platforms.platform import answer_json
from demo.platforms.x import BEARER_TOKEN, USER_TOKEN
from social_crm.domain.mention import How, Kind
from tests.sources.odd_x import odd
from tests.sources.stand import Place
from tests.sources.stands.x import STAND

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def x() -> Iterator[Place]:
    with Place(STAND) as place:
        yield place


def test_looking_up_a_hundred_and_one_takes_two_requests(x: Place):
    posted = x.fill(101)
    x.settle()
    pages = list(x.source().revisit(posted))
    assert sorted(len(page.mentions) for page in pages if len(page.mentions) in {1, 100}) == [1, 100]
    assert len([entry for entry in x.server.log if entry.path == "/2/tweets"]) == 2


def test_what_became_protected_is_removed_like_what_was_deleted(x: Place):
    posted = x.fill(10)
    x.platform.hidden.add(posted[0].author)
    hidden = {mention.id for mention in posted if mention.author == posted[0].author}
    pages = [page for page in x.source().revisit(posted) if page.deletions]
    assert {deletion.mention for page in pages for deletion in page.deletions} == hidden
    assert '"Authorization Error"' in pages[0].raw, "the archive says why"


def test_a_look_up_in_which_everything_is_gone_is_a_page_of_deletions(x: Place):
    posted = x.fill(3)
    for mention in posted:
        x.shelf.delete(mention.id, x.clock())
    (page,) = x.source().revisit(posted)
    assert {deletion.mention for deletion in page.deletions} == {mention.id for mention in posted}
    assert (page.mentions, page.spent) == ((), 0)


def test_a_partial_answer_and_an_unknown_error_delete_nothing(x: Place):
    posted = x.fill(4)
    strange = {"resource_id": posted[0].id[2:], "parameter": "ids", "title": "Service Unavailable"}
    beside = {"resource_id": posted[1].id[2:], "parameter": "referenced_tweets.id", "title": "Not Found Error"}
    odd(x, answer_json({"errors": [strange, beside]}))
    (page,) = x.source().revisit(posted)
    assert (page.mentions, page.deletions) == ((), ())


def test_a_past_version_in_a_look_up_is_no_edit_and_no_deletion(x: Place):
    (posted,) = x.fill(1)
    stored = replace(posted, text="The words after the edit")
    raw = {"id": posted.id[2:], "edit_history_tweet_ids": [posted.id[2:], "1900000000000000999"], "text": "Old words"}
    raw |= {"author_id": "1", "created_at": "2026-03-02T09:00:00.000Z"}
    odd(x, answer_json({"data": [raw]}))
    (page,) = x.source().revisit([stored])
    assert page.deletions == ()
    assert [(mention.text, mention.edited_at) for mention in page.mentions] == [("Old words", None)]


def test_threads_that_do_not_move_are_not_searched(x: Place):
    posted = x.fill(30)
    x.settle()
    stored = [mention for page in x.walk() for mention in page.mentions]
    x.server.log.clear()
    list(x.source().revisit(stored))
    assert [entry.path for entry in x.server.log] == ["/2/tweets"]
    assert len(stored) == len(posted)


def signed_in(place: Place) -> tweepy.Client:
    """A client of tweepy as the brand's account, past the guard."""
    client = tweepy.Client(
        consumer_key="k",
        consumer_secret="s",
        access_token=USER_TOKEN,
        access_token_secret="s",
        return_type=requests.Response,
    )
    client.session = open_session(("api.twitter.com",), place.server.url, 2.0)
    return client


def test_a_reply_reaches_the_shelf_and_is_found_again(x: Place):
    posted = x.fill(10)
    x.settle()
    answer = signed_in(x).create_tweet(text="Thank you, acme hears you", in_reply_to_tweet_id=posted[3].id[2:])
    own = f"x:{answer.json()['data']['id']}"
    x.clock.forward(timedelta(minutes=1))
    found = {mention.id: mention for page in x.walk() for mention in page.mentions}
    reply = found[own]
    assert (reply.kind, reply.parent, reply.thread) == (Kind.REPLY, posted[3].id, posted[3].thread)
    assert reply.author == x.platform.signed_in
    assert (How.REPLY, posted[3].author) in reply.addressed


def test_the_same_words_twice_are_refused_and_so_is_an_app_without_a_user(x: Place):
    (posted,) = x.fill(1)
    client = signed_in(x)
    client.create_tweet(text="Thank you", in_reply_to_tweet_id=posted.id[2:])
    with pytest.raises(tweepy.Forbidden, match="duplicate content"):
        client.create_tweet(text="Thank you", in_reply_to_tweet_id=posted.id[2:])
    x.shelf.delete(posted.id, x.clock())
    with pytest.raises(tweepy.Forbidden, match="deleted"):
        client.create_tweet(text="And you", in_reply_to_tweet_id=posted.id[2:])
    app = tweepy.Client(BEARER_TOKEN)
    app.session = open_session(("api.twitter.com",), x.server.url, 2.0)
    with pytest.raises(tweepy.Forbidden):
        app.create_tweet(text="Hello", user_auth=False)
