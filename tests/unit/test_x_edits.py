"""Tests of edited posts of X told as one, of look-ups, and of threads that move; nobody comes in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.x.lookup import only, parse_look, parse_lookup, parse_thread, settled
from connectors.x.parse import parse_v2, parse_v2_page
from connectors.x.threads import Moving, moved, searches
from social_crm.domain.errors import Invalid
from tests.builders import NOON, a_mention, at
from tests.platforms.x_v2 import a_tweet, a_user, answer, refers

FIRST, SECOND, THIRD = "12:00:00", "12:05:00", "12:20:00"
TIMES = {100: FIRST, 101: SECOND, 102: THIRD}


def version(number: int, upto: int = 102, **changes: Any) -> dict[str, Any]:
    """Post 100 in its version `number`, as of when `upto` was its newest."""
    history = [str(one) for one in range(100, upto + 1)]
    words = {"text": f"words of {number}", "created_at": f"2021-06-22T{TIMES[number]}.000Z", "conversation_id": "100"}
    return a_tweet(number, **{**words, "edit_history_tweet_ids": history, **changes})


def error(number: int, title: str = "Not Found Error", parameter: str = "ids") -> dict[str, str]:
    return {"resource_id": str(number), "value": str(number), "parameter": parameter, "title": title, "detail": "gone"}


def test_an_unedited_post_is_what_it_was():
    ((plain,), _, _), ((told,), _, _) = (
        parse_v2(a_tweet(), NOON),
        parse_v2(a_tweet(edit_history_tweet_ids=["100"]), NOON),
    )
    assert plain == told
    assert told.edited_at is None


@pytest.mark.parametrize(
    ("data", "included"),
    [
        ([version(102)], [version(100), version(101)]),
        ([version(100)], [version(102), version(101)]),
        ([version(102), version(101), version(100)], []),
        ([version(100), version(102)], [version(100), version(102)]),
    ],
)
def test_all_versions_are_one_mention_in_the_newest_words(data, included):
    mentions, accounts, faults = parse_v2_page(answer(*data, users=(a_user(1),), included=tuple(included)), NOON)
    (mention,) = mentions
    assert (mention.id, mention.text, mention.thread) == ("x:100", "words of 102", "x:100")
    assert (mention.posted_at, mention.edited_at) == (at(f"2021-06-22T{FIRST}"), at(f"2021-06-22T{THIRD}"))
    assert mention.url == "https://x.com/Person1/status/100"
    assert [account.id for account in accounts] == ["x:1"]
    assert not faults


def test_the_time_of_a_first_version_that_is_not_shown_stands_in_its_id():
    first = (int((at("2021-06-22T12:00:00") - at("2010-11-04T01:42:54.657")).total_seconds() * 1000) << 22) + 77
    raw = a_tweet(first + 9, edit_history_tweet_ids=[str(first), str(first + 9)], created_at="2021-06-22T12:20:00.000Z")
    (mention,), _, _ = parse_v2(raw, NOON)
    assert (mention.id, mention.posted_at) == (f"x:{first}", at("2021-06-22T12:00:00"))
    assert mention.edited_at == at("2021-06-22T12:20:00")


def test_an_id_that_holds_no_time_leaves_the_time_of_the_version():
    (mention,), _, _ = parse_v2(version(101, 101), NOON)
    assert (mention.id, mention.posted_at, mention.edited_at) == ("x:100", *[at(f"2021-06-22T{SECOND}")] * 2)


def test_what_answers_an_edited_post_answers_the_mention_whichever_version_it_names():
    reply = a_tweet(200, author=2, referenced_tweets=[refers("replied_to", 101)], conversation_id="101")
    mentions, _, _ = parse_v2_page(answer(reply, included=(version(102),)), NOON)
    assert [(mention.parent, mention.thread) for mention in mentions] == [("x:100", "x:100")]


@pytest.mark.parametrize("history", [None, [], "100", 5, ["7", "8"], [None], [{}], {"100": 1}])
def test_a_history_that_makes_no_sense_is_left_aside(history):
    (mention,), _, _ = parse_v2(a_tweet(edit_history_tweet_ids=history), NOON)
    assert (mention.id, mention.edited_at) == ("x:100", None)


def test_a_look_up_settles_what_it_shows_and_what_it_says_is_gone():
    asked = [a_mention(f"x:{number}") for number in (100, 103, 104, 105, 106, 107)]
    body = {
        "data": [version(102), a_tweet(103)],
        "errors": [error(104), error(105, "Authorization Error"), error(106, "Odd"), error(107, parameter="author_id")],
    }
    assert [mention.id for mention in settled(body, asked, NOON)] == ["x:100", "x:103", "x:104", "x:105"]
    assert [mention.id for mention in parse_lookup(body, NOON)[0]] == ["x:100", "x:103"]


def test_a_past_version_alone_and_a_post_that_cannot_be_read_settle_nothing():
    asked = [a_mention("x:100"), a_mention("x:103")]
    assert settled({"data": [version(100), a_tweet(103, created_at="yesterday")]}, asked, NOON) == []
    whole = {"data": [version(100)], "includes": {"tweets": [version(102)]}}
    assert [mention.id for mention in settled(whole, asked, NOON)] == ["x:100"]


@pytest.mark.parametrize("body", [None, [], "text", {}, {"meta": {}}])
def test_what_is_no_look_up_is_invalid(body):
    with pytest.raises(Invalid, match="look-up"):
        parse_lookup(body, NOON)


def test_threads_move_where_there_are_more_answers_than_before():
    before = [a_mention(f"x:{n}", thread="x:1", metrics={"replies": n}, collected_at=NOON) for n in (1, 2, 3)]
    now = [a_mention("x:1", thread="x:1", metrics={"replies": 1}), a_mention("x:2", thread="x:1", metrics={"replies": 5})]
    assert moved(before, now) == [Moving("x:1", NOON, 3, (before[1],))]
    assert moved(before, now[:1]) == []
    assert moved([], now) == []


def test_conversations_are_searched_together_as_far_as_a_query_holds():
    moving = [Moving(f"x:19000000000000000{n:02}", NOON + timedelta(minutes=n), 1, ()) for n in range(30)]
    found = searches(reversed(moving), 100)
    assert all(len(one.query) <= 512 for one in found)
    assert [piece for one in found for piece in one.query.split(" OR ")] == [
        f"conversation_id:{one.thread[2:]}" for one in moving
    ]
    assert found[0].since == NOON
    assert len(found) == 3
    assert searches([], 100) == []


def test_busy_conversations_are_searched_alone_and_those_first_that_wait_longest():
    waits = {"a": 2, "b": 0, "c": 1, "d": 3}
    moving = [
        Moving(f"x:{n}", NOON + timedelta(minutes=late), more, ())
        for n, late, more in zip(waits, waits.values(), (60, 40, 70, 30), strict=True)
    ]
    assert [[one.thread for one in search.moving] for search in searches(moving, 100)] == [["x:b"], ["x:c"], ["x:a", "x:d"]]


def test_one_conversation_that_several_posts_tell_of_is_searched_once():
    posts = [a_mention(f"x:{n}") for n in (1, 2)]
    moving = [Moving("x:1", NOON + timedelta(minutes=n), 2, (post,)) for n, post in enumerate(posts)]
    (search,) = searches(moving, 100)
    assert (search.query, search.since, search.posts) == ("conversation_id:1", NOON, tuple(posts))


@pytest.mark.parametrize("parse", [parse_look, parse_thread])
@pytest.mark.parametrize(
    "answer",
    [
        [],
        5,
        {},
        {"page": 5, "unread": {}, "looked": [], "told": []},
        {"page": None, "unread": [], "looked": 5, "told": [1]},
        {"page": {"data": [a_tweet()]}, "unread": {"x:100": 5}, "looked": [5], "told": []},
    ],
)
def test_what_the_archive_does_not_hold_so_is_invalid(parse, answer):
    with pytest.raises(Invalid):
        parse(answer, NOON)


IDS = st.sampled_from(["100", "101", "9" * 5000, "0", "-1", "x", "\ud800", 5, None, 2**70])
HISTORIES = st.none() | st.lists(IDS, max_size=4) | st.text(max_size=3)
TWEETS = st.builds(
    lambda own, history, when: a_tweet(id=own, edit_history_tweet_ids=history, created_at=when),
    IDS,
    HISTORIES,
    st.sampled_from(["2021-06-22T12:00:00.000Z", "0001-01-01T00:00:00+14:00", "soon", None, 5]),
)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.lists(TWEETS | st.none(), max_size=3), st.lists(TWEETS, max_size=3), st.none() | st.lists(IDS, max_size=2))
def test_hostile_histories_give_facts_or_invalid(data, included, errors):
    body = {"data": data, "includes": {"tweets": included}, "errors": errors}
    try:
        mentions, _, faults = parse_lookup(body, NOON)
        settled(body, [a_mention("x:100")], NOON)
    except Invalid:
        return
    assert len({mention.id for mention in mentions}) <= len(data)
    assert all(isinstance(reason, str) for reason, _ in faults)


def test_part_of_a_look_up_holds_no_words_of_other_posts():
    said = {number: a_tweet(number, text=f"words {number}") for number in (200, 201, 300, 301)}
    data = [{**said[n], "referenced_tweets": [refers("replied_to", n + 1)]} for n in (200, 300)]
    part = only({"data": data, "includes": {"tweets": [said[201], said[301]]}}, [a_mention("x:200")])
    assert [tweet["text"] for tweet in (*part["data"], *part["includes"]["tweets"])] == ["words 200", "words 201"]
