"""The parser of Discourse: each kind of post, and whatever else may come."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.discourse.course import Course
from connectors.discourse.naming import names_in
from connectors.discourse.parse import parse_latest, parse_post, parse_search, parse_thread
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOST = "forum.example"
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("id", "username", "name", "user_id", "created_at", "updated_at", "version", "cooked", "post_number", "post_type")
MORE = ("reply_to_post_number", "reply_to_user", "topic_id", "topic_title", "hidden", "deleted_at", "actions_summary")


def a_post(**changes: Any) -> dict[str, Any]:
    post = {
        "id": 77,
        "username": "Ann",
        "name": "Ann Other",
        "user_id": 5,
        "created_at": "2026-03-01T10:00:00.000Z",
        "updated_at": "2026-03-01T10:00:00.000Z",
        "version": 1,
        "cooked": "<p>acme &amp; all</p>",
        "post_number": 1,
        "post_type": 1,
        "topic_id": 9,
        "topic_title": "On acme",
        "reply_count": 3,
        "actions_summary": [{"id": 2, "count": 4}],
    }
    return {**post, **changes}


def one(**changes: Any) -> Mention:
    mentions, _, faults = parse_latest({"latest_posts": [a_post(**changes)]}, NOW, HOST)
    assert not faults
    return mentions[0]


def fault(**changes: Any) -> str:
    mentions, _, faults = parse_latest({"latest_posts": [a_post(**changes)]}, NOW, HOST)
    assert not mentions
    return faults[0][0]


def test_a_first_post_has_the_title_above_its_words() -> None:
    mention = one()
    assert (mention.id, mention.kind, mention.parent) == ("discourse:forum.example/9/1", Kind.POST, None)
    assert mention.text == "On acme\n\nacme & all"
    assert mention.metrics == {"likes": 4, "replies": 3}
    assert mention.author == "discourse:forum.example/ann"
    assert mention.url == "https://forum.example/p/77"


def test_a_reply_stands_below_what_it_answers() -> None:
    mention = one(post_number=8, reply_to_post_number=3, reply_to_user={"username": "Bob"})
    assert (mention.kind, mention.text) == (Kind.REPLY, "acme & all")
    assert mention.parent == "discourse:forum.example/9/3"
    assert mention.thread == "discourse:forum.example/9/1"
    assert mention.addressed == ((How.REPLY, "discourse:forum.example/bob"),)
    assert one(post_number=8).parent == "discourse:forum.example/9/1"


def test_quotes_are_not_the_authors_words_and_mentions_are_seen() -> None:
    cooked = (
        '<aside class="quote" data-username="Bob" data-post="1"><blockquote><p>said '
        '<a class="mention" href="/u/eve">@eve</a></p></blockquote></aside>'
        '<p>No, <a class="mention" href="/u/zoe">@zoe</a>, <a href="/u/x">x</a></p>'
    )
    mention = one(post_number=2, cooked=cooked)
    assert mention.text == "No, @zoe, x"
    assert set(mention.addressed) == {
        (How.QUOTE, "discourse:forum.example/bob"),
        (How.MENTION, "discourse:forum.example/zoe"),
    }


def test_an_edit_and_a_withdrawal_are_told() -> None:
    assert one(version=2, updated_at="2026-03-01T11:00:00.000Z").edited_at == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert one(updated_at="2026-03-01T11:00:00.000Z").edited_at is None
    gone = one(user_deleted=True, updated_at="2026-03-01T12:00:00.000Z", cooked="<p>(deleted)</p>")
    assert (gone.text, gone.deleted_at) == ("", datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"post_type": 3}, "a note of the forum"),
        ({"post_type": 4}, "whisper"),
        ({"user_id": -1}, "by the forum itself"),
        ({"hidden": True}, "hidden"),
        ({"username": None}, "author is gone"),
        ({"cooked": None}, "no text"),
        ({"cooked": "\ud800"}, "UnicodeEncodeError"),
        ({"topic_id": 0}, "cannot be"),
        ({"created_at": "soon"}, "not a time"),
        ({"post_number": 10**400}, "cannot be"),
        ({"username": "a\x00b"}, "without an id"),
    ],
)
def test_what_is_no_persons_word_is_counted_with_its_reason(changes: dict[str, Any], words: str) -> None:
    assert words in fault(**changes)


def test_a_single_first_post_comes_without_its_title_and_is_not_taken_for_an_edit() -> None:
    post = a_post()
    del post["topic_title"]
    mentions, _, faults = parse_post(post, NOW, HOST)
    assert (len(mentions), len(faults)) == (0, 1)
    thread = {"topic": {"title": "On acme", "post_stream": {"posts": [post]}}, "more": None}
    assert parse_thread(thread, NOW, HOST)[0][0].text == "On acme\n\nacme & all"


@pytest.mark.parametrize("parse", [parse_latest, parse_search, parse_thread, parse_post])
@given(answer=JUNK)
def test_an_answer_of_another_shape_is_invalid(parse: Any, answer: Any) -> None:
    with pytest.raises(Invalid):
        parse(answer, NOW, HOST)


@given(changes=st.dictionaries(st.sampled_from(FIELDS + MORE), JUNK, max_size=5))
def test_a_post_of_any_shape_is_a_mention_or_a_fault(changes: dict[str, Any]) -> None:
    answer = {"latest_posts": [a_post(**changes)]}
    mentions, accounts, faults = parse_latest(answer, NOW, HOST)
    assert len(mentions) + len(faults) == 1
    assert {mention.author for mention in mentions} == {account.id for account in accounts}


@given(st.text())
def test_any_html_names_people_or_nobody(text: str) -> None:
    assert all(name and "/" not in name for _, name in names_in(text))


@pytest.mark.parametrize("cursor", ["{", "[]", '{"queue":[1]}', '{"known":"x"}', '{"token":"page"}', '{"until":5}'])
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        Course.of(cursor)
