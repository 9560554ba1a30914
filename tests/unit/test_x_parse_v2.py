"""Tests of the parser for X's API v2, over hand-made tweets and answers; nobody comes in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.x.parse import looks_like_v2, parse_v2, parse_v2_page
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention
from tests.builders import NOON, at
from tests.platforms.x_v2 import a_tweet, a_user, answer, refers


def mention_of(raw: object) -> Mention:
    (mention,), _, faults = parse_v2(raw, NOON)
    assert not faults
    return mention


def test_a_bare_tweet_is_a_mention_without_a_face():
    mentions, accounts, faults = parse_v2(a_tweet(), NOON)
    assert mentions == (
        Mention(
            id="x:100",
            author="x:1",
            posted_at=at("2021-06-22T12:00:00"),
            collected_at=NOON,
            text="acme makes good shoes",
            thread="x:100",
            metrics={"likes": 3, "reposts": 1, "replies": 2, "quotes": 4},
            language="en",
            url="https://x.com/i/status/100",
        ),
    )
    assert not accounts
    assert not faults


def test_an_answer_shows_the_face_of_its_author():
    mentions, accounts, _ = parse_v2(answer(a_tweet(), users=(a_user(1), a_user(9))), NOON)
    assert [account.id for account in accounts] == ["x:1"]
    assert (accounts[0].handle, accounts[0].followers, accounts[0].observed_at) == (
        "Person1",
        10,
        at("2021-06-22T12:00:00"),
    )
    assert mentions[0].metrics["author_followers"] == 10
    assert mentions[0].url == "https://x.com/Person1/status/100"


def test_an_account_of_an_answer_is_as_of_the_newest_tweet_that_names_it():
    later = a_tweet(101, created_at="2021-06-23T12:00:00.000Z")
    _, accounts, _ = parse_v2(answer(later, a_tweet(), users=(a_user(1),)), NOON)
    assert [account.observed_at for account in accounts] == [at("2021-06-23T12:00:00")]


def test_a_reply_stands_in_xs_own_conversation():
    raw = a_tweet(conversation_id="80", in_reply_to_user_id="2", referenced_tweets=[refers("replied_to", 90)])
    mention = mention_of(raw)
    assert (mention.kind, mention.parent, mention.thread) == (Kind.REPLY, "x:90", "x:80")
    assert mention.addressed == ((How.REPLY, "x:2"),)


def test_a_quoting_reply_is_a_quote_whose_parent_is_what_it_answers():
    raw = a_tweet(in_reply_to_user_id="2", referenced_tweets=[refers("quoted", 50), refers("replied_to", 90)])
    mention = mention_of(answer(raw, included=(a_tweet(50, author=3),)))
    assert (mention.kind, mention.parent) == (Kind.QUOTE, "x:90")
    assert mention.addressed == ((How.QUOTE, "x:3"), (How.REPLY, "x:2"))


def test_a_repost_addresses_the_author_of_the_included_original_only():
    named = {
        "mentions": [{"start": 3, "end": 8, "username": "Person2", "id": "2"}, {"start": 10, "username": "x", "id": "9"}]
    }
    raw = a_tweet(text="RT @Person2: hi @x", referenced_tweets=[refers("retweeted", 50)], entities=named)
    mentions, accounts, _ = parse_v2(answer(raw, users=(a_user(1), a_user(2)), included=(a_tweet(50, author=2),)), NOON)
    assert [(mention.id, mention.kind, mention.parent) for mention in mentions] == [("x:100", Kind.REPOST, "x:50")]
    assert mentions[0].addressed == ((How.REPOST, "x:2"),)
    assert mentions[0].metrics == {"author_followers": 10}
    assert [account.id for account in accounts] == ["x:1", "x:2"]


def test_a_repost_without_the_original_addresses_the_name_that_it_begins_with():
    named = {"mentions": [{"start": 10, "username": "x", "id": "9"}, {"start": 3, "username": "Person2", "id": "2"}]}
    raw = a_tweet(text="RT @Person2: hi @x", referenced_tweets=[refers("retweeted", 50)], entities=named)
    assert mention_of(raw).addressed == ((How.REPOST, "x:2"),)


def test_a_name_is_resolved_through_the_users_of_the_answer_and_else_left_out():
    named = {"mentions": [{"start": 0, "username": "PERSON2"}, {"start": 9, "username": "stranger"}]}
    assert mention_of(answer(a_tweet(entities=named), users=(a_user(2),))).addressed == ((How.MENTION, "x:2"),)


def test_a_long_post_is_taken_whole():
    note = {"text": "the whole &amp; long text", "entities": {"mentions": [{"start": 0, "username": "a", "id": "7"}]}}
    mention = mention_of(a_tweet(text="the whole", note_tweet=note))
    assert (mention.text, mention.addressed) == ("the whole & long text", ((How.MENTION, "x:7"),))


def test_a_single_tweet_under_data_and_an_array_are_read_too():
    assert mention_of({"data": a_tweet()}).id == "x:100"
    assert [mention.id for mention in parse_v2([a_tweet(1), a_tweet(2)], NOON)[0]] == ["x:1", "x:2"]


def test_an_answer_without_tweets_is_empty_and_no_fault():
    mentions, accounts, faults = parse_v2({"meta": {"result_count": 0}}, NOON)
    assert (list(mentions), list(accounts), list(faults)) == ([], [], [])


def test_one_bad_tweet_does_not_take_its_answer_with_it():
    bad = a_tweet(2, created_at="yesterday")
    mentions, _, faults = parse_v2_page(answer(a_tweet(1), bad, 5), NOON)
    assert [mention.id for mention in mentions] == ["x:1"]
    assert [piece for _, piece in faults] == [bad, 5]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"errors": [{"title": "Not Found Error"}]}, "Not Found Error"),
        ({"data": [], "includes": {"users": 5}}, "not an answer"),
        (a_tweet(id="abc"), "no tweet id"),
        (a_tweet(author_id=None), "tweet.fields=author_id"),
        (a_tweet(created_at=None), "tweet.fields=created_at"),
        (a_tweet(created_at="2021-06-22T12:00:00"), "no time zone"),
        (a_tweet(created_at="22 June"), "not a time"),
        (a_tweet(text=None), "no text"),
        (a_tweet(referenced_tweets=5), "not a tweet"),
        ({}, "no tweet id"),
        (None, "not a tweet"),
        (5, "not a tweet"),
    ],
)
def test_what_is_broken_is_invalid_with_a_reason(raw, reason):
    with pytest.raises(Invalid, match=reason):
        parse_v2(raw, NOON)


def test_tweets_and_answers_are_recognised():
    assert looks_like_v2(a_tweet())
    assert looks_like_v2([a_tweet()])
    assert looks_like_v2(answer(a_tweet()))
    assert looks_like_v2({"data": a_tweet()})
    assert looks_like_v2({"meta": {"result_count": 0}})
    assert not looks_like_v2({"kind": "Listing", "data": {"children": []}})
    assert not looks_like_v2({"id": "r-1", "author_id": "7", "text": "a row of something else"})
    assert not looks_like_v2("text")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({*a_tweet(), "referenced_tweets", "entities", "note_tweet", "in_reply_to_user_id"})
ANSWERS = st.fixed_dictionaries({"data": JSON}, optional={"includes": JSON, "meta": JSON, "errors": JSON})


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(JSON | ANSWERS | st.dictionaries(st.sampled_from(FIELDS), JSON).map(lambda changes: {**a_tweet(), **changes}))
def test_any_json_value_gives_facts_or_invalid(raw):
    looks_like_v2(raw)
    try:
        mentions, accounts, _ = parse_v2(raw, NOON)
    except Invalid:
        return
    assert all(mention.id.startswith("x:") and isinstance(mention.text, str) for mention in mentions)
    assert all(isinstance(account.handle, str) for account in accounts)
