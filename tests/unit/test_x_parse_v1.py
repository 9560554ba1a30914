"""Tests of the parser for X's API v1.1, over hand-made tweets; nobody comes in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.x.parse import looks_like_v1, parse_v1
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention
from tests.builders import NOON, at
from tests.platforms.x_v1 import a_tweet, a_user

REPOST, QUOTE, REPLY, MENTION = How.REPOST, How.QUOTE, How.REPLY, How.MENTION


def mention_of(raw: dict[str, Any]) -> Mention:
    (mention,), _, faults = parse_v1(raw, NOON)
    assert not faults
    return mention


def test_a_plain_tweet_is_a_post_in_a_thread_of_its_own():
    mention = mention_of(a_tweet())
    assert mention == Mention(
        id="x:100",
        author="x:1",
        posted_at=at("2014-08-27T13:08:45"),
        collected_at=NOON,
        text="acme makes good shoes",
        kind=Kind.POST,
        thread="x:100",
        metrics={"likes": 5, "reposts": 3, "author_followers": 10},
        language="en",
        url="https://x.com/person1/status/100",
    )


def test_the_author_is_seen_as_of_the_tweet():
    _, (account,), _ = parse_v1(a_tweet(), NOON)
    assert (account.id, account.handle, account.name, account.followers) == ("x:1", "person1", "Person 1", 10)
    assert (account.observed_at, account.created_at) == (at("2014-08-27T13:08:45"), at("2009-02-28T23:59:59"))
    assert account.url == "https://x.com/person1"


def test_a_reply_addresses_whom_it_answers_and_stands_in_the_thread_of_its_parent():
    named = [{"id_str": "2"}, {"id_str": "3"}, {"id_str": "1"}]
    raw = a_tweet(in_reply_to_status_id_str="90", in_reply_to_status_id=90, in_reply_to_user_id_str="2")
    mention = mention_of({**raw, "in_reply_to_user_id": 2, "entities": {"user_mentions": named}})
    assert (mention.kind, mention.parent, mention.thread) == (Kind.REPLY, "x:90", "x:90")
    assert mention.addressed == ((MENTION, "x:3"), (REPLY, "x:2"))


def test_a_reply_to_a_person_without_a_tweet_opens_its_own_thread():
    mention = mention_of(a_tweet(in_reply_to_user_id_str="2", in_reply_to_user_id=2))
    assert (mention.kind, mention.parent, mention.thread) == (Kind.REPLY, None, "x:100")


def test_a_repost_addresses_the_reposted_author_and_nobody_whom_the_text_names():
    inner = a_tweet(50, user=2)
    raw = a_tweet(retweeted_status=inner, entities={"user_mentions": [{"id_str": "2"}, {"id_str": "9"}]})
    mention = mention_of(raw)
    assert (mention.kind, mention.parent, mention.thread) == (Kind.REPOST, "x:50", "x:100")
    assert mention.addressed == ((REPOST, "x:2"),)


def test_a_repost_does_not_count_the_originals_likes_as_its_own():
    assert mention_of(a_tweet(retweeted_status=a_tweet(50, user=2))).metrics == {"author_followers": 10}


def test_the_reposted_original_gives_an_account_and_no_mention():
    mentions, accounts, _ = parse_v1(a_tweet(retweeted_status=a_tweet(50, user=2)), NOON)
    assert [mention.id for mention in mentions] == ["x:100"]
    assert [account.id for account in accounts] == ["x:1", "x:2"]
    assert {account.observed_at for account in accounts} == {at("2014-08-27T13:08:45")}


def test_a_quote_addresses_the_quoted_author_and_keeps_its_mentions():
    raw = a_tweet(is_quote_status=True, quoted_status=a_tweet(50, user=2), entities={"user_mentions": [{"id_str": "3"}]})
    mention = mention_of(raw)
    assert (mention.kind, mention.parent) == (Kind.QUOTE, "x:50")
    assert mention.addressed == ((MENTION, "x:3"), (QUOTE, "x:2"))


def test_a_quote_of_a_tweet_that_is_gone_still_names_it():
    mention = mention_of(a_tweet(is_quote_status=True, quoted_status_id_str="50"))
    assert (mention.kind, mention.parent, mention.addressed) == (Kind.QUOTE, "x:50", ())


def test_a_repost_of_a_quote_is_a_repost():
    quoted = a_tweet(50, user=2, is_quote_status=True, quoted_status=a_tweet(40, user=3))
    mention = mention_of(a_tweet(retweeted_status=quoted, is_quote_status=True, quoted_status=a_tweet(40, user=3)))
    assert (mention.kind, mention.parent, mention.addressed) == (Kind.REPOST, "x:50", ((REPOST, "x:2"),))


def test_answering_oneself_addresses_nobody():
    raw = a_tweet(
        in_reply_to_status_id_str="90", in_reply_to_user_id_str="1", entities={"user_mentions": [{"id_str": "1"}]}
    )
    assert mention_of(raw).addressed == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"full_text": "the whole text"},
        {"extended_tweet": {"full_text": "the whole text"}},
        {"extended_tweet": {"full_text": "the whole text"}, "full_text": "less"},
    ],
)
def test_the_longest_form_of_the_text_is_taken(changes):
    assert mention_of(a_tweet(text="the wh...", **changes)).text == "the whole text"


def test_the_mentions_of_the_whole_text_are_taken_with_it():
    extended = {"full_text": "the whole text", "entities": {"user_mentions": [{"id_str": "7"}]}}
    assert mention_of(a_tweet(extended_tweet=extended)).addressed == ((MENTION, "x:7"),)


def test_the_text_is_as_the_author_wrote_it():
    assert mention_of(a_tweet(text="AT&amp;T &lt;3 &amp;lt; &nbsp;")).text == "AT&T <3 &lt; &nbsp;"


@pytest.mark.parametrize("code", ["und", "zxx", "qme", None, 5])
def test_no_language_is_the_empty_one(code):
    assert mention_of(a_tweet(lang=code)).language == ""


def test_times_with_another_offset_become_utc():
    assert mention_of(a_tweet(created_at="Wed Aug 27 13:08:45 -0230 2014")).posted_at == at("2014-08-27T15:38:45")


def test_an_author_trimmed_to_an_id_gives_a_mention_without_a_face():
    (mention,), accounts, _ = parse_v1(a_tweet(user=1) | {"user": {"id": 1, "id_str": "1"}}, NOON)
    assert (mention.author, mention.url, accounts) == ("x:1", "https://x.com/i/status/100", ())


def test_ids_given_as_numbers_alone_are_taken():
    raw = a_tweet()
    del raw["id_str"], raw["user"]["id_str"]
    assert (mention_of(raw).id, mention_of(raw).author) == ("x:100", "x:1")


@pytest.mark.parametrize("count", [-1, True, "5", 1.5, 2**63, None])
def test_what_is_not_a_count_is_left_out(count):
    assert "likes" not in mention_of(a_tweet(favorite_count=count)).metrics


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None, "id_str": None}, "no tweet id"),
        ({"id_str": "12a"}, "no tweet id"),
        ({"id_str": "١٢"}, "no tweet id"),
        ({"user": None}, "no user"),
        ({"user": {"screen_name": "a"}}, "no user id"),
        ({"user": "someone"}, "not a tweet"),
        ({"created_at": None}, "not a time"),
        ({"created_at": "Wed Foo 27 13:08:45 +0000 2014"}, "not a time"),
        ({"created_at": "Wed Aug 27 13:08:45 +0000 20145"}, "not a time"),
        ({"created_at": "2014-08-27T13:08:45Z"}, "not a time"),
        ({"text": None}, "no text"),
        ({"text": 5}, "no text"),
        ({"user": a_user(1, screen_name=5)}, "screen_name is not text"),
        ({"user": a_user(1, created_at=["Sat"])}, "not a tweet"),
        ({"entities": {"user_mentions": 5}}, "not a tweet"),
    ],
)
def test_a_broken_tweet_is_invalid_with_a_reason(changes, reason):
    with pytest.raises(Invalid, match=reason) as caught:
        parse_v1({**a_tweet(), **changes}, NOON)
    assert len(caught.value.message) <= 200
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("raw", [None, 5, "text", {}, {"delete": {"status": {"id": 5}}}])
def test_what_is_no_tweet_is_invalid(raw):
    with pytest.raises(Invalid):
        parse_v1(raw, NOON)


def test_one_bad_tweet_of_an_array_does_not_take_the_others_with_it():
    mentions, _, faults = parse_v1([a_tweet(1), {"id": 2}, a_tweet(3)], NOON)
    assert [mention.id for mention in mentions] == ["x:1", "x:3"]
    assert [piece for _, piece in faults] == [{"id": 2}]


def test_a_value_nested_beyond_reason_is_invalid_and_not_a_crash():
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(Invalid):
        parse_v1(a_tweet(id_str=deep), NOON)


def test_a_tweet_is_recognised_by_its_time():
    assert looks_like_v1(a_tweet())
    assert looks_like_v1([a_tweet()])
    assert not looks_like_v1(a_tweet(created_at="2014-08-27T13:08:45Z"))
    assert not looks_like_v1([])
    assert not looks_like_v1({"kind": "t1", "data": {}})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({*a_tweet(), "retweeted_status", "quoted_status", "extended_tweet", "in_reply_to_status_id"})


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(JSON | st.dictionaries(st.sampled_from(FIELDS), JSON).map(lambda changes: {**a_tweet(), **changes}))
def test_any_json_value_gives_facts_or_invalid(raw):
    looks_like_v1(raw)
    try:
        mentions, accounts, _ = parse_v1(raw, NOON)
    except Invalid:
        return
    assert all(mention.id.startswith("x:") and isinstance(mention.text, str) for mention in mentions)
    assert all(isinstance(account.handle, str) for account in accounts)
